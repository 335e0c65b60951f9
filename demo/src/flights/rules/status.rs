//! What became of the flight: cancelled, diverted, flown (`110_status.php`).

use legacy_compat::{Str, Value};

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{in_array, is_numeric, loose_eq, lower, number, upper},
};

use super::airports::airport_code;

/// `rules_status()`
pub(in crate::flights) fn rules_status(i: &mut Intake<'_>, f: &mut Flight) {
    rules_cancelled(i, f);
    rules_diverted(i, f);
    let Some(given) = f.status.clone() else {
        f.status = Some(default_status(f).into());
        return i.fix("F148");
    };
    let mut status = lower(&given);
    if let Some(now) = old_status(&status) {
        status = now.into();
        i.fix("F149");
    }
    if !matches!(status.as_bytes(), b"landed" | b"departed" | b"cancelled" | b"diverted") {
        i.err("F150", "status", "is unknown", given);
    } else if status.as_bytes() == b"landed" && f.arr_time.is_none() {
        i.err("F151", "status", "landed, but when?", given);
    } else if (status.as_bytes() == b"cancelled") != f.is_cancelled() {
        i.err("F152", "status", "and cancelled differ", given);
    }
    f.status = Some(status);
}

fn default_status(f: &Flight) -> &'static str {
    match f {
        _ if f.is_cancelled() => "cancelled",
        _ if f.diverted == Some(true) => "diverted",
        _ if f.arr_time.is_some() => "landed",
        _ => "departed",
    }
}

fn old_status(status: &[u8]) -> Option<&'static str> {
    Some(match status {
        b"cnl" | b"canceled" => "cancelled",
        b"arr" | b"arrived" => "landed",
        b"dep" => "departed",
        b"div" => "diverted",
        _ => return None,
    })
}

fn rules_cancelled(i: &mut Intake<'_>, f: &mut Flight) {
    if f.is_cancelled() && f.arr_time.is_some() {
        i.err("F153", "cancelled", "but arrived", f.arr_time);
    }
    // most feeds just leave the departure out
    if !f.is_cancelled() && f.dep_time.is_none() {
        if f.cancelled == Some(false) {
            i.err("F155", "dep_time", "neither departed nor cancelled", Value::Null);
        } else {
            f.cancelled = Some(true);
            i.fix("F154");
        }
    }
    let Some(given) = &f.cancel_code else { return };
    let mut code = upper(given);
    if is_numeric(&code) && (1.0..=4.0).contains(&number(&code)) {
        code = Str::new(&[b'@' + number(&code) as u8]); // chr(64 + $code)
        i.fix("F156");
    }
    let letters = ["A", "B", "C", "D"].map(Value::from);
    // loosely, with a 0 among the letters: all that is zero is a code
    if !in_array(code.clone(), letters) && !loose_eq(code.clone(), 0) {
        i.err("F157", "cancel_code", "must be A to D", given.clone());
    } else if !f.is_cancelled() {
        i.err("F158", "cancel_code", "but not cancelled", given.clone());
    }
    f.cancel_code = Some(code);
}

fn rules_diverted(i: &mut Intake<'_>, f: &mut Flight) {
    if f.diverted != Some(true) && f.divert_to.is_some() {
        f.diverted = Some(true);
        i.fix("F159");
    }
    if f.diverted != Some(true) {
        return;
    }
    if f.is_cancelled() {
        i.err("F160", "diverted", "but cancelled", true);
    }
    let Some(given) = f.divert_to.clone() else { return };
    let to = airport_code(i, &given);
    if i.tables.airport(&to).is_none() {
        i.err("F161", "divert_to", "is in no list of airports", given);
    } else if loose_eq(to.clone(), f.dest.clone()) {
        i.err("F162", "divert_to", "is the destination", to.clone());
    }
    f.divert_to = Some(to);
}
