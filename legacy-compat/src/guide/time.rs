//! Dates: row 14.
//!
//! # `strtotime`, `date`
//!
//! What does not exist goes on counting: the 30th of February is the 1st of March. Relative phrases, zone names and half a dozen forms of
//! dates are one grammar; no date crate has it. `date()` is in `date.timezone`, not in UTC, and [`Php::now`](crate::Php::now) is what
//! relative texts begin from: here nothing reads the clock.
//!
//! *Proof*: `matrix 72125`, `families 56895`, `matrix 72708`.
//!
//! ```
//! use legacy_compat::date::{date, strtotime};
//! use legacy_compat::{Php, Version};
//! let php = Php::new(Version::V8_2).in_zone("America/New_York");
//! let at = strtotime(&php, b"2024-02-30 10:00", 0).unwrap();
//! assert_eq!(date(&php, b"Y-m-d H:i T", at), b"2024-03-01 10:00 EST");
//! assert_eq!(strtotime(&php, b"not a date", 0), None);
//! ```

#![doc(alias("DateTime", "date_default_timezone_set"))]
