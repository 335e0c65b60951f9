//! `array_fill`, `array_combine`, `array_column`, `array_pad`, `array_chunk`.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_key;
use crate::error::{ErrorClass, Thrown};
use crate::families::types::text_of;
use crate::php::Version;
use crate::value::{Array, Key, Value};

/// The most elements that a function here makes.
pub(super) const MAX_ELEMENTS: u64 = 1 << 24;

pub(crate) const ROWS: &[Row] = &[
    ("array_fill(int $start_index, int $count, mixed $value)", array_fill),
    ("array_fill_keys(array $keys, mixed $value)", |c, a| {
        let (keys, value, mut out) = (a.array(0), a.value(1).clone(), Array::new());
        for key in keys.values() {
            let key =
                if let Value::Int(int) = key { Key::Int(*int) } else { Key::from_text(text_of(c, key)?) };
            out.insert(key, value.clone());
        }
        ok(out)
    }),
    ("array_combine(array $keys, array $values)", |c, a| {
        let (keys, values, mut out) = (a.array(0), a.array(1), Array::new());
        if keys.len() != values.len() {
            let message = "array_combine(): Argument #1 ($keys) and argument #2 ($values) must have the same number of elements";
            return c.value_error(false, message);
        }
        for (key, value) in keys.values().zip(values.values()) {
            let key =
                if let Value::Int(int) = key { Key::Int(*int) } else { Key::from_text(text_of(c, key)?) };
            out.insert(key, value.clone());
        }
        ok(out)
    }),
    ("array_pad(array $array, int $length, mixed $value)", array_pad),
    ("array_chunk(array $array, int $length, bool $preserve_keys = false)", |c, a| {
        let Some(size) = usize::try_from(a.int(1)).ok().filter(|size| *size > 0) else {
            return c.value_error((), "array_chunk(): Argument #2 ($length) must be greater than 0");
        };
        let (array, keep) = (a.array(0), a.bool(2));
        let pairs: Vec<(Key, &Value)> = array.iter().collect();
        let chunk = |chunk: &[(Key, &Value)]| match keep {
            true => chunk.iter().map(|(key, value)| (key.clone(), (*value).clone())).collect::<Array>(),
            false => chunk.iter().map(|(_, value)| (*value).clone()).collect::<Array>(),
        };
        ok(pairs.chunks(size).map(|part| Value::Array(chunk(part))).collect::<Vec<_>>())
    }),
    (
        "8.0- array_column(array $array, string|int|null $column_key, string|int|null $index_key = null)",
        array_column,
    ),
    ("-7.4 array_column(array $arg, mixed $column_key, mixed $index_key = null)", array_column),
];

fn array_fill(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (start, count, value) = (args.int(0), args.int(1), args.value(2).clone());
    if count < 0 || count == 0 && !ctx.php.since(Version::V5_6) {
        return ctx
            .value_error(false, "array_fill(): Argument #2 ($count) must be greater than or equal to 0");
    }
    if count as u64 > MAX_ELEMENTS {
        return ctx.value_error(false, "array_fill(): Argument #2 ($count) is too large");
    }
    let mut out = Array::new();
    if count > 0 {
        out.insert(start, value.clone());
    }
    for _ in 1..count {
        match ctx.php.is_8() {
            // `array_fill` counted on from a negative start before `[]` did, from 8.3.
            true => drop(out.push_8_3(value.clone())),
            false => ctx.append(&mut out, value.clone()),
        }
    }
    ok(out)
}

fn array_pad(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (array, size, value) = (args.array(0), args.int(1), args.value(2).clone());
    let missing = size.unsigned_abs().saturating_sub(array.len() as u64);
    if missing > 1_048_576 {
        return ctx
            .value_error(false, "array_pad(): Argument #2 ($length) must be less than or equal to 1048576");
    }
    if missing == 0 {
        return ok(array);
    }
    let padding = (0..missing).map(|_| (Key::Int(0), &value));
    ok(match size > 0 {
        true => super::basic::renumbered(array.iter().chain(padding)),
        false => super::basic::renumbered(padding.chain(array.iter())),
    })
}

fn array_column(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (array, column, index) = (args.array(0), args.value(1).clone(), args.value(2).clone());
    for (key, what) in [(&column, "column"), (&index, "index")] {
        if matches!(key, Value::Array(_) | Value::Bool(_)) && !ctx.php.is_8() {
            ctx.warn(format!("array_column(): The {what} key should be either a string or an integer"));
            return ok(false);
        }
    }
    if ctx.php.since(Version::V7_4) && !ctx.php.is_8() {
        for key in [&column, &index].into_iter().filter(|key| matches!(key, Value::Object(_))) {
            text_of(ctx, key)?;
        }
    }
    let php = ctx.php;
    let find = |row: &Value, key: &Value| -> Option<Value> {
        let key = match key {
            Value::Str(text) if php.is_5() => Key::Str(text.clone()), // 5.6 never took a text for an integer
            key => to_key(php, key)?,
        };
        match row {
            Value::Array(row) => row.get(&key).cloned(),
            Value::Object(row) if !php.is_5() => row.props().get(&Key::Str(key.to_str())).cloned(),
            _ => None,
        }
    };
    let is_row = |row: &Value| !php.is_5() || matches!(row, Value::Array(_));
    // Up to 7.0 only texts and integers were keys.
    let is_key = |key: &Value| php.since(Version::V7_1) || matches!(key, Value::Str(_) | Value::Int(_));
    let mut out = Array::new();
    for row in array.values().filter(|row| is_row(row)) {
        let value = match column.is_null() {
            true => Some(row.clone()),
            false => find(row, &column),
        };
        let Some(value) = value else { continue };
        let key = if index.is_null() { None } else { find(row, &index) };
        let key = match key {
            Some(Value::Array(_) | Value::Object(_)) if php.is_8() => {
                return Err(Thrown::new(ErrorClass::TypeError, "Illegal offset type"));
            }
            Some(object @ Value::Object(_)) => Some(text_of(ctx, &object)?.into()),
            key => key,
        };
        match key.filter(is_key).and_then(|key| to_key(php, &key)) {
            Some(key) => out.insert(key, value),
            None => ctx.append(&mut out, value),
        }
    }
    ok(out)
}
