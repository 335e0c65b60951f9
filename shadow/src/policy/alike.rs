//! Typed matchers: two values that need not be equal to be alike.

use std::time::Duration;

use jiff::Timestamp;
use regex::Regex;

use crate::difference::{Difference, Found, Kind};
use crate::path::Pattern;

/// At this place two values are alike when the test holds of both.
#[derive(Clone, Debug)]
pub struct Alike {
    pub(super) path: Pattern,
    pub(super) test: Test,
}

#[derive(Clone, Debug)]
pub(super) enum Test {
    Uuids,
    Timestamps,
    Numbers,
    TimesWithin(Duration),
    NumbersWithin(f64),
    Match(Regex),
}

impl Alike {
    /// Whether this difference is none. Values that are too long to be kept whole are never alike.
    pub(crate) fn accepts(&self, difference: &Difference) -> bool {
        let differ_in_value = matches!(difference.kind, Kind::Value | Kind::NumberForm | Kind::Spelling);
        let (Some(a), Some(b)) = (&difference.control, &difference.candidate) else { return false };
        differ_in_value && self.path.covers(&difference.path) && !a.cut && !b.cut && self.test.holds(a, b)
    }
}

impl Test {
    fn holds(&self, a: &Found, b: &Found) -> bool {
        match self {
            Self::Uuids => is_uuid(&a.text) && is_uuid(&b.text),
            Self::Timestamps => time(&a.text).is_some() && time(&b.text).is_some(),
            Self::Numbers => number(&a.text).is_some() && number(&b.text).is_some(),
            Self::TimesWithin(limit) => {
                let times = time(&a.text).zip(time(&b.text));
                times.is_some_and(|(a, b)| a.duration_since(b).unsigned_abs() <= *limit)
            }
            Self::NumbersWithin(limit) => {
                number(&a.text).zip(number(&b.text)).is_some_and(|(a, b)| (a - b).abs() <= *limit)
            }
            Self::Match(regex) => regex.is_match(&a.text) && regex.is_match(&b.text),
        }
    }
}

/// RFC 9562 §4: 8-4-4-4-12 hex digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A time in the forms that services write: RFC 3339, an HTTP date, `YYYY-MM-DD HH:MM:SS` (as UTC), Unix seconds.
fn time(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .or_else(|| jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp()))
        .or_else(|| {
            let time: jiff::civil::DateTime = text.parse().ok()?;
            time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp())
        })
        .or_else(|| super::inject::unix(number(text)?))
}
