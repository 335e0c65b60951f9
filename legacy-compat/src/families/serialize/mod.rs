//! `serialize`, `unserialize` and `var_export`.

mod classes;
mod export;
mod read;

pub use export::var_export;
pub(crate) use read::unserialize_prefix;

use crate::call::{Args, Ctx, Level, Outcome, Row, ok};
use crate::cast::to_bool;
use crate::error::Thrown;
use crate::float;
use crate::php::{Php, Version};
use crate::value::{Array, Key, Object, Str, Value, deeper};
use read::{Allowed, MAX_DEPTH, Reader};

pub(crate) const ROWS: &[Row] = &[
    ("serialize(mixed $value)", |c, a| ok(serialize(c.php, a.value(0)))),
    ("8.0- unserialize(string $data, array $options = [])", call_unserialize),
    ("7.0-7.4 unserialize(string $data, array $options = []): false", call_unserialize),
    ("-5.6 unserialize(string $variable_representation): false", call_unserialize),
    ("var_export(mixed $value, bool $return = false)", |c, a| match a.bool(1) {
        true => ok(var_export(c.php, a.value(0))),
        false => ok(()),
    }),
];

/// `serialize`
pub fn serialize(php: &Php, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(php, value, &mut out);
    out
}

fn write(php: &Php, value: &Value, out: &mut Vec<u8>) {
    let text = |out: &mut Vec<u8>, text: &[u8]| {
        out.extend_from_slice(format!("s:{}:\"", text.len()).as_bytes());
        out.extend_from_slice(text);
        out.extend_from_slice(b"\";");
    };
    let pairs = |out: &mut Vec<u8>, array: &Array, names: bool| {
        out.extend_from_slice(format!("{}:{{", array.len()).as_bytes());
        for (key, value) in array.iter() {
            match key {
                Key::Int(int) if !names => out.extend_from_slice(format!("i:{int};").as_bytes()),
                key => text(out, &key.to_str()),
            }
            deeper(|| write(php, value, out));
        }
        out.push(b'}');
    };
    match value {
        Value::Null => out.extend_from_slice(b"N;"),
        Value::Bool(bool) => out.extend_from_slice(if *bool { b"b:1;" } else { b"b:0;" }),
        Value::Int(int) => out.extend_from_slice(format!("i:{int};").as_bytes()),
        Value::Float(number) => {
            out.extend_from_slice(b"d:");
            out.extend_from_slice(&float::to_text(*number, php.serialize_precision, b'E'));
            out.push(b';');
        }
        Value::Str(bytes) => text(out, bytes),
        Value::Array(array) => {
            out.extend_from_slice(b"a:");
            pairs(out, array, false);
        }
        Value::Object(object) => {
            let (class, props) = written_as(object);
            out.extend_from_slice(format!("O:{}:\"", class.len()).as_bytes());
            out.extend_from_slice(&class);
            out.extend_from_slice(b"\":");
            pairs(out, &props, true);
        }
    }
}

/// An object of a class that was not there when it was read goes back as what it was.
fn written_as(object: &Object) -> (Str, Array) {
    let mut props = object.props().clone();
    if &**object.class() == b"__PHP_Incomplete_Class" {
        if let Some(Value::Str(class)) = props.remove(&"__PHP_Incomplete_Class_Name".into()) {
            return (class, props);
        }
        props = object.props().clone();
    }
    (object.class().clone(), props)
}

fn call_unserialize(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let given = args.value(1).as_array().and_then(|options| options.get_str("allowed_classes"));
    let allowed = given.cloned().unwrap_or(Value::TRUE);
    if !matches!(allowed, Value::Bool(_) | Value::Array(_)) && ctx.php.since(Version::V7_1) {
        let message = "unserialize(): Option \"allowed_classes\" must be of type array|bool";
        return ctx.type_error(false, message);
    }
    let allowed = match &allowed {
        Value::Array(names) => Allowed::These(names),
        other if to_bool(other) => Allowed::All,
        _ => Allowed::Nothing,
    };
    let Some(depth) = max_depth(ctx, args.value(1).at("max_depth"))? else { return ok(false) };
    match Reader::new(ctx.php, args.bytes(0), allowed, depth).whole()? {
        Some(value) => Ok(value),
        None => {
            if !args.bytes(0).is_empty() {
                ctx.note(Level::Notice, "unserialize(): Error at offset");
            }
            ok(false)
        }
    }
}

/// How deep arrays and objects may nest: an option from 7.4, whose 0 lifts PHP's own limit; none where it is refused.
fn max_depth(ctx: &mut Ctx<'_>, option: &Value) -> Result<Option<usize>, Thrown> {
    let refused = match option {
        _ if !ctx.php.since(Version::V7_4) => return Ok(Some(MAX_DEPTH)),
        Value::Null | Value::Int(0) => return Ok(Some(MAX_DEPTH)),
        Value::Int(depth @ 1..) => {
            return Ok(Some(usize::try_from(*depth).unwrap_or(MAX_DEPTH).min(MAX_DEPTH)));
        }
        Value::Int(_) => {
            ctx.value_error(false, "unserialize(): Option \"max_depth\" must be greater than or equal to 0")
        }
        _ => ctx.type_error(false, "unserialize(): Option \"max_depth\" must be of type int"),
    };
    refused.map(|_| None)
}

/// `unserialize`: none is PHP's false. Objects come back as `stdClass` where that class is allowed, of other classes as
/// `__PHP_Incomplete_Class`, and what would contain itself as one of `*RECURSION*`. A reference is a copy of what it points to.
/// None, too, where a class of PHP's own throws about what was written for it.
pub fn unserialize(php: &Php, text: &[u8], std_allowed: bool) -> Option<Value> {
    let allowed = if std_allowed { Allowed::All } else { Allowed::Nothing };
    Reader::new(php, text, allowed, MAX_DEPTH).whole().ok().flatten()
}
