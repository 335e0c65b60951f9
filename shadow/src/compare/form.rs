//! Compares forms (`application/x-www-form-urlencoded`): the values of each name, in their order.

use std::collections::BTreeMap;

use crate::difference::{Differences, Found, Kind};
use crate::form::decode;
use crate::path::Path;

/// Compares two forms below `path`.
pub(super) fn compare(path: &Path, a: &[u8], b: &[u8], found: &mut Differences) {
    let (known, (pairs_a, pairs_b)) = (found.len(), (pairs(a), pairs(b)));
    let (by_a, by_b) = (by_name(&pairs_a), by_name(&pairs_b));
    for (name, one) in &by_a {
        values(&path.key(*name), one, by_b.get(name).map_or(&[], Vec::as_slice), found);
    }
    for (name, other) in by_b.iter().filter(|(name, _)| !by_a.contains_key(*name)) {
        values(&path.key(*name), &[], other, found);
    }
    if found.len() == known {
        let names =
            |pairs: &[(String, Vec<u8>)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let kind = if names(&pairs_a) == names(&pairs_b) { Kind::Spelling } else { Kind::KeyOrder };
        found.both(path.clone(), kind, Found::text(a), Found::text(b));
    }
}

type Pairs = [(String, Vec<u8>)];

fn pairs(form: &[u8]) -> Vec<(String, Vec<u8>)> {
    let pair = |pair: &[u8]| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let name = String::from_utf8_lossy(&decode(&pair[..at])).into_owned();
        (name, decode(pair.get(at + 1..).unwrap_or_default()))
    };
    form.split(|byte| *byte == b'&').filter(|text| !text.is_empty()).map(pair).collect()
}

fn by_name(pairs: &Pairs) -> BTreeMap<&str, Vec<&[u8]>> {
    let mut names = BTreeMap::<_, Vec<_>>::new();
    pairs.iter().for_each(|(name, value)| names.entry(name.as_str()).or_default().push(value.as_slice()));
    names
}

fn values(path: &Path, a: &[&[u8]], b: &[&[u8]], found: &mut Differences) {
    for at in 0..a.len().max(b.len()) {
        match (a.get(at), b.get(at)) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                found.both(path.clone(), Kind::Value, Found::text(one), Found::text(other));
            }
            (Some(one), None) => found.missing(path.clone(), Found::text(one)),
            (None, Some(other)) => found.extra(path.clone(), Found::text(other)),
            (None, None) => {}
        }
    }
}
