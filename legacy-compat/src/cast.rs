//! Casts: `(bool)`, `(int)`, `(float)`, `(string)`, `(array)`, `(object)`, and `intval` with a base.

use crate::float;
use crate::numeric::{self, Number};
use crate::php::{Php, Version};
use crate::value::{Array, Key, Object, Str, Value};

/// `(bool)`: false for null, false, 0, 0.0, `""`, `"0"` and `[]`; true for the rest, NaN and objects included.
#[doc(alias = "boolval")]
pub fn to_bool(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Int(int) => *int != 0,
        Value::Float(float) => *float != 0.0,
        Value::Str(text) => !matches!(text.as_bytes(), b"" | b"0"),
        Value::Array(array) => !array.is_empty(),
        Value::Object(_) => true,
    }
}

/// `empty()`: the opposite of [`to_bool`], and no error where nothing is set.
#[doc(alias = "empty")]
pub fn is_empty(value: &Value) -> bool {
    !to_bool(value)
}

/// `(int)`.
#[doc(alias = "intval")]
pub fn to_int(php: &Php, value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::Bool(bool) => i64::from(*bool),
        Value::Int(int) => *int,
        Value::Float(float) => numeric::float_to_int(php, *float),
        Value::Str(text) => numeric::string_to_int(php, text),
        Value::Array(array) => i64::from(!array.is_empty()),
        Value::Object(_) => 1,
    }
}

/// `intval($value, $base)`: the base counts for strings only; 0 goes by the prefix, 16 skips `0x`, 2 skips
/// `0b` (7.1).
pub fn intval(php: &Php, value: &Value, base: i64) -> i64 {
    let Value::Str(text) = value else { return to_int(php, value) };
    if base == 10 {
        return numeric::string_to_int(php, text);
    }
    let start = text.iter().take_while(|b| numeric::is_blank(**b)).count();
    let sign = usize::from(matches!(text.get(start), Some(b'-' | b'+')));
    let (head, rest) = text[start..].split_at(sign);
    let skipped = match (base, rest) {
        (0 | 2, [b'0', b'b' | b'B', ..]) if php.since(Version::V7_1) => 2,
        _ => {
            // Its upper half is cut off.
            return u32::try_from(base as i32)
                .ok()
                .filter(|b| matches!(b, 0 | 2..=36))
                .map_or(0, |b| php.int_size.clamp(numeric::strtol(text, b)));
        }
    };
    let digits = &rest[2..];
    if !digits.first().is_some_and(u8::is_ascii_alphanumeric) {
        return 0;
    }
    php.int_size.clamp(numeric::strtol(&[head, digits].concat(), skipped))
}

/// `(float)`.
#[doc(alias("floatval", "doubleval"))]
pub fn to_float(php: &Php, value: &Value) -> f64 {
    match value {
        Value::Float(float) => *float,
        Value::Str(text) if php.is_5() && is_lone_minus(text) => -0.0,
        Value::Str(text) => string_to_float(text),
        other => to_int(php, other) as f64,
    }
}

/// Whether a minus stands where the number should: in 5.6 it made 0 negative.
fn is_lone_minus(text: &[u8]) -> bool {
    let start = text.iter().take_while(|byte| numeric::is_blank(**byte)).count();
    text.get(start) == Some(&b'-') && numeric::strtod(&text[start..]) == 0.0
}

/// The float at the start of a string, after blanks; 0 where there is none.
pub fn string_to_float(text: &[u8]) -> f64 {
    let start = text.iter().take_while(|b| numeric::is_blank(**b)).count();
    numeric::strtod(&text[start..])
}

/// The number that a value is in arithmetic; a string gives its numeric prefix, or 0.
pub fn to_number(php: &Php, value: &Value) -> Number {
    match value {
        Value::Float(float) => Number::Float(*float),
        Value::Str(text) => string_to_number(php, text),
        other => Number::Int(to_int(php, other)),
    }
}

/// The numeric prefix of a string (in 5.6 also a hexadecimal number), or 0.
pub fn string_to_number(php: &Php, text: &[u8]) -> Number {
    let found = numeric::whole(php, text).or_else(|| numeric::prefix(php, text));
    found.map_or(Number::Int(0), |found| found.number)
}

/// `(string)`. Arrays are `Array`; objects have none: empty, which PHP accompanies by an error.
#[doc(alias = "strval")]
pub fn to_str(php: &Php, value: &Value) -> Str {
    match value {
        Value::Null | Value::Bool(false) => Str::EMPTY,
        Value::Bool(true) => Str::from("1"),
        Value::Int(int) => Str::from(int.to_string()),
        Value::Float(float) => float_to_str(php, *float),
        Value::Str(text) => text.clone(),
        Value::Array(_) => Str::from("Array"),
        Value::Object(_) => Str::EMPTY,
    }
}

/// A float as `echo` shows it, by `precision`. Negative zero is `-0`.
pub fn float_to_str(php: &Php, float: f64) -> Str {
    Str::from(float::to_text(float, php.precision, b'E'))
}

/// `(array)`: null gives an empty one, a scalar a list of one, an object its properties.
pub fn to_array(php: &Php, value: &Value) -> Array {
    match value {
        Value::Null => Array::new(),
        Value::Array(array) => array.clone(),
        Value::Object(object) if php.since(Version::V7_2) => object
            .props()
            .iter()
            .map(|(key, value)| (php.int_size.key(Key::from_text(key.to_str())), value.clone()))
            .collect(),
        Value::Object(object) => object.props().clone(),
        scalar => Array::from(vec![scalar.clone()]),
    }
}

/// `(object)`: an array's elements become properties, a scalar the property `scalar`.
pub fn to_object(php: &Php, value: &Value) -> Object {
    match value {
        Value::Null => Object::std(Array::new()),
        Value::Object(object) => object.clone(),
        Value::Array(array) => Object::std(array_to_props(php, array)),
        scalar => Object::std([("scalar", scalar.clone())].into_iter().collect()),
    }
}

/// Keys become names: from 7.2 integers become strings, before they stayed unreachable integers.
fn array_to_props(php: &Php, array: &Array) -> Array {
    if !php.since(Version::V7_2) {
        return array.clone();
    }
    let mut props = Array::map_with_capacity(array.len());
    for (key, value) in array.iter() {
        props.insert(Key::Str(key.to_str()), value.clone());
    }
    props
}

/// The key that a value is as an array's offset; none for arrays and objects, which PHP refuses.
///
/// Null is `""`, booleans and floats become integers.
pub fn to_key(php: &Php, value: &Value) -> Option<Key> {
    match value {
        Value::Null => Some(Key::Str(Str::EMPTY)),
        Value::Bool(bool) => Some(Key::Int(i64::from(*bool))),
        Value::Int(int) => Some(Key::Int(*int)),
        Value::Float(float) => Some(Key::Int(numeric::float_to_int(php, *float))),
        Value::Str(text) => Some(php.int_size.key(Key::from_text(text.clone()))),
        Value::Array(_) | Value::Object(_) => None,
    }
}
