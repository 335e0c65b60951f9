//! From a clean flight to the record that the consumers of `flights.v1` know (`includes/enrich.php`).

use legacy_compat::{Str, Value, cast};

use super::{
    flight::Flight,
    intake::Intake,
    php::{PHP, is_numeric, lower, map, number, number_format, round, text, ucwords},
    rules::{airport_zone, island, speed, unique},
    time::{date_in, local_timestamp},
};

/// How much of the client's name is kept, in bytes.
const AGENT: usize = 40;

/// `enrich()`
pub(super) fn enrich(i: &Intake<'_>, f: &Flight, id: &str, received_at: &str) -> Value {
    let airline = i.tables.airline(&f.carrier).map(|row| row.value("name"));
    let agent = &i.client.agent[..i.client.agent.len().min(AGENT)];
    let zone_of_day = local_timestamp("UTC", f.date(), 0, 0);
    map([
        ("schema", 1.into()),
        ("id", id.into()),
        ("received_at", received_at.into()),
        ("key", f.key().into()),
        ("status", f.status.clone().into()),
        ("carrier", map([("code", f.carrier.clone().into()), ("name", airline.into())])),
        ("flight", f.flight.into()),
        ("codeshares", f.codeshares.clone()),
        ("date", format!("{:04}-{:02}-{:02}", f.year, f.month, f.day).into()),
        ("weekday", date_in("UTC", "%A", zone_of_day).into()),
        ("origin", airport(i, &f.origin)),
        ("dest", airport(i, &f.dest)),
        ("divert_to", f.divert_to.as_deref().map(|faa| airport(i, faa)).into()),
        ("gate", f.gate.clone().into()),
        ("terminal", f.terminal.clone().into()),
        ("plane", plane(i, f)),
        (
            "scheduled",
            map([
                ("departure", shown(departure(i, f, f.sched_dep_time, false))),
                ("arrival", shown(arrival(i, f, f.sched_arr_time, departure(i, f, f.sched_dep_time, false)))),
            ]),
        ),
        (
            "actual",
            map([
                ("departure", shown(departure(i, f, f.dep_time, true))),
                ("arrival", shown(arrival(i, f, f.arr_time, departure(i, f, f.dep_time, true)))),
            ]),
        ),
        ("hour_utc", f.time_hour.clone().into()),
        (
            "delays",
            map([
                ("departure", f.dep_delay.into()),
                ("arrival", f.arr_delay.into()),
                ("reasons", f.delay_reasons.clone()),
            ]),
        ),
        ("cancelled", f.is_cancelled().into()),
        ("cancel_code", f.cancel_code.clone().into()),
        ("air_time", f.air_time.into()),
        ("distance", f.distance.into()),
        ("distance_km", f.distance.map(|miles| round(miles as f64 * 1.609_344, 1)).into()),
        ("mph", f.air_time.filter(|minutes| *minutes != 0).map(|minutes| speed(f, minutes)).into()),
        ("pax", f.pax.into()),
        ("load", load(i, f).into()),
        ("fuel_kg", f.fuel_kg.clone()),
        (
            "fare",
            f.fare.as_ref().map(|fare| text![fare, " ", &f.currency.clone().unwrap_or(Str::EMPTY)]).into(),
        ),
        ("crew", f.crew.clone()),
        ("remarks", f.remarks.clone().into()),
        ("contact", f.contact.clone().into()),
        ("filed_at", f.filed_at.clone().into()),
        ("ref", f.reference.clone().into()),
        ("source", f.source.clone().into()),
        ("client", map([("version", i.client.version.clone().into()), ("agent", agent.into())])),
        // holes stay here, too: consumers have coped with the object since 2014
        ("repairs", unique(i.repairs()).into()),
        ("warnings", i.warning_count().into()),
    ])
}

/// `enrich_airport()`
fn airport(i: &Intake<'_>, faa: &[u8]) -> Value {
    let zone = Value::from(airport_zone(i.tables, faa));
    match i.tables.airport(faa) {
        None => map([("faa", faa.into()), ("name", island(faa).into()), ("zone", zone)]),
        Some(row) => map([
            ("faa", faa.into()),
            ("name", row.value("name")),
            ("lat", cast::string_to_float(row.text("lat")).into()),
            ("lon", round(number(row.text("lon")), 4).into()),
            ("zone", zone),
        ]),
    }
}

/// `enrich_plane()`
fn plane(i: &Intake<'_>, f: &Flight) -> Value {
    let Some(row) = f.tailnum.as_deref().and_then(|tailnum| i.tables.plane(tailnum)) else {
        return map([("tailnum", f.tailnum.clone().into())]);
    };
    let int = |column| cast::to_int(&PHP, &row.value(column));
    map([
        ("tailnum", f.tailnum.clone().into()),
        ("maker", ucwords(&lower(row.text("manufacturer"))).into()),
        ("model", row.value("model")),
        ("built", is_numeric(row.text("year")).then(|| int("year")).into()),
        ("seats", int("seats").into()),
        ("engine", row.value("engine")),
    ])
}

/// A moment, in seconds since 1970, and the zone in which it is shown.
struct Moment {
    ts: i64,
    zone: String,
}

/// `enrich_time()` of a departure. A flight that left after midnight belongs to the day before by its schedule.
fn departure(i: &Intake<'_>, f: &Flight, time: Option<i64>, actual: bool) -> Option<Moment> {
    let time = time?;
    let zone = airport_zone(i.tables, &f.origin);
    // without a schedule it is compared with null, and nothing is less than that
    let past_midnight = actual
        && f.dep_delay.is_some_and(|delay| delay > 0)
        && f.sched_dep_time.is_some_and(|sched| time < sched);
    Some(Moment { ts: local_timestamp(&zone, f.date(), past_midnight.into(), time), zone })
}

/// `enrich_time()` of an arrival: one before its departure is of the next day.
fn arrival(i: &Intake<'_>, f: &Flight, time: Option<i64>, left: Option<Moment>) -> Option<Moment> {
    let time = time?;
    let zone = airport_zone(i.tables, &f.dest);
    let at = |days| local_timestamp(&zone, f.date(), days, time);
    let same_day = at(0);
    let ts = if left.is_some_and(|left| same_day < left.ts) { at(1) } else { same_day };
    Some(Moment { ts, zone })
}

/// Local and UTC.
fn shown(moment: Option<Moment>) -> Value {
    let Some(Moment { ts, zone }) = moment else { return Value::Null };
    map([
        ("local", date_in(&zone, "%Y-%m-%dT%H:%M:%S%:z", ts).into()),
        ("utc", date_in("UTC", "%Y-%m-%d %H:%M", ts).into()),
        ("unix", ts.into()),
    ])
}

/// `enrich_load()`
fn load(i: &Intake<'_>, f: &Flight) -> Option<Vec<u8>> {
    let pax = f.pax.filter(|pax| *pax != 0)?;
    let seats = number(i.tables.plane(f.tailnum.as_deref()?)?.text("seats"));
    Some(text![number_format(pax as f64 / seats * 100.0, 1), "%"])
}
