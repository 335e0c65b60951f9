//! Old forms of dates, clock times and flight numbers, made into what the later rules expect (`030_forms.php`).

use legacy_compat::{Array, Str, Value, cast};

use crate::flights::{
    flight::{Field, Raw},
    intake::Intake,
    php::{PHP, Pattern, h, is_numeric, loose_eq, pattern, text, upper},
    strtotime::{DATE, strtotime},
    time::{HOME, date_in},
};

static EUROPEAN: Pattern = pattern!(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$");
static COMPACT: Pattern = pattern!(r"^(\d{4})(\d\d)(\d\d)$");
static CLOCK: Pattern = pattern!(r"(?i)^(\d{1,2})[:.h](\d\d)(?::\d\d)?\s*(?:([ap])\.?m\.?)?$");
static NUMBER: Pattern = pattern!(r"(?i)^([a-z0-9]{2})[ -]?(\d{1,4})$");

const MONTHS: [&[u8]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];

/// `rules_forms()`
pub(in crate::flights) fn rules_forms(i: &mut Intake<'_>, mut f: Raw) -> Raw {
    old_month(i, &mut f);
    old_date(i, &mut f);
    for field in [Field::DepTime, Field::SchedDepTime, Field::ArrTime, Field::SchedArrTime] {
        old_clock(i, &mut f[field]);
    }
    old_flight(i, &mut f);
    old_flags(i, &mut f);
    f
}

fn old_month(i: &mut Intake<'_>, f: &mut Raw) {
    let Value::Str(month) = &f[Field::Month] else { return };
    if !month.iter().all(u8::is_ascii_alphabetic) {
        return;
    }
    let start = month[..month.len().min(3)].to_ascii_lowercase();
    // January has never worked (it is 0); its senders have learned to write 1
    if let Some(index @ 1..) = MONTHS.iter().position(|name| *name == start) {
        f[Field::Month] = (index + 1).into();
        i.fix("F019");
    }
}

/// date: 2013-01-15, 01/15/2013, 1/15/13, 15.01.2013, 15-Jan-2013, 20130115, @1358226000
fn old_date(i: &mut Intake<'_>, f: &mut Raw) {
    if f[Field::Date].is_null() {
        return;
    }
    let mut d = cast::to_str(&PHP, &f[Field::Date]);
    if let Some(m) = EUROPEAN.groups::<4>(&d) {
        d = text![&m[3], "-", &m[2], "-", &m[1]].into();
        i.fix("F020");
    }
    if let Some(m) = COMPACT.groups::<4>(&d) {
        d = text![&m[1], "-", &m[2], "-", &m[3]].into();
        i.fix("F021");
    }
    let Some(ts) = DATE.matches(&d).then(|| strtotime(&d)).flatten() else {
        return i.err("F022", "date", "is no date that we know", f[Field::Date].clone());
    };
    let day = date_in(HOME, "%-Y %-m %-d", ts);
    let ymd: Vec<i64> = day.split(' ').filter_map(|part| part.parse().ok()).collect();
    let fields = [Field::Year, Field::Month, Field::Day];
    if f[Field::Year].is_null() {
        for (field, part) in fields.into_iter().zip(ymd) {
            f[field] = part.into();
        }
        i.fix("F023");
    } else if !loose_eq(
        ymd.iter().copied().collect::<Array>(),
        fields.map(|field| f[field].clone()).into_iter().collect::<Array>(),
    ) {
        i.err("F024", "date", "differs from year, month and day", day.replace(' ', "-"));
    }
}

/// 5:17, 05.17, 17h05, 5:17 PM
fn old_clock(i: &mut Intake<'_>, v: &mut Value) {
    let Value::Str(text) = &*v else { return };
    let Some(m) = CLOCK.groups::<4>(text) else { return };
    let part = |group: &Str| cast::to_int(&PHP, &Value::from(group.clone()));
    let mut hour = part(&m[1]);
    match m[3].first().map(u8::to_ascii_lowercase) {
        Some(b'p') if hour < 12 => hour += 12, // F026
        Some(b'a') if hour == 12 => hour = 0,  // F027
        _ => {}
    }
    *v = (hour * 100 + part(&m[2])).into();
    i.fix("F025");
}

/// UA1545, "ua 1545", B6-725: the carrier leads
fn old_flight(i: &mut Intake<'_>, f: &mut Raw) {
    let Value::Str(flight) = f[Field::Flight].clone() else { return };
    let Some(m) = NUMBER.groups::<3>(&flight) else { return };
    if is_numeric(&flight) {
        return;
    }
    let carrier = cast::to_str(&PHP, &f[Field::Carrier]);
    if cast::is_empty(&f[Field::Carrier]) {
        f[Field::Carrier] = m[1].clone().into();
        i.fix("F029");
    } else if !carrier.eq_ignore_ascii_case(&m[1]) {
        i.err("F030", "flight", text!["is of ", upper(&m[1]), ", carrier is ", h(&carrier)], flight);
    }
    f[Field::Flight] = m[2].clone().into();
    i.fix("F028");
}

/// Check boxes say "on", the old terminals Y and N, and some say nothing.
fn old_flags(i: &mut Intake<'_>, f: &mut Raw) {
    for field in [Field::Cancelled, Field::Diverted] {
        if let Value::Str(v) = f[field].clone() {
            match v.to_ascii_lowercase().as_slice() {
                b"on" | b"yes" | b"y" | b"true" | b"t" | b"x" => {
                    f[field] = true.into();
                    i.fix("F031");
                }
                b"off" | b"no" | b"n" | b"false" | b"f" => {
                    f[field] = false.into();
                    i.fix("F032");
                }
                _ if !is_numeric(&v) => i.err("F033", field.name(), "must be yes or no", v),
                _ => {}
            }
        }
        if !f[field].is_null() {
            f[field] = cast::to_bool(&f[field]).into();
        }
    }
}
