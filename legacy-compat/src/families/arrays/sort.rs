//! `sort` and its family, with PHP's flags; stable from 8.0.

use super::zend_sort::zend_sort;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_bool, to_float, to_int};
use crate::compare::{spaceship, strings};
use crate::error::Thrown;
use crate::families::strings::compare::{strcasecmp, strcmp, strnatcmp};
use crate::families::types::text_of;
use crate::php::Version;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    ("sort(array &$array, int $flags = 0): false", |c, a| by_value(c, a, false, false)),
    ("rsort(array &$array, int $flags = 0): false", |c, a| by_value(c, a, true, false)),
    ("asort(array &$array, int $flags = 0): false", |c, a| by_value(c, a, false, true)),
    ("arsort(array &$array, int $flags = 0): false", |c, a| by_value(c, a, true, true)),
    ("ksort(array &$array, int $flags = 0): false", |c, a| by_key(c, a, false)),
    ("krsort(array &$array, int $flags = 0): false", |c, a| by_key(c, a, true)),
    ("natsort(array &$array)", |c, a| natural(c, a, false)),
    ("natcasesort(array &$array)", |c, a| natural(c, a, true)),
    ("usort(array &$array, callable $callback)", |c, a| by_callback(c, a, false, false)),
    ("uasort(array &$array, callable $callback)", |c, a| by_callback(c, a, false, true)),
    ("uksort(array &$array, callable $callback)", |c, a| by_callback(c, a, true, true)),
];

/// `SORT_*`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flags(pub i64);

/// One pair with its place before sorting.
struct Entry {
    key: Key,
    value: Value,
    place: usize,
}

fn entries(array: &Array) -> Vec<Entry> {
    array.iter().enumerate().map(|(place, (key, value))| Entry { key, value: value.clone(), place }).collect()
}

/// Sorts, puts the array back, and answers true.
fn sort_with(
    ctx: &mut Ctx<'_>,
    args: &mut Args<'_>,
    keep_keys: bool,
    mut compare: impl FnMut(&mut Ctx<'_>, &Entry, &Entry) -> Result<i64, Thrown>,
) -> Outcome {
    let mut list = entries(&args.take_array(0));
    let stable = ctx.php.is_8();
    let sorted = zend_sort(&mut list, &mut |a, b| {
        let order = compare(ctx, a, b)?;
        Ok(if order == 0 && stable { a.place as i64 - b.place as i64 } else { order })
    });
    let array: Array = match keep_keys {
        true => list.into_iter().map(|entry| (entry.key, entry.value)).collect(),
        false => list.into_iter().map(|entry| entry.value).collect(),
    };
    args.set(0, array);
    sorted?;
    ok(true)
}

fn by_value(ctx: &mut Ctx<'_>, args: &mut Args<'_>, reverse: bool, keep_keys: bool) -> Outcome {
    let flags = Flags(args.int(1));
    sort_with(ctx, args, keep_keys, |ctx, a, b| match reverse {
        true => order(ctx, flags, &b.value, &a.value),
        false => order(ctx, flags, &a.value, &b.value),
    })
}

fn by_key(ctx: &mut Ctx<'_>, args: &mut Args<'_>, reverse: bool) -> Outcome {
    let flags = Flags(args.int(1));
    sort_with(ctx, args, true, |ctx, a, b| match reverse {
        true => key_order(ctx, flags, &b.key, &a.key),
        false => key_order(ctx, flags, &a.key, &b.key),
    })
}

fn natural(ctx: &mut Ctx<'_>, args: &mut Args<'_>, ignore_case: bool) -> Outcome {
    sort_with(ctx, args, true, |ctx, a, b| {
        let (x, y) = (text_of(ctx, &a.value)?, text_of(ctx, &b.value)?);
        Ok(strnatcmp(&x, &y, ignore_case))
    })
}

fn by_callback(ctx: &mut Ctx<'_>, args: &mut Args<'_>, keys: bool, keep_keys: bool) -> Outcome {
    let callback = args.value(1).clone();
    sort_with(ctx, args, keep_keys, |ctx, a, b| {
        let pair = |x: &Entry, y: &Entry| match keys {
            true => vec![x.key.clone().into(), y.key.clone().into()],
            false => vec![x.value.clone(), y.value.clone()],
        };
        let answer = ctx.call_back(&callback, pair(a, b))?;
        if answer == Value::FALSE && ctx.php.is_8() {
            // A callback that answers whether the first is greater: asked the other way round too.
            let back = ctx.call_back(&callback, pair(b, a))?;
            return Ok(-i64::from(to_bool(&back)));
        }
        Ok(to_int(ctx.php, &answer))
    })
}

/// Two elements by the flags: 0 by `<=>`, 1 as numbers, 2 as strings, 6 naturally, with 8 without case.
pub(super) fn order(ctx: &mut Ctx<'_>, flags: Flags, a: &Value, b: &Value) -> Result<i64, Thrown> {
    let php = ctx.php;
    let ignore_case = flags.0 & 8 != 0;
    Ok(match flags.0 & !8 {
        1 => {
            let (x, y) = (to_float(php, a), to_float(php, b));
            match (a, b) {
                (Value::Int(x), Value::Int(y)) => x.cmp(y) as i64,
                _ => x.partial_cmp(&y).map_or(1, |order| order as i64),
            }
        }
        2 | 5 | 6 => {
            let (x, y) = (text_of(ctx, a)?, text_of(ctx, b)?);
            match flags.0 & !8 {
                6 => strnatcmp(&x, &y, ignore_case),
                _ if ignore_case => strcasecmp(php, &x, &y),
                _ => strcmp(php, &x, &y),
            }
        }
        _ => i64::from(spaceship(php, a, b)),
    })
}

fn key_order(ctx: &mut Ctx<'_>, flags: Flags, a: &Key, b: &Key) -> Result<i64, Thrown> {
    let php = ctx.php;
    if flags.0 & !8 != 0 {
        return order(ctx, flags, &a.clone().into(), &b.clone().into());
    }
    Ok(match (a, b) {
        (Key::Int(a), Key::Int(b)) => a.cmp(b) as i64,
        (Key::Str(a), Key::Str(b)) => strings(php, a, b).into(),
        _ if php.since(Version::V8_2) => spaceship(php, &a.clone().into(), &b.clone().into()).into(),
        _ => {
            let number = |key: &Key| match key {
                Key::Int(int) => *int as f64,
                Key::Str(text) => crate::cast::string_to_float(text),
            };
            number(a).partial_cmp(&number(b)).map_or(0, |order| order as i64)
        }
    })
}
