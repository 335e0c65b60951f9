//! `range`: numbers, or bytes where both bounds are texts. 8.3 made new rules for which it is.

use super::build::MAX_ELEMENTS;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_float, to_int};
use crate::numeric::{self, Number};
use crate::php::{Php, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    ("8.3- range(mixed $start, mixed $end, number $step = 1)", range_8_3),
    ("8.0-8.2 range(mixed $start, mixed $end, number $step = 1)", range),
    ("-7.4 range(mixed $start, mixed $end, mixed $step = 1): false", range),
];

const EXCEEDS: &str = "range(): Argument #3 ($step) must not exceed the specified range";

/// Up to 8.2: texts that are not numbers are bytes, any float makes all floats, and a step has no sign.
fn range(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (start, end, step) = (args.value(0).clone(), args.value(1).clone(), args.value(2).clone());
    let Some(step) = Step::read(ctx.php, &step) else {
        ctx.warn("range(): Invalid range string - must be numeric");
        return ok(false);
    };
    let text = |value: &Value| value.as_bytes().filter(|text| !text.is_empty()).map(<[u8]>::to_vec);
    let is_float = |value: &Value| matches!(value, Value::Float(_));
    if let (Some(first), Some(last)) = (text(&start), text(&end)) {
        let kinds = [&first, &last].map(|text| numeric::whole(ctx.php, text).map(|found| found.number));
        let has_float = kinds.iter().any(|kind| matches!(kind, Some(Number::Float(_))));
        if !has_float && !step.is_float {
            return match kinds {
                [None, None] => bytes(ctx, first[0], last[0], step.size as i64),
                _ => integers(ctx, &start, &end, step.size),
            };
        }
    } else if !is_float(&start) && !is_float(&end) && !step.is_float {
        return integers(ctx, &start, &end, step.size);
    }
    let (low, high) = (to_float(ctx.php, &start), to_float(ctx.php, &end));
    if !ctx.php.is_5() && (low.is_infinite() || high.is_infinite()) {
        return ctx.value_error(false, format!("Invalid range supplied: start={low} end={high}"));
    }
    floats(ctx, low, high, step.size)
}

/// How far from one element to the next.
struct Step {
    size: f64,
    is_float: bool,
}

impl Step {
    /// From 7.2 a text has to be a number.
    fn read(php: &Php, value: &Value) -> Option<Self> {
        let is_float = match value {
            Value::Str(text) => match numeric::whole(php, text).map(|found| found.number) {
                Some(Number::Float(_)) => true,
                Some(Number::Int(_)) => false,
                None if php.since(Version::V7_2) => return None,
                None => false,
            },
            value => matches!(value, Value::Float(_)),
        };
        Some(Self { size: to_float(php, value).abs(), is_float })
    }
}

/// Which bound a value is from 8.3 on.
#[derive(Clone, Copy)]
enum Bound {
    Number(Number),
    /// A single digit: a byte where the other bound is one as well.
    Digit(u8),
    Byte(u8),
}

impl Bound {
    fn read(ctx: &mut Ctx<'_>, value: &Value, place: &str) -> Result<Self, crate::Thrown> {
        let number = match value {
            Value::Str(text) => {
                match (numeric::whole(ctx.php, text), text.as_bytes()) {
                    (Some(_), [digit]) => return Ok(Self::Digit(*digit)),
                    (Some(found), _) => found.number,
                    (None, [byte, rest @ ..]) => {
                        if !rest.is_empty() {
                            ctx.warn(format!("range(): Argument {place} must be a single byte, subsequent bytes are ignored"));
                        }
                        return Ok(Self::Byte(*byte));
                    }
                    (None, []) => {
                        ctx.warn(format!("range(): Argument {place} must not be empty, casted to 0"));
                        Number::Int(0)
                    }
                }
            }
            Value::Float(float) => Number::Float(*float),
            other => Number::Int(to_int(ctx.php, other)),
        };
        match number {
            Number::Float(float) if !float.is_finite() => {
                let message = format!("range(): Argument {place} must be a finite number");
                Err(crate::Thrown::new(crate::ErrorClass::ValueError, message))
            }
            number => Ok(Self::Number(number)),
        }
    }

    /// Where bytes do not do: a byte is 0.
    fn number(self) -> Number {
        match self {
            Self::Number(number) => number,
            Self::Digit(digit) => Number::Int(i64::from(digit.wrapping_sub(b'0'))),
            Self::Byte(_) => Number::Int(0),
        }
    }
}

/// From 8.3: digits too are bytes among texts, a float that is whole counts as an integer for a step, and a step has a sign.
fn range_8_3(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (start, end) = (args.value(0).clone(), args.value(1).clone());
    let step = if args.has(2) { args.float(2) } else { 1.0 };
    let whole = step.fract() == 0.0 && ctx.php.int_size.holds_float(step);
    for (value, place) in [(&start, "#1 ($start)"), (&end, "#2 ($end)")] {
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            let message = format!(
                "range(): Argument {place} must be of type string|int|float, {} given",
                value.type_name()
            );
            return ctx.type_error((), message);
        }
    }
    if !step.is_finite() {
        return ctx.value_error((), "range(): Argument #3 ($step) must be a finite number");
    }
    if step == 0.0 {
        return ctx.value_error((), "range(): Argument #3 ($step) cannot be 0");
    }
    let bounds = [Bound::read(ctx, &start, "#1 ($start)")?, Bound::read(ctx, &end, "#2 ($end)")?];
    if let ([Bound::Byte(from) | Bound::Digit(from), Bound::Byte(to) | Bound::Digit(to)], true) =
        (bounds, whole)
    {
        return if from < to && step < 0.0 { upwards(ctx) } else { bytes(ctx, from, to, step.abs() as i64) };
    }
    let [from, to] = bounds.map(Bound::number);
    if step < 0.0 && from.to_f64() < to.to_f64() {
        return upwards(ctx);
    }
    match (from, to) {
        (Number::Int(from), Number::Int(to)) if whole => ints(ctx, from, to, step.abs()),
        _ => floats(ctx, from.to_f64(), to.to_f64(), step.abs()),
    }
}

fn upwards(ctx: &mut Ctx<'_>) -> Outcome {
    ctx.value_error((), "range(): Argument #3 ($step) must be greater than 0 for increasing ranges")
}

fn bytes(ctx: &mut Ctx<'_>, from: u8, to: u8, step: i64) -> Outcome {
    if from == to {
        return ok(vec![Value::from(&[from][..])]);
    }
    // Up to 7.4 a step beyond the other bound is none.
    if step <= 0 || step > i64::from(from.abs_diff(to)) && ctx.php.is_8() {
        return ctx.value_error(false, EXCEEDS);
    }
    let step = step as usize;
    let list: Vec<u8> = match from < to {
        true => (from..=to).step_by(step).collect(),
        false => (to..=from).rev().step_by(step).collect(),
    };
    ok(list.iter().map(|byte| Value::from(&[*byte][..])).collect::<Vec<_>>())
}

/// Both bounds made integers; in 5.6 only each element is, and equal bounds need no step.
fn integers(ctx: &mut Ctx<'_>, start: &Value, end: &Value, step: f64) -> Outcome {
    if !ctx.php.is_5() {
        let (from, to) = (to_int(ctx.php, start), to_int(ctx.php, end));
        return if step <= 0.0 { ctx.value_error(false, EXCEEDS) } else { ints(ctx, from, to, step) };
    }
    let (from, to) = (to_float(ctx.php, start), to_float(ctx.php, end));
    match floats(ctx, from, to, step.trunc())? {
        Value::Array(list) => {
            let whole = |value: &Value| Value::Int(to_int(ctx.php, value));
            ok(list.values().map(whole).collect::<Vec<_>>())
        }
        refused => Ok(refused),
    }
}

fn ints(ctx: &mut Ctx<'_>, from: i64, to: i64, step: f64) -> Outcome {
    if from == to {
        return ok(vec![Value::Int(from)]);
    }
    let (span, step) = (from.abs_diff(to), step as u64);
    if step > span {
        return ctx.value_error(false, EXCEEDS);
    }
    // A step below 1 divides by 0 in PHP: no array has room for that.
    if step == 0 || span / step >= MAX_ELEMENTS {
        return too_large(ctx);
    }
    let at = |index: u64| match from < to {
        true => from.wrapping_add((index * step) as i64),
        false => from.wrapping_sub((index * step) as i64),
    };
    ok((0..=span / step).map(|index| Value::Int(at(index))).collect::<Vec<_>>())
}

fn too_large(ctx: &mut Ctx<'_>) -> Outcome {
    ctx.value_error(false, "The supplied range exceeds the maximum array size")
}

fn floats(ctx: &mut Ctx<'_>, from: f64, to: f64, step: f64) -> Outcome {
    if from == to || from.is_nan() || to.is_nan() {
        return ok(vec![Value::Float(from)]);
    }
    let span = (from - to).abs();
    if span < step || step <= 0.0 {
        return ctx.value_error(false, EXCEEDS);
    }
    let size = span / step + 1.0;
    if size.is_nan() || size >= MAX_ELEMENTS as f64 {
        return too_large(ctx);
    }
    let at = |index: u64| match index {
        // As it is: a negative 0 stays one.
        0 => from,
        _ if from < to => from + index as f64 * step,
        _ => from - index as f64 * step,
    };
    let within = |element: &f64| if from < to { *element <= to } else { *element >= to };
    ok((0..size.round() as u64).map(at).take_while(within).map(Value::Float).collect::<Vec<_>>())
}
