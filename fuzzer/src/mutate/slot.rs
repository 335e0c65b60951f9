//! The places of a request that have a value: in its JSON, its form, its query, its header fields.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::value::{self, Value};
use crate::draft::{Body, Draft, Pair};
use crate::node::{Node, Place};
use crate::sources::Literal;

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Json(Place),
    Form(usize),
    Query(usize),
    Field(usize),
}

/// Fields that say how the message is read, not what it says: another value of theirs tests the server.
const LEFT_ALONE: [&str; 6] =
    ["host", "connection", "transfer-encoding", "content-encoding", "expect", "accept-encoding"];

/// All places, with their names.
pub(crate) fn slots(draft: &Draft) -> Vec<(Slot, String)> {
    let mut slots = Vec::new();
    match &draft.body {
        Body::Json(_, node) => {
            slots.extend(node.places().into_iter().map(|(place, key)| (Slot::Json(place), key)));
        }
        Body::Form(pairs) => {
            slots.extend(
                pairs.iter().enumerate().map(|(n, pair)| (Slot::Form(n), innermost(&pair.plain_name()))),
            );
        }
        Body::Raw(_) => {}
    }
    let query = draft.query.iter().flatten().enumerate();
    slots.extend(query.map(|(n, pair)| (Slot::Query(n), innermost(&pair.plain_name()))));
    let fields =
        draft.fields.iter().enumerate().map(|(n, (name, _))| (Slot::Field(n), name.to_ascii_lowercase()));
    slots.extend(fields.filter(|(_, name)| !LEFT_ALONE.contains(&name.as_str())));
    slots
}

/// `flight[tail][]` is about `tail`.
fn innermost(name: &str) -> String {
    let mut steps = name.split('[').map(|step| step.trim_end_matches(']'));
    steps.rfind(|step| !step.is_empty()).unwrap_or(name).to_owned()
}

/// The names of all places.
pub(crate) fn names_of(draft: &Draft) -> BTreeSet<String> {
    slots(draft).into_iter().map(|(_, name)| name).collect()
}

/// What a literal may be the name of: a field as PHP code writes it, a header as `$_SERVER` has it.
pub(crate) fn name(literal: &Literal) -> Option<String> {
    let Literal::Text(text) = literal else { return None };
    let text = std::str::from_utf8(text).ok()?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if text.is_empty() || text.len() > 40 || !text.chars().all(is_name) {
        return None;
    }
    Some(match text.strip_prefix("HTTP_") {
        Some(header) => header.to_ascii_lowercase().replace('_', "-"),
        None if text == "CONTENT_TYPE" => "content-type".to_owned(),
        None => text.to_owned(),
    })
}

/// Sets one place of that name; makes one where there is none.
pub(super) fn set_named(draft: &mut Draft, name: &str, value: &Value, rng: &mut Rng) {
    let named: Vec<Slot> =
        slots(draft).into_iter().filter(|(_, other)| other == name).map(|(slot, _)| slot).collect();
    match rng.choice(&named) {
        Some(slot) => set(draft, slot, value, rng),
        None => add(draft, name, value, rng),
    }
}

/// Sets some place.
pub(super) fn set_any(draft: &mut Draft, value: &Value, rng: &mut Rng) {
    if let Some((slot, _)) = rng.choice(&slots(draft)) {
        set(draft, slot, value, rng);
    }
}

/// Changes what some place has.
pub(super) fn change_any(draft: &mut Draft, rng: &mut Rng) {
    let Some((slot, _)) = rng.choice(&slots(draft)).cloned() else { return };
    let Some(before) = get(draft, &slot) else { return };
    let changed = value::changed(&before, rng);
    set(draft, &slot, &changed, rng);
}

/// Sets some place to what another request has under its name.
pub(super) fn take_from(draft: &mut Draft, other: &Draft, rng: &mut Rng) {
    let theirs = slots(other);
    let Some((slot, name)) = rng.choice(&theirs) else { return };
    if let Some(value) = get(other, slot) {
        set_named(draft, name, &value, rng);
    }
}

/// What a place has; `None` of what is no text and no number.
pub(crate) fn get(draft: &Draft, slot: &Slot) -> Option<Value> {
    match (slot, &draft.body) {
        (Slot::Json(place), Body::Json(_, node)) => {
            let node = node.at(place)?;
            Some(Value { bytes: node.text()?.into_bytes(), bare: !node.is_string() })
        }
        (Slot::Form(n), Body::Form(pairs)) => Some(Value::bytes(pairs.get(*n)?.plain_value())),
        (Slot::Query(n), _) => Some(Value::bytes(draft.query.as_ref()?.get(*n)?.plain_value())),
        (Slot::Field(n), _) => Some(Value::bytes(draft.fields.get(*n)?.1.clone())),
        _ => None,
    }
}

/// Sets a place, in JSON with quotes where it had some and without where it had none.
pub(crate) fn put(draft: &mut Draft, slot: &Slot, bytes: &[u8]) {
    let bare = |old: &Node| Node::parse(bytes).filter(|_| !old.is_string());
    let node = |old: &Node| bare(old).unwrap_or_else(|| Node::string(&String::from_utf8_lossy(bytes)));
    write(draft, slot, &Value::bytes(bytes.to_vec()), node);
}

/// The request without that place; `None` of a header field.
pub(crate) fn without(draft: &Draft, slot: &Slot) -> Option<Draft> {
    let mut without = draft.clone();
    match (slot, &mut without.body) {
        (Slot::Json(place), Body::Json(_, node)) => node.remove(place).then_some(())?,
        (Slot::Form(n), Body::Form(pairs)) if *n < pairs.len() => drop(pairs.remove(*n)),
        (Slot::Query(n), _) => {
            let query = without.query.as_mut().filter(|query| *n < query.len())?;
            query.remove(*n);
        }
        _ => return None,
    }
    Some(without)
}

fn set(draft: &mut Draft, slot: &Slot, value: &Value, rng: &mut Rng) {
    write(draft, slot, value, |old| value.node(old, rng));
}

fn write(draft: &mut Draft, slot: &Slot, value: &Value, in_json: impl FnOnce(&Node) -> Node) {
    match (slot, &mut draft.body) {
        (Slot::Json(place), Body::Json(_, node)) => {
            if let Some(node) = node.at_mut(place) {
                *node = in_json(node);
            }
        }
        (Slot::Form(n), Body::Form(pairs)) => {
            if let Some(pair) = pairs.get_mut(*n) {
                pair.set(&value.bytes);
            }
        }
        (Slot::Query(n), _) => {
            if let Some(pair) = draft.query.as_mut().and_then(|query| query.get_mut(*n)) {
                pair.set(&value.bytes);
            }
        }
        (Slot::Field(n), _) => {
            if let Some((_, old)) = draft.fields.get_mut(*n) {
                *old = value.for_field();
            }
        }
        _ => {}
    }
}

/// A field that was not there: where the body has fields, seldom in the query or as a header.
fn add(draft: &mut Draft, name: &str, value: &Value, rng: &mut Rng) {
    match (rng.u8(0..10), &mut draft.body) {
        (0..8, Body::Json(_, Node::Object(entries))) => {
            let node = value.node(&Node::string(""), rng);
            entries.push((name.to_owned(), node));
        }
        (0..8, Body::Form(pairs)) => pairs.push(Pair::of(name.as_bytes(), &value.bytes)),
        (8, _) if !LEFT_ALONE.contains(&name) => draft.set_field(&name.replace('_', "-"), &value.for_field()),
        _ => draft.query.get_or_insert_default().push(Pair::of(name.as_bytes(), &value.bytes)),
    }
}
