//! Numbers: as texts, with thousands separators, as floats; and the fields that must be there (`040_types.php`).

use legacy_compat::{Array, Value, cast};

use crate::flights::{
    flight::{Field, Kind, Raw},
    intake::Intake,
    php::{PHP, Pattern, is_numeric, pattern, round, text, without},
};

static THOUSANDS: Pattern = pattern!(r"^-?\d{1,3}(,\d{3})+(\.\d*)?$");

/// `rules_types()`: from here on each field has its type, or there are errors.
pub(in crate::flights) fn rules_types(i: &mut Intake<'_>, mut f: Raw) -> Raw {
    for &field in Field::ALL {
        match (field.kind(), &f[field]) {
            (_, Value::Null) => {}
            (Kind::Int | Kind::Time, v) => f[field] = to_integer(i, field, v).into(),
            (Kind::Text, Value::Str(_)) => {}
            (Kind::Text, v) => {
                // codes that look like numbers come as numbers
                f[field] = cast::to_str(&PHP, v).into();
                i.fix("F034");
            }
            _ => {}
        }
    }
    rules_required(i, &mut f);
    f
}

/// `to_integer()`: an integer, or null after an error.
fn to_integer(i: &mut Intake<'_>, field: Field, given: &Value) -> Option<i64> {
    let name = field.name();
    let delay = matches!(field, Field::DepDelay | Field::ArrDelay);
    let mut v = given.clone();
    if let Value::Str(text) = &v
        && THOUSANDS.matches(text)
    {
        v = without(text, b",").into();
        i.fix("F035");
    }
    if let Value::Str(text) = &v
        && is_numeric(text)
    {
        v = cast::to_number(&PHP, &v).into();
        i.fix("F036");
    }
    let size = match &v {
        Value::Int(v) => *v as f64,
        Value::Float(v) => *v,
        _ => {
            i.err("F037", name, "must be a number", given.clone());
            return None;
        }
    };
    if size.abs() > 99_999_999.0 {
        i.err("F038", name, text!["is out of all range: ", &v], given.clone());
        return None;
    }
    let v = match v {
        Value::Float(v) if v == v.trunc() => {
            i.fix("F039");
            v as i64
        }
        Value::Float(v) if delay || matches!(field, Field::AirTime | Field::Distance) => {
            i.fix("F040");
            round(v, 0) as i64
        }
        Value::Float(v) => {
            i.err("F041", name, text!["must be a whole number, not ", v], given.clone());
            return None;
        }
        v => cast::to_int(&PHP, &v),
    };
    if v < 0 && !delay {
        i.err("F042", name, "must not be negative", given.clone());
        return None;
    }
    Some(v)
}

fn rules_required(i: &mut Intake<'_>, f: &mut Raw) {
    // empty(): flight 0 and carrier "0" are missing, too
    for (code, field) in
        [("F043", Field::Carrier), ("F044", Field::Flight), ("F045", Field::Origin), ("F046", Field::Dest)]
    {
        if cast::is_empty(&f[field]) {
            i.err(code, field.name(), "is required", Value::Null);
        }
    }
    let ymd = [Field::Year, Field::Month, Field::Day].map(|field| f[field].clone());
    if ymd.iter().any(cast::is_empty) {
        i.err("F047", "date", "year, month and day are required", ymd.into_iter().collect::<Array>());
    }
    if let (Value::Null, Some(hour), Some(minute)) =
        (&f[Field::SchedDepTime], f[Field::Hour].as_int(), f[Field::Minute].as_int())
    {
        f[Field::SchedDepTime] = (hour * 100 + minute).into();
        i.fix("F048");
    }
    if f[Field::SchedDepTime].is_null() {
        i.err("F049", "sched_dep_time", "is required", Value::Null);
    }
}
