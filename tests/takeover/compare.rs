//! What two sides must have in common, and what may differ.
//!
//! | may differ | why |
//! | --- | --- |
//! | `id`, `received_at` in body and record, the `event-id` header | ids are random, times are the clock's |
//! | `Server`, `Date`, `Connection` | nginx adds its own; they speak of the server, not of the application |
//! | `Transfer-Encoding`, `Content-Length` | php-fpm gives no length, so a proxy chunks; native knows it |
//! | the `handover-origin` header of native's records | it is what tells them from legacy's |

use std::collections::BTreeMap;

use handover_parts::Record;
use handover_parts::http::Response;
use handover_parts::load::Outcome;

/// Fields of the server and of framing, in lower case.
const NOT_THE_APPLICATIONS: [&str; 5] =
    ["server", "date", "connection", "transfer-encoding", "content-length"];

/// An answer without what may differ.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    status: u16,
    fields: Vec<(String, String)>,
    body: String,
}

/// The id of an accepted record.
pub(crate) fn id(response: &Response) -> Option<String> {
    text_of(&response.body, "id").filter(|_| response.status == 202)
}

/// An answer without what may differ.
pub(crate) fn shown(response: &Response) -> Shown {
    let mut fields: Vec<_> = response
        .fields
        .iter()
        .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
        .filter(|(name, _)| !NOT_THE_APPLICATIONS.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    fields.sort();
    let body = if id(response).is_some() { masked(&response.body) } else { lossless(&response.body) };
    Shown { status: response.status, fields, body }
}

/// What a leg did to the world: for each accepted request, by its index, its record's partition, key and value.
pub(crate) type Effects = BTreeMap<usize, (i32, String, String)>;

/// Finds each accepted request's record.
///
/// # Panics
/// When one has no record or two, or a record has no request.
pub(crate) fn effects(outcomes: &[Outcome], records: &[Record]) -> Effects {
    let accepted: BTreeMap<String, usize> =
        outcomes.iter().filter_map(|outcome| Some((id(outcome.response())?, outcome.index))).collect();
    let mut effects = Effects::new();
    for record in records {
        let value = record.value.as_deref().unwrap_or_default();
        let id = text_of(value, "id").unwrap_or_else(|| panic!("a record without id: {}", lossless(value)));
        let index =
            *accepted.get(&id).unwrap_or_else(|| panic!("record {id} belongs to no accepted request"));
        let shown = (record.partition, lossless(record.key.as_deref().unwrap_or_default()), masked(value));
        assert!(effects.insert(index, shown).is_none(), "request {index} has two records");
    }
    assert_eq!(effects.len(), accepted.len(), "each accepted request has a record");
    effects
}

/// The value of a text member at the top of a JSON object.
fn text_of(json: &[u8], member: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(json).ok()?;
    value.get(member)?.as_str().map(str::to_owned)
}

/// The text with its id and its time taken out, all other bytes as they are.
fn masked(json: &[u8]) -> String {
    ["id", "received_at"].iter().fold(lossless(json), |text, member| match text_of(json, member) {
        Some(value) => text.replace(&escaped(&value), &format!("<{member}>")),
        None => text,
    })
}

/// As PHP writes it.
fn escaped(value: &str) -> String {
    value.replace('/', "\\/")
}

/// Bytes as text, so that different bytes are different texts.
fn lossless(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| format!("{:?}", bytes.escape_ascii().to_string()))
}
