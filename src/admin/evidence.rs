//! What the evidence of each route comes to, read from the store.

use handover_shadow::{ClusterSummary, Parity, Reader, StoreError};

use crate::control::Control;

/// The newest evidence of all routes that have any.
pub(super) fn all(control: &Control) -> Result<Vec<Parity>, StoreError> {
    let Some(reader) = control.evidence()? else { return Ok(Vec::new()) };
    reader.routes()?.iter().filter_map(|route| reader.parity(route).transpose()).collect()
}

/// The clusters of all routes' newest evidence; each route's the worst and most frequent first.
pub(super) fn clusters(reader: &Reader) -> Result<Vec<ClusterSummary>, StoreError> {
    let mut all = Vec::new();
    for route in reader.routes()? {
        all.extend(reader.parity(&route)?.into_iter().flat_map(|parity| parity.clusters));
    }
    Ok(all)
}
