//! JSON that keeps what parsers drop: number forms, key order, duplicate keys, spelling.
//!
//! serde_json checks the syntax; every value keeps its raw text and is opened one level at a time, so that equal
//! subtrees are never opened at all.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deeper documents are compared as text.
const MAX_DEPTH: usize = 128;

/// A value of a checked JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Json<'a> {
    raw: &'a str,
}

/// A value, opened one level.
#[derive(Debug)]
pub(crate) enum Opened<'a> {
    Null,
    Bool,
    Number,
    String,
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The value of a JSON text; `None` when it is none, or nested too deeply.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_slice(text).ok()?;
        (depth(raw.get()) <= MAX_DEPTH).then(|| Self { raw: raw.get() })
    }

    /// The text as it was written.
    pub(crate) fn raw(self) -> &'a str {
        self.raw
    }

    /// The text without white space between its tokens.
    pub(crate) fn compact(self) -> String {
        let (mut quoted, mut escaped) = (false, false);
        let keep = |c: &char| {
            let keep = quoted || !c.is_ascii_whitespace();
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ => {}
            }
            keep
        };
        self.raw.chars().filter(keep).collect()
    }

    /// The value, opened one level. A key that is no Unicode (a lone surrogate) keeps its object shut, as a string:
    /// it then compares by its text.
    pub(crate) fn open(self) -> Opened<'a> {
        match self.raw.as_bytes().first() {
            Some(b'{') => serde_json::from_str::<Entries<'a>>(self.raw)
                .map_or(Opened::String, |entries| Opened::Object(entries.0)),
            Some(b'[') => serde_json::from_str::<Vec<&'a RawValue>>(self.raw)
                .map_or(Opened::String, |elements| {
                    Opened::Array(elements.into_iter().map(|raw| Self { raw: raw.get() }).collect())
                }),
            Some(b'"') => Opened::String,
            Some(b't' | b'f') => Opened::Bool,
            Some(b'n') => Opened::Null,
            _ => Opened::Number,
        }
    }

    /// A string's content; the raw text of anything else, and of a string that is no Unicode.
    pub(crate) fn text(self) -> Cow<'a, str> {
        if !self.raw.starts_with('"') {
            return Cow::Borrowed(self.raw);
        }
        serde_json::from_str::<Text<'a>>(self.raw).map_or(Cow::Borrowed(self.raw), |text| text.0)
    }

    /// The value at a JSON pointer (RFC 6901). Of duplicate keys the last one counts, as in PHP.
    pub(crate) fn at(self, pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |json, step| {
            let key = step.replace("~1", "/").replace("~0", "~");
            match json.open() {
                Opened::Array(elements) => elements.get(key.parse::<usize>().ok()?).copied(),
                Opened::Object(entries) => entries.into_iter().rev().find(|(k, _)| *k == key).map(|(_, v)| v),
                _ => None,
            }
        })
    }
}

/// How deep arrays and objects nest, counted without recursion.
fn depth(raw: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A string, borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object's entries in their order, duplicates kept.
struct Entries<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    entries.push((key.0, Json { raw: value.get() }));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// A number's value without its form: sign, digits without zeros at either end, and the power of ten. Exact, however
/// long the number is.
pub(crate) fn decimal(raw: &str) -> (bool, String, i64) {
    let (negative, raw) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
    let (mantissa, exponent) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
    let exponent: i64 =
        exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let short = digits.trim_end_matches('0');
    let power = exponent - fraction.len() as i64 + (digits.len() - short.len()) as i64;
    match short.trim_start_matches('0') {
        "" => (false, String::new(), 0),
        digits => (negative, digits.to_owned(), power),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_duplicates_and_forms() {
        let json = Json::parse(br#" {"b": 1.0, "a": [1, "x\u0041"], "b": 1e2 } "#).unwrap();
        let Opened::Object(entries) = json.open() else { panic!("{json:?}") };
        let raw: Vec<_> = entries.iter().map(|(key, value)| (key.as_ref(), value.raw())).collect();
        assert_eq!(raw, [("b", "1.0"), ("a", r#"[1, "x\u0041"]"#), ("b", "1e2")]);
        assert_eq!(json.at("/a/1").unwrap().text(), "xA");
        assert_eq!(json.at("/b").unwrap().raw(), "1e2", "PHP takes the last of duplicates");
        assert!(json.at("/a/2").is_none() && json.at("/c").is_none() && json.at("a").is_none());
    }

    #[test]
    fn refuses_what_is_no_json_or_too_deep() {
        for text in ["", "{", "{'a':1}", "[1,]", "01", "nul", "\u{feff}{}", "{} x"] {
            assert!(Json::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Json::parse(b"\"\xff\"").is_none(), "no UTF-8");
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Json::parse(nested(MAX_DEPTH).as_bytes()).is_some());
        assert!(Json::parse(nested(MAX_DEPTH + 1).as_bytes()).is_none());
        assert!(Json::parse(nested(1_000_000).as_bytes()).is_none());
    }

    #[test]
    fn numbers_compare_by_value_whatever_their_form() {
        for (a, b, equal) in [
            ("1", "1.0", true),
            ("100", "1e2", true),
            ("0.5", "5E-1", true),
            ("-0", "0.0", true),
            ("0.10", "0.1", true),
            ("1", "-1", false),
            ("10000000000000001", "10000000000000002", false),
            ("1e400", "1e401", false),
            ("1", "10", false),
        ] {
            assert_eq!(decimal(a) == decimal(b), equal, "{a} {b}");
        }
    }
}
