//! From a source's objects to a table: decompressed, read row by row, indexed.

mod csv;
mod json;
mod parquet;
mod rows;

use std::io::{self, Read};

use bytes::Bytes;

use self::parquet::NotParquet;
use self::rows::Rows;
use super::snapshot::{Snapshot, TooLarge};
use crate::config::valid::{self, TableFormat};

/// One object of a table's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its name, whose ending tells how it is compressed and written.
    pub name: String,
    /// Its content.
    pub bytes: Bytes,
}

/// Objects are no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Corrupt {
    /// One cannot be decompressed.
    #[error("`{0}` cannot be decompressed")]
    Compressed(String, #[source] io::Error),
    /// One is no CSV: a row has more or fewer cells than the head line, for one.
    #[error("`{0}` cannot be read as CSV")]
    Csv(String, #[source] ::csv::Error),
    /// One is no JSON, or its rows are no objects.
    #[error("`{0}` cannot be read as rows of JSON")]
    Json(String, #[source] serde_json::Error),
    /// One is no Parquet.
    #[error("`{0}` cannot be read as Parquet")]
    Parquet(String, #[source] NotParquet),
    /// One lacks a column of a key.
    #[error("there is no column `{key}`, which the table is looked up by; the columns are {columns}")]
    NoKey {
        /// The column.
        key: String,
        /// Those that there are.
        columns: String,
    },
    /// A column's name stands there twice.
    #[error("its head line has column `{0}` twice")]
    TwiceNamed(String),
    /// An object has other columns than those before it.
    #[error("`{name}` has other columns than the objects before it, or in another order: {columns}")]
    OtherColumns {
        /// The object.
        name: String,
        /// Its columns.
        columns: String,
    },
    /// It is larger than allowed.
    #[error("it has more than the {0} bytes that `size_max` allows once decompressed")]
    TooLarge(u64),
    /// It is larger than can be addressed.
    #[error(transparent)]
    Unaddressable(#[from] TooLarge),
    /// There are head lines and nothing else.
    #[error("it has no row")]
    Empty,
}

/// Reads the objects of a table's source, one behind the other. `progress` is told how many rows there are so far.
pub(crate) fn read(
    parts: &[Part],
    spec: &valid::Table,
    progress: &dyn Fn(usize),
) -> Result<Snapshot, Corrupt> {
    let mut rows = Rows::new(spec, progress);
    let mut left = spec.size_max;
    for part in parts {
        let inner = decompressed(part).map_err(|error| Corrupt::Compressed(part.name.clone(), error))?;
        let mut bounded = Bounded::new(inner, left);
        let outcome = match spec.format.unwrap_or_else(|| format_of(&part.name)) {
            TableFormat::Csv => csv::read(&part.name, &mut bounded, &mut rows),
            TableFormat::Ndjson => json::read_lines(&part.name, &mut bounded, &mut rows),
            TableFormat::Json => json::read_list(&part.name, &mut bounded, &mut rows),
            TableFormat::Parquet => match parquet::read(&part.name, &mut bounded, &mut rows, left)? {
                Some(cells) => {
                    bounded.left = bounded.left.min(left - cells);
                    Ok(())
                }
                None => return Err(Corrupt::TooLarge(spec.size_max)),
            },
        };
        if bounded.exceeded {
            return Err(Corrupt::TooLarge(spec.size_max));
        }
        outcome?;
        left = bounded.left;
    }
    rows.finish()
}

/// How an object is compressed, by its name's ending, without that ending.
fn compression(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((bare, ending @ ("gz" | "zst"))) => (bare, Some(ending)),
        _ => (name, None),
    }
}

fn format_of(name: &str) -> TableFormat {
    match compression(name).0.rsplit_once('.') {
        Some((_, "ndjson" | "jsonl")) => TableFormat::Ndjson,
        Some((_, "json")) => TableFormat::Json,
        Some((_, "parquet")) => TableFormat::Parquet,
        _ => TableFormat::Csv,
    }
}

fn decompressed(part: &Part) -> io::Result<Box<dyn Read + '_>> {
    let bytes: &[u8] = &part.bytes;
    Ok(match compression(&part.name).1 {
        Some("gz") => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        Some(_) => Box::new(zstd::Decoder::with_buffer(bytes)?),
        None => Box::new(bytes),
    })
}

/// Fails once more than so many bytes were read: a small object may decompress to any size.
struct Bounded<R> {
    inner: R,
    left: u64,
    exceeded: bool,
}

impl<R> Bounded<R> {
    fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit, exceeded: false }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.exceeded = true;
                return Err(io::Error::other("larger than allowed"));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use handover_api::Table as _;

    use super::*;
    use crate::tables::tests::spec;

    const AIRPORTS: &str = "\u{feff}faa,name,tz\nJFK,\"John F Kennedy, Intl\",-5\nLGA,La Guardia,\n";

    fn read_it(name: &str, bytes: impl Into<Bytes>) -> Result<Snapshot, Corrupt> {
        read_all(vec![(name, bytes.into())])
    }

    fn read_all(parts: Vec<(&str, Bytes)>) -> Result<Snapshot, Corrupt> {
        let parts: Vec<_> =
            parts.into_iter().map(|(name, bytes)| Part { name: name.to_owned(), bytes }).collect();
        let spec = spec(valid::TableSource::File("a".into()), "faa");
        read(&parts, &valid::Table { size_max: 1000, ..spec }, &|_| {})
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn reads_csv_plain_and_compressed() {
        let zstd = zstd::encode_all(AIRPORTS.as_bytes(), 1).unwrap();
        for (name, bytes) in
            [("a.csv", AIRPORTS.as_bytes().to_vec()), ("a.csv.gz", gzip(AIRPORTS)), ("a.csv.zst", zstd)]
        {
            let table = read_it(name, bytes).unwrap();
            assert_eq!(
                table.get(b"JFK").unwrap().get("name"),
                Some(b"John F Kennedy, Intl".as_slice()),
                "{name}"
            );
            assert_eq!(table.get(b"LGA").unwrap().get("tz"), Some(b"".as_slice()), "{name}");
        }
    }

    #[test]
    fn reads_json_as_lines_and_as_a_list() {
        let lines = "{\"faa\":\"JFK\",\"tz\":-5,\"at\":{\"lat\": 40.6}}\n\n{\"name\":\"La \\u0047uardia\",\"faa\":\"LGA\",\
                     \"tz\":null,\"open\":true}";
        let list = format!("[{}]", lines.replace("\n\n", ",\n"));
        for (name, text) in [("a.ndjson", lines.to_owned()), ("a.jsonl", lines.to_owned()), ("a.json", list)]
        {
            for (name, bytes) in
                [(name.to_owned(), text.clone().into_bytes()), (format!("{name}.gz"), gzip(&text))]
            {
                let table = read_it(&name, bytes).unwrap();
                assert_eq!(table.schema().columns(), ["faa", "tz", "at", "name", "open"], "{name}");
                let cells = |key: &[u8]| {
                    let row = table.get(key).unwrap();
                    row.iter().map(|(_, cell)| String::from_utf8(cell.to_vec()).unwrap()).collect::<Vec<_>>()
                };
                assert_eq!(cells(b"JFK"), ["JFK", "-5", "{\"lat\": 40.6}", "", ""], "{name}");
                assert_eq!(cells(b"LGA"), ["LGA", "", "", "La Guardia", "true"], "{name}");
            }
        }
    }

    #[test]
    fn several_objects_are_one_table() {
        let table = read_all(vec![
            ("1.csv", "faa,tz\nJFK,-5\n".into()),
            ("2.csv.gz", gzip("faa,tz\nLGA,-5\nJFK,-4\n").into()),
            ("3.ndjson", "{\"tz\":-8,\"faa\":\"LAX\"}".into()),
        ])
        .unwrap();
        assert_eq!(table.len(), 3);
        let tz = |key: &[u8]| table.get(key).unwrap().get("tz").unwrap().to_vec();
        assert_eq!([tz(b"JFK"), tz(b"LAX")], [b"-4".to_vec(), b"-8".to_vec()]);
        for other in ["tz,faa\n-5,LGA\n", "faa,tz,name\nLGA,-5,x\n"] {
            let error =
                read_all(vec![("1.csv", "faa,tz\nJFK,-5\n".into()), ("2.csv", other.into())]).unwrap_err();
            assert!(matches!(&error, Corrupt::OtherColumns { name, .. } if name == "2.csv"), "{error}");
        }
        let large = format!("faa\n{}", "JFK\n".repeat(150));
        let both = vec![("1.csv", large.clone().into()), ("2.csv", large.into())];
        assert!(matches!(read_all(both), Err(Corrupt::TooLarge(1000))), "the bound is for all of them");
    }

    #[test]
    fn refuses_what_is_no_table() {
        let half = |mut bytes: Vec<u8>| {
            bytes.truncate(bytes.len() / 2);
            bytes
        };
        for (name, bytes, why) in [
            ("a.csv", b"faa,name\nJFK,Kennedy\nLGA".to_vec(), "a row that breaks off"),
            ("a.csv", b"faa,name\nJFK,Kennedy,x\n".to_vec(), "a cell too many"),
            ("a.csv", b"code,name\nJFK,Kennedy\n".to_vec(), "no key"),
            ("a.csv", b"faa,name,name\nJFK,a,b\n".to_vec(), "a column twice"),
            ("a.csv", b"faa,name\n".to_vec(), "no row"),
            ("a.csv", b"".to_vec(), "nothing"),
            ("a.csv", b"<html><body>502</body></html>\n".to_vec(), "an error page"),
            ("a.ndjson", b"{\"faa\":\"JFK\"}\n{\"faa\":\"LG".to_vec(), "a line that breaks off"),
            ("a.ndjson", b"{\"code\":\"JFK\"}\n".to_vec(), "no key"),
            ("a.ndjson", b"[1,2]".to_vec(), "a row that is no object"),
            ("a.ndjson", b"".to_vec(), "nothing"),
            ("a.json", b"[{\"faa\":\"JFK\"}".to_vec(), "a list that breaks off"),
            ("a.json", b"[{\"faa\":\"JFK\"}] x".to_vec(), "something behind the list"),
            ("a.json", b"{\"faa\":\"JFK\"}".to_vec(), "no list"),
            ("a.json", b"[]".to_vec(), "an empty list"),
            ("a.csv.gz", half(gzip(AIRPORTS)), "half a gzip"),
            ("a.csv.gz", AIRPORTS.as_bytes().to_vec(), "no gzip"),
            ("a.csv.zst", half(zstd::encode_all(AIRPORTS.as_bytes(), 1).unwrap()), "half a zstd"),
        ] {
            assert!(read_it(name, bytes).is_err(), "{why}");
        }
    }

    #[test]
    fn a_small_object_cannot_become_a_large_table() {
        let bomb = gzip(&format!("faa\n{}", "JFK\n".repeat(1000)));
        assert!(bomb.len() < 200);
        assert!(matches!(read_it("a.csv.gz", bomb), Err(Corrupt::TooLarge(1000))));
    }
}
