//! Where in a value something does not fit its schema.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value as Json;

use crate::bounds::{cut, shown};

/// The value does not fit its schema. It says where and why, and nothing of what the value holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{place}`: {why}")]
pub struct Misfit {
    /// The field: `passengers[1].name`; `.` is the value itself.
    pub place: String,
    /// What is wrong there.
    pub why: String,
}

impl Misfit {
    pub(crate) fn at(place: impl fmt::Display, why: impl Into<String>) -> Self {
        Self { place: shown(place), why: shown(why.into()) }
    }
}

/// What stands for a map's key.
pub(crate) const KEY: &str = "*";

/// How much is shown of the name of a field that a schema does not have, in characters.
const UNKNOWN: usize = 40;

/// The name of a field that a schema does not have, as it is shown.
pub(crate) fn unknown(name: &str) -> String {
    cut(name, UNKNOWN)
}

/// A place, while a value is walked: linked on the stack, a text only when one asks.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Whole,
    Field(&'a Place<'a>, &'a str),
    /// A field that the schema does not have: the name may be somebody's.
    Unknown(&'a Place<'a>, &'a str),
    /// The value of a map's key, which may be somebody's.
    Key(&'a Place<'a>),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parent, name) = match self {
            Self::Whole => return f.write_str("."),
            Self::Item(Self::Whole, index) => return write!(f, "[{index}]"),
            Self::Item(parent, index) => return write!(f, "{parent}[{index}]"),
            Self::Field(parent, name) => (parent, Cow::from(*name)),
            Self::Unknown(parent, name) => (parent, unknown(name).into()),
            Self::Key(parent) => (parent, KEY.into()),
        };
        match parent {
            Self::Whole => f.write_str(&name),
            parent => write!(f, "{parent}.{name}"),
        }
    }
}

/// What a JSON value is, without what it holds: that may be somebody's.
pub(crate) fn sort(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(number) if number.is_f64() => "a number with a fraction",
        Json::Number(_) => "an integer",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
