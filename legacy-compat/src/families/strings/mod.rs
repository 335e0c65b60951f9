//! Strings, byte by byte: trimming, case, searching, replacing, splitting, comparing, escaping, formatting.

pub mod base64;
pub mod basic;
pub mod compare;
pub mod csv;
pub mod escape;
pub mod phonetic;
pub mod position;
pub mod replace;
mod scan_number;
pub mod scanf;
pub mod search;
pub mod split;

use crate::call::Row;

/// The rows of all string functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    [
        base64::ROWS,
        basic::ROWS,
        compare::ROWS,
        escape::ROWS,
        position::ROWS,
        replace::ROWS,
        search::ROWS,
        split::ROWS,
        csv::ROWS,
        phonetic::ROWS,
        scanf::ROWS,
    ]
    .map(<[Row]>::to_vec)
    .to_vec()
}

/// The place of a needle in a haystack.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

/// The last place of a needle in a haystack.
pub(crate) fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::rfind(haystack, needle)
}
