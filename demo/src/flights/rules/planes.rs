//! Tail numbers and what the register says of the plane (`090_planes.php`).

use legacy_compat::{Str, cast};

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{PHP, Pattern, less, loose_eq, lower, number, pattern, stripos, text, ucwords, upper, without},
    tables::Cells,
};

static REGISTRATION: Pattern =
    pattern!(r"^N[1-9]\d{0,4}$|^N[1-9]\d{0,3}[A-Z]$|^N[1-9]\d{0,2}[A-HJ-NP-Z]{2}$");

/// `$fleet_numbers`: carriers whose fleet numbers stand in for registrations (AA: N3EGAA), by their ends.
fn fleet_numbers(carrier: &[u8]) -> Option<&'static [u8]> {
    Some(match carrier {
        b"AA" => b"AA",
        b"MQ" => b"MQ",
        b"WN" => b"SW",
        _ => return None,
    })
}

/// `rules_planes()`
pub(in crate::flights) fn rules_planes(i: &mut Intake<'_>, f: &mut Flight) {
    let Some(given) = f.tailnum.clone() else {
        // F124
        if f.dep_time.is_some_and(|time| time != 0) {
            i.err("F125", "tailnum", "departed without a plane", ());
        }
        return;
    };
    let mut tail = without(&upper(&given), b"- ");
    if tail != given {
        i.fix("F126");
    }
    let prefixed: Str = text!["N", &tail].into();
    if tail.first().is_some_and(u8::is_ascii_digit) && i.tables.plane(&prefixed).is_some() {
        tail = prefixed;
        i.fix("F127");
    }
    f.tailnum = Some(tail.clone());
    if !registration_like(&tail, &f.carrier) {
        return i.err("F128", "tailnum", "is no registration", tail);
    }
    match i.tables.plane(&tail) {
        Some(plane) => rules_register(i, f, plane, tail),
        None if fleet_numbers(&f.carrier).is_some() => {} // F129
        None => i.warn("F130", "tailnum", text![&tail, " is not in the register"]),
    }
}

fn registration_like(tail: &[u8], carrier: &[u8]) -> bool {
    REGISTRATION.matches(tail)
        || fleet_numbers(carrier).is_some_and(|end| tail.len() == 6 && loose_eq(&tail[4..], end))
}

fn rules_register(i: &mut Intake<'_>, f: &Flight, plane: Cells<'_>, tail: Str) {
    let built = plane.text("year");
    if cast::to_int(&PHP, &plane.value("year")) > f.year {
        i.err("F131", "tailnum", text!["was built in ", built], tail.clone());
    }
    let age = f.year as f64 - number(built);
    if built != b"NA" && age > 50.0 {
        i.warn("F132", "tailnum", format!("is {} years old", age as i64));
    }
    let crowded = f.pax.filter(|pax| less(plane.value("seats"), *pax));
    if let Some(pax) = crowded {
        i.err("F133", "pax", text![pax, " passengers on ", plane.text("seats"), " seats"], pax);
    }
    // the register has helicopters under some airliners' numbers: believed only on short hops
    if plane.text("type") == b"Rotorcraft" && f.distance.is_some_and(|miles| miles > 3000) {
        i.err("F134", "tailnum", text!["is a ", plane.text("model"), ": not over the sea"], tail);
    }
    if loose_eq(plane.value("engines"), 1) && f.distance.is_some_and(|miles| miles > 2700) {
        i.warn("F135", "tailnum", text!["has a single engine (", plane.text("engine"), ")"]);
    }
    let maker = plane.text("manufacturer");
    if let Some(aircraft) = &f.aircraft
        && stripos(&text![maker, " ", plane.text("model")], aircraft).is_none()
    {
        let maker = ucwords(&lower(maker));
        i.warn("F136", "aircraft", text!["the register says ", maker, " ", plane.text("model")]);
    }
    if let Some(pax) = f.pax.filter(|pax| maker == b"CESSNA" && *pax > 5) {
        i.err("F137", "pax", text!["do not fit into a ", plane.text("model")], pax);
    }
}
