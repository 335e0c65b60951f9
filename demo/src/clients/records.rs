//! The real departures: rows of the monthly CSV files.

use std::{io::BufReader, path::Path};

use anyhow::{Context, Result};
use flate2::bufread::GzDecoder;

/// A row: names and values in the file's order, gaps as `NA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record(pub Vec<(String, String)>);

impl Record {
    /// The value under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// All rows of a month's file (`flights-2013-01.csv.gz`).
///
/// # Errors
/// When the file cannot be opened or is no gzipped CSV with a head line.
pub fn records(file: &Path) -> Result<Vec<Record>> {
    let raw = std::fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut rows = csv::Reader::from_reader(GzDecoder::new(BufReader::new(raw)));
    let names = rows.headers().with_context(|| format!("no head line in {}", file.display()))?.clone();
    rows.records()
        .map(|row| {
            let row = row.with_context(|| format!("broken row in {}", file.display()))?;
            Ok(Record(names.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()))
        })
        .collect()
}
