//! Groups differences that have one cause, so that people decide once: by route, kind, folded path and shape.

use serde::{Deserialize, Serialize};

use crate::difference::{Difference, Form, Found, Kind, Severity};
use crate::json::{Json, Opened};
use crate::path::Part;

/// Fields that say which of several things an object is: their values are part of a shape, so that two rules whose
/// errors go missing are two clusters.
const TELLING: [&str; 8] = ["code", "error", "event", "field", "kind", "reason", "rule", "type"];

/// Header fields whose values are part of a shape.
const TELLING_HEADERS: [&str; 4] = ["cache-control", "content-type", "content-encoding", "vary"];

/// What differences have in common that are one cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterKey {
    /// The route's name.
    pub route: String,
    /// How bad it is.
    pub severity: Severity,
    /// In which way the sides differ.
    pub kind: Kind,
    /// Where, with list indices folded: `body:/errors/*/code`.
    pub path: String,
    /// What became of what: `string → number`. Holds no client's data.
    pub shape: String,
}

impl ClusterKey {
    /// The cluster of a difference.
    pub fn of(route: &str, difference: &Difference) -> Self {
        let (control, candidate) = (&difference.control, &difference.candidate);
        let is_bool = |found: &Option<Found>| found.as_ref().is_some_and(|found| found.form == Form::Bool);
        let are_bools = is_bool(control) && is_bool(candidate);
        let shape = |found: &Option<Found>| match found {
            None => "nothing".to_owned(),
            // One that became another says which way; of another type it says nothing.
            Some(found) if are_bools => found.text.clone(),
            Some(found) => shape(difference, found),
        };
        Self {
            route: route.to_owned(),
            severity: difference.severity(),
            kind: difference.kind,
            path: difference.path.folded(),
            shape: format!("{} → {}", shape(control), shape(candidate)),
        }
    }
}

fn shape(difference: &Difference, found: &Found) -> String {
    let leaf = difference.path.leaf().unwrap_or_default();
    match (difference.path.part(), found.form) {
        (Part::Outcome, _) => failure(&found.text),
        (Part::Status, _) => found.text.clone(),
        (Part::Header, _) if TELLING_HEADERS.contains(&leaf) => media(&found.text),
        (_, Form::Object | Form::Array) if !found.cut => {
            Json::parse(found.text.as_bytes()).map_or_else(|| found.form.name().to_owned(), document)
        }
        (_, Form::String) if TELLING.contains(&leaf) => word(&found.text).unwrap_or("string").to_owned(),
        (_, Form::String | Form::Text) if found.text.is_empty() => "empty".to_owned(),
        (_, form) => form.name().to_owned(),
    }
}

/// An object by its keys and its telling fields; a list by its first element.
fn document(json: Json<'_>) -> String {
    match json.open() {
        Opened::Object(entries) => {
            let entry = |(key, value): &(_, Json<'_>)| {
                let key: &str = std::borrow::Cow::as_ref(key);
                let text = value.text();
                match word(&text).filter(|_| TELLING.contains(&key)) {
                    Some(word) => format!("{key}={word}"),
                    None => key.to_owned(),
                }
            };
            let keys: Vec<String> = entries.iter().take(16).map(entry).collect();
            format!("{{{}}}", keys.join(","))
        }
        Opened::Array(elements) => {
            format!("[{}]", elements.first().map_or_else(String::new, |first| document(*first)))
        }
        Opened::Null => "null".to_owned(),
        Opened::Bool => "bool".to_owned(),
        Opened::Number => "number".to_owned(),
        Opened::String => "string".to_owned(),
    }
}

/// A text that is a name rather than anybody's data: letters, or a code of a few of each such as `F049`.
fn word(text: &str) -> Option<&str> {
    let name = |b: u8| b.is_ascii_alphabetic() || b"_-.".contains(&b);
    let is_name = !text.is_empty() && text.len() <= 48 && text.bytes().all(name);
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_code = (1..=4).contains(&letters.len())
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && (1..=4).contains(&(text.len() - letters.len()));
    (is_name || is_code).then_some(text)
}

/// A header's value that is made of names: `text/html; charset=utf-8`.
fn media(text: &str) -> String {
    let name = |b: u8| b.is_ascii_alphanumeric() || b"_-./;=, +".contains(&b);
    if text.len() <= 64 && text.bytes().all(name) { text.to_ascii_lowercase() } else { "text".to_owned() }
}

/// Why a side gave no answer: what stands before the particulars, without its numbers.
fn failure(reason: &str) -> String {
    let head = reason.split(':').next().unwrap_or_default();
    let head: String = head.chars().take(60).map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
    if head.is_empty() { "failure".to_owned() } else { head }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;

    fn string(text: &str) -> Option<Found> {
        Some(Found::new(Form::String, text))
    }

    #[test]
    fn one_cause_is_one_cluster_and_two_are_two() {
        let at = |index| Path::new(Part::Body).key("errors").index(index).key("code");
        let key = |index, a: &str, b: &str| {
            let (control, candidate) = (string(a), string(b));
            ClusterKey::of("r", &Difference { path: at(index), kind: Kind::Value, control, candidate })
        };
        assert_eq!(key(0, "bad_tail", "no_tail"), key(7, "bad_tail", "no_tail"));
        assert_ne!(key(0, "bad_tail", "no_tail"), key(0, "bad_dest", "no_tail"));
        assert_eq!(key(0, "bad_tail", "no_tail").shape, "bad_tail → no_tail");
    }

    #[test]
    fn a_lost_object_is_named_by_its_telling_fields_and_no_others() {
        let control = Some(Found::new(Form::Object, r#"{"code":"bad_tail","mail":"ann@example.org","n":1}"#));
        let path = Path::new(Part::Body).key("errors").index(0);
        let key = ClusterKey::of("r", &Difference { path, kind: Kind::Missing, control, candidate: None });
        assert_eq!(key.shape, "{code=bad_tail,mail,n} → nothing");
    }

    #[test]
    fn a_rule_s_code_is_a_name_and_what_people_are_known_by_is_none() {
        for (text, is_name) in [
            ("F049", true),
            ("E1234", true),
            ("bad_tail", true),
            ("N14228", false),
            ("4711", false),
            ("ABCDE1", false),
            ("ann1970", false),
            ("K1A", false),
        ] {
            assert_eq!(word(text).is_some(), is_name, "{text}");
        }
    }
}
