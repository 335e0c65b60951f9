//! The forms that look for the same key in each of the other arrays.

use super::{Common, Comparison};
use crate::call::Ctx;
use crate::error::Thrown;
use crate::value::{Array, Key, Value};

pub(super) fn run(
    ctx: &mut Ctx<'_>,
    comparison: &Comparison,
    common: Common,
    arrays: &[Array],
) -> Result<Array, Thrown> {
    let Some((first, others)) = arrays.split_first() else { return Ok(Array::new()) };
    let mut out = Array::new();
    for (key, value) in first.iter() {
        let kept = match common {
            Common::Kept => is_in_all(ctx, comparison, others, &key, value)?,
            Common::Left => !is_in_one(ctx, comparison, others, &key, value)?,
        };
        if kept {
            out.insert(key, value.clone());
        }
    }
    Ok(out)
}

fn has(
    ctx: &mut Ctx<'_>,
    comparison: &Comparison,
    array: &Array,
    key: &Key,
    value: &Value,
) -> Result<bool, Thrown> {
    match array.get(key) {
        Some(other) => Ok(comparison.data(ctx, value, other)? == 0),
        None => Ok(false),
    }
}

fn is_in_all(
    ctx: &mut Ctx<'_>,
    comparison: &Comparison,
    others: &[Array],
    key: &Key,
    value: &Value,
) -> Result<bool, Thrown> {
    for other in others {
        if !has(ctx, comparison, other, key, value)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_in_one(
    ctx: &mut Ctx<'_>,
    comparison: &Comparison,
    others: &[Array],
    key: &Key,
    value: &Value,
) -> Result<bool, Thrown> {
    for other in others {
        if has(ctx, comparison, other, key, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}
