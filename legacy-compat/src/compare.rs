//! Comparison: `==`, `===`, `<`, `<=`, `<=>`, `switch` and `in_array`, by version.

use std::cmp::Ordering;

use crate::cast::{float_to_str, string_to_number, to_bool, to_int};
use crate::numeric::{self, Number};
use crate::php::Php;
use crate::value::{Array, Value, deeper};

/// `==`. A `switch` compares so too.
#[doc(alias("==", "switch"))]
pub fn loose_eq(php: &Php, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Float(float), Value::Int(int)) | (Value::Int(int), Value::Float(float)) => {
            *float == *int as f64
        }
        (Value::Str(a), Value::Str(b)) if a == b => true,
        _ => spaceship(php, a, b) == 0,
    }
}

/// `===`: the same type and value; objects only when they are one.
#[doc(alias("===", "match"))]
pub fn identical(a: &Value, b: &Value) -> bool {
    a == b
}

/// `<`. PHP turns `a > b` round into `b < a`.
pub fn less(php: &Php, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a < b,
        (Value::Float(a), Value::Int(b)) => *a < *b as f64,
        (Value::Int(a), Value::Float(b)) => (*a as f64) < *b,
        _ => spaceship(php, a, b) < 0,
    }
}

/// `<=`. PHP turns `a >= b` round into `b <= a`.
pub fn less_eq(php: &Php, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a <= b,
        (Value::Float(a), Value::Int(b)) => *a <= *b as f64,
        (Value::Int(a), Value::Float(b)) => (*a as f64) <= *b,
        _ => spaceship(php, a, b) <= 0,
    }
}

/// `<=>`: -1, 0 or 1, and 1 for what cannot be compared (arrays with different keys, NaN).
#[doc(alias = "<=>")]
pub fn spaceship(php: &Php, a: &Value, b: &Value) -> i32 {
    use Value::*;
    match (a, b) {
        (Int(a), Int(b)) => sign(a.cmp(b)),
        (Int(a), Float(b)) => floats(php, *a as f64, *b),
        (Float(a), Int(b)) => floats(php, *a, *b as f64),
        (Float(a), Float(b)) => floats(php, *a, *b),
        (Array(a), Array(b)) => arrays(php, a, b),
        (Str(a), Str(b)) => strings(php, a, b),
        (Null, Str(text)) => {
            if text.is_empty() {
                0
            } else {
                -1
            }
        }
        (Str(text), Null) => {
            if text.is_empty() {
                0
            } else {
                1
            }
        }
        (Null | Bool(_), _) | (_, Null | Bool(_)) => sign(to_bool(a).cmp(&to_bool(b))),
        (Int(_) | Float(_), Str(text)) => number_with_string(php, a, text),
        (Str(text), Int(_) | Float(_)) => reversed(php, b, text),
        (Object(a), Object(b)) => {
            if a.is(b) {
                0
            } else if a.class() == b.class() {
                arrays(php, a.props(), b.props())
            } else {
                1
            }
        }
        (Object(_), Int(_) | Float(_)) => spaceship(php, &Int(to_int(php, a)), b),
        (Int(_) | Float(_), Object(_)) => spaceship(php, a, &Int(to_int(php, b))),
        (Array(_), Object(_)) => -1,
        (Object(_), Array(_) | Str(_)) | (Array(_), _) => 1,
        (_, Array(_) | Object(_)) => -1,
    }
}

fn sign(ordering: Ordering) -> i32 {
    ordering as i32
}

/// NaN is greater than all, in 5.6 less than all, where types have to be juggled.
fn floats(php: &Php, a: f64, b: f64) -> i32 {
    match a.partial_cmp(&b) {
        Some(ordering) => sign(ordering),
        None if php.is_5() => -1,
        None => 1,
    }
}

fn numbers(php: &Php, a: Number, b: Number) -> i32 {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => sign(a.cmp(&b)),
        _ => floats(php, a.to_f64(), b.to_f64()),
    }
}

fn number(value: &Value) -> Number {
    match value {
        Value::Float(float) => Number::Float(*float),
        Value::Int(int) => Number::Int(*int),
        _ => Number::Int(0),
    }
}

/// From 8.0 a number meets a string that is no number as text; before, the string was made a number.
fn number_with_string(php: &Php, a: &Value, text: &[u8]) -> i32 {
    if !php.is_8() {
        return numbers(php, number(a), string_to_number(php, text));
    }
    if matches!(a, Value::Float(float) if float.is_nan()) {
        return 1;
    }
    match numeric::whole(php, text) {
        Some(found) => numbers(php, number(a), found.number),
        None => sign(number_text(php, a).as_slice().cmp(text)),
    }
}

/// The same with the string on the left: -1 and 1 change places, but for NaN.
fn reversed(php: &Php, b: &Value, text: &[u8]) -> i32 {
    if !php.is_8() {
        return numbers(php, string_to_number(php, text), number(b));
    }
    if matches!(b, Value::Float(float) if float.is_nan()) {
        return 1;
    }
    -number_with_string(php, b, text)
}

fn number_text(php: &Php, value: &Value) -> Vec<u8> {
    match value {
        Value::Float(float) => float_to_str(php, *float).to_vec(),
        Value::Int(int) => int.to_string().into_bytes(),
        _ => Vec::new(),
    }
}

/// Two strings: as numbers where both are numeric, else byte by byte.
pub fn strings(php: &Php, a: &[u8], b: &[u8]) -> i32 {
    let (Some(x), Some(y)) = (numeric::whole(php, a), numeric::whole(php, b)) else {
        return sign(a.cmp(b));
    };
    let (left, right) = (x.number.to_f64(), y.number.to_f64());
    if x.overflow != 0 && x.overflow == y.overflow && left - right == 0.0 {
        return sign(a.cmp(b)); // both beyond the integers on the same side: floats would call them equal
    }
    match (x.number, y.number) {
        (Number::Int(a), Number::Int(b)) => sign(a.cmp(&b)),
        (Number::Int(_), Number::Float(_)) if y.overflow != 0 => -i32::from(y.overflow),
        (Number::Float(_), Number::Int(_)) if x.overflow != 0 => i32::from(x.overflow),
        (Number::Float(l), Number::Float(r)) if l == r && !l.is_finite() => sign(a.cmp(b)),
        _ => floats(php, left, right),
    }
}

/// Two arrays: the longer is greater; else the first pair that differs decides; other keys cannot be compared (1).
pub fn arrays(php: &Php, a: &Array, b: &Array) -> i32 {
    if a.len() != b.len() {
        return sign(a.len().cmp(&b.len()));
    }
    if a.ptr_eq(b) {
        return 0;
    }
    for (key, left) in a.iter_ref() {
        let Some(right) = b.get_ref(key) else { return 1 };
        // Once: to ask for equality first would double the work with each level.
        let order = deeper(|| spaceship(php, left, right));
        if order != 0 {
            return order;
        }
    }
    0
}

/// `in_array`: whether the needle is among the elements, by `==` or, `strict`, by `===`.
pub fn in_array(php: &Php, needle: &Value, haystack: &Array, strict: bool) -> bool {
    haystack
        .values()
        .any(|value| if strict { identical(needle, value) } else { loose_eq(php, needle, value) })
}
