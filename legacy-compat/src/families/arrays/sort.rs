//! `sort` and its family, with PHP's flags; stable from 8.0.

use super::zend_sort::{quick_sort, zend_sort};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_float, to_int};
use crate::compare::{spaceship, strings};
use crate::error::Thrown;
use crate::families::strings::compare::{strcasecmp, strcmp, strcoll, strnatcmp};
use crate::families::types::{printed, text_of};
use crate::php::{Php, Version};
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

/// What is sorted, with its place before.
pub(super) struct Entry<T> {
    pub item: T,
    pub place: usize,
}

type Pair = (Key, Value);

/// How PHP sorts: what becomes of elements that are equal, or not consistently compared, hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// 5.6, and `array_multisort` in 7.0.
    Quick,
    /// From 7.0.
    Hybrid,
}

impl Algorithm {
    pub(super) fn of(php: &Php) -> Self {
        if php.is_5() { Self::Quick } else { Self::Hybrid }
    }
}

/// Sorts; from 8.0 equal ones keep their order.
pub(super) fn sort_entries<T>(
    ctx: &mut Ctx<'_>,
    algorithm: Algorithm,
    list: &mut [Entry<T>],
    mut compare: impl FnMut(&mut Ctx<'_>, &T, &T) -> Result<i64, Thrown>,
) -> Result<(), Thrown> {
    let stable = ctx.php.is_8();
    let mut in_order = |a: &Entry<T>, b: &Entry<T>| {
        let order = compare(ctx, &a.item, &b.item)?;
        Ok(if order == 0 && stable { a.place as i64 - b.place as i64 } else { order })
    };
    match algorithm {
        Algorithm::Quick => quick_sort(list, &mut in_order),
        Algorithm::Hybrid => zend_sort(list, &mut in_order),
    }
}

/// Sorts, puts the array back, and answers true.
fn sort_with(
    ctx: &mut Ctx<'_>,
    args: &mut Args<'_>,
    keep_keys: bool,
    compare: impl FnMut(&mut Ctx<'_>, &Pair, &Pair) -> Result<i64, Thrown>,
) -> Outcome {
    let array = args.take_array(0);
    let pairs = array.iter().map(|(key, value)| (key, value.clone()));
    let mut list: Vec<_> = pairs.enumerate().map(|(place, item)| Entry { item, place }).collect();
    let sorted = sort_entries(ctx, Algorithm::of(ctx.php), &mut list, compare);
    let pairs = list.into_iter().map(|entry| entry.item);
    let array: Array = match keep_keys {
        true => pairs.collect(),
        false => pairs.map(|(_, value)| value).collect(),
    };
    args.set(0, array);
    sorted?;
    ok(true)
}

fn by_value(ctx: &mut Ctx<'_>, args: &mut Args<'_>, reverse: bool, keep_keys: bool) -> Outcome {
    let flags = Flags(args.int(1));
    sort_with(ctx, args, keep_keys, |ctx, a, b| match reverse {
        true if turns_round(ctx.php, flags) => order(ctx, flags, &b.1, &a.1),
        true => order(ctx, flags, &a.1, &b.1).map(|order| -order),
        false => order(ctx, flags, &a.1, &b.1),
    })
}

/// Whether the reverse order is that of the two turned round, not the opposite one, which shows where neither is the greater.
fn turns_round(php: &Php, flags: Flags) -> bool {
    !php.is_5() && !php.is_8() && flags.0 & !8 != 0
}

fn by_key(ctx: &mut Ctx<'_>, args: &mut Args<'_>, reverse: bool) -> Outcome {
    let flags = Flags(args.int(1));
    sort_with(ctx, args, true, |ctx, a, b| match reverse {
        true => key_order(ctx, flags, &a.0, &b.0).map(|order| -order),
        false => key_order(ctx, flags, &a.0, &b.0),
    })
}

fn natural(ctx: &mut Ctx<'_>, args: &mut Args<'_>, ignore_case: bool) -> Outcome {
    sort_with(ctx, args, true, |ctx, a, b| {
        let (x, y) = (text_of(ctx, &a.1)?, text_of(ctx, &b.1)?);
        Ok(strnatcmp(&x, &y, ignore_case))
    })
}

fn by_callback(ctx: &mut Ctx<'_>, args: &mut Args<'_>, keys: bool, keep_keys: bool) -> Outcome {
    let callback = args.value(1).clone();
    sort_with(ctx, args, keep_keys, |ctx, a, b| {
        let pair = |x: &Pair, y: &Pair| match keys {
            true => vec![x.0.clone().into(), y.0.clone().into()],
            false => vec![x.1.clone(), y.1.clone()],
        };
        let answer = ctx.call_back(&callback, pair(a, b))?;
        if answer == Value::FALSE && ctx.php.is_8() {
            // A callback that answers whether the first is greater: asked the other way round too.
            let back = ctx.call_back(&callback, pair(b, a))?;
            return Ok(-to_int(ctx.php, &back).signum());
        }
        Ok(to_int(ctx.php, &answer))
    })
}

/// Two elements by the flags: 0 by `<=>`, 1 as numbers, 2 as strings, 6 naturally, with 8 without case.
pub(super) fn order(ctx: &mut Ctx<'_>, flags: Flags, a: &Value, b: &Value) -> Result<i64, Thrown> {
    let php = ctx.php;
    let ignore_case = flags.0 & 8 != 0;
    Ok(match flags.0 & !8 {
        1 => by_number(php, to_float(php, a), to_float(php, b)),
        2 | 5 | 6 => {
            let mut text =
                |value: &Value| if flags.0 & !8 == 6 { text_of(ctx, value) } else { printed(ctx, value) };
            let (x, y) = (text(a)?, text(b)?);
            match flags.0 & !8 {
                6 => strnatcmp(&x, &y, ignore_case),
                5 => strcoll(&x, &y),
                _ if !ignore_case => strcmp(php, &x, &y),
                _ if php.is_8() || php.is_5() || a.as_bytes().is_some() && b.as_bytes().is_some() => {
                    strcasecmp(php, &x, &y)
                }
                _ => strcasecmp_of_first_length(php, &x, &y),
            }
        }
        _ => i64::from(spaceship(php, a, b)),
    })
}

/// Up to 8.3 by their difference: two infinities have none, which counts as more, in 5.6 as less.
fn by_number(php: &Php, a: f64, b: f64) -> i64 {
    let nothing = if php.is_5() { -1 } else { 1 };
    match php.since(Version::V8_4) {
        true => a.partial_cmp(&b).map_or(nothing, |order| order as i64),
        false => (a - b).partial_cmp(&0.0).map_or(nothing, |order| order as i64),
    }
}

/// 7.x took the first text's length for the second's where one of them was no string: its NUL is compared then, and what is beyond is not.
fn strcasecmp_of_first_length(php: &Php, a: &[u8], b: &[u8]) -> i64 {
    let mut b = [b, b"\0"].concat();
    b.truncate(a.len());
    strcasecmp(php, a, &b)
}

fn key_order(ctx: &mut Ctx<'_>, flags: Flags, a: &Key, b: &Key) -> Result<i64, Thrown> {
    let php = ctx.php;
    if matches!(flags.0 & !8, 1 | 2 | 5 | 6) {
        return order(ctx, flags, &a.to_str().into(), &b.to_str().into());
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
