//! Writes a document with placeholders in the place of what may not be stored.

use std::borrow::Cow;
use std::collections::HashMap;

use super::scrub::Scrubber;
use crate::compare;
use crate::difference::{Difference, Found, Kind};
use crate::json::{Json, Opened};
use crate::path::{Path, Pattern};
use crate::policy::Keep;

/// No document is stored with more bytes.
const MAX_DOCUMENT: usize = 64 * 1024;

/// Names whose values are never stored, wherever they stand: compared without case, `-` and `_`.
const SECRET_NAMES: [&str; 13] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "authorization",
    "apikey",
    "cookie",
    "session",
    "cvc",
    "cvv",
    "pin",
    "csrf",
];

/// How one value is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    Plain,
    Scrubbed,
    Placeholder,
}

/// Decides, for one side of an experiment, what is stored of each place.
pub(super) struct Redaction<'a> {
    pub(super) scrubber: &'a Scrubber,
    keep: Keep,
    reveal: &'a [Pattern],
    /// Several records of one topic may differ at one path.
    differing: HashMap<&'a Path, Vec<&'a Found>>,
}

impl<'a> Redaction<'a> {
    /// For the side that `of` takes from a difference.
    pub(super) fn new(
        scrubber: &'a Scrubber,
        keep: Keep,
        reveal: &'a [Pattern],
        differences: impl Iterator<Item = &'a Difference>,
        of: impl Fn(&'a Difference) -> Option<&'a Found>,
    ) -> Self {
        let mut differing = HashMap::<_, Vec<_>>::new();
        // Keys in another order say nothing about values: those are equal.
        for difference in differences.filter(|difference| difference.kind != Kind::KeyOrder) {
            if let Some(found) = of(difference) {
                differing.entry(&difference.path).or_default().push(found);
            }
        }
        Self { scrubber, keep, reveal, differing }
    }

    fn sight(&self, path: &Path, text: &str) -> Sight {
        if self.reveal.iter().any(|pattern| pattern.covers(path)) {
            return Sight::Plain;
        }
        match self.keep {
            Keep::Full => Sight::Scrubbed,
            Keep::Differences if self.differs(path, text) => Sight::Scrubbed,
            Keep::Shapes | Keep::Differences => Sight::Placeholder,
        }
    }

    /// Whether this very value is part of a difference.
    fn differs(&self, path: &Path, text: &str) -> bool {
        self.differing.get(path).is_some_and(|found| found.iter().any(|f| f.cut || f.text == text))
    }

    /// A JSON document, a text, or the length of anything else.
    pub(super) fn document(&self, path: &Path, bytes: &[u8]) -> String {
        if let Some((before, json)) = compare::split(bytes) {
            let before = String::from_utf8_lossy(before);
            let mut written = Written(self.text(path, &before));
            self.json(path, json, Sight::Placeholder, &mut written);
            return written.0;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(path, text),
            Err(_) => format!("<{} bytes>", bytes.len()),
        }
    }

    /// A text, shown when it is the difference itself.
    pub(super) fn text(&self, path: &Path, text: &str) -> String {
        let whole = match self.sight(path, text) {
            Sight::Plain => Cow::Borrowed(text),
            Sight::Scrubbed => self.scrubber.scrub(text),
            Sight::Placeholder if text.is_empty() => Cow::Borrowed(""),
            Sight::Placeholder => Cow::Owned(format!("<text {}>", text.chars().count())),
        };
        whole[..whole.floor_char_boundary(MAX_DOCUMENT)].to_owned()
    }

    /// A value below one that is `inherited` keeps at least its sight.
    fn json(&self, path: &Path, json: Json<'_>, inherited: Sight, out: &mut Written) {
        if out.is_full() {
            return out.push("\"…\"");
        }
        let sight = match (inherited, json.open()) {
            (Sight::Plain, _) => Sight::Plain,
            (Sight::Scrubbed, _) => Sight::Scrubbed.max(self.sight(path, "")),
            // A list or object is the difference itself only where its text is.
            (Sight::Placeholder, Opened::Array(_) | Opened::Object(_)) => self.sight(path, json.raw()),
            (Sight::Placeholder, _) => self.sight(path, &json.text()),
        };
        match json.open() {
            Opened::Object(entries) => {
                out.list('{', entries, '}', |(key, value), out| {
                    out.string(&self.scrubber.scrub(&key));
                    out.push(":");
                    if is_secret(&key) {
                        return out.string(&format!("<never stored {}>", value.raw().len()));
                    }
                    self.json(&path.key(key), value, sight, out);
                });
            }
            Opened::Array(elements) => {
                let elements = elements.into_iter().enumerate().collect();
                out.list('[', elements, ']', |(at, element), out| {
                    self.json(&path.index(at), element, sight, out)
                });
            }
            Opened::Null => out.push("null"),
            opened => out.scalar(self, &opened, json, sight),
        }
    }
}

impl Sight {
    fn max(self, other: Self) -> Self {
        if other == Self::Plain { other } else { self }
    }
}

/// Whether a name is one whose values are never stored.
pub(super) fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| if secret.len() < 4 { name == *secret } else { name.contains(secret) })
}

/// The JSON text that is being written.
struct Written(String);

impl Written {
    fn is_full(&self) -> bool {
        self.0.len() > MAX_DOCUMENT
    }

    fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }

    fn string(&mut self, text: &str) {
        self.0.push_str(&serde_json::Value::from(text).to_string());
    }

    fn list<T>(&mut self, open: char, items: Vec<T>, close: char, mut write: impl FnMut(T, &mut Self)) {
        self.0.push(open);
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            if self.is_full() {
                self.push(if open == '{' { "\"…\":\"…\"" } else { "\"…\"" });
                break;
            }
            write(item, self);
        }
        self.0.push(close);
    }

    fn scalar(&mut self, redaction: &Redaction<'_>, opened: &Opened<'_>, json: Json<'_>, sight: Sight) {
        match (sight, opened) {
            (Sight::Plain, _) => self.push(json.raw()),
            (Sight::Scrubbed, _) => {
                let text = json.text();
                let scrubbed = redaction.scrubber.scrub(&text);
                if scrubbed == text { self.push(json.raw()) } else { self.string(&scrubbed) }
            }
            (Sight::Placeholder, Opened::Bool) => self.string("<bool>"),
            (Sight::Placeholder, Opened::Number) => self.string(&format!("<number {}>", json.raw().len())),
            (Sight::Placeholder, _) => self.string(&format!("<string {}>", json.text().chars().count())),
        }
    }
}
