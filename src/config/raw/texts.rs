//! One text, or a list of texts, each with its place.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::At;

/// One text, or a list of texts.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Texts {
    /// One.
    One(String),
    /// A list.
    Many(Vec<At<String>>),
}

impl At<Texts> {
    /// The texts, each with its place.
    pub(crate) fn texts(&self) -> Vec<(&str, Range<usize>)> {
        match self.get() {
            Texts::One(text) => vec![(text, self.span())],
            Texts::Many(list) => list.iter().map(|text| (text.get().as_str(), text.span())).collect(),
        }
    }
}

// Not `untagged`: that would lose the places of a list's members.
impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Many(texts))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
