//! `array_slice`, `array_splice`, `array_unique`.

use super::sort::{Flags, order};
use super::zend_sort::{quick_sort, zend_sort};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_array, to_int};
use crate::families::types::printed;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- array_slice(array $array, int $offset, ?int $length = null, bool $preserve_keys = false)",
        array_slice,
    ),
    (
        "-7.4 array_slice(array $arg, int $offset, mixed $length = null, bool $preserve_keys = false)",
        array_slice,
    ),
    (
        "8.0- array_splice(array &$array, int $offset, ?int $length = null, mixed $replacement = [])",
        array_splice,
    ),
    ("-7.4 array_splice(array &$arg, int $offset, int $length = ?, mixed $replacement = [])", array_splice),
    ("array_unique(array $array, int $flags = 2)", array_unique),
];

fn array_slice(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let array = args.array(0);
    let length = args.is_set(2).then(|| to_int(ctx.php, args.value(2)));
    let (start, count) = span(array.len(), args.int(1), length);
    let pairs = array.iter().skip(start).take(count);
    ok(match args.bool(3) {
        true => pairs.map(|(key, value)| (key, value.clone())).collect(),
        false => super::basic::renumbered(pairs),
    })
}

/// Where a slice starts and how many it has, with negative numbers counted from the end.
fn span(len: usize, offset: i64, length: Option<i64>) -> (usize, usize) {
    let len = len as i64;
    let start = if offset < 0 { offset.saturating_add(len).max(0) } else { offset.min(len) };
    let count = match length {
        None => len - start,
        Some(length) if length < 0 => (len - start).saturating_add(length).max(0),
        Some(length) => length.min(len - start),
    };
    (start as usize, count as usize)
}

fn array_splice(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let replacement = to_array(ctx.php, args.value(3));
    let length = args.opt_int(2);
    let array = args.take_array(0);
    let (start, count) = span(array.len(), args.int(1), length);
    let pairs: Vec<(Key, &Value)> = array.iter().collect();
    let removed = super::basic::renumbered(pairs[start..start + count].iter().cloned());
    let inserted = replacement.values().map(|value| (Key::Int(0), value));
    let rest = pairs[..start].iter().cloned().chain(inserted).chain(pairs[start + count..].iter().cloned());
    args.set(0, super::basic::renumbered(rest));
    ok(removed)
}

fn array_unique(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (array, flags) = (args.array(0), Flags(args.int(1)));
    if array.len() <= 1 {
        return ok(array);
    }
    let mut out = Array::new();
    if flags.0 == 2 {
        let mut seen = std::collections::HashSet::new();
        for (key, value) in array.iter() {
            if seen.insert(printed(ctx, value)?) {
                out.insert(key, value.clone());
            }
        }
        return ok(out);
    }
    // As PHP does it: sorted, of equal neighbours the first stays.
    let mut list: Vec<(usize, Key, Value)> =
        array.iter().enumerate().map(|(place, (key, value))| (place, key, value.clone())).collect();
    let old = ctx.php.is_5();
    let mut compare = |a: &(usize, Key, Value), b: &(usize, Key, Value)| order(ctx, flags, &a.2, &b.2);
    if old {
        quick_sort(&mut list, &mut compare)?
    } else {
        zend_sort(&mut list, &mut compare)?
    }
    let mut dropped = vec![false; list.len()];
    let mut last = 0;
    for at in 1..list.len() {
        if order(ctx, flags, &list[last].2, &list[at].2)? != 0 {
            last = at;
        } else if list[at].0 > list[last].0 {
            dropped[list[at].0] = true;
        } else {
            dropped[list[last].0] = true;
            last = at;
        }
    }
    out.extend(
        array
            .iter()
            .zip(dropped)
            .filter(|(_, dropped)| !dropped)
            .map(|((key, value), _)| (key, value.clone())),
    );
    ok(out)
}
