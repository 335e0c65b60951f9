//! Reading and writing elements: `$x[$y]`, `isset`, `empty`, `unset`, offsets of strings.

use crate::call::{Ctx, Outcome};
use crate::cast::{to_bool, to_int, to_key, to_str};
use crate::error::{ErrorClass, Thrown};
use crate::numeric::{self, Number};
use crate::php::{Php, Version};
use crate::value::{Array, Occupied, Value};

/// `isset($value[$offset])`: there is such an element, and it is not null.
///
/// # Errors
/// From 8.0 `TypeError` for an array or object as an array's offset.
pub fn isset(php: &Php, value: &Value, offset: &Value) -> Result<bool, Thrown> {
    Ok(match value {
        Value::Array(array) => tested(php, array, offset)?.is_some_and(|found| !found.is_null()),
        Value::Str(text) => isset_offset(php, offset).and_then(|at| byte_at(php, text, at)).is_some(),
        _ => false,
    })
}

/// The element that `isset` and `empty` look at.
fn tested<'a>(php: &Php, array: &'a Array, offset: &Value) -> Result<Option<&'a Value>, Thrown> {
    match to_key(php, offset) {
        Some(key) => Ok(array.get(&key)),
        None if php.is_8() => {
            let message = "Cannot access offset of this type in isset or empty";
            Err(Thrown::new(ErrorClass::TypeError, message))
        }
        None => Ok(None),
    }
}

/// `empty($value[$offset])`
///
/// # Errors
/// As [`isset`].
pub fn empty_at(php: &Php, value: &Value, offset: &Value) -> Result<bool, Thrown> {
    Ok(match value {
        Value::Array(array) => !tested(php, array, offset)?.is_some_and(to_bool),
        Value::Str(text) => {
            isset_offset(php, offset).and_then(|at| byte_at(php, text, at)).is_none_or(|byte| byte == b'0')
        }
        _ => true,
    })
}

/// Whether a path of keys leads to something that is not null: PHP's `isset($value['a']['b'])`.
///
/// # Errors
/// As [`isset`].
pub fn isset_path(php: &Php, value: &Value, path: &[Value]) -> Result<bool, Thrown> {
    let Some((last, parents)) = path.split_last() else { return Ok(!value.is_null()) };
    let mut at = value;
    for key in parents {
        match at.as_array().and_then(|array| array.get(&to_key(php, key)?)) {
            Some(found) => at = found,
            None => return Ok(false),
        }
    }
    isset(php, at, last)
}

/// The offset that `isset` accepts on a string: an integer, a boolean, a float, or a string that is exactly an integer.
fn isset_offset(php: &Php, offset: &Value) -> Option<i64> {
    match offset {
        Value::Int(_) | Value::Bool(_) | Value::Float(_) | Value::Null => Some(to_int(php, offset)),
        Value::Str(text) => match numeric::whole(php, text)?.number {
            Number::Int(_) => Some(to_int(php, offset)), // the cast, which in 5.6 does not read a hexadecimal number
            Number::Float(_) => None,
        },
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The byte at an offset; a negative one counts from the end, from 7.1.
pub fn byte_at(php: &Php, text: &[u8], at: i64) -> Option<u8> {
    let from_end = at < 0 && php.since(Version::V7_1);
    let at = if from_end { at.checked_add(text.len() as i64)? } else { at };
    text.get(usize::try_from(at).ok()?).copied()
}

/// `$value[$offset]`, read.
///
/// # Errors
/// What PHP throws for offsets of a wrong type.
pub fn index(ctx: &mut Ctx<'_>, value: &Value, offset: &Value) -> Outcome {
    match value {
        Value::Array(array) => match to_key(ctx.php, offset) {
            Some(key) => Ok(array.get(&key).cloned().unwrap_or_default()),
            None => illegal_offset(ctx, "Cannot access offset of this type on array").map(|()| Value::Null),
        },
        Value::Str(text) => {
            let at = string_offset(ctx, offset)?;
            match byte_at(ctx.php, text, at) {
                Some(byte) => Ok(Value::from(&[byte][..])),
                None => {
                    ctx.warn(format!("Uninitialized string offset {at}"));
                    Ok(Value::from(""))
                }
            }
        }
        Value::Object(_) => {
            Err(Thrown::new(ErrorClass::Error, "Cannot use object of type stdClass as array"))
        }
        _ => Ok(Value::Null),
    }
}

fn illegal_offset(ctx: &mut Ctx<'_>, message: &str) -> Result<(), Thrown> {
    ctx.type_error(Value::Null, message).map(|_| ())
}

/// The offset that reading `$string[$offset]` uses.
fn string_offset(ctx: &mut Ctx<'_>, offset: &Value) -> Result<i64, Thrown> {
    let php = ctx.php;
    match offset {
        Value::Str(text) => match numeric::whole(php, text).map(|found| found.number) {
            Some(Number::Int(_)) => Ok(to_int(php, offset)),
            _ => {
                let leading = matches!(numeric::prefix(php, text), Some(found) if matches!(found.number, Number::Int(_)));
                if php.is_8() && !leading
                    || php.since(Version::V7_1) && !php.is_8() && numeric::prefix(php, text).is_none()
                {
                    illegal_offset(ctx, "Cannot access offset of type string on string")?;
                }
                Ok(to_int(php, offset))
            }
        },
        Value::Array(_) | Value::Object(_) => {
            illegal_offset(ctx, "Cannot access offset of this type on string")?;
            Ok(to_int(php, offset))
        }
        other => Ok(to_int(php, other)),
    }
}

/// `$value[$offset] = $element; return $value;`
///
/// # Errors
/// What PHP throws.
pub fn with_element(ctx: &mut Ctx<'_>, value: &Value, offset: &Value, element: Value) -> Outcome {
    match value {
        Value::Array(array) => match to_key(ctx.php, offset) {
            Some(key) => {
                let mut array = array.clone();
                array.insert(key, element);
                Ok(array.into())
            }
            None => illegal_offset(ctx, "Cannot access offset of this type on array").map(|()| value.clone()),
        },
        Value::Str(text) if !text.is_empty() || ctx.php.since(Version::V7_1) => {
            set_byte(ctx, text, offset, &element)
        }
        Value::Null | Value::Bool(false) | Value::Str(_) => {
            with_element(ctx, &Value::Array(Array::new()), offset, element)
        }
        Value::Object(_) => {
            Err(Thrown::new(ErrorClass::Error, "Cannot use object of type stdClass as array"))
        }
        _ => scalar_as_array(ctx, value),
    }
}

fn scalar_as_array(ctx: &mut Ctx<'_>, value: &Value) -> Outcome {
    ctx.error(ErrorClass::Error, value.clone(), "Cannot use a scalar value as an array")
}

fn set_byte(ctx: &mut Ctx<'_>, text: &[u8], offset: &Value, element: &Value) -> Outcome {
    let php = ctx.php;
    let unchanged = Value::from(text);
    let at = string_offset(ctx, offset)?;
    let from_end = at < 0 && php.since(Version::V7_1);
    let at = if from_end { at.saturating_add(text.len() as i64) } else { at };
    let Ok(at) = usize::try_from(at) else {
        ctx.warn(format!("Illegal string offset {at}"));
        return Ok(unchanged);
    };
    let piece = to_str(php, element);
    let Some(byte) = piece.first().copied() else {
        if php.is_8() {
            return Err(Thrown::new(ErrorClass::Error, "Cannot assign an empty string to a string offset"));
        }
        if php.since(Version::V7_1) {
            ctx.warn("Cannot assign an empty string to a string offset");
            return Ok(unchanged);
        }
        return Ok(put(text, at, 0));
    };
    Ok(put(text, at, byte))
}

/// The longest string that an assignment beyond the end may make, in bytes.
const MAX_GROWTH: usize = 128 << 20;

fn put(text: &[u8], at: usize, byte: u8) -> Value {
    let mut bytes = text.to_vec();
    if at >= bytes.len() {
        bytes.resize(at.min(MAX_GROWTH) + 1, b' ');
    }
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
    Value::from(bytes)
}

/// `$value[] = $element; return $value;`
///
/// # Errors
/// What PHP throws.
pub fn with_appended(ctx: &mut Ctx<'_>, value: &Value, element: Value) -> Outcome {
    match value {
        Value::Array(array) => {
            let mut array = array.clone();
            match append(ctx.php, &mut array, element) {
                Ok(()) => Ok(array.into()),
                Err(full) => ctx.error(ErrorClass::Error, value.clone(), full.to_string()),
            }
        }
        Value::Str(text) if !text.is_empty() || ctx.php.since(Version::V7_1) => {
            Err(Thrown::new(ErrorClass::Error, "[] operator not supported for strings"))
        }
        Value::Null | Value::Bool(false) | Value::Str(_) => Ok(vec![element].into()),
        Value::Object(_) => {
            Err(Thrown::new(ErrorClass::Error, "Cannot use object of type stdClass as array"))
        }
        _ => scalar_as_array(ctx, value),
    }
}

/// `unset($value[$offset]); return $value;`
///
/// # Errors
/// What PHP throws.
pub fn without_element(ctx: &mut Ctx<'_>, value: &Value, offset: &Value) -> Outcome {
    match value {
        Value::Array(array) => match to_key(ctx.php, offset) {
            Some(key) => {
                let mut array = array.clone();
                array.remove(&key);
                Ok(array.into())
            }
            None => illegal_offset(ctx, "Cannot unset offset of this type on array").map(|()| value.clone()),
        },
        Value::Str(_) => Err(Thrown::new(ErrorClass::Error, "Cannot unset string offsets")),
        Value::Object(_) => {
            Err(Thrown::new(ErrorClass::Error, "Cannot use object of type stdClass as array"))
        }
        Value::Null | Value::Bool(false) => Ok(value.clone()),
        _ if ctx.php.is_8() => {
            Err(Thrown::new(ErrorClass::Error, "Cannot unset offset in a non-array variable"))
        }
        _ => Ok(value.clone()),
    }
}

/// Appends as this version does: after `-5` comes 0, from 8.3 `-4`.
///
/// # Errors
/// [`Occupied`] where the largest integer key is in use.
pub fn append(php: &Php, array: &mut Array, value: Value) -> Result<(), Occupied> {
    if php.since(Version::V8_3) { array.push_8_3(value) } else { array.push(value) }
}
