//! The tables that the rules look up (`includes/tables.php`).

use std::sync::Arc;

use handover_api::{Context, PortError, Row, Table};
use legacy_compat::Value;

/// Snapshots of the three tables, the same for the whole request.
pub(super) struct Tables {
    airports: Arc<dyn Table>,
    planes: Arc<dyn Table>,
    airlines: Arc<dyn Table>,
}

impl Tables {
    /// The current snapshots.
    pub(super) fn read(cx: &Context) -> Result<Self, PortError> {
        Ok(Tables {
            airports: cx.table("airports")?,
            planes: cx.table("planes")?,
            airlines: cx.table("airlines")?,
        })
    }

    /// `lookup('airports', …)`
    pub(super) fn airport(&self, faa: &[u8]) -> Option<Cells<'_>> {
        self.airports.get(faa).map(Cells)
    }

    /// `lookup('planes', …)`
    pub(super) fn plane(&self, tailnum: &[u8]) -> Option<Cells<'_>> {
        self.planes.get(tailnum).map(Cells)
    }

    /// `lookup('airlines', …)`
    pub(super) fn airline(&self, carrier: &[u8]) -> Option<Cells<'_>> {
        self.airlines.get(carrier).map(Cells)
    }
}

/// A row whose cells are PHP strings; a column that is not there is empty.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a>(Row<'a>);

impl<'a> Cells<'a> {
    /// The cell's bytes.
    pub(super) fn text(&self, column: &str) -> &'a [u8] {
        self.0.get(column).unwrap_or_default()
    }

    /// The cell as a PHP value, for comparing.
    pub(super) fn value(&self, column: &str) -> Value {
        Value::string(self.text(column))
    }
}
