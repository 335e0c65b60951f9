//! Types: `is_*`, `gettype`, `intval` and the other casts by name, `settype`.

use crate::call::{Ctx, Row, ok};
use crate::cast;
use crate::compare;
use crate::numeric;
use crate::php::{Php, Version};
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("gettype(mixed $value)", |_, a| ok(a.value(0).gettype())),
    ("8.0- get_debug_type(mixed $value)", |_, a| ok(a.value(0).type_name())),
    ("is_null(mixed $value): false", |_, a| ok(a.value(0).is_null())),
    ("is_bool(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Bool(_)))),
    ("is_int(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Int(_)))),
    ("is_integer(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Int(_)))),
    ("is_long(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Int(_)))),
    ("is_float(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Float(_)))),
    ("is_double(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Float(_)))),
    ("is_string(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Str(_)))),
    ("is_array(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Array(_)))),
    ("is_object(mixed $value): false", |_, a| ok(matches!(a.value(0), Value::Object(_)))),
    ("7.1- is_iterable(mixed $value)", |_, a| ok(matches!(a.value(0), Value::Array(_)))),
    ("7.3- is_countable(mixed $value)", |_, a| ok(matches!(a.value(0), Value::Array(_)))),
    ("is_scalar(mixed $value)", |_, a| ok(is_scalar(a.value(0)))),
    ("is_numeric(mixed $value)", |c, a| ok(is_numeric(c.php, a.value(0)))),
    ("intval(mixed $value, int $base = 10)", |c, a| ok(cast::intval(c.php, a.value(0), a.int(1)))),
    ("floatval(mixed $value)", |c, a| ok(cast::to_float(c.php, a.value(0)))),
    ("doubleval(mixed $value)", |c, a| ok(cast::to_float(c.php, a.value(0)))),
    ("boolval(mixed $value)", |_, a| ok(cast::to_bool(a.value(0)))),
    ("strval(mixed $value)", |c, a| printed(c, &a.value(0).clone()).map(Value::Str)),
    ("settype(mixed &$var, string $type)", |c, a| {
        let name = a.bytes(1).to_ascii_lowercase();
        let value = a.value(0).clone();
        match settype(c, &value, &name)? {
            Some(value) => {
                a.set(0, value);
                ok(true)
            }
            None => c.value_error(false, "settype(): Argument #2 ($type) must be a valid type"),
        }
    }),
    ("in_array(mixed $needle, array $haystack, bool $strict = false)", |c, a| {
        ok(compare::in_array(c.php, a.value(0), &a.array(1), a.bool(2)))
    }),
    ("array_search(mixed $needle, array $haystack, bool $strict = false)", |c, a| {
        Ok(array_search(c.php, a.value(0), &a.array(1), a.bool(2)))
    }),
];

/// `is_scalar`: a boolean, a number or a string.
pub fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_))
}

/// `is_numeric`: a number, or a string that is one as a whole. Blanks behind it are allowed from 8.0, `0x1A` in 5.6.
pub fn is_numeric(php: &Php, value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Float(_) => true,
        Value::Str(text) => numeric::whole(php, text).is_some(),
        _ => false,
    }
}

/// `array_search`: the key of the first equal element, or false.
pub fn array_search(php: &Php, needle: &Value, haystack: &Array, strict: bool) -> Value {
    let equal = |value: &Value| {
        if strict { compare::identical(needle, value) } else { compare::loose_eq(php, needle, value) }
    };
    haystack.iter().find(|(_, value)| equal(value)).map_or(Value::FALSE, |(key, _)| key.into())
}

/// `(string)`, with what PHP says of arrays and throws for objects.
pub(crate) fn text_of(ctx: &mut Ctx<'_>, value: &Value) -> Result<crate::Str, crate::Thrown> {
    let instead = if ctx.php.is_5() { OBJECT } else { "" };
    text_or(ctx, value, instead)
}

/// The same for a value that PHP changes into a text where it stands: up to 7.3 an object is the word then.
pub(crate) fn changed_to_text(ctx: &mut Ctx<'_>, value: &Value) -> Result<crate::Str, crate::Thrown> {
    text_or(ctx, value, OBJECT)
}

/// The same for a value that PHP prints, or compares as a text: an object is empty in 5.6 as well.
pub(crate) fn printed(ctx: &mut Ctx<'_>, value: &Value) -> Result<crate::Str, crate::Thrown> {
    text_or(ctx, value, "")
}

/// What an object is as a text where it is not refused.
const OBJECT: &str = "Object";

/// The text of a value; up to 7.3 an object that has none goes on as another.
fn text_or(ctx: &mut Ctx<'_>, value: &Value, instead: &str) -> Result<crate::Str, crate::Thrown> {
    match value {
        Value::Array(_) => ctx.warn("Array to string conversion"),
        Value::Object(object) => {
            let class = object.class().to_string_lossy();
            let message = format!("Object of class {class} could not be converted to string");
            if ctx.php.since(Version::V7_4) {
                return Err(crate::Thrown::new(crate::ErrorClass::Error, message));
            }
            ctx.note(crate::call::Level::Recoverable, message);
            return Ok(crate::Str::from(instead));
        }
        _ => {}
    }
    Ok(cast::to_str(ctx.php, value))
}

/// `settype`: the value as the named type, or none where there is no such type.
fn settype(ctx: &mut Ctx<'_>, value: &Value, name: &[u8]) -> Result<Option<Value>, crate::Thrown> {
    let php = ctx.php;
    Ok(Some(match name {
        b"integer" | b"int" => Value::Int(cast::to_int(php, value)),
        b"float" | b"double" => Value::Float(cast::to_float(php, value)),
        b"string" => Value::Str(changed_to_text(ctx, value)?),
        b"array" => Value::Array(cast::to_array(php, value)),
        b"object" => Value::Object(cast::to_object(php, value)),
        b"bool" | b"boolean" => Value::Bool(cast::to_bool(value)),
        b"null" => Value::Null,
        _ => return Ok(None),
    }))
}
