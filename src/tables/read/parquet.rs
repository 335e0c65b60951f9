//! Apache Parquet: columns as they are named, a row a record.
//!
//! A cell is a text or the bytes as they are, a number in its shortest decimal form, `true` or `false`, a date as
//! `2013-01-31`, a moment as `2013-01-31T05:15:00Z`, and for anything deeper its JSON; what is null is empty.

use std::io::{Read, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use jiff::{Span, Timestamp, civil};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::Corrupt;
use super::rows::Rows;

/// An object is no Parquet.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotParquet {
    /// The reader says so.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// The reader gave up: it takes some damage for impossible.
    #[error("it is damaged")]
    Damaged,
}

/// Reads one object, whose cells may have that many bytes, and gives how many they have.
pub(super) fn read(
    name: &str,
    mut from: impl Read,
    rows: &mut Rows<'_>,
    most: u64,
) -> Result<Option<u64>, Corrupt> {
    let mut file = Vec::new();
    from.read_to_end(&mut file).map_err(|error| Corrupt::Compressed(name.to_owned(), error))?;
    let read = catch_unwind(AssertUnwindSafe(|| read_rows(name, file.into(), rows, most)));
    read.unwrap_or_else(|_| Err(fault(name)(NotParquet::Damaged)))
}

fn read_rows(name: &str, file: Bytes, rows: &mut Rows<'_>, most: u64) -> Result<Option<u64>, Corrupt> {
    let parquet = |error: ParquetError| fault(name)(error.into());
    let reader = SerializedFileReader::new(file).map_err(parquet)?;
    let schema = reader.metadata().file_metadata().schema();
    rows.begin(name, schema.get_fields().iter().map(|field| field.name().to_owned()).collect())?;
    let (mut cells, mut used) = (vec![Vec::new(); schema.get_fields().len()], 0);
    for row in reader.get_row_iter(None).map_err(parquet)? {
        let row = row.map_err(parquet)?;
        for ((_, field), cell) in row.get_column_iter().zip(&mut cells) {
            cell.clear();
            write(field, cell);
            used += cell.len() as u64;
        }
        // A page may stand for any number of like cells.
        if used > most {
            return Ok(None);
        }
        rows.push(cells.iter().map(Vec::as_slice))?;
    }
    Ok(Some(used))
}

fn fault(name: &str) -> impl Fn(NotParquet) -> Corrupt {
    move |error| Corrupt::Parquet(name.to_owned(), error)
}

/// Writes one cell.
fn write(field: &Field, cell: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = match field {
        Field::Null => Ok(()),
        Field::Str(text) => cell.write_all(text.as_bytes()),
        Field::Bytes(bytes) => cell.write_all(bytes.data()),
        Field::Float(number) => write!(cell, "{number}"),
        Field::Double(number) => write!(cell, "{number}"),
        Field::Date(days) => match date(*days) {
            Ok(date) => write!(cell, "{date}"),
            Err(_) => write!(cell, "{days}"),
        },
        Field::TimestampMillis(time) => moment(cell, Timestamp::from_millisecond(*time), *time),
        Field::TimestampMicros(time) => moment(cell, Timestamp::from_microsecond(*time), *time),
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => {
            write!(cell, "{}", field.to_json_value())
        }
        plain => write!(cell, "{plain}"),
    };
}

/// So many days from 1970 on.
fn date(days: i32) -> Result<civil::Date, jiff::Error> {
    civil::date(1970, 1, 1).checked_add(Span::new().try_days(days)?)
}

/// A moment, or its number where it lies beyond what has a date.
fn moment(cell: &mut Vec<u8>, time: Result<Timestamp, jiff::Error>, number: i64) -> std::io::Result<()> {
    match time {
        Ok(time) => write!(cell, "{time}"),
        Err(_) => write!(cell, "{number}"),
    }
}

#[cfg(test)]
mod tests {
    use handover_api::Table as _;

    use super::super::{Part, read};
    use crate::config::valid::{self, TableFormat};
    use crate::tables::snapshot::Snapshot;
    use crate::tables::tests::spec;

    /// Written by pyarrow 26 (Apache Arrow's C++ library), compressed by the codec of its name:
    ///
    /// ```python
    /// columns = {"faa": ["JFK", "LGA", "HNL"], "name": ["John F Kennedy Intl", "La Guardia", None], "alt": [13, 22, None],
    ///     "lat": [40.639751, 40.0, -21.318681], "hub": [True, False, None], "since": [date(1948, 7, 1), None, date(1927, 3, 21)],
    ///     "seen": [datetime(2013, 1, 31, 5, 15, tzinfo=UTC), None, None], "fee": [Decimal("12.50"), Decimal("-0.05"), None],
    ///     "runways": [["04L", "22R"], [], None]}
    /// pq.write_table(pa.table(columns), codec + ".parquet", compression=codec)
    /// ```
    const WRITTEN: [(&str, &[u8]); 4] = [
        ("snappy.parquet", include_bytes!("parquet/snappy.parquet")),
        ("gzip.parquet", include_bytes!("parquet/gzip.parquet")),
        ("zstd.parquet", include_bytes!("parquet/zstd.parquet")),
        ("lz4.parquet", include_bytes!("parquet/lz4.parquet")),
    ];

    fn read_it(name: &str, bytes: &[u8], size_max: u64) -> Result<Snapshot, super::Corrupt> {
        let part = Part { name: name.to_owned(), bytes: bytes.to_vec().into() };
        let spec = spec(valid::TableSource::File("a".into()), "faa");
        read(&[part], &valid::Table { size_max, ..spec }, &|_| {})
    }

    #[test]
    fn reads_what_another_library_has_written() {
        for (name, bytes) in WRITTEN {
            let table = read_it(name, bytes, 1 << 20).unwrap();
            let cells = |key: &[u8]| {
                let row = table.get(key).unwrap();
                row.iter().map(|(_, cell)| String::from_utf8(cell.to_vec()).unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(
                table.schema().columns(),
                ["faa", "name", "alt", "lat", "hub", "since", "seen", "fee", "runways"]
            );
            assert_eq!(
                cells(b"JFK"),
                [
                    "JFK",
                    "John F Kennedy Intl",
                    "13",
                    "40.639751",
                    "true",
                    "1948-07-01",
                    "2013-01-31T05:15:00Z",
                    "12.50",
                    "[\"04L\",\"22R\"]"
                ],
                "{name}"
            );
            assert_eq!(cells(b"LGA"), ["LGA", "La Guardia", "22", "40", "false", "", "", "-0.05", "[]"]);
            assert_eq!(cells(b"HNL"), ["HNL", "", "", "-21.318681", "", "1927-03-21", "", "", ""]);
        }
    }

    #[test]
    fn its_format_can_be_said_where_its_name_does_not() {
        let part = Part { name: "airports".into(), bytes: WRITTEN[0].1.into() };
        let spec = spec(valid::TableSource::File("a".into()), "faa");
        let spec = valid::Table { format: Some(TableFormat::Parquet), ..spec };
        assert_eq!(read(&[part], &spec, &|_| {}).unwrap().len(), 3);
    }

    #[test]
    fn whatever_is_damaged_is_refused_or_read_and_never_ends_the_process() {
        let (name, whole) = WRITTEN[0];
        for length in 0..whole.len() {
            assert!(read_it(name, &whole[..length], 1 << 20).is_err(), "{length} bytes");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x55;
            // Not every bit of it matters, and there is no checksum.
            let _ = read_it(name, &damaged, 1 << 20);
        }
    }

    #[test]
    fn a_small_object_cannot_become_a_large_table() {
        // By the same library: 200,000 times the same 1,000 bytes, in a dictionary.
        let bomb = include_bytes!("parquet/bomb.parquet");
        assert!(bomb.len() < 25_000);
        assert!(matches!(read_it("bomb.parquet", bomb, 1 << 20), Err(super::Corrupt::TooLarge(_))));
    }
}
