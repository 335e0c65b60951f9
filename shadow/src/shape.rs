//! Which requests are of one kind: the same method, fields and types, whatever their values.
//!
//! Evidence is counted over shapes, so that a monitor's ping a hundred thousand times says no more than it does.

use std::collections::BTreeSet;
use std::ops::Range;

use handover_api::Fields;
use ring::digest::{Context, SHA256, digest};

use crate::experiment::RecordedRequest;
use crate::json::{Json, Opened};

/// Objects with more keys than this are maps: their keys are data, and only their values' shapes count.
const MAX_KEYS: usize = 64;

/// The kind of a request, and which of its kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// The same for requests that differ in values alone.
    pub(crate) kind: i64,
    /// The same for requests that are equal.
    pub(crate) values: u64,
}

impl Shape {
    /// The shape of a request. A route has one path template, so the path has no part in it but as a value.
    pub(crate) fn of(request: &RecordedRequest) -> Self {
        let target = String::from_utf8_lossy(&request.target);
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let media = media(request);
        let body = request.body.bytes();
        let mut kind = format!("{}\n{}\n{media}\n", request.method, names(query));
        if media == "application/x-www-form-urlencoded" {
            kind.push_str(&names(&String::from_utf8_lossy(body)));
        } else {
            kind.push_str(&Json::parse(body).map_or_else(|| opaque(body).to_owned(), structure));
        }
        let mut values = Context::new(&SHA256);
        [request.method.as_bytes(), b"\n", &request.target, b"\n", body]
            .into_iter()
            .for_each(|p| values.update(p));
        Self {
            kind: first_eight(digest(&SHA256, kind.as_bytes()).as_ref()) as i64,
            values: first_eight(values.finish().as_ref()),
        }
    }
}

fn first_eight(hash: &[u8]) -> u64 {
    hash.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte))
}

/// The body's type without its parameters, in lower case.
pub(crate) fn media(request: &RecordedRequest) -> String {
    let value = request.fields.get("content-type").unwrap_or_default();
    media_type(&String::from_utf8_lossy(value))
}

/// A parameter of the body's type, without its quotes.
pub(crate) fn parameter(fields: &Fields, name: &str) -> Option<String> {
    let value = String::from_utf8_lossy(fields.get("content-type")?).into_owned();
    let mut parameters = value.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters.find(|(other, _)| other.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// `Text/HTML; charset=utf-8` → `text/html`.
pub(crate) fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A query's or form's names, each once, with list indices folded: `a[0]=1&b` → `a[*] b`.
fn names(query: &str) -> String {
    let folded = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name: Vec<&str> = name.split('[').collect();
        let steps = name.iter().skip(1).map(|step| match step.trim_end_matches(']') {
            "" => "[*]".to_owned(),
            index if index.bytes().all(|b| b.is_ascii_digit()) => "[*]".to_owned(),
            key => format!("[{key}]"),
        });
        let empty = if value.is_empty() { "!" } else { "" };
        format!("{}{}{empty}", name.first().copied().unwrap_or_default(), steps.collect::<String>())
    };
    let names: BTreeSet<String> = query.split('&').filter(|pair| !pair.is_empty()).map(folded).collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

fn opaque(body: &[u8]) -> &'static str {
    match (body.is_empty(), std::str::from_utf8(body)) {
        (true, _) => "empty",
        (false, Ok(_)) => "text",
        (false, Err(_)) => "bytes",
    }
}

/// A document by its keys and types; a list by the kinds of its elements, each once.
fn structure(json: Json<'_>) -> String {
    let mut text = String::new();
    write(json, &mut text);
    text
}

fn write(json: Json<'_>, text: &mut String) {
    match json.open() {
        Opened::Object(entries) if entries.len() > MAX_KEYS => {
            text.push_str("{*:");
            each_once(&entries, text, '|', |(_, value), text| write(*value, text));
            text.push('}');
        }
        Opened::Object(entries) => {
            text.push('{');
            each_once(&entries, text, ',', |(key, value), text| {
                text.push_str(folded(key));
                text.push(':');
                write(*value, text);
            });
            text.push('}');
        }
        Opened::Array(elements) => {
            text.push('[');
            each_once(&elements, text, '|', |element, text| write(*element, text));
            text.push(']');
        }
        Opened::Null => text.push_str("null"),
        Opened::Bool => text.push_str("bool"),
        Opened::Number => text.push_str(if json.raw().contains(['.', 'e', 'E']) { "float" } else { "int" }),
        Opened::String => text.push_str(if json.raw() == "\"\"" { "empty" } else { "string" }),
    }
}

/// Writes what `one` writes of each, in order and none twice. A request may have thousands of parts, so they lie in one
/// text, not in one each.
fn each_once<T>(all: &[T], text: &mut String, between: char, one: impl Fn(&T, &mut String)) {
    let mut parts = String::new();
    let mut ends: Vec<Range<usize>> = Vec::with_capacity(all.len());
    for each in all {
        let start = parts.len();
        one(each, &mut parts);
        ends.push(start..parts.len());
    }
    let part = |at: &Range<usize>| &parts[at.clone()];
    ends.sort_unstable_by(|a, b| part(a).cmp(part(b)));
    ends.dedup_by(|a, b| part(a) == part(b));
    for (n, at) in ends.iter().enumerate() {
        if n > 0 {
            text.push(between);
        }
        text.push_str(part(at));
    }
}

/// A key that is a number is data.
fn folded(key: &str) -> &str {
    if !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) { "*" } else { key }
}

#[cfg(test)]
mod tests {
    use handover_api::Fields;

    use super::*;

    fn request(method: &str, target: &'static str, media: &str, body: &'static str) -> Shape {
        let mut fields = Fields::new();
        fields.append("Content-Type", media.to_owned()).unwrap();
        let request = RecordedRequest {
            method: method.into(),
            target: target.into(),
            fields,
            body: body.into(),
            params: Vec::new(),
        };
        Shape::of(&request)
    }

    fn json(body: &'static str) -> Shape {
        request("POST", "/a", "application/json", body)
    }

    #[test]
    fn values_are_no_part_of_a_shape_but_fields_and_types_are() {
        let a = json(r#"{"a": 1, "b": ["x", "y"]}"#);
        let b = json(r#"{"b":["z"],"a":2}"#);
        assert_eq!(a.kind, b.kind);
        assert_ne!(a.values, b.values);
        for other in [
            r#"{"a": "1", "b": ["x"]}"#,
            r#"{"a": 1.5, "b": ["x"]}"#,
            r#"{"a": 1, "b": ["x", null]}"#,
            r#"{"a": 1}"#,
            r#"{"a": 1, "b": ["x"], "c": 1}"#,
            r#"{"a": 1, "b": []}"#,
            "no json",
            "",
        ] {
            assert_ne!(json(other).kind, a.kind, "{other}");
        }
    }

    #[test]
    fn the_same_request_is_the_same_whatever_its_fields_say() {
        assert_eq!(json("{}"), json("{}"));
        assert_ne!(request("PUT", "/a", "application/json", "{}").kind, json("{}").kind);
        assert_eq!(request("POST", "/a", "Application/JSON; charset=x", "{}"), json("{}"));
    }

    #[test]
    fn queries_and_forms_count_by_their_names() {
        let query = |target| request("GET", target, "", "");
        assert_eq!(query("/a?x=1&y=2").kind, query("/b?y=3&x=9").kind);
        assert_eq!(query("/a?x[0]=1").kind, query("/a?x[7]=1&x[]=2").kind);
        assert_ne!(query("/a?x=1").kind, query("/a").kind);
        assert_ne!(query("/a?x=1").kind, query("/a?x=").kind, "an empty value takes other branches");
        let form = |body| request("POST", "/a", "application/x-www-form-urlencoded", body);
        assert_eq!(form("a=1&b=2").kind, form("b=5&a=3").kind);
        assert_ne!(form("a=1").kind, form("b=1").kind);
    }

    #[test]
    fn a_map_is_one_shape_however_many_keys_it_has() {
        assert_eq!(json(r#"{"17": 1, "18": 2}"#).kind, json(r#"{"19": 3}"#).kind);
        let map = |from: usize| {
            let entries: Vec<String> = (from..from + MAX_KEYS + 1).map(|n| format!("\"k{n}\":{n}")).collect();
            structure(Json::parse(format!("{{{}}}", entries.join(",")).as_bytes()).unwrap())
        };
        assert_eq!(map(0), map(500));
    }
}
