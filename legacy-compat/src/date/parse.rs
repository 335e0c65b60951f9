//! `date_parse`, `date_parse_from_format`: what was read, as an array.

use super::from_format::read_by;
use super::text::read;
use super::time::{DayOf, Fault, Special, Time};
use super::zone::Zone;
use crate::call::{Row, ok};
use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("date_parse(string $datetime): false", |c, a| ok(date_parse(c.php, a.bytes(0)))),
    ("date_parse_from_format(string $format, string $datetime): false", |c, a| {
        if memchr::memchr(0, a.bytes(1)).is_some() && c.php.is_8() {
            let message = "date_parse_from_format(): Argument #2 ($datetime) must not contain any null bytes";
            return Err(Thrown::new(ErrorClass::ValueError, message));
        }
        ok(date_parse_from_format(c.php, a.bytes(0), a.bytes(1)))
    }),
];

/// `date_parse($text)`
pub fn date_parse(php: &Php, text: &[u8]) -> Array {
    describe(php, &read(php, text))
}

/// `date_parse_from_format($format, $text)`
pub fn date_parse_from_format(php: &Php, format: &[u8], text: &[u8]) -> Array {
    describe(php, &read_by(php, format, text))
}

/// A field, false where nothing was said.
fn field(value: Option<i64>) -> Value {
    value.map_or(Value::FALSE, Value::Int)
}

fn faults(list: &[Fault]) -> Array {
    list.iter().map(|fault| (fault.at as i64, fault.message)).collect()
}

/// As `date_parse` answers.
fn describe(php: &Php, time: &Time) -> Array {
    let mut out = Array::new();
    for (name, value) in [
        ("year", time.year),
        ("month", time.month),
        ("day", time.day),
        ("hour", time.hour),
        ("minute", time.minute),
        ("second", time.second),
    ] {
        out.insert(name, field(value));
    }
    let fraction = |micros: i64| match php.since(Version::V7_1) {
        true => micros as f64 / 1e6,
        false => time.fraction,
    };
    out.insert("fraction", time.micros.map_or(Value::FALSE, |micros| Value::Float(fraction(micros))));
    let (warnings, errors) = (faults(&time.warnings), faults(&time.errors));
    out.insert("warning_count", time.warnings.len());
    out.insert("warnings", warnings);
    out.insert("error_count", time.errors.len());
    out.insert("errors", errors);
    out.insert("is_localtime", time.zone.is_some() || time.zone_unknown);
    if time.zone.is_none() && time.zone_unknown {
        out.insert("zone_type", 0);
    }
    if let Some(zone) = &time.zone {
        describe_zone(php, zone, &mut out);
    }
    if time.have_relative {
        out.insert("relative", relative(time));
    }
    out
}

fn describe_zone(php: &Php, zone: &Zone, out: &mut Array) {
    // Up to 7.1 offsets were minutes west of UTC.
    let shown = |seconds: i64| if php.since(Version::V7_2) { seconds } else { -seconds / 60 };
    out.insert("zone_type", zone.kind());
    match zone {
        Zone::Greenwich => {}
        Zone::Offset(offset) => {
            out.insert("zone", shown(*offset));
            out.insert("is_dst", false);
        }
        Zone::Abbreviation(name, offset, dst) => {
            out.insert("zone", shown(*offset));
            out.insert("is_dst", *dst);
            out.insert("tz_abbr", name.clone());
        }
        Zone::Named(zone) => {
            if zone.name() == &"UTC" {
                out.insert("tz_abbr", zone.name().clone());
            }
            out.insert("tz_id", zone.name().clone());
        }
    }
}

fn relative(time: &Time) -> Array {
    let relative = &time.relative;
    let mut out: Array = [
        ("year", relative.year),
        ("month", relative.month),
        ("day", relative.day),
        ("hour", relative.hour),
        ("minute", relative.minute),
        ("second", relative.second),
    ]
    .into_iter()
    .collect();
    if let Some(weekday) = relative.weekday {
        out.insert("weekday", weekday);
    }
    if let Some(Special::Weekdays(count)) = relative.special {
        out.insert("weekdays", count);
    }
    match relative.day_of {
        Some(DayOf::First) => out.insert("first_day_of_month", true),
        Some(DayOf::Last) => out.insert("last_day_of_month", true),
        None => {}
    }
    out
}
