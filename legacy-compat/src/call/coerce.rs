//! PHP's weak mode: what arguments become by the signature, and what is said when they do not fit.

use super::signature::{Function, Param, Types};
use super::{Ctx, Level};
use crate::cast;
use crate::error::{ErrorClass, Thrown};
use crate::numeric::{self, Number};
use crate::php::Version;
use crate::value::Value;

/// Makes `args` fit: `Ok(Ok(given))` with how many there were, `Ok(Err(answer))` where PHP up to 7.4 refuses the call with a warning.
pub(super) fn coerce(
    ctx: &mut Ctx<'_>,
    function: &Function,
    args: &mut Vec<Value>,
) -> Result<Result<usize, Value>, Thrown> {
    let given = args.len();
    if given < function.required || given > function.params.len() && !function.is_variadic() {
        return refuse(ctx, function, ErrorClass::ArgumentCountError, count_message(function, given));
    }
    for (index, arg) in args.iter_mut().enumerate() {
        let Some(param) = function.param(index) else { break };
        if fits(ctx, param, arg) {
            continue;
        }
        let message = type_message(ctx, function, param, index, arg);
        return refuse(ctx, function, ErrorClass::TypeError, message);
    }
    for param in function.params.iter().skip(given) {
        if let Some(default) = &param.default {
            args.push(default.clone());
        }
    }
    Ok(Ok(given))
}

fn refuse(
    ctx: &mut Ctx<'_>,
    function: &Function,
    class: ErrorClass,
    message: String,
) -> Result<Result<usize, Value>, Thrown> {
    if ctx.php.is_8() {
        return Err(Thrown::new(class, message));
    }
    ctx.warn(message);
    Ok(Err(function.refused.clone()))
}

fn count_message(function: &Function, given: usize) -> String {
    let (required, most) = (function.required, function.params.len());
    let (bound, count) = match given < required {
        _ if required == most && !function.is_variadic() => ("exactly", required),
        true => ("at least", required),
        false => ("at most", most),
    };
    let s = if count == 1 { "" } else { "s" };
    format!("{}() expects {bound} {count} argument{s}, {given} given", function.name)
}

fn type_message(ctx: &Ctx<'_>, function: &Function, param: &Param, index: usize, arg: &Value) -> String {
    let (name, number, types, found) = (function.name, index + 1, param.types.describe(), arg.type_name());
    if ctx.php.is_8() {
        format!("{name}(): Argument #{number} (${}) must be of type {types}, {found} given", param.name)
    } else {
        format!("{name}() expects parameter {number} to be {types}, {found} given")
    }
}

/// Makes one argument fit its parameter, where PHP would.
fn fits(ctx: &mut Ctx<'_>, param: &Param, arg: &mut Value) -> bool {
    let types = param.types;
    match arg {
        _ if types.mixed => true,
        Value::Null if types.null => true,
        Value::Array(_) => types.array,
        Value::Object(_) => types.object,
        Value::Str(_) if types.string => true,
        Value::Int(_) if types.int => true,
        Value::Float(_) if types.float => true,
        Value::Bool(_) if types.bool => true,
        arg if types.callable => ctx.is_callable(arg),
        arg => scalar(ctx, types, arg),
    }
}

/// A scalar of another type: integers are tried first, then floats, strings, booleans.
fn scalar(ctx: &mut Ctx<'_>, types: Types, arg: &mut Value) -> bool {
    if arg.is_null()
        && ctx.php.since(Version::V8_1)
        && (types.int || types.float || types.string || types.bool)
    {
        ctx.note(Level::Deprecated, "Passing null to a parameter that is not nullable is deprecated");
    }
    let made = match arg {
        Value::Str(text) if types.int || types.float => {
            let found = number(ctx, text);
            match found {
                Some(Number::Float(float)) if !types.float => int_of(ctx, float),
                Some(Number::Int(int)) if !types.int => Some(Value::Float(int as f64)),
                Some(found) => Some(found.into()),
                None => None,
            }
        }
        Value::Float(float) if types.int => int_of(ctx, *float),
        _ if types.int => Some(Value::Int(cast::to_int(ctx.php, arg))),
        _ if types.float => Some(Value::Float(cast::to_float(ctx.php, arg))),
        _ => None,
    };
    let made = match made {
        Some(made) => Some(made),
        None if types.string => Some(Value::Str(cast::to_str(ctx.php, arg))),
        None if types.bool => Some(Value::Bool(cast::to_bool(arg))),
        None => None,
    };
    match made {
        Some(made) => {
            *arg = made;
            true
        }
        None => false,
    }
}

/// A numeric string; up to 7.4 one that only starts with a number is taken too, with a notice.
fn number(ctx: &mut Ctx<'_>, text: &[u8]) -> Option<Number> {
    if let Some(found) = numeric::whole(ctx.php, text) {
        return Some(found.number);
    }
    let found = numeric::prefix(ctx.php, text).filter(|_| !ctx.php.is_8())?;
    ctx.note(Level::Notice, "A non well formed numeric value encountered");
    Some(found.number)
}

/// A float where an integer is wanted: what does not fit is refused from 7.0.
fn int_of(ctx: &mut Ctx<'_>, float: f64) -> Option<Value> {
    if ctx.php.is_5() {
        return Some(Value::Int(numeric::float_to_int(ctx.php, float)));
    }
    if !ctx.php.int_size.holds_float(float) {
        return None;
    }
    if float.fract() != 0.0 && ctx.php.since(Version::V8_1) {
        ctx.note(Level::Deprecated, format!("Implicit conversion from float {float} to int loses precision"));
    }
    Some(Value::Int(float as i64))
}
