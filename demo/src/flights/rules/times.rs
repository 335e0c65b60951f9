//! Clock times, delays, and whether they agree (`060_times.php`).

use legacy_compat::Value;

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{number_format, text},
};

use super::reasons::rules_reasons;

/// `rules_times()`
pub(in crate::flights) fn rules_times(i: &mut Intake<'_>, f: &mut Flight) {
    rules_clocks(i, f);
    rules_delays(i, f);
    rules_reasons(i, f);
}

fn rules_clocks(i: &mut Intake<'_>, f: &mut Flight) {
    // each its own code: the dispatchers' list of 2010 goes by them
    let clocks = [
        ("F066", "dep_time", &mut f.dep_time),
        ("F067", "sched_dep_time", &mut f.sched_dep_time),
        ("F068", "arr_time", &mut f.arr_time),
        ("F069", "sched_arr_time", &mut f.sched_arr_time),
    ];
    for (code, name, time) in clocks {
        match *time {
            Some(t) if t > 2400 || t % 100 > 59 => {
                i.err(code, name, format!("{t:04} is no clock time"), t);
                *time = None;
            }
            Some(2400) => {
                *time = Some(0);
                i.fix("F070");
            }
            _ => {}
        }
    }
    if f.sched_arr_time.is_some() && f.sched_arr_time == f.sched_dep_time {
        i.err("F071", "sched_arr_time", "is the departure", f.sched_arr_time);
    }
    if f.arr_time.is_some() && f.dep_time.is_none() {
        i.err("F072", "arr_time", "arrived without departure", f.arr_time);
    }
}

fn rules_delays(i: &mut Intake<'_>, f: &mut Flight) {
    // a flight that leaves at midnight sharp (0) has no departure for empty(): known since 2011
    if let (None | Some(0), Some(delay)) = (f.dep_time, f.dep_delay) {
        return i.err("F073", "dep_delay", "without a departure", delay);
    }
    match (f.dep_time, f.dep_delay) {
        (Some(time), None) => {
            f.dep_delay = Some(signed_delay(f.sched_dep_time.unwrap_or(0), time));
            i.fix("F074");
        }
        (Some(time), Some(delay)) => off_clock(i, ("F075", "dep_delay"), f.sched_dep_time, time, delay),
        (None, _) => {}
    }
    if let (Some(delay), Some(time)) = (f.arr_delay, f.arr_time) {
        off_clock(i, ("F076", "arr_delay"), f.sched_arr_time, time, delay);
    }
    if let Some(delay) = f.dep_delay.filter(|delay| *delay < -60) {
        i.err("F077", "dep_delay", "left too early to be true", delay);
    }
    if let Some(delay) = f.dep_delay.max(f.arr_delay).filter(|delay| *delay > 1440) {
        i.err("F078", "", "more than a day late: file it as a flight of its own", delay);
    }
    let (Some(left), Some(arrived)) = (f.dep_delay, f.arr_delay) else { return };
    if arrived - left < -90 {
        i.err("F079", "arr_delay", text!["gained ", left - arrived, " minutes in the air"], arrived);
    }
    if arrived - left > 240 {
        let hours = number_format((arrived - left) as f64 / 60.0, 1);
        i.warn("F080", "arr_delay", text!["lost ", hours, " hours on the way"]);
    }
}

/// `minutes_between()`: from one clock time to another, across midnight.
fn minutes_between(from: i64, to: i64) -> i64 {
    let minutes = |t: i64| t / 100 * 60 + t % 100;
    (minutes(to) - minutes(from) + 1440) % 1440
}

/// Late or early, whichever is nearer.
fn signed_delay(sched: i64, actual: i64) -> i64 {
    let late = minutes_between(sched, actual);
    if late > 1200 { late - 1440 } else { late }
}

/// `off_clock()`, and the error of the rule that asks.
fn off_clock(i: &mut Intake<'_>, rule: (&'static str, &str), sched: Option<i64>, actual: i64, delay: i64) {
    let Some(sched) = sched else { return };
    if (minutes_between(sched, actual) - delay) % 1440 != 0 {
        let message = format!("{delay:+} minutes do not lead from {sched:04} to {actual:04}");
        i.err(rule.0, rule.1, message, Value::Int(delay));
    }
}
