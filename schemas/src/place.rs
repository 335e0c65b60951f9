//! Where in a value something does not fit its schema.

use std::fmt;

use serde_json::Value as Json;

use crate::bounds::shown;

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

/// A place, while a value is walked: linked on the stack, a text only when one asks.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Whole,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("."),
            Self::Field(Self::Whole, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(Self::Whole, index) => write!(f, "[{index}]"),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
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
