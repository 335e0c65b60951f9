//! `count`, `array_keys`, `array_values`, `array_sum`, `array_push` and their like.

use crate::arith;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_key, to_number};
use crate::compare;
use crate::php::Version;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- count(mixed $value, int $mode = 0)", count),
    ("-7.4 count(mixed $var, int $mode = 0)", count),
    ("8.0- sizeof(mixed $value, int $mode = 0)", count),
    ("-7.4 sizeof(mixed $var, int $mode = 0)", count),
    ("array_keys(array $array, mixed $filter_value = ?, bool $strict = false)", |c, a| {
        let (array, wanted, strict) = (a.array(0), a.value(1).clone(), a.bool(2));
        let searching = a.has(1);
        let equal = |value: &Value| {
            !searching || if strict { *value == wanted } else { compare::loose_eq(c.php, value, &wanted) }
        };
        ok(array.iter().filter(|(_, value)| equal(value)).map(|(key, _)| key).collect::<Array>())
    }),
    ("end(array|object &$array)", |_, a| {
        ok(elements(a.value(0)).values().next_back().cloned().unwrap_or(Value::FALSE))
    }),
    ("reset(array|object &$array)", |_, a| {
        ok(elements(a.value(0)).values().next().cloned().unwrap_or(Value::FALSE))
    }),
    ("array_values(array $array)", |_, a| ok(a.array(0).values().cloned().collect::<Array>())),
    ("8.0- array_key_exists(mixed $key, array $array)", |c, a| key_exists(c, a, "array_key_exists")),
    ("-7.4 array_key_exists(mixed $key, array|object $search)", |c, a| key_exists(c, a, "array_key_exists")),
    ("8.0- key_exists(mixed $key, array $array)", |c, a| key_exists(c, a, "key_exists")),
    ("-7.4 key_exists(mixed $key, array|object $search)", |c, a| key_exists(c, a, "key_exists")),
    ("7.3- array_key_first(array $array)", |_, a| ok(a.array(0).nth(0).map(|(key, _)| key))),
    ("7.3- array_key_last(array $array)", |_, a| ok(a.array(0).keys().next_back())),
    ("8.1- array_is_list(array $array)", |_, a| ok(a.array(0).is_list())),
    ("array_flip(array $array)", |c, a| {
        let mut out = Array::new();
        for (key, value) in a.array(0).iter() {
            match value {
                Value::Int(_) | Value::Str(_) => out.insert(to_key(c.php, value).unwrap_or(Key::Int(0)), key),
                _ => c.warn("array_flip(): Can only flip string and integer values, entry skipped"),
            }
        }
        ok(out)
    }),
    ("array_sum(array $array)", |c, a| fold(c, &a.array(0), Value::Int(0), true)),
    ("array_product(array $array)", |c, a| fold(c, &a.array(0), Value::Int(1), false)),
    ("array_count_values(array $array)", |c, a| {
        let mut out = Array::new();
        for value in a.array(0).values() {
            match value {
                Value::Int(_) | Value::Str(_) => {
                    let key = to_key(c.php, value).unwrap_or(Key::Int(0));
                    let seen = out.get(&key).and_then(Value::as_int).unwrap_or(0);
                    out.insert(key, seen + 1);
                }
                _ => c.warn("array_count_values(): Can only count string and integer values, entry skipped"),
            }
        }
        ok(out)
    }),
    ("array_change_key_case(array $array, int $case = 0)", |_, a| {
        let upper = a.int(1) != 0;
        let changed = |key: Key| match key {
            Key::Str(name) if upper => Key::Str(name.to_ascii_uppercase().into()),
            Key::Str(name) => Key::Str(name.to_ascii_lowercase().into()),
            int => int,
        };
        ok(a.array(0).iter().map(|(key, value)| (changed(key), value.clone())).collect::<Array>())
    }),
    ("7.3- array_push(array &$array, mixed ...$values)", push),
    ("-7.2 array_push(array &$stack, mixed $var, mixed ...$more)", push),
    ("array_pop(array &$array)", |_, a| {
        let mut array = a.take_array(0);
        let popped = array.pop();
        a.set(0, array);
        ok(popped)
    }),
    ("array_shift(array &$array)", |_, a| {
        let array = a.take_array(0);
        let shifted = array.values().next().cloned();
        a.set(0, renumbered(array.iter().skip(1)));
        ok(shifted)
    }),
    ("7.3- array_unshift(array &$array, mixed ...$values)", unshift),
    ("-7.2 array_unshift(array &$stack, mixed $var, mixed ...$more)", unshift),
    ("array_reverse(array $array, bool $preserve_keys = false)", |_, a| {
        let array = a.array(0);
        let pairs = array.iter().rev();
        ok(if a.bool(1) {
            pairs.map(|(key, value)| (key, value.clone())).collect()
        } else {
            renumbered(pairs)
        })
    }),
];

/// The elements of an array, or the properties of an object.
fn elements(value: &Value) -> Array {
    match value {
        Value::Array(array) => array.clone(),
        Value::Object(object) => object.props().clone(),
        _ => Array::new(),
    }
}

/// The same pairs with integer keys counted anew from 0.
pub(super) fn renumbered<'a>(pairs: impl Iterator<Item = (Key, &'a Value)>) -> Array {
    let mut out = Array::new();
    for (key, value) in pairs {
        match key {
            Key::Int(_) => drop(out.push(value.clone())),
            name => out.insert(name, value.clone()),
        }
    }
    out
}

fn count(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let mode = args.int(1);
    match args.value(0) {
        _ if ctx.php.is_8() && !(0..=1).contains(&mode) => {
            ctx.value_error((), "count(): Argument #2 ($mode) must be either COUNT_NORMAL or COUNT_RECURSIVE")
        }
        Value::Array(array) => ok(if mode == 1 { count_all(array) } else { array.len() }),
        other => {
            let (message, old) = (
                format!(
                    "count(): Argument #1 ($value) must be of type Countable|array, {} given",
                    other.type_name()
                ),
                i64::from(!other.is_null()),
            );
            if !ctx.php.since(Version::V7_2) {
                return ok(old);
            }
            ctx.type_error(old, message)
        }
    }
}

fn count_all(array: &Array) -> usize {
    array.len() + array.values().filter_map(Value::as_array).map(count_all).sum::<usize>()
}

fn key_exists(ctx: &mut Ctx<'_>, args: &mut Args<'_>, name: &str) -> Outcome {
    let array = match args.value(1) {
        Value::Object(object) => object.props().clone(),
        _ => args.array(1),
    };
    let key = match args.value(0) {
        value @ (Value::Int(_) | Value::Str(_) | Value::Null) => to_key(ctx.php, value),
        value @ (Value::Bool(_) | Value::Float(_)) if ctx.php.is_8() => to_key(ctx.php, value),
        Value::Array(_) | Value::Object(_) if ctx.php.is_8() => {
            return ctx.type_error(
                false,
                format!("{name}(): Argument #1 ($key) must be a valid array offset type"),
            );
        }
        _ => {
            ctx.warn("The first argument should be either a string or an integer");
            return ok(false);
        }
    };
    ok(key.is_some_and(|key| array.contains_key(&key)))
}

/// Adds or multiplies up; what is no scalar is skipped, from 8.3 with a warning.
fn fold(ctx: &mut Ctx<'_>, array: &Array, start: Value, sum: bool) -> Outcome {
    if array.is_empty() {
        return Ok(start);
    }
    let mut total = start;
    for value in array.values() {
        if matches!(value, Value::Array(_)) || sum && matches!(value, Value::Object(_)) {
            if ctx.php.since(Version::V8_3) {
                ctx.warn("Addition is not supported on this type");
            }
            continue;
        }
        let number = Value::from(to_number(ctx.php, value));
        total =
            if sum { arith::add(ctx.php, &total, &number)? } else { arith::mul(ctx.php, &total, &number)? };
    }
    Ok(total)
}

fn push(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let mut array = args.take_array(0);
    let mut failed = false;
    for value in args.rest(1) {
        failed |= crate::access::append(ctx.php, &mut array, value.clone()).is_err();
    }
    let len = array.len();
    args.set(0, array);
    if failed {
        let message = "Cannot add element to the array as the next element is already occupied";
        return ctx.error(crate::ErrorClass::Error, false, message);
    }
    ok(len)
}

fn unshift(_: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let array = args.take_array(0);
    let mut out: Array = args.rest(1).iter().cloned().collect();
    for (key, value) in array.iter() {
        match key {
            Key::Int(_) => drop(out.push(value.clone())),
            name => out.insert(name, value.clone()),
        }
    }
    let len = out.len();
    args.set(0, out);
    ok(len)
}
