//! Carriers: codes, mergers, and what each may fly (`070_carriers.php`).

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{Pattern, in_array, pattern, text, upper},
};

static CODE: Pattern = pattern!("^([A-Z][A-Z0-9]|[0-9][A-Z])$");

/// `$icao_carriers`
fn icao_carrier(code: &[u8]) -> Option<&'static str> {
    Some(match code {
        b"AAL" => "AA",
        b"ASA" => "AS",
        b"JBU" => "B6",
        b"DAL" => "DL",
        b"ASQ" => "EV",
        b"FFT" => "F9",
        b"TRS" => "FL",
        b"HAL" => "HA",
        b"ENY" | b"EGF" => "MQ",
        b"SKW" => "OO",
        b"UAL" => "UA",
        b"AWE" => "US",
        b"VRD" => "VX",
        b"SWA" => "WN",
        b"ASH" => "YV",
        b"EDV" | b"FLG" => "9E",
        _ => return None,
    })
}

/// `$ceased`: merged or gone, the last day and who took over.
fn ceased(carrier: &[u8]) -> Option<(i64, &'static str)> {
    Some(match carrier {
        b"CO" => (20_120_302, "UA"),
        b"NW" => (20_100_130, "DL"),
        b"FL" => (20_141_228, "WN"),
        b"US" => (20_151_016, "AA"),
        b"VX" => (20_180_424, "AS"),
        _ => return None,
    })
}

/// `$retired_flights`, as the union sent them (its spreadsheet pads some)
const RETIRED_FLIGHTS: [&str; 11] =
    ["AA11", "AA77", "AA191", "AA587", "UA93", "UA175", "B6666", "9E3407", "DL191", "US1493", "9E044"];

/// `$flight_blocks`: the lowest and the highest number of each.
fn flight_block(carrier: &[u8]) -> (i64, i64) {
    match carrier {
        b"UA" | b"FL" => (1, 1999),
        b"AA" | b"US" => (1, 2499),
        b"B6" => (1, 2799),
        b"DL" => (1, 2999),
        b"EV" => (2500, 6199),
        b"MQ" => (2500, 4999),
        b"WN" => (1, 4999),
        b"9E" => (2900, 5299),
        b"YV" => (2500, 6999),
        b"OO" => (2500, 8999),
        _ => (1, 999), // VX, AS, F9, HA
    }
}

/// `rules_carriers()`
pub(in crate::flights) fn rules_carriers(i: &mut Intake<'_>, f: &mut Flight) {
    let mut carrier = upper(&f.carrier);
    if carrier != f.carrier {
        i.fix("F087");
    }
    if let Some(iata) = icao_carrier(&carrier) {
        carrier = iata.into();
        i.fix("F088");
    }
    if !CODE.matches(&carrier) {
        return i.err("F089", "carrier", "must be a code of two characters", f.carrier.clone());
    }
    let day = f.year * 10_000 + f.month * 100 + f.day;
    if let Some((last, heir)) = ceased(&carrier).filter(|(last, _)| day > *last) {
        if day > last + 10_000 {
            i.err("F091", "carrier", text![&carrier, " has become ", heir], f.carrier.clone());
        } else {
            carrier = heir.into();
            i.fix("F090");
        }
    }
    f.carrier = carrier;
    if i.tables.airline(&f.carrier).is_none() {
        return i.err("F092", "carrier", "is not one of ours", f.carrier.clone());
    }
    rules_numbers(i, f);
    rules_networks(i, f);
}

fn rules_numbers(i: &mut Intake<'_>, f: &Flight) {
    let (low, high) = flight_block(&f.carrier);
    let carrier = f.carrier.to_string_lossy();
    if f.flight > 9999 {
        i.err("F093", "flight", "has at most four digits", f.flight);
    } else if f.flight >= 9000 {
        i.warn("F094", "flight", "is a ferry flight");
    } else if f.flight < low || f.flight > high {
        i.err("F095", "flight", format!("{carrier} flies {low} to {high}"), f.flight);
    }
    // loosely, on purpose or not: Pinnacle's 9E numbers are numeric strings
    let number = format!("{carrier}{}", f.flight);
    if in_array(number.as_str(), RETIRED_FLIGHTS.map(Into::into)) {
        i.err("F096", "flight", "is retired", number);
    }
}

/// Where the small ones fly.
fn rules_networks(i: &mut Intake<'_>, f: &Flight) {
    let route = text![&f.origin, "-", &f.dest];
    let (carrier, origin, dest) = (f.carrier.as_bytes(), f.origin.as_bytes(), f.dest.as_bytes());
    if carrier == b"HA" && route != b"JFK-HNL" {
        i.err("F097", "dest", "Hawaiian flies JFK-HNL only", route.clone());
    }
    if carrier == b"AS" && dest != b"SEA" && dest != b"PDX" {
        i.err("F098", "dest", "Alaska flies to Seattle and Portland", route.clone());
    }
    if carrier == b"VX" && !matches!(dest, b"LAX" | b"SFO" | b"LAS" | b"PSP") {
        i.err("F099", "dest", "Virgin America flies west", route.clone());
    }
    if carrier == b"F9" && origin != b"LGA" {
        i.err("F100", "origin", "Frontier leaves from LGA", route.clone());
    }
    if carrier == b"WN" && origin == b"JFK" {
        i.err("F101", "origin", "Southwest does not fly from JFK", route);
    }
    if carrier == b"YV" && f.month >= 11 {
        i.warn("F102", "carrier", "Mesa has no winter schedule after October");
    }
    if carrier == b"WN" && (f.month, f.day) == (12, 25) {
        i.warn("F103", "day", "Southwest flies a holiday schedule");
    }
}
