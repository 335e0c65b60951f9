//! The shape of what came: wrappers, names of fields, arrays where a text is meant (`010_shape.php`).

use legacy_compat::{Array, Key, Str, Value};

use crate::flights::{
    flight::{Field, Kind, Raw},
    intake::Intake,
    php::{BLANKS, loose_eq, lower, text, to_utf8, trim},
};

/// `$aliases`: what the feeds before 2012 called them.
fn alias(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"flight_no" | b"flightnumber" | b"flight_number" => "flight",
        b"tail" | b"tail_number" => "tailnum",
        b"from" => "origin",
        b"to" | b"destination" => "dest",
        b"airline" => "carrier",
        b"dep" => "dep_time",
        b"arr" => "arr_time",
        b"sched_dep" => "sched_dep_time",
        b"sched_arr" => "sched_arr_time",
        b"passengers" => "pax",
        b"canceled" => "cancelled",
        b"email" => "contact",
        b"comment" => "remarks",
        b"miles" => "distance",
        b"flight_date" => "date",
        _ => return None,
    })
}

/// `rules_shape()`; `None` ends the way at once.
pub(in crate::flights) fn rules_shape(i: &mut Intake<'_>, mut input: Array) -> Option<Raw> {
    let isset = |input: &Array, name: &str| input.get_str(name).is_some_and(|value| !value.is_null());
    if let Some(Value::Array(flight)) = input.get_str("flight")
        && !isset(&input, "carrier")
    {
        input = flight.clone();
        i.fix("F001");
    }
    if let (1, Some(Value::Array(first))) = (input.len(), input.get_int(0)) {
        input = first.clone();
        i.fix("F002");
    }
    if input.is_empty() {
        i.err("F003", "", "the record is empty", Value::Null);
        return None;
    }
    if input.len() > 60 {
        i.err("F004", "", text![input.len() as i64, " fields are too many"], input.len());
        return None;
    }
    let names = rules_names(i, &input);
    Some(rules_values(i, &names))
}

/// `rules_names()`: case, dashes, aliases, twice the same.
fn rules_names(i: &mut Intake<'_>, input: &Array) -> Raw {
    let mut f = Raw::new();
    let mut unknown: Vec<Str> = Vec::new();
    for (key, value) in input.iter() {
        let key = match key {
            Key::Int(position) => {
                i.err("F005", text!["#", position], "values need a name", value.clone());
                continue;
            }
            Key::Str(key) => key,
        };
        let mut name = name_of(&key);
        if name != key {
            i.fix("F006");
        }
        if let Some(now) = alias(&name) {
            name = now.into();
            i.fix("F007");
        }
        let Some(field) = Field::named(&name) else {
            if !unknown.contains(&name) {
                unknown.push(name); // F008
            }
            continue;
        };
        // loosely: 515 and "515" are the same, and so are "1e3" and "1000"
        if !f[field].is_null() && !loose_eq(f[field].clone(), value.clone()) {
            let both: Array = [f[field].clone(), value.clone()].into_iter().collect();
            i.err("F009", field.name(), "given twice, and not alike", both);
            continue;
        }
        f[field] = value.clone();
    }
    if !unknown.is_empty() {
        let names = unknown.iter().map(Str::as_bytes).collect::<Vec<_>>().join(&b", "[..]);
        i.warn("F008", "", text!["unknown: ", names]);
    }
    f
}

fn name_of(key: &[u8]) -> Str {
    let underscored: Vec<u8> =
        to_utf8(key).iter().map(|byte| if matches!(byte, b'-' | b' ') { b'_' } else { *byte }).collect();
    lower(trim(&underscored, BLANKS))
}

/// `rules_values()`: arrays and booleans where a plain value is meant.
fn rules_values(i: &mut Intake<'_>, f: &Raw) -> Raw {
    let mut all = Raw::new();
    for &field in Field::ALL {
        let mut v = f[field].clone();
        if !matches!(field.kind(), Kind::List | Kind::Map) {
            if let Some(only) = only_element(&v) {
                v = only;
                i.fix("F010");
            }
            if let Value::Array(array) = v {
                i.err("F011", field.name(), "must be a single value", array);
                v = Value::Null;
            }
            if let (Value::Bool(flag), true) = (&v, field.kind() != Kind::Flag) {
                v = if *flag { "1" } else { "" }.into();
                i.fix("F012");
            }
        }
        all[field] = v;
    }
    all
}

/// The element of a list of one.
fn only_element(v: &Value) -> Option<Value> {
    let array = v.as_array().filter(|array| array.len() == 1)?;
    array.get_int(0).filter(|element| !element.is_null()).cloned()
}
