//! The forms by value and by callback: all arrays are sorted, then one walks along them.

use std::collections::HashSet;

use super::super::zend_sort::{quick_sort, zend_sort};
use super::{Comparison, Data, Keys, Pair, without};
use crate::call::Ctx;
use crate::error::Thrown;
use crate::value::{Array, Key};

/// The sorted arrays and how far each has been walked.
struct Walk<'c> {
    comparison: &'c Comparison,
    lists: Vec<Vec<Pair>>,
    at: Vec<usize>,
    left: HashSet<Key>,
}

impl<'c> Walk<'c> {
    fn new(ctx: &mut Ctx<'_>, comparison: &'c Comparison, arrays: &[Array]) -> Result<Self, Thrown> {
        let mut lists: Vec<Vec<Pair>> = arrays
            .iter()
            .map(|array| array.iter().map(|(key, value)| (key, value.clone())).collect())
            .collect();
        let old = ctx.php.is_5();
        for list in &mut lists {
            let mut compare = |a: &Pair, b: &Pair| order(ctx, comparison, a, b);
            if old { quick_sort(list, &mut compare)? } else { zend_sort(list, &mut compare)? }
        }
        Ok(Self { comparison, at: vec![0; lists.len()], lists, left: HashSet::new() })
    }

    /// The element of a list that the walk has come to.
    fn here(&self, list: usize) -> Option<&Pair> {
        self.lists[list].get(self.at[list])
    }

    /// Equal elements follow one another only where keys do not count.
    fn has_runs(&self) -> bool {
        self.comparison.keys == Keys::Any
    }

    fn leave(&mut self) {
        if let Some((key, _)) = self.here(0) {
            let key = key.clone();
            self.left.insert(key);
        }
    }

    /// Walks on in the first list past all that equal the element there, leaving them out or not.
    fn pass_run(&mut self, ctx: &mut Ctx<'_>, leave: bool) -> Result<(), Thrown> {
        loop {
            if leave {
                self.leave();
            }
            self.at[0] += 1;
            let Some(next) = self.here(0) else { return Ok(()) };
            if !self.has_runs() || order(ctx, self.comparison, &self.lists[0][self.at[0] - 1], next)? != 0 {
                return Ok(());
            }
        }
    }
}

/// The order of the sorting: by value, or by key where those count.
fn order(ctx: &mut Ctx<'_>, comparison: &Comparison, a: &Pair, b: &Pair) -> Result<i64, Thrown> {
    match comparison.keys {
        Keys::Any => comparison.data(ctx, &a.1, &b.1),
        _ => comparison.keys(ctx, &a.0, &b.0),
    }
}

/// What all arrays have.
pub(super) fn intersection(
    ctx: &mut Ctx<'_>,
    comparison: &Comparison,
    arrays: &[Array],
) -> Result<Array, Thrown> {
    let mut walk = Walk::new(ctx, comparison, arrays)?;
    while walk.here(0).is_some() {
        match walk.missing_in(ctx)? {
            Missing::InNone => walk.pass_run(ctx, false)?,
            Missing::FromHere => {
                while walk.here(0).is_some() {
                    walk.leave();
                    walk.at[0] += 1;
                }
            }
            Missing::In(list) => walk.leave_below(ctx, list)?,
        }
    }
    Ok(without(&arrays[0], &walk.left))
}

/// Where the element of the first list is not found.
enum Missing {
    InNone,
    In(usize),
    /// A list has come to its end: nor will any later element be found.
    FromHere,
}

impl Walk<'_> {
    fn missing_in(&mut self, ctx: &mut Ctx<'_>) -> Result<Missing, Thrown> {
        for list in 1..self.lists.len() {
            let order = loop {
                let (Some(wanted), Some(found)) = (self.here(0), self.here(list)) else {
                    return Ok(Missing::FromHere);
                };
                match order(ctx, self.comparison, wanted, found)? {
                    1.. => self.at[list] += 1,
                    0 if !self.has_runs() => break self.comparison.data(ctx, &wanted.1, &found.1)?,
                    order => break order,
                }
            };
            if order != 0 {
                return Ok(Missing::In(list));
            }
            self.at[list] += 1;
        }
        Ok(Missing::InNone)
    }

    /// Leaves out all elements that come before the one that the other list has come to.
    fn leave_below(&mut self, ctx: &mut Ctx<'_>, list: usize) -> Result<(), Thrown> {
        loop {
            self.leave();
            self.at[0] += 1;
            let (Some(next), Some(found)) = (self.here(0), self.here(list)) else { return Ok(()) };
            if !self.has_runs() || order(ctx, self.comparison, next, found)? >= 0 {
                return Ok(());
            }
        }
    }
}

/// What the first array has and none of the others.
pub(super) fn difference(
    ctx: &mut Ctx<'_>,
    comparison: &Comparison,
    arrays: &[Array],
) -> Result<Array, Thrown> {
    let mut walk = Walk::new(ctx, comparison, arrays)?;
    while walk.here(0).is_some() {
        let mut found = false;
        for list in 1..arrays.len() {
            found = if walk.has_runs() { walk.comes_to(ctx, list)? } else { walk.has_key(ctx, list)? };
            if found {
                break;
            }
        }
        walk.pass_run(ctx, found)?;
    }
    Ok(without(&arrays[0], &walk.left))
}

impl Walk<'_> {
    /// Whether the other list has the element, walking it up to where that would be.
    fn comes_to(&mut self, ctx: &mut Ctx<'_>, list: usize) -> Result<bool, Thrown> {
        while let (Some(wanted), Some(found)) = (self.here(0), self.here(list)) {
            match order(ctx, self.comparison, wanted, found)? {
                1.. => self.at[list] += 1,
                0 => {
                    self.at[list] += 1;
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    /// Whether the other list has the key, and the element with it; PHP looks through all of it.
    fn has_key(&self, ctx: &mut Ctx<'_>, list: usize) -> Result<bool, Thrown> {
        let Some(wanted) = self.here(0) else { return Ok(false) };
        for found in &self.lists[list] {
            if order(ctx, self.comparison, wanted, found)? == 0 {
                return Ok(
                    self.comparison.data == Data::Any || self.comparison.data(ctx, &wanted.1, &found.1)? == 0
                );
            }
        }
        Ok(false)
    }
}
