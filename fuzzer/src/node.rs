//! A JSON document that can be changed and written again: order, doubled keys and the forms of numbers are kept.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Deeper documents are left as bytes.
const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A scalar, by its JSON text.
    Scalar(String),
    /// A list.
    Array(Vec<Node>),
    /// Entries in their order, doubled ones too.
    Object(Vec<(String, Node)>),
}

/// A way from a document's root: the how-manieth entry or element, again and again.
pub type Place = Vec<usize>;

impl Node {
    /// The document of a JSON text; `None` where it is none, or nested too deeply.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_slice(text).ok()?;
        Self::of(raw, MAX_DEPTH)
    }

    fn of(raw: &RawValue, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let text = raw.get();
        Some(match text.as_bytes().first() {
            Some(b'{') => {
                let entries: Entries<'_> = serde_json::from_str(text).ok()?;
                let entry = |(key, value): (String, &RawValue)| Some((key, Self::of(value, depth)?));
                Self::Object(entries.0.into_iter().map(entry).collect::<Option<_>>()?)
            }
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Self::Array(elements.into_iter().map(|raw| Self::of(raw, depth)).collect::<Option<_>>()?)
            }
            _ => Self::Scalar(text.to_owned()),
        })
    }

    /// A string.
    pub fn string(text: &str) -> Self {
        Self::Scalar(serde_json::Value::from(text).to_string())
    }

    /// A string's content, a number's text; `None` of anything else.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Scalar(raw) if raw.starts_with('"') => serde_json::from_str(raw).ok(),
            Self::Scalar(raw) if raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Some(raw.clone())
            }
            _ => None,
        }
    }

    /// Whether it is a string.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::Scalar(raw) if raw.starts_with('"'))
    }

    /// The value at a place.
    pub fn at(&self, place: &[usize]) -> Option<&Self> {
        place.iter().try_fold(self, |node, step| match node {
            Self::Array(elements) => elements.get(*step),
            Self::Object(entries) => entries.get(*step).map(|(_, value)| value),
            Self::Scalar(_) => None,
        })
    }

    /// The same, to be changed.
    pub fn at_mut(&mut self, place: &[usize]) -> Option<&mut Self> {
        place.iter().try_fold(self, |node, step| match node {
            Self::Array(elements) => elements.get_mut(*step),
            Self::Object(entries) => entries.get_mut(*step).map(|(_, value)| value),
            Self::Scalar(_) => None,
        })
    }

    /// Takes the value at a place out; false where there is none, or it is the root.
    pub fn remove(&mut self, place: &[usize]) -> bool {
        let Some((last, above)) = place.split_last() else { return false };
        match self.at_mut(above) {
            Some(Self::Array(elements)) if *last < elements.len() => drop(elements.remove(*last)),
            Some(Self::Object(entries)) if *last < entries.len() => drop(entries.remove(*last)),
            _ => return false,
        }
        true
    }

    /// All places but the root's, with the key that leads to each (an element's is its list's).
    pub fn places(&self) -> Vec<(Place, String)> {
        let mut places = Vec::new();
        self.gather(&mut Vec::new(), "", &mut places);
        places
    }

    fn gather(&self, at: &mut Place, key: &str, places: &mut Vec<(Place, String)>) {
        let mut below = |step: usize, key: &str, value: &Self| {
            at.push(step);
            places.push((at.clone(), key.to_owned()));
            value.gather(at, key, places);
            at.pop();
        };
        match self {
            Self::Array(elements) => elements.iter().enumerate().for_each(|(n, value)| below(n, key, value)),
            Self::Object(entries) => {
                entries.iter().enumerate().for_each(|(n, (key, value))| below(n, key, value));
            }
            Self::Scalar(_) => {}
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(raw) => f.write_str(raw),
            Self::Array(elements) => {
                f.write_str("[")?;
                for (n, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if n > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Object(entries) => {
                f.write_str("{")?;
                for (n, (key, value)) in entries.iter().enumerate() {
                    let comma = if n > 0 { "," } else { "" };
                    write!(f, "{comma}{}:{value}", serde_json::Value::from(key.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// An object's entries in their order, doubled ones kept.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

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
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_written_as_it_was_read() {
        for text in [r#"{"b":1.0,"a":[1e3,"x\/y",{}],"b":null}"#, "[]", "\"x\"", "1e400"] {
            assert_eq!(Node::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(Node::parse(b"{"), None);
        assert_eq!(Node::parse(("[".repeat(65) + &"]".repeat(65)).as_bytes()), None);
    }

    #[test]
    fn places_lead_to_values_and_take_them_out() {
        let mut node = Node::parse(br#"{"a":[1,2],"b":{"c":3}}"#).unwrap();
        let places: Vec<_> =
            node.places().into_iter().map(|(p, key)| (node.at(&p).unwrap().to_string(), key)).collect();
        let expected = [("[1,2]", "a"), ("1", "a"), ("2", "a"), (r#"{"c":3}"#, "b"), ("3", "c")];
        assert_eq!(places, expected.map(|(value, key)| (value.to_owned(), key.to_owned())));
        assert!(node.remove(&[0, 0]) && node.remove(&[1]) && !node.remove(&[7]) && !node.remove(&[]));
        assert_eq!(node.to_string(), r#"{"a":[2]}"#);
    }
}
