//! Notes which rows of hot tables a dry run looks up, so that it can be run again without the tables.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use handover_api::{PortRead, Row, Schema, Table, lookup};

/// Rows of one run that are noted; a run that looks up more can't be repeated without its tables.
const ROWS_MAX: usize = 1024;

/// The rows that one run looked up.
#[derive(Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Vec<PortRead>>>);

impl Notes {
    /// The table, with its look-ups noted.
    pub(super) fn of(&self, name: &str, table: Arc<dyn Table>) -> Arc<dyn Table> {
        Arc::new(Noted { name: name.to_owned(), table, notes: self.clone() })
    }

    /// What was looked up.
    pub(super) fn take(&self) -> Vec<PortRead> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, table: &str, key: Bytes, row: Option<Row<'_>>) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |note: &PortRead| matches!(note, PortRead::Row { table: t, key: k, .. } if t == table && *k == key);
        if notes.len() < ROWS_MAX && !notes.iter().any(same) {
            let cells = |row: Row<'_>| {
                row.iter().map(|(column, cell)| (column.to_owned(), Bytes::copy_from_slice(cell))).collect()
            };
            let table = table.to_owned();
            notes.push(PortRead::Row { table, key, row: row.map(cells) });
        }
    }
}

struct Noted {
    name: String,
    table: Arc<dyn Table>,
    notes: Notes,
}

impl Table for Noted {
    fn get_parts(&self, key: &[&[u8]]) -> Option<Row<'_>> {
        let row = self.table.get_parts(key);
        self.notes.add(&self.name, lookup(None, key), row);
        row
    }

    fn get_by(&self, name: &str, key: &[&[u8]]) -> Option<Row<'_>> {
        let row = self.table.get_by(name, key);
        self.notes.add(&self.name, lookup(Some(name), key), row);
        row
    }

    fn len(&self) -> usize {
        self.table.len()
    }

    fn schema(&self) -> &Schema {
        self.table.schema()
    }
}
