//! Arrays: building, taking apart, merging, comparing, sorting.

pub mod basic;
pub mod build;
pub mod callbacks;
pub mod merge;
pub mod multisort;
pub mod range;
pub mod sets;
pub mod slice;
pub mod sort;
pub mod zend_sort;

use crate::call::Row;

/// The rows of all array functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    [
        basic::ROWS,
        build::ROWS,
        callbacks::ROWS,
        merge::ROWS,
        multisort::ROWS,
        range::ROWS,
        sets::ROWS,
        slice::ROWS,
        sort::ROWS,
    ]
    .map(<[Row]>::to_vec)
    .to_vec()
}
