//! Dates: `date`, `mktime`, `strtotime`, `date_parse`, `checkdate`, and what `DateTime` and its kin compute.
//!
//! | PHP | here |
//! | --- | --- |
//! | `date`, `gmdate`, `mktime`, `strtotime`, `checkdate` | [`date()`], [`gmdate`], [`mktime()`], [`strtotime`], [`checkdate`] |
//! | `strftime`, `gmstrftime` | [`strftime()`] |
//! | `date_parse`, `date_parse_from_format` | [`date_parse`], [`date_parse_from_format`] |
//! | `DateTime`, `DateTimeImmutable` | [`Moment`], [`from_format()`] |
//! | `DateTimeZone` | [`Zone`] |
//! | `DateInterval`, `DatePeriod` | [`Interval`], [`Period`] |

pub mod civil;
mod diff;
mod format;
mod from_format;
mod functions;
mod grammar;
mod interval;
mod moment;
mod parse;
mod period;
mod relative;
mod resolve;
mod strftime;
mod text;
mod text_clock;
mod time;
mod token;
mod zone;

pub use from_format::{FromFormat, from_format};
pub use functions::{checkdate, date, gmdate, mktime, strtotime};
pub use interval::Interval;
pub use moment::Moment;
pub use parse::{date_parse, date_parse_from_format};
pub use period::Period;
pub use strftime::strftime;
pub use time::Fault;
pub use zone::{Local, Named, Zone, offset_text};

use crate::call::Row;

/// The rows of all functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    vec![functions::ROWS.to_vec(), parse::ROWS.to_vec(), strftime::ROWS.to_vec()]
}
