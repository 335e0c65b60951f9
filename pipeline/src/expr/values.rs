//! CEL's operators on values. Lists are PHP's lists; maps are PHP's other arrays, and objects.

use std::cmp::Ordering;

use legacy_compat::{Array, Key, Str, Value};

use super::error::{EvalError, Evaluated};
use super::op::{Binary, Convert, TextTest};

/// No text, list or map gets larger than this, in bytes or elements.
pub(crate) const SIZE_MAX: usize = 1 << 20;

/// A list or a map, as CEL sees it.
pub(crate) enum Items<'v> {
    List(&'v Array),
    Map(&'v Array),
}

impl<'v> Items<'v> {
    /// The value's elements; `None` where it has none.
    pub(crate) fn of(value: &'v Value) -> Option<Self> {
        match value {
            Value::Array(array) if array.is_list() => Some(Self::List(array)),
            Value::Array(array) => Some(Self::Map(array)),
            Value::Object(object) => Some(Self::Map(object.props())),
            _ => None,
        }
    }

    /// What iterating gives: the items of a list, the keys of a map.
    pub(crate) fn iterate(self) -> Vec<Value> {
        match self {
            Self::List(list) => list.values().cloned().collect(),
            Self::Map(map) => map.keys().map(key_value).collect(),
        }
    }
}

/// The elements of a map; an empty array is an empty map, too.
pub(crate) fn as_map(value: &Value) -> Option<&Array> {
    match value {
        Value::Array(array) => Some(array),
        Value::Object(object) => Some(object.props()),
        _ => None,
    }
}

/// A key as a value.
pub(crate) fn key_value(key: Key) -> Value {
    match key {
        Key::Int(int) => Value::Int(int),
        Key::Str(text) => Value::Str(text),
    }
}

/// A value as a key: integers and texts are, others not.
pub(crate) fn key_of(value: &Value) -> Option<Key> {
    match value {
        Value::Int(int) => Some(Key::Int(*int)),
        Value::Str(text) => Some(Key::from_text(text.clone())),
        _ => None,
    }
}

/// `==`
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (Value::Str(a), Value::Str(b)) => a.as_bytes() == b.as_bytes(),
        _ => match (Items::of(a), Items::of(b)) {
            (Some(Items::List(a)), Some(Items::List(b))) => {
                a.len() == b.len() && a.values().zip(b.values()).all(|(a, b)| equal(a, b))
            }
            (Some(Items::Map(a)), Some(Items::Map(b))) => {
                a.len() == b.len() && a.iter_ref().all(|(key, a)| b.get_ref(key).is_some_and(|b| equal(a, b)))
            }
            _ => false,
        },
    }
}

/// How two values compare; `None` where CEL cannot tell.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Str(a), Value::Str(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// An operator whose result is a truth.
pub(crate) fn test(op: Binary, a: &Value, b: &Value) -> Evaluated<bool> {
    let ordered = || compare(a, b).ok_or(EvalError::NoOverload(op.sign()));
    match op {
        Binary::Eq => Ok(equal(a, b)),
        Binary::Ne => Ok(!equal(a, b)),
        Binary::Less => Ok(ordered()?.is_lt()),
        Binary::LessEq => Ok(ordered()?.is_le()),
        Binary::Greater => Ok(ordered()?.is_gt()),
        Binary::GreaterEq => Ok(ordered()?.is_ge()),
        _ => contains(a, b),
    }
}

fn contains(item: &Value, of: &Value) -> Evaluated<bool> {
    match Items::of(of) {
        Some(Items::List(list)) => Ok(list.values().any(|other| equal(other, item))),
        Some(Items::Map(map)) => match item {
            Value::Float(_) | Value::Bool(_) => Ok(whole_key(item).is_some_and(|key| map.contains_key(&key))),
            _ => key_of(item).map(|key| map.contains_key(&key)).ok_or(EvalError::NoOverload("in")),
        },
        None => Err(EvalError::NoOverload("in")),
    }
}

fn whole_key(value: &Value) -> Option<Key> {
    match value {
        Value::Float(float) if float.fract() == 0.0 && float.abs() < 9.2e18 => Some(Key::Int(*float as i64)),
        _ => None,
    }
}

/// An operator whose result is a number, a text or a list.
pub(crate) fn arithmetic(op: Binary, a: &Value, b: &Value) -> Evaluated<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => integers(op, *a, *b),
        (Value::Float(a), Value::Float(b)) => floats(op, *a, *b),
        (Value::Str(a), Value::Str(b)) if op == Binary::Add => joined(&[a, b]),
        _ if op == Binary::Add => lists(a, b),
        _ => Err(EvalError::NoOverload(op.sign())),
    }
}

fn integers(op: Binary, a: i64, b: i64) -> Evaluated<Value> {
    let result = match op {
        Binary::Add => a.checked_add(b),
        Binary::Sub => a.checked_sub(b),
        Binary::Mul => a.checked_mul(b),
        Binary::Div if b == 0 => return Err(EvalError::DivisionByZero),
        Binary::Div => a.checked_div(b),
        _ if b == 0 => return Err(EvalError::RemainderByZero),
        _ => a.checked_rem(b),
    };
    result.map(Value::Int).ok_or(EvalError::Overflow)
}

fn floats(op: Binary, a: f64, b: f64) -> Evaluated<Value> {
    Ok(Value::Float(match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        _ => return Err(EvalError::NoOverload("%")),
    }))
}

fn lists(a: &Value, b: &Value) -> Evaluated<Value> {
    let (Some(Items::List(list)), Some(more)) = (Items::of(a), Items::of(b)) else {
        return Err(EvalError::NoOverload("+"));
    };
    let more = more.iterate();
    if list.len() + more.len() > SIZE_MAX {
        return Err(EvalError::Limit("the size of a list"));
    }
    Ok(Value::Array(list.values().cloned().chain(more).collect()))
}

/// These texts, one behind the other.
pub(crate) fn joined(parts: &[&[u8]]) -> Evaluated<Value> {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    if size > SIZE_MAX {
        return Err(EvalError::Limit("the size of a text"));
    }
    Ok(Value::Str(Str::new(&parts.concat())))
}

/// `-x`
pub(crate) fn negate(value: &Value) -> Evaluated<Value> {
    match value {
        Value::Int(int) => int.checked_neg().map(Value::Int).ok_or(EvalError::Overflow),
        Value::Float(float) => Ok(Value::Float(-float)),
        _ => Err(EvalError::NoOverload("-")),
    }
}

/// `of.key`
pub(crate) fn select<'v>(of: &'v Value, key: &[u8]) -> Evaluated<&'v Value> {
    let map = as_map(of).ok_or(EvalError::NoOverload("."))?;
    map.get_str(key).ok_or_else(|| match of {
        // a list has no fields; an empty one may be an empty map
        Value::Array(list) if list.is_list() && !list.is_empty() => EvalError::NoOverload("."),
        _ => EvalError::NoSuchKey(String::from_utf8_lossy(key).into()),
    })
}

/// `of[at]`
pub(crate) fn index<'v>(of: &'v Value, at: &Value) -> Evaluated<&'v Value> {
    match Items::of(of) {
        Some(Items::List(list)) => {
            let at = match at {
                Value::Int(at) => *at,
                Value::Float(_) => match whole_key(at) {
                    Some(Key::Int(at)) => at,
                    _ => return Err(EvalError::NoOverload("[]")),
                },
                Value::Str(key) if list.is_empty() => return Err(no_such_key(&Value::Str(key.clone()))),
                _ => return Err(EvalError::NoOverload("[]")),
            };
            list.get_int(at).ok_or(EvalError::OutOfBounds)
        }
        Some(Items::Map(map)) => {
            let key = match at {
                Value::Float(_) | Value::Bool(_) => whole_key(at).ok_or_else(|| no_such_key(at))?,
                _ => key_of(at).ok_or(EvalError::NoOverload("[]"))?,
            };
            map.get(&key).ok_or_else(|| no_such_key(at))
        }
        None => Err(EvalError::NoOverload("[]")),
    }
}

fn no_such_key(key: &Value) -> EvalError {
    EvalError::NoSuchKey(match key {
        Value::Str(text) => text.to_string_lossy().into(),
        other => format!("{other:?}").into(),
    })
}

/// `size(x)`: code points of a text, elements of the others.
pub(crate) fn size(value: &Value) -> Evaluated<i64> {
    match value {
        Value::Str(text) => Ok(match std::str::from_utf8(text) {
            Ok(text) => text.chars().count(),
            Err(_) => text.to_string_lossy().chars().count(),
        } as i64),
        _ => as_map(value).map(|items| items.len() as i64).ok_or(EvalError::NoOverload("size")),
    }
}

/// `contains`, `startsWith`, `endsWith`
pub(crate) fn text_test(test: TextTest, text: &Value, part: &Value) -> Evaluated<bool> {
    let (Value::Str(text), Value::Str(part)) = (text, part) else {
        return Err(EvalError::NoOverload("a test of a string"));
    };
    Ok(match test {
        TextTest::StartsWith => text.starts_with(part),
        TextTest::EndsWith => text.ends_with(part),
        TextTest::Contains => part.is_empty() || text.windows(part.len()).any(|window| window == &**part),
    })
}

/// `int(x)`, `double(x)`, `string(x)`
pub(crate) fn convert(to: Convert, value: &Value) -> Evaluated<Value> {
    let parsed = |text: &Str, name| {
        text.to_str()
            .ok_or_else(|| EvalError::Function(name, "the string is not UTF-8".into()))
            .map(str::to_owned)
    };
    Ok(match (to, value) {
        (Convert::Int, Value::Int(_))
        | (Convert::Double, Value::Float(_))
        | (Convert::Text, Value::Str(_)) => value.clone(),
        (Convert::Int, Value::Float(float)) => {
            let fits = *float > i64::MIN as f64 && *float < i64::MAX as f64;
            fits.then_some(Value::Int(*float as i64))
                .ok_or(EvalError::Function("int", "integer overflow".into()))?
        }
        (Convert::Int, Value::Str(text)) => {
            let int = parsed(text, "int")?.parse::<i64>();
            Value::Int(int.map_err(|why| EvalError::Function("int", why.to_string().into()))?)
        }
        (Convert::Double, Value::Int(int)) => Value::Float(*int as f64),
        (Convert::Double, Value::Str(text)) => {
            let float = parsed(text, "double")?.parse::<f64>();
            Value::Float(float.map_err(|why| EvalError::Function("double", why.to_string().into()))?)
        }
        (Convert::Text, Value::Bool(truth)) => Value::string(truth.to_string()),
        (Convert::Text, Value::Int(int)) => Value::string(int.to_string()),
        (Convert::Text, Value::Float(float)) => Value::string(float.to_string()),
        (Convert::Int, _) => return Err(EvalError::NoOverload("int")),
        (Convert::Double, _) => return Err(EvalError::NoOverload("double")),
        (Convert::Text, _) => return Err(EvalError::NoOverload("string")),
    })
}
