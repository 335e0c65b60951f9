//! Recorded examples: what was asked, and what legacy answered. Lines of `handover record`'s files.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Headers that say nothing of the application.
const DULL: [&str; 13] = [
    "connection",
    "content-length",
    "date",
    "host",
    "server",
    "transfer-encoding",
    "accept-encoding",
    "user-agent",
    "accept",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
];

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Example {
    pub target: String,
    pub fields: Vec<(String, String)>,
    pub body: String,
    pub status: u64,
    pub answer: String,
}

/// The first examples of a recording that fit, each once, of each status at least one as far as there are.
pub(super) fn read(
    path: &Path,
    method: &str,
    fits: impl Fn(&str) -> bool,
    most: usize,
) -> anyhow::Result<Vec<Example>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut lines = text.lines();
    let head: Option<Value> = lines.next().and_then(|line| serde_json::from_str(line).ok());
    if head.is_none_or(|head| head.get("handover-recording").is_none()) {
        bail!("{} is no recording: `handover record ROUTE` makes one", path.display());
    }
    let all = lines.filter_map(|line| example(&serde_json::from_str(line).ok()?, method));
    let mut all: Vec<Example> =
        all.filter(|example| fits(example.target.split('?').next().unwrap_or_default())).collect();
    let mut seen = HashSet::new();
    all.retain(|example| seen.insert(example.clone()));
    // One of each status first, the smallest.
    all.sort_by_key(|example| (example.status, example.body.len() + example.answer.len()));
    let (mut firsts, mut others): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for example in all {
        let is_first = firsts.last().is_none_or(|last: &Example| last.status != example.status);
        if is_first { firsts.push(example) } else { others.push(example) }
    }
    firsts.extend(others);
    firsts.truncate(most);
    Ok(firsts)
}

fn example(line: &Value, method: &str) -> Option<Example> {
    let request = &line["request"];
    if request["method"] != method {
        return None;
    }
    let legacy =
        ["control", "candidate"].into_iter().map(|side| &line[side]).find(|side| side["who"] == "legacy")?;
    let answered = &legacy["outcome"]["answered"];
    let pairs = request["fields"].as_array().into_iter().flatten();
    let fields = pairs.filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned())));
    Some(Example {
        target: request["target"].as_str()?.to_owned(),
        fields: fields.filter(|(name, _)| !DULL.contains(&name.to_ascii_lowercase().as_str())).collect(),
        body: request["body"].as_str()?.to_owned(),
        status: answered["status"].as_u64()?,
        answer: answered["body"].as_str()?.to_owned(),
    })
}

/// A JSON Schema that all bodies meet which are JSON; `None` where none is.
pub(super) fn schema(examples: &[Example]) -> Option<Value> {
    let bodies: Vec<Value> =
        examples.iter().filter_map(|example| serde_json::from_str(&example.body).ok()).collect();
    let bodies: Vec<&Value> = bodies.iter().filter(|body| body.is_object() || body.is_array()).collect();
    (!bodies.is_empty()).then(|| of(&bodies))
}

fn of(values: &[&Value]) -> Value {
    let mut types: Vec<&str> = values.iter().map(|value| kind(value)).collect();
    types.sort_unstable();
    types.dedup();
    let mut schema = serde_json::Map::new();
    schema.insert("type".to_owned(), if let [one] = types[..] { one.into() } else { types.into() });
    let objects: Vec<_> = values.iter().filter_map(|value| value.as_object()).collect();
    if !objects.is_empty() {
        let mut keys: Vec<&String> = objects.iter().flat_map(|object| object.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        let required: Vec<_> =
            keys.iter().filter(|key| objects.iter().all(|object| object.contains_key(**key))).collect();
        schema.insert("required".to_owned(), serde_json::json!(required));
        let property = |key: &&String| {
            let inner: Vec<&Value> = objects.iter().filter_map(|object| object.get(*key)).collect();
            ((*key).clone(), of(&inner))
        };
        schema.insert("properties".to_owned(), Value::Object(keys.iter().map(property).collect()));
    }
    let elements: Vec<&Value> = values.iter().filter_map(|value| value.as_array()).flatten().collect();
    if !elements.is_empty() {
        schema.insert("items".to_owned(), of(&elements));
    }
    Value::Object(schema)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_holds_what_all_examples_have_in_common() {
        let with = |body: &str| Example {
            target: String::new(),
            fields: Vec::new(),
            body: body.to_owned(),
            status: 200,
            answer: String::new(),
        };
        let schema =
            schema(&[with(r#"{"n":1,"tags":["a"]}"#), with(r#"{"n":"2"}"#), with("no JSON")]).unwrap();
        let expected = serde_json::json!({
            "type": "object", "required": ["n"],
            "properties": {
                "n": { "type": ["integer", "string"] },
                "tags": { "type": "array", "items": { "type": "string" } },
            },
        });
        assert_eq!(schema, expected);
    }
}
