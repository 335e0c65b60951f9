//! The rows of a table while it is read, of however many objects.

use handover_api::{Schema, Table as _};

use super::Corrupt;
use crate::config::valid;
use crate::tables::snapshot::{Builder, Keys, Snapshot};

/// How many rows are read between two reports.
const REPORT: usize = 10_000;

/// The rows so far.
pub(super) struct Rows<'s> {
    spec: &'s valid::Table,
    progress: &'s dyn Fn(usize),
    columns: Vec<String>,
    builder: Option<Builder>,
    rows: usize,
}

impl<'s> Rows<'s> {
    pub(super) fn new(spec: &'s valid::Table, progress: &'s dyn Fn(usize)) -> Self {
        Self { spec, progress, columns: Vec::new(), builder: None, rows: 0 }
    }

    /// The columns; none before the first object's are known.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The columns of an object's rows, which must be those of the objects before it.
    pub(super) fn begin(&mut self, name: &str, columns: Vec<String>) -> Result<(), Corrupt> {
        if self.builder.is_some() {
            return if self.columns == columns {
                Ok(())
            } else {
                Err(Corrupt::OtherColumns { name: name.to_owned(), columns: columns.join(", ") })
            };
        }
        if let Some(twice) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name)) {
            return Err(Corrupt::TwiceNamed(twice.1.clone()));
        }
        let key = positions(&self.spec.key, &columns)?;
        let further = self.spec.keys.iter();
        let further = further.map(|(name, of)| Ok((name.clone(), positions(of, &columns)?)));
        let keys = Keys { key, further: further.collect::<Result<_, Corrupt>>()? };
        self.builder = Some(Builder::new(Schema::new(&columns), keys));
        self.columns = columns;
        Ok(())
    }

    /// Adds a row with a cell for each column.
    pub(super) fn push<'c>(&mut self, cells: impl ExactSizeIterator<Item = &'c [u8]>) -> Result<(), Corrupt> {
        if let Some(builder) = &mut self.builder {
            builder.push(cells)?;
            self.rows += 1;
            if self.rows.is_multiple_of(REPORT) {
                (self.progress)(self.rows);
            }
        }
        Ok(())
    }

    /// The table.
    pub(super) fn finish(self) -> Result<Snapshot, Corrupt> {
        let snapshot = self.builder.ok_or(Corrupt::Empty)?.finish();
        if snapshot.is_empty() { Err(Corrupt::Empty) } else { Ok(snapshot) }
    }
}

fn positions(of: &[String], columns: &[String]) -> Result<Vec<usize>, Corrupt> {
    let position = |key: &String| {
        let found = columns.iter().position(|column| column == key);
        found.ok_or_else(|| Corrupt::NoKey { key: key.clone(), columns: columns.join(", ") })
    };
    of.iter().map(position).collect()
}
