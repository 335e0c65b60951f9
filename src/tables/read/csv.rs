//! CSV with a head line.

use std::io::Read;

use super::Corrupt;
use super::rows::Rows;

/// Reads one object.
pub(super) fn read(name: &str, from: impl Read, rows: &mut Rows<'_>) -> Result<(), Corrupt> {
    let fault = |error| Corrupt::Csv(name.to_owned(), error);
    let mut reader = csv::ReaderBuilder::new().from_reader(from);
    let columns = reader.headers().map_err(fault)?.iter().map(str::to_owned).collect();
    rows.begin(name, columns)?;
    let mut row = csv::ByteRecord::new();
    while reader.read_byte_record(&mut row).map_err(fault)? {
        rows.push(row.iter())?;
    }
    Ok(())
}
