//! `array_diff`: what the others have is collected by its text, so that a look-up suffices.

use std::collections::HashSet;

use crate::call::Ctx;
use crate::error::Thrown;
use crate::families::types::printed;
use crate::value::Array;

/// An element becomes a text only where it is compared: an object that cannot, throws only there.
pub(super) fn difference(ctx: &mut Ctx<'_>, arrays: &[Array]) -> Result<Array, Thrown> {
    let Some((first, others)) = arrays.split_first() else { return Ok(Array::new()) };
    if first.is_empty() || first.len() > 1 && others.iter().all(Array::is_empty) {
        return Ok(first.clone());
    }
    if first.len() == 1 {
        let found = holds(ctx, first, others)?;
        return Ok(if found { Array::new() } else { first.clone() });
    }
    let mut excluded = HashSet::new();
    for value in others.iter().flat_map(Array::values) {
        excluded.insert(printed(ctx, value)?);
    }
    let mut out = Array::new();
    for (key, value) in first.iter() {
        if !excluded.contains(&printed(ctx, value)?) {
            out.insert(key, value.clone());
        }
    }
    Ok(out)
}

/// Whether one of the others has the only element, looking no further than to where it is.
fn holds(ctx: &mut Ctx<'_>, single: &Array, others: &[Array]) -> Result<bool, Thrown> {
    for wanted in single.values() {
        let wanted = printed(ctx, wanted)?;
        for value in others.iter().flat_map(Array::values) {
            if printed(ctx, value)? == wanted {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
