//! All functions, family by family.

use super::Row;
use crate::families;

/// The rows of each family.
pub(super) fn families() -> Vec<Vec<Row>> {
    families::all()
}
