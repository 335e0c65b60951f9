//! A request in the making: fields that mutations can still change, written out as JSON or as a form.

use serde_json::Value;

use super::{Record, Request};

/// How the body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object.
    Json,
    /// A JSON object on several lines, slashes escaped, behind a byte order mark.
    Pretty,
    /// `a=1&b=2`.
    Form,
    /// `flight[a]=1&flight[b]=2`, or in JSON `{"flight": {…}}`.
    Wrapped(bool),
}

/// A request in the making. Values are JSON source texts, so that `1e3`, `515.0` and `1e400` stay as written.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) fields: Vec<(String, String)>,
    pub(super) format: Format,
    pub(super) latin1: bool,
    pub(super) content_type: Option<String>,
    pub(super) query: String,
    pub(super) headers: Vec<(String, String)>,
    /// Sent instead of the fields.
    pub(super) body: Option<Vec<u8>>,
}

impl Draft {
    /// The tidy client's draft of a record.
    pub fn of(record: &Record) -> Self {
        let fields = record.0.iter().map(|(name, value)| (name.clone(), json_of(name, value))).collect();
        Draft {
            fields,
            format: Format::Json,
            latin1: false,
            content_type: Some("application/json".to_owned()),
            query: String::new(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Sets a field to a JSON source text; an empty text removes it.
    pub(super) fn set(&mut self, name: &str, source: &str) {
        match self.fields.iter().position(|(field, _)| field == name) {
            Some(at) if source.is_empty() => drop(self.fields.remove(at)),
            Some(at) => source.clone_into(&mut self.fields[at].1),
            None if source.is_empty() => {}
            None => self.fields.push((name.to_owned(), source.to_owned())),
        }
    }

    /// Sets a request header in place of any of that name: servers differ over doubled ones.
    pub(super) fn header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// The source text of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, source)| source.as_str())
    }

    /// The number in a field, if it is written as one and of an ordinary size.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.trim_matches('"').parse().ok().filter(|number| (-100_000..100_000).contains(number))
    }

    /// The finished request.
    pub fn request(self) -> Request {
        let text = match self.format {
            Format::Json => self.json(","),
            Format::Pretty => format!("\u{feff}{}\n", self.json(",\n\t").replace('/', "\\/")),
            Format::Wrapped(false) => format!("{{\"flight\":{}}}", self.json(",")),
            Format::Form => self.form(false),
            Format::Wrapped(true) => self.form(true),
        };
        let body = self.body.clone().unwrap_or_else(|| encode(&text, self.latin1));
        let path = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let path = format!("/v1/flights{path}");
        Request { method: "POST", path, content_type: self.content_type, headers: self.headers, body }
    }

    fn json(&self, between: &str) -> String {
        let members: Vec<String> = self
            .fields
            .iter()
            .map(|(name, source)| format!("{}:{source}", Value::from(name.as_str())))
            .collect();
        format!("{{{}}}", members.join(between))
    }

    fn form(&self, wrapped: bool) -> String {
        let mut pairs = Vec::new();
        for (name, source) in &self.fields {
            let name = if wrapped { format!("flight[{name}]") } else { name.clone() };
            self.form_value(&name, source, &mut pairs);
        }
        pairs.join("&")
    }

    /// A field of a form: lists and maps nested in brackets, true as a check box says it.
    fn form_value(&self, name: &str, source: &str, pairs: &mut Vec<String>) {
        match serde_json::from_str(source) {
            Ok(Value::Array(items)) => {
                for item in &items {
                    self.form_value(&format!("{name}[]"), &item.to_string(), pairs);
                }
            }
            Ok(Value::Object(members)) => {
                for (key, item) in &members {
                    self.form_value(&format!("{name}[{key}]"), &item.to_string(), pairs);
                }
            }
            Ok(Value::Bool(false)) => {}
            Ok(Value::Bool(true)) => pairs.push(format!("{}=on", self.escaped(name))),
            Ok(Value::String(text)) => pairs.push(format!("{}={}", self.escaped(name), self.escaped(&text))),
            Ok(Value::Null) => pairs.push(format!("{}=", self.escaped(name))),
            _ => pairs.push(format!("{}={}", self.escaped(name), self.escaped(source))),
        }
    }

    fn escaped(&self, text: &str) -> String {
        let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[]:".contains(&byte);
        encode(text, self.latin1)
            .into_iter()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                _ if keep(byte) => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    }
}

/// A record's value as the tidy client writes it.
fn json_of(name: &str, value: &str) -> String {
    let text = matches!(name, "carrier" | "tailnum" | "origin" | "dest" | "time_hour");
    if !text && value.parse::<i64>().is_ok() { value.to_owned() } else { Value::from(value).to_string() }
}

/// UTF-8, or latin-1 for the letters that it has.
fn encode(text: &str, latin1: bool) -> Vec<u8> {
    if !latin1 {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::new();
    for c in text.chars() {
        match u8::try_from(c) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}
