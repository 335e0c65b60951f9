//! Taking parts: `substr`, `substr_compare`, `substr_replace`.

use super::compare::{Case, binary_compare};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::families::types::{changed_to_text, text_of};
use crate::php::{Php, Version};
use crate::value::{Array, Str, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- substr(string $string, int $offset, ?int $length = null)", call_substr),
    ("-7.4 substr(string $string, int $offset, int $length = ?)", call_substr),
    (
        "8.0- substr_compare(string $haystack, string $needle, int $offset, ?int $length = null, bool $case_insensitive = false)",
        substr_compare,
    ),
    (
        "-5.6 substr_compare(string $main_str, string $str, int $offset, int $length = ?, bool $case_insensitivity = false): false",
        substr_compare,
    ),
    (
        "7.0-7.4 substr_compare(string $main_str, string $str, int $offset, ?int $length = ?, bool $case_insensitivity = false): false",
        substr_compare,
    ),
    (
        "8.0- substr_replace(array|string $string, array|string $replace, array|int $offset, array|int|null $length = null)",
        substr_replace,
    ),
    ("-7.4 substr_replace(mixed $str, mixed $replace, mixed $start, mixed $length = ?)", substr_replace),
];

fn call_substr(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let part = substr(ctx.php, args.bytes(0), args.int(1), args.opt_int(2));
    Ok(part.map_or(Value::FALSE, Value::from))
}

/// `substr`: none is PHP's false, up to 7.4, where nothing is there to take; from 8.0 that is `""`.
pub fn substr<'a>(php: &Php, text: &'a [u8], offset: i64, length: Option<i64>) -> Option<&'a [u8]> {
    let len = text.len() as i64;
    if !php.is_8() && refused(php, len, offset, length) {
        return None;
    }
    // 8.0 alone negated the least integer without noticing that it stays negative.
    let is_8_0 = php.is_8() && !php.since(Version::V8_1);
    if is_8_0 && offset == i64::MIN {
        return Some(b"");
    }
    let length = length.filter(|length| !(is_8_0 && *length == i64::MIN));
    let start = if offset < 0 { offset.saturating_add(len).max(0) } else { offset.min(len) };
    let length = match length {
        None => len - start,
        Some(length) if length < 0 => (len - start).saturating_add(length).max(0),
        Some(length) => length.min(len - start),
    };
    Some(&text[start as usize..(start + length) as usize])
}

/// The cases for which PHP up to 7.4 answers false.
fn refused(php: &Php, len: i64, offset: i64, length: Option<i64>) -> bool {
    let length = length.unwrap_or(len);
    let offset = if offset < 0 && offset.saturating_neg() > len { 0 } else { offset };
    length < 0 && (length.saturating_neg() > len || length.saturating_add(len).saturating_sub(offset) < 0)
        || offset > len
        || php.is_5() && offset == len
}

fn substr_compare(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (text, other, length) = (args.bytes(0), args.bytes(1), args.opt_int(3));
    if length == Some(0) {
        return ok(0);
    }
    if length.is_some_and(|length| length < 0) {
        let message = "substr_compare(): Argument #4 ($length) must be greater than or equal to 0";
        return ctx.value_error(false, message);
    }
    let len = text.len() as i64;
    let offset = if args.int(2) < 0 { args.int(2).saturating_add(len).max(0) } else { args.int(2) };
    if offset > len || offset == len && !ctx.php.since(Version::V7_1) {
        let message = "substr_compare(): Argument #3 ($offset) must be contained in argument #1 ($main_str)";
        return ctx.value_error(false, message);
    }
    let text = &text[offset as usize..];
    let limit = length.map_or(usize::MAX, |length| length as usize);
    let case = if args.bool(4) { Case::Ignored } else { Case::Counts };
    ok(binary_compare(ctx.php, text, other, limit, case))
}

/// Elements of an array one after the other, or one value again and again.
enum Each {
    One(Value),
    Many(Vec<Value>),
}

impl Each {
    fn of(value: &Value) -> Self {
        match value {
            Value::Array(array) => Self::Many(array.values().cloned().collect()),
            other => Self::One(other.clone()),
        }
    }

    fn at(&self, index: usize) -> Option<Value> {
        match self {
            Self::One(value) => Some(value.clone()),
            Self::Many(list) => list.get(index).cloned(),
        }
    }
}

fn substr_replace(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (subject, replace) = (args.value(0).clone(), args.value(1).clone());
    let (start, length) = (args.value(2).clone(), args.value(3).clone());
    let length_given = args.is_set(3) || args.has(3) && !ctx.php.is_8();
    let Value::Array(subjects) = &subject else {
        let text = changed_to_text(ctx, &subject)?;
        return replace_one(ctx, &text, &replace, &start, &length, length_given);
    };
    let is_list = matches!(replace, Value::Array(_));
    let (replace, start, length) = (Each::of(&replace), Each::of(&start), Each::of(&length));
    let mut out = Array::new();
    for (index, (key, subject)) in subjects.iter().enumerate() {
        let text = text_of(ctx, subject)?;
        let with = match replace.at(index) {
            Some(value) if is_list => text_of(ctx, &value)?,
            Some(value) => changed_to_text(ctx, &value)?,
            None => Str::EMPTY,
        };
        let from = start.at(index).map_or(0, |value| crate::cast::to_int(ctx.php, &value));
        let count = match length.at(index) {
            Some(value) if length_given => crate::cast::to_int(ctx.php, &value),
            _ => text.len() as i64,
        };
        out.insert(key, replaced(&text, &with, from, count));
    }
    Ok(out.into())
}

fn replace_one(
    ctx: &mut Ctx<'_>,
    text: &[u8],
    replace: &Value,
    start: &Value,
    length: &Value,
    length_given: bool,
) -> Outcome {
    let array = |value: &Value| matches!(value, Value::Array(_));
    if array(start) != array(length) && length_given || array(start) {
        let message =
            "substr_replace(): Argument #3 ($offset) cannot be an array when working on a single string";
        return ctx.type_error(text, message);
    }
    let with = match replace {
        Value::Array(list) => match list.values().next() {
            Some(first) => text_of(ctx, &first.clone())?,
            None => Str::EMPTY,
        },
        other => changed_to_text(ctx, other)?,
    };
    let count = if length_given { crate::cast::to_int(ctx.php, length) } else { text.len() as i64 };
    ok(replaced(text, &with, crate::cast::to_int(ctx.php, start), count))
}

/// `substr_replace`: the bytes from here on, so many, are replaced; negative ones count from the end.
pub fn replaced(text: &[u8], with: &[u8], start: i64, length: i64) -> Vec<u8> {
    let len = text.len() as i64;
    let start = if start < 0 { start.saturating_add(len).max(0) } else { start.min(len) };
    let length = if length < 0 { (len - start).saturating_add(length).max(0) } else { length.min(len) };
    let end = start.saturating_add(length).min(len);
    [&text[..start as usize], with, &text[end as usize..]].concat()
}
