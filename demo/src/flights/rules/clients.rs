//! Who sends: sources, contacts, filing times, and what the versions of our own client do wrong
//! (`130_clients.php`).

use legacy_compat::{Str, Value, cast};

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{Pattern, h, in_array, lower, pattern, round, stripos, text},
    strtotime::{FILED, strtotime},
    time::{HOME, date_in, local_timestamp},
    versions::version_compare,
};

static MAIL: Pattern = pattern!(r"(?i)^[\w.+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$");
static SECONDS: Pattern = pattern!(r"^\d{9,10}$");
static VERSION: Pattern = pattern!(r"^\d+(\.\d+)*([a-z]+\d*)?$");

/// `rules_clients()`
pub(in crate::flights) fn rules_clients(i: &mut Intake<'_>, f: &mut Flight) {
    let given = f.source.clone().unwrap_or_else(|| {
        i.fix("F187");
        i.client.source.clone()
    });
    let source = lower(&given);
    let known = ["acars", "ops", "manual", "edi", "web"].map(Value::from);
    if !in_array(source.clone(), known) && !in_array(source.clone(), [Value::Int(7)]) {
        i.err("F188", "source", "is unknown", given);
    } else if source.as_bytes() == b"manual"
        && f.contact.clone().is_none_or(|contact| cast::is_empty(&contact.into()))
    {
        i.err("F189", "contact", "is required for what is typed by hand", Value::Null);
    }
    f.source = Some(source);
    if let Some(contact) = &f.contact
        && !MAIL.matches(contact)
    {
        i.err("F190", "contact", "is no mail address", h(contact));
    }
    rules_filed(i, f);
    rules_versions(i, f);
}

/// filed_at: ISO, RFC 2822, "15 Jan 2013 17:05", seconds since 1970
fn rules_filed(i: &mut Intake<'_>, f: &mut Flight) {
    let Some(given) = f.filed_at.clone() else { return };
    let mut at = given.clone();
    if SECONDS.matches(&at) {
        at = text!["@", &at].into();
        i.fix("F191");
    }
    let Some(ts) = FILED.matches(&at).then(|| strtotime(&at)).flatten() else {
        return i.err("F192", "filed_at", "is no time that we know", given);
    };
    if ts > i.now + 300 {
        let when = date_in("UTC", "%a, %d %b %Y %H:%M:%S GMT", ts);
        i.err("F193", "filed_at", "is in the future", when);
    }
    let midnight = local_timestamp(HOME, f.date(), 0, 0);
    if ts < midnight - 330 * 86_400 {
        let days = round((midnight - ts) as f64 / 86_400.0, 0);
        i.warn("F194", "filed_at", text!["was filed ", days, " days ahead"]);
    }
    f.filed_at = Some(date_in(HOME, "%Y-%m-%dT%H:%M:%S%:z", ts).into());
}

fn rules_versions(i: &mut Intake<'_>, f: &Flight) {
    let version: Str = i.client.version.clone();
    if !VERSION.matches(&version) {
        return i.err("F195", "", text!["client version ", h(&version), " is unknown"], Value::Null);
    }
    if version_compare(&version, b"1.2").is_lt() {
        i.err("F196", "", text!["client ", &version, " is no longer supported"], Value::Null);
    }
    if version_compare(&version, b"3.0").is_ge() && f.sched_arr_time.is_none() {
        i.err("F197", "sched_arr_time", "is required from version 3 on", Value::Null);
    }
    let very_late = f.arr_delay.is_some_and(|delay| delay >= 60);
    if version_compare(&version, b"2.5rc1").is_ge() && very_late && cast::is_empty(&f.delay_reasons) {
        i.warn("F198", "delay_reasons", "are wanted for an hour and more");
    }
    // FlightWire writes the delay of the arrival in hours when it is a round one
    let late = f.arr_delay.is_some_and(|delay| delay > 0);
    if stripos(&i.client.agent, b"flightwire/0.9") == Some(0) && late {
        i.warn("F199", "arr_delay", "of FlightWire 0.9 is not to be trusted");
    }
    if i.client.strict {
        i.warnings_to_errors(); // F200
    }
}
