//! The day of the flight, the hour of its schedule, and the clock changes between (`050_dates.php`).

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{round, text},
    strtotime::{ISO, US, ZONED, strtotime},
    time::{HOME, date_in, is_day, local_timestamp, utc_text},
};

use super::airport_zone;

/// `rules_dates()`
pub(in crate::flights) fn rules_dates(i: &mut Intake<'_>, f: &mut Flight) {
    // centuries, as in 1999
    if f.year < 100 {
        f.year += if f.year < 70 { 2000 } else { 1900 };
        i.fix("F050");
    }
    if f.year < 1990 {
        i.err("F051", "year", "is before our time", f.year);
    }
    let this_year: i64 = date_in(HOME, "%Y", i.now).parse().unwrap_or_default();
    if f.year > this_year + 1 {
        i.err("F052", "year", "is after the last published schedule", f.year);
    }
    if f.month > 12 {
        i.err("F053", "month", "must be 1 to 12", f.month);
    } else if !is_day(f.year, f.month, f.day) {
        i.err("F054", "day", format!("{}/{}/{:04} is no day", f.month, f.day, f.year), f.day);
    }
}

/// `rules_hours()`: hour, minute and time_hour say again what the schedule says. Nothing reads the first two afterwards.
pub(in crate::flights) fn rules_hours(i: &mut Intake<'_>, f: &mut Flight) {
    let Some(sched) = f.sched_dep_time else { return };
    match f.hour {
        None => i.fix("F055"),
        Some(hour) if hour != sched / 100 => {
            i.err("F056", "hour", format!("{hour} is not the hour of {sched:04}"), hour);
        }
        Some(_) => {}
    }
    match f.minute {
        None => i.fix("F057"),
        Some(minute) if minute != sched % 100 => {
            i.err("F058", "minute", format!("{minute} is not the minute of {sched:04}"), minute);
        }
        Some(_) => {}
    }
    rules_clock_change(i, f, sched);
    rules_time_hour(i, f, sched / 100);
}

/// The night of the clock change: an hour that is missing, an hour that comes twice.
fn rules_clock_change(i: &mut Intake<'_>, f: &Flight, sched: i64) {
    let zone = airport_zone(i.tables, &f.origin);
    let ts = local_timestamp(&zone, f.date(), 0, sched);
    let hour = |ts| date_in(&zone, "%-H", ts);
    if hour(ts) != (sched / 100 % 24).to_string() {
        i.err("F059", "sched_dep_time", "is in the hour that the clocks skip", sched);
    }
    if hour(ts) == hour(ts + 3600) {
        i.warn("F060", "sched_dep_time", "is in the hour that comes twice, the first is taken");
    }
}

fn rules_time_hour(i: &mut Intake<'_>, f: &mut Flight, hour: i64) {
    let zone = airport_zone(i.tables, &f.origin);
    let hour_ts = local_timestamp(&zone, f.date(), 0, hour * 100);
    let Some(given) = f.time_hour.clone() else {
        f.time_hour = Some(utc_text(hour_ts).into());
        return i.fix("F061");
    };
    let known = ISO.matches(&given) || US.matches(&given);
    let Some(mut ts) = known.then(|| strtotime(&given)).flatten() else {
        return i.err("F062", "time_hour", "is no time", given);
    };
    if !ZONED.matches(&given) {
        i.warn("F063", "time_hour", "has no zone, New York is assumed");
    }
    let off = (ts - hour_ts).abs();
    if off > 3600 {
        let hours = round(off as f64 / 3600.0, 2);
        i.err("F064", "time_hour", text!["is ", hours, " hours off the schedule"], given);
    } else if off != 0 {
        ts = hour_ts;
        i.fix("F065");
    }
    f.time_hour = Some(utc_text(ts).into());
}
