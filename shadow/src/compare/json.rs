//! The walk over two JSON documents, side by side.

use std::borrow::Cow;
use std::collections::HashMap;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::difference::{Differences, Form, Found, Kind};
use crate::json::{Json, Opened, decimal};
use crate::path::Path;

/// Longer lists are compared place by place, without looking for what was inserted.
const MAX_ALIGNED: usize = 2_000;

/// Walks two documents and reports every difference below `path`. Equal texts are not opened.
pub(crate) fn walk(path: &Path, control: Json<'_>, candidate: Json<'_>, found: &mut Differences) {
    if control.raw() == candidate.raw() {
        return;
    }
    match (control.open(), candidate.open()) {
        (Opened::Object(a), Opened::Object(b)) => objects(path, &a, &b, found),
        (Opened::Array(a), Opened::Array(b)) => arrays(path, (control, &a), (candidate, &b), found),
        (Opened::Array(a), Opened::Object(b)) if a.is_empty() && b.is_empty() => {
            found.both(path.clone(), Kind::EmptyListOrMap, seen(control), seen(candidate));
        }
        (Opened::Object(a), Opened::Array(b)) if a.is_empty() && b.is_empty() => {
            found.both(path.clone(), Kind::EmptyListOrMap, seen(control), seen(candidate));
        }
        (a, b) if form(&a) == form(&b) => {
            if let Some(kind) = scalars(&a, control, candidate) {
                found.both(path.clone(), kind, seen(control), seen(candidate));
            }
        }
        _ => found.both(path.clone(), Kind::Type, seen(control), seen(candidate)),
    }
}

/// What is shown of a value.
pub(crate) fn seen(json: Json<'_>) -> Found {
    Found::new(form(&json.open()), json.text())
}

fn form(opened: &Opened<'_>) -> Form {
    match opened {
        Opened::Null => Form::Null,
        Opened::Bool => Form::Bool,
        Opened::Number => Form::Number,
        Opened::String => Form::String,
        Opened::Array(_) => Form::Array,
        Opened::Object(_) => Form::Object,
    }
}

/// In which way two scalars of one type differ, whose texts do.
fn scalars(opened: &Opened<'_>, control: Json<'_>, candidate: Json<'_>) -> Option<Kind> {
    match opened {
        Opened::Number if decimal(control.raw()) == decimal(candidate.raw()) => Some(Kind::NumberForm),
        Opened::String if control.text() == candidate.text() => Some(Kind::Spelling),
        Opened::Null => None,
        _ => Some(Kind::Value),
    }
}

type Entries<'a> = [(Cow<'a, str>, Json<'a>)];

/// Duplicate keys pair up in their order: the first with the first, the second with the second.
fn objects(path: &Path, a: &Entries<'_>, b: &Entries<'_>, found: &mut Differences) {
    let (a, b) = (numbered(a), numbered(b));
    let places: HashMap<_, usize> = b.iter().enumerate().map(|(at, (key, _))| (*key, at)).collect();
    let mut taken = vec![false; b.len()];
    let mut last = 0;
    let mut in_order = true;
    for ((key, nth), value) in &a {
        match places.get(&(*key, *nth)) {
            None => found.missing(path.key(*key), seen(*value)),
            Some(&at) => {
                taken[at] = true;
                in_order &= at >= last;
                last = at;
                walk(&path.key(*key), *value, b[at].1, found);
            }
        }
    }
    for (((key, _), value), _) in b.iter().zip(&taken).filter(|(_, taken)| !**taken) {
        found.extra(path.key(*key), seen(*value));
    }
    if !in_order {
        found.both(path.clone(), Kind::KeyOrder, keys(&a), keys(&b));
    }
}

fn keys(entries: &[((&str, usize), Json<'_>)]) -> Found {
    let keys: Vec<&str> = entries.iter().map(|((key, _), _)| *key).collect();
    Found::new(Form::Text, keys.join(", "))
}

/// Entries by key and by the how-manieth of that key they are.
fn numbered<'a, 'j>(entries: &'a Entries<'j>) -> Vec<((&'a str, usize), Json<'j>)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    entries
        .iter()
        .map(|(key, value)| {
            let nth = seen.entry(key).and_modify(|n| *n += 1).or_insert(0);
            ((key.as_ref(), *nth), *value)
        })
        .collect()
}

/// Lists of one length are compared place by place; else the longest common sequence says what is missing or extra,
/// so that one lost element is one difference.
fn arrays(
    path: &Path,
    (control, a): (Json<'_>, &[Json<'_>]),
    (candidate, b): (Json<'_>, &[Json<'_>]),
    found: &mut Differences,
) {
    let texts = |list: &[Json<'_>]| list.iter().map(|json| json.compact()).collect::<Vec<_>>();
    let (left, right) = (texts(a), texts(b));
    if left == right {
        return;
    }
    let sorted = |texts: &[String]| {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        texts
    };
    if a.len() == b.len() && sorted(&left) == sorted(&right) {
        return found.both(path.clone(), Kind::Order, seen(control), seen(candidate));
    }
    if a.len() == b.len() || a.len().max(b.len()) > MAX_ALIGNED {
        return replaced(path, (0, a), (0, b), found);
    }
    for op in capture_diff_slices(Algorithm::Myers, &left, &right) {
        if let (DiffTag::Delete | DiffTag::Insert | DiffTag::Replace, old, new) = op.as_tag_tuple() {
            replaced(path, (old.start, &a[old]), (new.start, &b[new]), found);
        }
    }
}

/// Compares two runs of elements place by place; what is left over is missing or extra. `old` and `new` are where the
/// runs begin.
fn replaced(
    path: &Path,
    (old, a): (usize, &[Json<'_>]),
    (new, b): (usize, &[Json<'_>]),
    found: &mut Differences,
) {
    for at in 0..a.len().max(b.len()) {
        match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) => walk(&path.index(old + at), *a, *b, found),
            (Some(a), None) => found.missing(path.index(old + at), seen(*a)),
            (None, Some(b)) => found.extra(path.index(new + at), seen(*b)),
            (None, None) => {}
        }
    }
}
