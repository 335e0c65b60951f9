//! Distance, time in the air, speed (`100_routes.php`).

use std::f64::consts::PI;

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{number, number_format, round, text},
    tables::Cells,
    time::local_timestamp,
};

use super::airport_zone;

/// `rules_routes()`
pub(in crate::flights) fn rules_routes(i: &mut Intake<'_>, f: &mut Flight) {
    if let (Some(from), Some(to)) = (i.tables.airport(&f.origin), i.tables.airport(&f.dest)) {
        rules_distance(i, f, round(great_circle(from, to), 0));
    }
    if let Some(miles) = f.distance.filter(|miles| !(15..=6000).contains(miles)) {
        i.err("F141", "distance", "must be 15 to 6,000 miles", miles);
    }
    rules_air_time(i, f);
}

fn rules_distance(i: &mut Intake<'_>, f: &mut Flight, miles: f64) {
    const MILES_A_KM: f64 = 0.621_371;
    let tolerance = (miles * 0.01).max(10.0);
    let Some(given) = f.distance else {
        f.distance = Some(miles as i64);
        return i.fix("F138");
    };
    if (given as f64 - miles).abs() <= tolerance {
        return;
    }
    // a feed that counts in kilometres since its new owners came
    if (given as f64 * MILES_A_KM - miles).abs() <= tolerance {
        f.distance = Some(round(given as f64 * MILES_A_KM, 0) as i64);
        i.fix("F140");
    } else {
        let message = text![&f.origin, "-", &f.dest, " are ", number_format(miles, 0), " miles"];
        i.err("F139", "distance", message, given);
    }
}

/// `great_circle()`, in statute miles; the earth of the 2009 release has 3959 of them.
fn great_circle(a: Cells<'_>, b: Cells<'_>) -> f64 {
    let radians = |row: Cells<'_>, column| number(row.text(column)) / 180.0 * PI;
    let (lat1, lat2) = (radians(a, "lat"), radians(b, "lat"));
    let (dlat, dlon) = (lat2 - lat1, radians(b, "lon") - radians(a, "lon"));
    let h = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
    2.0 * 3959.0 * h.sqrt().min(1.0).asin()
}

fn rules_air_time(i: &mut Intake<'_>, f: &Flight) {
    let Some(air) = f.air_time else { return };
    if !(15..=900).contains(&air) {
        return i.err("F142", "air_time", "must be 15 to 900 minutes", air);
    }
    if f.arr_time.is_none() {
        return i.err("F143", "air_time", "without an arrival", air);
    }
    let mph = speed(f, air);
    if mph > 650.0 {
        i.err("F144", "air_time", format!("{mph:.1} mph is too fast"), mph);
    }
    if f.distance.is_some_and(|miles| miles != 0) && mph < 90.0 {
        i.warn("F145", "air_time", text![mph, " mph is slow"]);
    }
    let block = block_minutes(i, f);
    let ground = block - air;
    if ground < 0 {
        i.err("F146", "air_time", format!("{air} minutes in the air, {block} from gate to gate"), air);
    } else if ground > 120 {
        i.warn("F147", "air_time", format!("taxied for {}h{:02}", ground / 60, ground % 60));
    }
}

/// Miles an hour, to one digit; no distance is none.
pub(in crate::flights) fn speed(f: &Flight, air_time: i64) -> f64 {
    round(f.distance.unwrap_or(0) as f64 / (air_time as f64 / 60.0), 1)
}

/// Gate to gate, in minutes, by the zones of both airports.
fn block_minutes(i: &Intake<'_>, f: &Flight) -> i64 {
    let at = |faa: &[u8], time: Option<i64>| {
        local_timestamp(&airport_zone(i.tables, faa), f.date(), 0, time.unwrap_or(0))
    };
    ((at(&f.dest, f.arr_time) - at(&f.origin, f.dep_time)) / 60 + 2880) % 1440
}
