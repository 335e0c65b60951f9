//! Airports: codes, the ones that no table has, and what an airport asks of a flight (`080_airports.php`).

use legacy_compat::{Str, Value};

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{
        Pattern, h, in_array, less, loose_eq, number, number_format, pattern, stripos, strpos, text, upper,
    },
    tables::Tables,
    time::{HOME, weekday},
};

static CODE: Pattern = pattern!("^[A-Z0-9]{3}$");
static TURNED_GATE: Pattern = pattern!(r"^(\d+)([A-Z])$");
static GATE: Pattern = pattern!(r"^[A-Z]?\d{1,3}$");

/// `$islands`: not in the FAA's list that was bought.
pub(in crate::flights) fn island(faa: &[u8]) -> Option<&'static str> {
    Some(match faa {
        b"SJU" => "San Juan Luis Munoz Marin",
        b"BQN" => "Aguadilla Rafael Hernandez",
        b"STT" => "St Thomas Cyril E King",
        b"PSE" => "Ponce Mercedita",
        _ => return None,
    })
}

/// `airport_zone()`
pub(in crate::flights) fn airport_zone(tables: &Tables, faa: &[u8]) -> String {
    match tables.airport(faa).map(|row| row.text("tzone")).filter(|zone| *zone != b"NA") {
        Some(zone) => String::from_utf8_lossy(zone).into_owned(),
        None if island(faa).is_some() => "America/Puerto_Rico".to_owned(),
        None => HOME.to_owned(),
    }
}

/// `rules_airports()`
pub(in crate::flights) fn rules_airports(i: &mut Intake<'_>, f: &mut Flight) {
    f.origin = airport_code(i, &f.origin);
    f.dest = airport_code(i, &f.dest);
    match f.origin.as_bytes() {
        b"EWR" | b"JFK" | b"LGA" => {}
        b"ISP" | b"SWF" | b"HPN" => i.warn("F105", "origin", "outer airports are taken on trial"),
        _ => i.err("F104", "origin", "is not a New York airport", f.origin.clone()),
    }
    rules_destination(i, f);
    rules_perimeter(i, f);
    rules_stands(i, f);
}

/// `airport_code()`: "jfk", "KJFK", "JFK - John F Kennedy"
pub(super) fn airport_code(i: &mut Intake<'_>, given: &Str) -> Str {
    let mut code = upper(given);
    if code != *given {
        i.fix("F106");
    }
    // at the very start it is no truth
    if let Some(at @ 1..) = strpos(&code, b" - ") {
        code = Str::new(&code[..at]);
        i.fix("F107");
    }
    if let [b'K', faa @ ..] = code.as_bytes()
        && faa.len() == 3
        && i.tables.airport(faa).is_some()
    {
        code = Str::new(faa);
        i.fix("F108");
    }
    code
}

fn rules_destination(i: &mut Intake<'_>, f: &Flight) {
    let dest = &f.dest;
    let city = match dest.as_bytes() {
        b"NYC" => Some("EWR, JFK or LGA"),
        b"CHI" => Some("ORD or MDW"),
        b"WAS" => Some("DCA, IAD or BWI"),
        _ => None, // HOU is Houston, and its airport Hobby, too
    };
    if let Some(airports) = city {
        return i.err("F109", "dest", text!["is a city: say ", airports], dest.clone());
    }
    if !CODE.matches(dest) {
        return i.err("F110", "dest", "must be three letters or digits", dest.clone());
    }
    let row = i.tables.airport(dest);
    if row.is_none() && island(dest).is_none() {
        return i.err("F111", "dest", "is in no list of airports", dest.clone());
    }
    if loose_eq(dest.clone(), f.origin.clone()) {
        i.err("F112", "dest", "is the origin", dest.clone());
    } else if matches!(dest.as_bytes(), b"EWR" | b"JFK" | b"LGA") {
        i.warn("F113", "dest", "a hop between New York airports");
    }
    let Some(row) = row else { return };
    let (name, zone) = (row.text("name"), row.text("tzone"));
    if strpos(zone, b"America/").is_none() && zone != b"Pacific/Honolulu" {
        i.err("F114", "dest", text![name, " (", zone, ") is abroad or has no time"], dest.clone());
    }
    if less(6000, row.value("alt")) && (f.month <= 3 || f.month == 12) {
        let feet = number_format(number(row.text("alt")), 0);
        i.warn("F115", "dest", text![feet, " ft: winter operations"]);
    }
    let inside = |at: Option<usize>| at.is_some_and(|at| at > 0);
    if inside(strpos(name, b"Heliport")) || inside(stripos(name, b"afb")) {
        i.err("F116", "dest", text![h(name), " takes no airliners"], dest.clone());
    }
}

/// LaGuardia: nothing beyond 1500 miles but Denver, except on Saturdays; a curfew; DCA its own.
fn rules_perimeter(i: &mut Intake<'_>, f: &Flight) {
    let laguardia = f.origin.as_bytes() == b"LGA";
    let dest = f.dest.as_bytes();
    if let Some(miles) = f.distance.filter(|miles| *miles > 1500)
        && laguardia
        && dest != b"DEN"
        && weekday(f.date()) != Some(6)
    {
        i.err("F117", "distance", "is beyond the perimeter of LaGuardia", miles);
    }
    // without a time it counts as null, which is less than 500
    if laguardia && f.sched_dep_time.is_none_or(|time| !(500..=2300).contains(&time)) {
        i.err("F118", "sched_dep_time", "is in the curfew of LaGuardia", f.sched_dep_time);
    }
    if dest == b"DCA" && f.sched_arr_time.is_some_and(|time| time > 2200 && time < 2400) {
        i.warn("F119", "sched_arr_time", "late arrival at Washington National");
    }
    if let Some(time) = f.sched_arr_time.filter(|time| dest == b"SNA" && *time < 700) {
        i.err("F120", "sched_arr_time", "is before John Wayne opens", time);
    }
}

/// Gates and terminals.
fn rules_stands(i: &mut Intake<'_>, f: &mut Flight) {
    if let Some(given) = &f.gate {
        let known: Vec<u8> = given.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
        let mut gate = upper(&known);
        if let Some(m) = TURNED_GATE.groups::<3>(&gate) {
            gate = text![&m[2], &m[1]].into();
            i.fix("F121");
        }
        if !GATE.matches(&gate) {
            i.err("F122", "gate", "must be a letter and a number", given.clone());
        }
        f.gate = Some(gate);
    }
    if let Some(terminal) = &f.terminal
        && !terminal_exists(&f.origin, upper(terminal).into())
    {
        i.err("F123", "terminal", text!["is not at ", &f.origin], terminal.clone());
    }
}

/// Loosely: JFK's are numbers, so "04" is one of them. An airport without terminals has them all.
fn terminal_exists(origin: &[u8], terminal: Value) -> bool {
    match origin {
        b"EWR" => in_array(terminal, ["A", "B", "C"].map(Value::from)),
        b"JFK" => in_array(terminal, [1, 2, 4, 5, 7, 8].map(Value::Int)),
        b"LGA" => in_array(terminal, ["A", "B", "C", "D"].map(Value::from)),
        _ => true,
    }
}
