//! `range`, `array_fill`, `array_combine`, `array_column`, `array_pad`, `array_chunk`.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_float, to_int, to_key};
use crate::families::types::text_of;
use crate::numeric::{self, Number};
use crate::php::Version;
use crate::value::{Array, Key, Value};

/// The most elements that a function here makes.
const MAX_ELEMENTS: u64 = 1 << 24;

pub(crate) const ROWS: &[Row] = &[
    ("8.0- range(mixed $start, mixed $end, number $step = 1)", range),
    ("-7.4 range(mixed $start, mixed $end, mixed $step = 1): false", range),
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
    let find = |row: &Value, key: &Value| -> Option<Value> {
        let key = to_key(key)?;
        match row {
            Value::Array(row) => row.get(&key).cloned(),
            Value::Object(row) => row.props().get(&Key::Str(key.to_str())).cloned(),
            _ => None,
        }
    };
    let mut out = Array::new();
    for row in array.values() {
        let value = match column.is_null() {
            true => Some(row.clone()),
            false => find(row, &column),
        };
        let Some(value) = value else { continue };
        let key = if index.is_null() { None } else { find(row, &index) };
        match key.as_ref().and_then(to_key) {
            Some(key) => out.insert(key, value),
            None => ctx.append(&mut out, value),
        }
    }
    ok(out)
}

/// What a bound of `range` is.
#[derive(Clone, Copy)]
enum Bound {
    Number(Number),
    /// A digit, which from 8.3 may count as a character.
    Digit(u8),
    Byte(u8),
}

fn bound(ctx: &Ctx<'_>, value: &Value) -> Bound {
    match value {
        Value::Float(float) => Bound::Number(Number::Float(*float)),
        Value::Str(text) => match (numeric::whole(ctx.php, text), text.as_bytes()) {
            (Some(_), [digit]) => Bound::Digit(*digit),
            (Some(found), _) => Bound::Number(found.number),
            (None, [byte, ..]) => Bound::Byte(*byte),
            (None, []) => Bound::Number(Number::Int(0)),
        },
        other => Bound::Number(Number::Int(to_int(ctx.php, other))),
    }
}

fn number_of(bound: Bound) -> Number {
    match bound {
        Bound::Number(number) => number,
        Bound::Digit(digit) => Number::Int(i64::from(digit.wrapping_sub(b'0'))),
        Bound::Byte(_) => Number::Int(0),
    }
}

fn range(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (start, end) = (args.value(0).clone(), args.value(1).clone());
    let step = match args.value(2) {
        Value::Float(float) => Number::Float(*float),
        Value::Str(text) => numeric::whole(ctx.php, text).map_or(Number::Int(0), |found| found.number),
        other => Number::Int(to_int(ctx.php, other)),
    };
    let size = step.to_f64().abs();
    let refused =
        |value: &Value| ctx.php.since(Version::V8_3) && matches!(value, Value::Array(_) | Value::Object(_));
    if refused(&start) || refused(&end) {
        return ctx.type_error((), "range(): Argument #1 ($start) must be of type string|int|float");
    }
    let endless = |value: &Value| matches!(value, Value::Float(float) if !float.is_finite());
    if ctx.php.since(Version::V8_3) && (endless(&start) || endless(&end)) {
        return ctx.value_error((), "range(): Argument #1 ($start) must be a finite number");
    }
    let (from, to) = (bound(ctx, &start), bound(ctx, &end));
    if ctx.php.since(Version::V8_3) {
        let fractional = matches!(step, Number::Float(float) if float.fract() != 0.0);
        return match (from, to) {
            (Bound::Byte(from) | Bound::Digit(from), Bound::Byte(to) | Bound::Digit(to)) if !fractional => {
                bytes(ctx, from, to, size)
            }
            (from, to) => {
                let (from, to) = (number_of(from), number_of(to));
                if step.to_f64() < 0.0 && from.to_f64() < to.to_f64() {
                    return ctx.value_error(
                        (),
                        "range(): Argument #3 ($step) must be greater than 0 for increasing ranges",
                    );
                }
                numbers(ctx, from, to, fractional, size)
            }
        };
    }
    let floating = matches!(step, Number::Float(_));
    let both_texts = |a: &Value, b: &Value| {
        [a, b].iter().all(|value| value.as_bytes().is_some_and(|text| !text.is_empty()))
    };
    if both_texts(&start, &end) {
        return match (from, to) {
            (Bound::Byte(from), Bound::Byte(to)) if !floating => bytes(ctx, from, to, size),
            _ => numbers(ctx, number_of(from), number_of(to), floating, size),
        };
    }
    let floating = floating || matches!(start, Value::Float(_)) || matches!(end, Value::Float(_));
    let number = |value: &Value| match floating {
        true => Number::Float(to_float(ctx.php, value)),
        false => Number::Int(to_int(ctx.php, value)),
    };
    let (from, to) = (number(&start), number(&end));
    numbers(ctx, from, to, floating, size)
}

fn numbers(ctx: &mut Ctx<'_>, from: Number, to: Number, floating: bool, step: f64) -> Outcome {
    match (from, to) {
        (Number::Int(from), Number::Int(to)) if !floating => ints(ctx, from, to, step),
        _ => floats(ctx, from.to_f64(), to.to_f64(), step),
    }
}

fn exceeds(ctx: &mut Ctx<'_>) -> Outcome {
    ctx.value_error(false, "range(): Argument #3 ($step) must not exceed the specified range")
}

fn bytes(ctx: &mut Ctx<'_>, from: u8, to: u8, step: f64) -> Outcome {
    let span = from.abs_diff(to);
    if from == to {
        return ok(vec![Value::from(&[from][..])]);
    }
    if step < 1.0 || step > f64::from(span) {
        return exceeds(ctx);
    }
    let step = step as usize;
    let list: Vec<u8> = if from < to {
        (from..=to).step_by(step).collect()
    } else {
        (to..=from).rev().step_by(step).collect()
    };
    ok(list.iter().map(|byte| Value::from(&[*byte][..])).collect::<Vec<_>>())
}

fn ints(ctx: &mut Ctx<'_>, from: i64, to: i64, step: f64) -> Outcome {
    if from == to {
        return ok(vec![Value::Int(from)]);
    }
    let span = from.abs_diff(to);
    let step = step as u64;
    if step == 0 || step > span {
        return exceeds(ctx);
    }
    if span / step >= MAX_ELEMENTS {
        return ctx.value_error(false, "The supplied range exceeds the maximum array size");
    }
    let at = |index: u64| {
        if from < to {
            from.wrapping_add((index * step) as i64)
        } else {
            from.wrapping_sub((index * step) as i64)
        }
    };
    ok((0..=span / step).map(|index| Value::Int(at(index))).collect::<Vec<_>>())
}

fn floats(ctx: &mut Ctx<'_>, from: f64, to: f64, step: f64) -> Outcome {
    if from == to || from.is_nan() || to.is_nan() {
        return ok(vec![Value::Float(from)]);
    }
    let span = (from - to).abs();
    if !(step > 0.0 && step <= span) {
        return exceeds(ctx);
    }
    if !span.is_finite() || span / step >= MAX_ELEMENTS as f64 {
        return ctx.value_error(false, "The supplied range exceeds the maximum array size");
    }
    let count = (span / step + 1e-9).floor() as u64;
    let sign = if from < to { step } else { -step };
    ok((0..=count).map(|index| Value::Float(from + index as f64 * sign)).collect::<Vec<_>>())
}
