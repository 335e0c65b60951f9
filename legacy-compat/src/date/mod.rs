//! Dates: `date`, `mktime`, `strtotime`, `date_parse`, `checkdate`, and what `DateTime` computes.

pub mod civil;
mod format;
mod functions;
mod grammar;
mod parse;
mod relative;
mod text;
mod time;
mod token;
mod zone;

pub use format::Moment;
pub use functions::{checkdate, date, gmdate, mktime, strtotime};
pub use time::Fault;
pub use zone::{Local, Zone, offset_text};

use crate::call::Row;

/// The rows of all functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    vec![functions::ROWS.to_vec(), parse::ROWS.to_vec()]
}
