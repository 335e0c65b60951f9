//! From an object's bytes to a table: decompressed by its name, read as CSV with a head line.

use std::io::{self, Read};

use bytes::Bytes;
use handover_api::{Schema, Table};

use super::snapshot::{Builder, Snapshot, TooLarge};

/// An object is no table.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Corrupt {
    /// It cannot be decompressed or is no CSV: a row has more or fewer cells than the head line, for one.
    #[error("it cannot be read as a table")]
    Csv(#[from] csv::Error),
    /// The head line lacks the key's column.
    #[error("it has no column `{key}`, which is the table's key; its columns are {columns}")]
    NoKey {
        /// The column.
        key: String,
        /// Those that it has.
        columns: String,
    },
    /// A column's name stands there twice.
    #[error("its head line has column `{0}` twice")]
    TwiceNamed(String),
    /// It is larger than allowed.
    #[error("it has more than the {0} bytes that `size_max` allows once decompressed")]
    TooLarge(u64),
    /// It is larger than can be addressed.
    #[error(transparent)]
    Unaddressable(#[from] TooLarge),
    /// It has a head line and nothing else.
    #[error("it has no row")]
    Empty,
}

/// Reads a table. `name` is the object's name, whose ending tells how it is compressed; `key` is the column that rows
/// are found by, `size_max` the most bytes that it may have once decompressed.
pub(crate) fn read(name: &str, bytes: &Bytes, key: &str, size_max: u64) -> Result<Snapshot, Corrupt> {
    let mut reader =
        csv::ReaderBuilder::new().from_reader(Bounded::new(decompressed(name, bytes)?, size_max));
    let outcome = read_rows(&mut reader, key);
    if reader.get_ref().exceeded() {
        return Err(Corrupt::TooLarge(size_max));
    }
    outcome
}

fn read_rows(reader: &mut csv::Reader<impl Read>, key: &str) -> Result<Snapshot, Corrupt> {
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    if let Some(twice) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name)) {
        return Err(Corrupt::TwiceNamed(twice.1.clone()));
    }
    let Some(key) = columns.iter().position(|column| column == key) else {
        return Err(Corrupt::NoKey { key: key.to_owned(), columns: columns.join(", ") });
    };
    let mut builder = Builder::new(Schema::new(columns), key);
    let mut row = csv::ByteRecord::new();
    while reader.read_byte_record(&mut row)? {
        builder.push(row.iter())?;
    }
    let snapshot = builder.finish();
    if snapshot.is_empty() { Err(Corrupt::Empty) } else { Ok(snapshot) }
}

fn decompressed<'b>(name: &str, bytes: &'b Bytes) -> Result<Box<dyn Read + 'b>, csv::Error> {
    let bytes: &[u8] = bytes;
    Ok(match name.rsplit_once('.') {
        Some((_, "gz")) => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        Some((_, "zst")) => Box::new(zstd::Decoder::with_buffer(bytes)?),
        _ => Box::new(bytes),
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

    fn exceeded(&self) -> bool {
        self.exceeded
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

    use super::*;

    const AIRPORTS: &str = "\u{feff}faa,name,tz\nJFK,\"John F Kennedy, Intl\",-5\nLGA,La Guardia,\n";

    fn read_it(name: &str, bytes: impl Into<Bytes>) -> Result<Snapshot, Corrupt> {
        read(name, &bytes.into(), "faa", 1000)
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
