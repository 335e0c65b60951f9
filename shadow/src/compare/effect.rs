//! Compares the records of two sides as multisets: what only one side sends is lost or extra, never silence.

use crate::compare::documents;
use crate::difference::{Differences, Form, Found, Kind};
use crate::experiment::EffectRecord;
use crate::path::{Part, Path};

/// Up to so many unequal records a side, the most alike are paired; beyond it their order decides.
const MAX_PAIRED: usize = 16;

/// Every difference between what two sides sent.
pub fn effects(control: &[EffectRecord], candidate: &[EffectRecord]) -> Differences {
    let mut found = Differences::default();
    let mut rest: Vec<&EffectRecord> = candidate.iter().collect();
    let mut lost = Vec::new();
    for record in control {
        match rest.iter().position(|other| same(record, other)) {
            Some(at) => drop(rest.remove(at)),
            None => lost.push(record),
        }
    }
    pair(&mut lost, &mut rest, |a, b| a.topic == b.topic && a.key == b.key, &mut found);
    pair(&mut lost, &mut rest, |a, b| a.topic == b.topic, &mut found);
    for record in lost {
        found.missing(place(Part::Effect, record), shown(record.value.as_deref()));
    }
    for record in rest {
        found.extra(place(Part::Effect, record), shown(record.value.as_deref()));
    }
    found
}

fn same(a: &EffectRecord, b: &EffectRecord) -> bool {
    a.topic == b.topic
        && a.key == b.key
        && a.value == b.value
        && same_partition(a, b)
        && a.headers == b.headers
}

fn same_partition(a: &EffectRecord, b: &EffectRecord) -> bool {
    a.partition.is_none() || b.partition.is_none() || a.partition == b.partition
}

/// Takes out pairs that `belong` together, the most alike first, and reports in what each pair differs.
fn pair<'a>(
    lost: &mut Vec<&'a EffectRecord>,
    rest: &mut Vec<&'a EffectRecord>,
    belong: impl Fn(&EffectRecord, &EffectRecord) -> bool,
    found: &mut Differences,
) {
    let few = lost.len() <= MAX_PAIRED && rest.len() <= MAX_PAIRED;
    let mut left = Vec::new();
    for record in lost.drain(..) {
        let mut others = rest.iter().enumerate().filter(|(_, other)| belong(record, other));
        let nearest =
            if few { others.min_by_key(|(_, other)| records(record, other).len()) } else { others.next() };
        match nearest.map(|(at, _)| at) {
            Some(at) => found.append(records(record, rest.remove(at))),
            None => left.push(record),
        }
    }
    *lost = left;
}

/// In what two records of one topic differ.
fn records(a: &EffectRecord, b: &EffectRecord) -> Differences {
    let mut found = Differences::default();
    if a.key != b.key {
        found.both(place(Part::EffectKey, a), Kind::Value, shown(a.key.as_deref()), shown(b.key.as_deref()));
    }
    if !same_partition(a, b) {
        let number =
            |partition: Option<i32>| Found::new(Form::Number, partition.unwrap_or_default().to_string());
        found.both(place(Part::EffectPartition, a), Kind::Value, number(a.partition), number(b.partition));
    }
    let path = place(Part::Effect, a);
    match (a.value.as_deref(), b.value.as_deref()) {
        (Some(a), Some(b)) => documents(&path, a, b, &mut found),
        (None, None) => {}
        (a, b) => found.both(path, Kind::Type, shown(a), shown(b)),
    }
    headers(a, b, &mut found);
    found
}

/// Record headers are ordered and may repeat; the n-th of a name is compared with the n-th.
fn headers(a: &EffectRecord, b: &EffectRecord, found: &mut Differences) {
    let mut rest: Vec<_> = b.headers.iter().collect();
    let mut in_order = true;
    for (name, value) in &a.headers {
        let path = place(Part::EffectHeader, a).key(name);
        match rest.iter().position(|(other, _)| other == name) {
            None => found.missing(path, Found::text(value)),
            Some(at) => {
                in_order &= at == 0;
                let (_, other) = rest.remove(at);
                if value != other {
                    found.both(path, Kind::Value, Found::text(value), Found::text(other));
                }
            }
        }
    }
    let known = found.len();
    for (name, value) in rest {
        found.extra(place(Part::EffectHeader, a).key(name), Found::text(value));
    }
    if !in_order && found.len() == known && a.headers.len() == b.headers.len() {
        let names = |record: &EffectRecord| {
            let names: Vec<_> = record.headers.iter().map(|(name, _)| name.as_str()).collect();
            Found::new(Form::Text, names.join(", "))
        };
        found.both(place(Part::EffectHeader, a), Kind::Order, names(a), names(b));
    }
}

fn place(part: Part, record: &EffectRecord) -> Path {
    Path::new(part).key(&record.topic)
}

fn shown(bytes: Option<&[u8]>) -> Found {
    bytes.map_or_else(|| Found::new(Form::Null, "null"), Found::text)
}
