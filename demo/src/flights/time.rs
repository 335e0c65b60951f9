//! Local clock times and instants (`local_timestamp()`, `date_in()`, `gmdate()`).

use jiff::{Timestamp, ToSpan, civil, tz::TimeZone};

/// The zone in which the legacy lives.
pub(super) const HOME: &str = "America/New_York";

/// A zone of the tz database; New York for a name that it doesn't have, as none of the tables' names is.
fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).or_else(|_| TimeZone::get(HOME)).unwrap_or(TimeZone::UTC)
}

/// `local_timestamp()`: a clock time (HHMM, 2400 and more run on into the next days) at an airport. In the hour that
/// the clocks skip it is an hour later, of the hour that comes twice the first. `days` counts on from the date.
pub(super) fn local_timestamp(
    zone_name: &str,
    (year, month, day): (i64, i64, i64),
    days: i64,
    hhmm: i64,
) -> i64 {
    let minutes = hhmm / 100 * 60 + hhmm % 100;
    let date = || civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok();
    let local = date().and_then(|date| {
        date.to_datetime(civil::Time::midnight()).checked_add(days.days().minutes(minutes)).ok()
    });
    local.and_then(|local| in_zone(zone_name, local)).unwrap_or_default()
}

/// When a zone's clocks show this; as [`local_timestamp`] where they never or twice do.
pub(super) fn in_zone(zone_name: &str, local: civil::DateTime) -> Option<i64> {
    Some(local.to_zoned(zone(zone_name)).ok()?.timestamp().as_second())
}

/// An instant as a zone's clocks show it, in `strftime`'s notation.
pub(super) fn date_in(zone_name: &str, format: &str, ts: i64) -> String {
    let instant = Timestamp::from_second(ts).unwrap_or_default();
    instant.to_zoned(zone(zone_name)).strftime(format).to_string()
}

/// `gmdate('Y-m-d\TH:i:s\Z')`
pub(super) fn utc_text(ts: i64) -> String {
    date_in("UTC", "%Y-%m-%dT%H:%M:%SZ", ts)
}

/// The day of the week, 0 for Sunday; `None` where there is no such day.
pub(super) fn weekday((year, month, day): (i64, i64, i64)) -> Option<i8> {
    let date = civil::Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    Some(date.weekday().to_sunday_zero_offset())
}

/// `checkdate()`
pub(super) fn is_day(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=32767).contains(&year) && (1..=days).contains(&day)
}
