//! Texts: encodings, blanks, quotes, and the many ways to say "nothing" (`020_text.php`).

use legacy_compat::{Array, Key, Str, Value, families::strings::escape::bin2hex};

use crate::flights::{
    flight::{Field, Raw},
    intake::Intake,
    php::{BLANKS, to_utf8, trim, upper},
};

/// `$nothing`, in upper case
const NOTHING: [&[u8]; 9] = [b"NA", b"N/A", b"NULL", b"NIL", b"NONE", b"-", b"--", b"\\N", b""];

/// `rules_text()`
pub(in crate::flights) fn rules_text(i: &mut Intake<'_>, mut f: Raw) -> Raw {
    for &field in Field::ALL {
        if let Value::Str(v) = &f[field] {
            f[field] = clean_text(i, field, v).into();
        }
    }
    for field in [Field::Codeshares, Field::Crew, Field::DelayReasons] {
        if let Value::Array(list) = &f[field] {
            f[field] = clean_list(i, list).into();
        }
    }
    f
}

fn clean_text(i: &mut Intake<'_>, field: Field, v: &Str) -> Option<Str> {
    let mut v = v.clone();
    let utf8 = to_utf8(&v);
    if utf8 != v {
        v = utf8;
        i.fix("F013");
    }
    // the spreadsheet macro leaves its quotes
    let trimmed = trim(&v, b" \t\n\r\0\x0B\"'");
    if trimmed.len() != v.len() {
        v = Str::new(trimmed);
        i.fix("F014");
    }
    if NOTHING.contains(&upper(&v).as_bytes()) {
        return None; // F015
    }
    if v.iter().any(|byte| matches!(byte, 0..=8 | 0x0e..=0x1f | 0x7f)) {
        i.err("F016", field.name(), "has control characters", bin2hex(&v));
        return None;
    }
    let limit = if field == Field::Remarks { 2000 } else { 120 };
    if v.len() > limit {
        let message = format!("is {} bytes long, {limit} are allowed", v.len());
        i.err("F017", field.name(), message, Value::Null);
        return None;
    }
    Some(v)
}

/// `clean_list()`: encodings inside lists; deeper ones are cut off.
fn clean_list(i: &mut Intake<'_>, list: &Array) -> Array {
    let mut clean = Array::new();
    for (key, v) in list.iter() {
        let v = match v {
            Value::Array(_) => {
                i.fix("F018");
                continue;
            }
            Value::Str(v) => Value::string(trim(&to_utf8(v), BLANKS)),
            other => other.clone(),
        };
        let key = match key {
            Key::Str(key) => Key::from_text(to_utf8(&key)),
            position => position,
        };
        clean.insert(key, v);
    }
    clean
}
