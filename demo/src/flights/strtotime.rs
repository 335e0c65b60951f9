//! `strtotime()` for the forms that the intake's patterns let through, and those patterns.
//!
//! What PHP does with them, by measurement: month 0 is the December before, day 0 the last day before the month, a
//! 31st of February runs on into March, 24:30 is half past midnight of the next day; a weekday that is not the
//! date's moves the time on to the next such day. Without a zone it is New York's clock.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ToSpan};
use legacy_compat::Str;

use super::{
    php::{Pattern, pattern},
    time::in_zone,
};

/// `RE_…` of `functions.php`, put together.
macro_rules! re {
    (year) => { r"(?:19|20)\d\d" };
    (month) => { r"(?:0?\d|1[0-2])" };
    (day) => { r"(?:[012]?\d|3[01])" };
    (month_name) => { "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)" };
    (time) => { r"(?:[01]\d|2[0-4]):[0-5]\d(?::[0-5]\d)?" };
    (zone) => { r"(?:Z|[+-][01]\d:?[0-5]\d)" };
    (@ $part:ident) => { re!($part) };
    (@ $part:literal) => { $part };
    ($($part:tt)+) => { concat!($(re!(@ $part)),+) };
}

/// `$known` of `old_date()`
pub(super) static DATE: Pattern = pattern!(re!(
    "(?i)^" year "-" month "-" day "$|^" month "/" day "/(?:" year r"|\d\d)$|^" day "-" month_name "-" year
    r"$|^@\d{1,10}$"
));
/// `$iso` of `rules_time_hour()`
pub(super) static ISO: Pattern = pattern!(re!("^" year "-" month "-" day "[T ]" time zone "?$"));
/// `$us` of `rules_time_hour()`
pub(super) static US: Pattern =
    pattern!(re!("(?i)^" month "/" day "/" year " (?:" time r"|(?:0?[1-9]|1[0-2]):[0-5]\d ?[AP]M)$"));
/// A time with a zone, as in `rules_time_hour()`
pub(super) static ZONED: Pattern = pattern!(re!(r":\d\d" zone "$"));
/// `$known` of `rules_filed()`
pub(super) static FILED: Pattern = pattern!(re!(
    r"(?i)^@\d{1,10}$|^" year "-" month "-" day "(?:[T ]" time zone "?)?$"
    "|^(?:(?:mon|tue|wed|thu|fri|sat|sun), )?" day " " month_name " " year " " time "(?: GMT| " zone ")?$"
));

static YMD: Pattern = pattern!(r"^(\d{4})-(\d+)-(\d+)[Tt ]?(.*)$");
static MDY: Pattern = pattern!(r"^(\d+)/(\d+)/(\d+) ?(.*)$");
static DMY: Pattern = pattern!(r"^(?:([a-zA-Z]{3}), )?(\d+)[ -]([a-zA-Z]{3})[ -](\d{4}) ?(.*)$");
static CLOCK: Pattern = pattern!(r"(?i)^(\d+):(\d+)(?::(\d+))? ?([ap]m)?(.*)$");
static OFFSET: Pattern = pattern!(r"^([+-])(\d\d):?(\d\d)$");

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
const WEEKDAYS: [&[u8]; 7] = [b"sun", b"mon", b"tue", b"wed", b"thu", b"fri", b"sat"];

/// Seconds since 1970; `None` for what is none of the forms.
pub(super) fn strtotime(text: &[u8]) -> Option<i64> {
    if let [b'@', seconds @ ..] = text {
        return number(seconds);
    }
    let (date, clock) = split(text)?;
    let (clock, zone) = clock_of(&clock)?;
    let weekday = DMY.groups::<6>(text).and_then(|[_, name, ..]| place(&WEEKDAYS, &name));
    let local = on_weekday(date.to_datetime(Time::midnight()).checked_add(clock).ok()?, weekday)?;
    match zone.as_bytes() {
        b"" => in_zone(super::time::HOME, local),
        _ => Some(in_zone("UTC", local)? - offset(&zone)?),
    }
}

/// The date, run on from what is no day, and the text behind it.
fn split(text: &[u8]) -> Option<(Date, Str)> {
    let (year, month, day, rest) = if let Some([_, year, month, day, rest]) = YMD.groups(text) {
        (number(&year)?, number(&month)?, number(&day)?, rest)
    } else if let Some([_, month, day, year, rest]) = MDY.groups(text) {
        let century = match (year.len(), number(&year)?) {
            (2, ..70) => 2000,
            (2, _) => 1900,
            _ => 0,
        };
        (century + number(&year)?, number(&month)?, number(&day)?, rest)
    } else {
        let [_, _, day, name, year, rest] = DMY.groups(text)?;
        (number(&year)?, place(&MONTHS, &name)? + 1, number(&day)?, rest)
    };
    let january = Date::new(year.try_into().ok()?, 1, 1).ok()?;
    let date = january.checked_add((month - 1).months()).ok()?.checked_add((day - 1).days()).ok()?;
    Some((date, rest))
}

/// A clock time from midnight on, and the zone behind it.
fn clock_of(text: &[u8]) -> Option<(Span, Str)> {
    if text.is_empty() {
        return Some((Span::new(), Str::EMPTY));
    }
    let [_, hour, minute, second, half, zone] = CLOCK.groups(text)?;
    let hour = match (number(&hour)?, half.first().map(u8::to_ascii_lowercase)) {
        (12, Some(b'a')) => 0,
        (hour @ ..12, Some(b'p')) => hour + 12,
        (hour, _) => hour,
    };
    let span = hour.hours().minutes(number(&minute)?).seconds(number(&second).unwrap_or(0));
    Some((span, zone))
}

fn on_weekday(local: DateTime, weekday: Option<i64>) -> Option<DateTime> {
    let Some(weekday) = weekday else { return Some(local) };
    let ahead = (weekday - i64::from(local.weekday().to_sunday_zero_offset())).rem_euclid(7);
    local.checked_add(ahead.days()).ok()
}

/// East of Greenwich, in seconds.
fn offset(zone: &[u8]) -> Option<i64> {
    match OFFSET.groups(zone) {
        Some([_, sign, hours, minutes]) => {
            let seconds = number(&hours)? * 3600 + number(&minutes)? * 60;
            Some(if sign.as_bytes() == b"-" { -seconds } else { seconds })
        }
        None => matches!(zone, b"Z" | b"z")
            .then_some(0)
            .or_else(|| zone.eq_ignore_ascii_case(b"GMT").then_some(0)),
    }
}

fn place(names: &[&[u8]], name: &[u8]) -> Option<i64> {
    names.iter().position(|other| other.eq_ignore_ascii_case(name)).map(|place| place as i64)
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_php_reads() {
        // measured with PHP 8.2, date.timezone America/New_York
        for (text, seconds) in [
            ("2013-00-10", 1_355_115_600),
            ("2013-0-0", 1_354_251_600),
            ("2013-02-30", 1_362_200_400),
            ("1/2/69", 3_124_328_400),
            ("1/2/70", 104_400),
            ("31-feb-2013", 1_362_286_800),
            ("@1358226000", 1_358_226_000),
            ("2013-01-01T24:00:00Z", 1_357_084_800),
            ("2013-1-1T24:59:59-0500", 1_357_106_399),
            ("2013-1-1T10:00+1959", 1_356_962_460),
            ("1/15/2013 12:30 am", 1_358_227_800),
            ("1/15/2013 12:30PM", 1_358_271_000),
            ("Tue, 31 Dec 2012 10:00:00 +0000", 1_357_034_400),
            ("sun, 31 feb 2012 02:30", 1_330_846_200),
            ("31 Dec 2012 10:00 z", 1_356_948_000),
            ("2013-03-10 02:30", 1_362_900_600),
            ("2013-11-03 01:30", 1_383_456_600),
            ("sat, 9 mar 2013 24:30", 1_363_408_200),
        ] {
            assert_eq!(strtotime(text.as_bytes()), Some(seconds), "{text}");
        }
        for text in ["", "tomorrow", "2013", "@", "5:00"] {
            assert_eq!(strtotime(text.as_bytes()), None, "{text}");
        }
    }
}
