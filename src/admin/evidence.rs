//! What the evidence of each route comes to, read from the store.

use std::path::Path;

use handover_shadow::{Parity, Store, StoreError};

/// The newest evidence of all routes that have any.
pub(super) fn all(store: &Path) -> Result<Vec<Parity>, StoreError> {
    let Some(reader) = Store::read(store)? else { return Ok(Vec::new()) };
    reader.routes()?.iter().filter_map(|route| reader.parity(route).transpose()).collect()
}
