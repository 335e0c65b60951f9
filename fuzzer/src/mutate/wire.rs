//! Changes of how a request is written: its type, its encoding, a form in the place of JSON.

use fastrand::Rng;

use crate::draft::{Body, Draft, Pair};
use crate::node::Node;

const TYPES: [&str; 12] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/json; charset=iso-8859-1",
    "APPLICATION/JSON",
    "text/json",
    "application/vnd.api+json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=ISO-8859-1",
    "text/plain",
    "application/octet-stream",
    "multipart/form-data",
    "",
];

/// Writes the request in another way.
pub(super) fn change(draft: &mut Draft, rng: &mut Rng) {
    match rng.u8(0..8) {
        0 | 1 => draft.set_field("Content-Type", rng.choice(TYPES).unwrap_or_default().as_bytes()),
        2 => draft.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type")),
        3 => draft.body = Body::Raw(latin1(&draft.content())),
        4 => draft.body = Body::Raw([b"\xEF\xBB\xBF", draft.content().as_ref()].concat()),
        5 => as_form(draft),
        6 => {
            let mut bytes = draft.content().to_vec();
            bytes.truncate(rng.usize(..=bytes.len()));
            draft.body = Body::Raw(bytes);
        }
        _ => {
            let mut bytes = draft.content().to_vec();
            if !bytes.is_empty() {
                let at = rng.usize(..bytes.len());
                bytes[at] = rng.u8(..);
            }
            draft.body = Body::Raw(bytes);
        }
    }
}

/// Letters that Latin-1 has, as it writes them.
fn latin1(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text
            .chars()
            .flat_map(|c| u8::try_from(c).map_or_else(|_| c.to_string().into_bytes(), |b| vec![b]))
            .collect(),
        Err(_) => bytes.to_vec(),
    }
}

/// A JSON object's entries as a form's fields.
fn as_form(draft: &mut Draft) {
    let Body::Json(_, Node::Object(entries)) = &draft.body else { return };
    let mut pairs = Vec::new();
    for (name, value) in entries {
        fields(name, value, &mut pairs);
    }
    draft.body = Body::Form(pairs);
    draft.set_field("Content-Type", b"application/x-www-form-urlencoded");
}

fn fields(name: &str, value: &Node, pairs: &mut Vec<Pair>) {
    match value {
        Node::Scalar(_) => pairs.push(Pair::of(name.as_bytes(), value.text().unwrap_or_default().as_bytes())),
        Node::Array(elements) => {
            elements.iter().for_each(|element| fields(&format!("{name}[]"), element, pairs))
        }
        Node::Object(entries) => {
            entries.iter().for_each(|(key, value)| fields(&format!("{name}[{key}]"), value, pairs));
        }
    }
}
