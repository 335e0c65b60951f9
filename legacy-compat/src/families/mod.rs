//! PHP's functions, a file for each family: plain Rust functions, and the rows by which they are called by name.

pub mod types;

use crate::call::Row;

/// The rows of all families.
pub(crate) fn all() -> Vec<Vec<Row>> {
    vec![types::ROWS.to_vec(), crate::json::ROWS.to_vec(), crate::request::ROWS.to_vec()]
}
