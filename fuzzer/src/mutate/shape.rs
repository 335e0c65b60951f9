//! Changes of a request's shape: fields that are missing, doubled, renamed, wrapped, unknown.

use fastrand::Rng;

use super::slot;
use super::value;
use crate::draft::{Body, Draft, Pair};
use crate::node::Node;
use crate::sources::Literal;

/// Changes the body's shape, or the query's.
pub(super) fn change(draft: &mut Draft, literals: &[&Literal], rng: &mut Rng) {
    match (&mut draft.body, rng.u8(0..10)) {
        (Body::Json(_, node), 0..9) => json(node, literals, rng),
        (Body::Form(pairs), 0..9) => form(pairs, literals, rng),
        _ => form(draft.query.get_or_insert_default(), literals, rng),
    }
}

fn json(node: &mut Node, literals: &[&Literal], rng: &mut Rng) {
    let places = node.places();
    let Some((place, key)) = rng.choice(&places).cloned() else { return };
    match rng.u8(0..10) {
        0..4 => _ = node.remove(&place),
        4 => {
            if let Some(inner) = node.at_mut(&place) {
                *inner = Node::Array(vec![inner.clone()]);
            }
        }
        5 => {
            if let Some(inner) = node.at_mut(&place) {
                *inner = Node::Object(vec![("0".to_owned(), inner.clone())]);
            }
        }
        6 => {
            *node = if rng.bool() {
                Node::Array(vec![node.clone()])
            } else {
                Node::Object(vec![(key, node.clone())])
            }
        }
        _ => {
            let Some((last, above)) = place.split_last() else { return };
            let Some(Node::Object(entries)) = node.at_mut(above) else { return };
            let Some((name, value)) = entries.get(*last).cloned() else { return };
            match rng.u8(0..5) {
                0 => entries.push((name, value)),
                1 => entries.push((name, value::special(rng).node(&value, rng))),
                2 => entries[*last].0 = renamed(&name, literals, rng),
                3 => entries.push((renamed(&name, literals, rng), value)),
                _ => {
                    let moved = entries.remove(*last);
                    entries.insert(rng.usize(..=entries.len()), moved);
                }
            }
        }
    }
}

fn form(pairs: &mut Vec<Pair>, literals: &[&Literal], rng: &mut Rng) {
    if pairs.is_empty() || rng.u8(0..10) == 0 {
        let name = renamed("a", literals, rng);
        return pairs.push(Pair::of(name.as_bytes(), &value::special(rng).bytes));
    }
    let at = rng.usize(..pairs.len());
    let pair = pairs[at].clone();
    let name = pair.plain_name();
    match rng.u8(0..8) {
        0..3 => drop(pairs.remove(at)),
        3 => pairs.push(pair),
        4 => pairs.push(Pair::of(name.as_bytes(), &value::special(rng).bytes)),
        5 => pairs[at].name = Pair::of(format!("{name}[]").as_bytes(), b"").name,
        6 => pairs[at].name = Pair::of(format!("{name}[x]").as_bytes(), b"").name,
        _ => pairs[at].name = Pair::of(renamed(&name, literals, rng).as_bytes(), b"").name,
    }
}

/// Another name: of other case, with dashes, or one that the sources know.
fn renamed(name: &str, literals: &[&Literal], rng: &mut Rng) -> String {
    match rng.u8(0..6) {
        0 => name.to_ascii_uppercase(),
        1 => name.replace('_', "-"),
        2 => format!(" {name}"),
        3 => name.replace('_', "."),
        _ => {
            let known = (0..8).filter_map(|_| rng.choice(literals)).find_map(|literal| slot::name(literal));
            known.unwrap_or_else(|| format!("{name}x"))
        }
    }
}
