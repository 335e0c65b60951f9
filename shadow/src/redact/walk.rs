//! Finds what is to be replaced in the text of a JSON document: the rest of it keeps every byte.

use std::ops::Range;

use super::document::is_secret;
use super::faithful::Faithful;
use crate::json::{Json, Opened};
use crate::path::Path;

/// A replacement: what it replaces, and by what.
pub(super) type Edit = (Range<usize>, String);

/// Walks a JSON document and notes what is to be replaced in its text.
pub(super) struct Walk<'f, 's, 'w> {
    faithful: &'f mut Faithful<'s>,
    /// Where the text lies: values are parts of it.
    base: usize,
    whole: &'w str,
    edits: &'f mut Vec<Edit>,
}

impl<'f, 's, 'w> Walk<'f, 's, 'w> {
    /// Of a document that lies within `whole`.
    pub(super) fn new(faithful: &'f mut Faithful<'s>, whole: &'w str, edits: &'f mut Vec<Edit>) -> Self {
        Self { faithful, base: whole.as_ptr() as usize, whole, edits }
    }

    pub(super) fn value(&mut self, path: &Path, json: Json<'_>, in_secret: bool) {
        match json.open() {
            Opened::Object(entries) => {
                let mut end = self.range(json).start;
                for (key, value) in entries {
                    let range = self.range(value);
                    self.key(end..range.start, &key);
                    // A place is told to others, too.
                    let place = path.key(self.faithful.scrubber.scrub(&key));
                    self.value(&place, value, in_secret || is_secret(&key));
                    end = range.end;
                }
            }
            Opened::Array(elements) => {
                for (at, element) in elements.into_iter().enumerate() {
                    self.value(&path.index(at), element, in_secret);
                }
            }
            Opened::String => {
                let text = json.text();
                let redacted = self.faithful.value(&text, in_secret);
                if redacted != text {
                    let literal = quoted(&redacted);
                    self.replace(path, json, literal);
                }
            }
            Opened::Number => {
                // An exponent stays, and with it a number.
                let raw = json.raw();
                let (digits, exponent) = raw.split_at(raw.find(['e', 'E']).unwrap_or(raw.len()));
                let redacted = self.faithful.value(digits, in_secret);
                if redacted != digits {
                    let number = format!("{redacted}{exponent}");
                    self.replace(path, json, number);
                }
            }
            Opened::Null | Opened::Bool => {}
        }
    }

    fn replace(&mut self, path: &Path, json: Json<'_>, by: String) {
        self.edits.push((self.range(json), by));
        self.faithful.mark(path.clone());
    }

    /// A key that is somebody's data: its literal is what stands in quotes before the value.
    fn key(&mut self, before: Range<usize>, key: &str) {
        let scrubbed = self.faithful.scrubber.scrub(key);
        if scrubbed == key {
            return;
        }
        let gap = &self.whole[before.clone()];
        if let (Some(first), Some(last)) = (gap.find('"'), gap.rfind('"')) {
            self.edits.push((before.start + first..before.start + last + 1, quoted(&scrubbed)));
        }
    }

    fn range(&self, json: Json<'_>) -> Range<usize> {
        let start = json.raw().as_ptr() as usize - self.base;
        start..start + json.raw().len()
    }
}

/// The text with these replacements, which are in its order.
pub(super) fn applied(text: &str, edits: Vec<Edit>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (range, by) in edits {
        result.push_str(&text[done..range.start]);
        result.push_str(&by);
        done = range.end;
    }
    result.push_str(&text[done..]);
    result
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
