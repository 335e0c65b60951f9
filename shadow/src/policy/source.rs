//! Where a rule takes a value from: `header:NAME`, `json:/POINTER`, `key`.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use crate::compare;
use crate::experiment::{Answer, EffectRecord, RecordedRequest};
use crate::json::Json;

/// Where a value is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The first header of that name.
    Header(String),
    /// The value at a JSON pointer: a string's content, the text of anything else.
    Json(String),
    /// A record's key.
    Key,
}

impl Source {
    /// The value in an answer, or why there is none.
    pub fn in_answer(&self, answer: &Answer) -> Result<Bytes, Absent> {
        match self {
            Self::Header(name) => {
                answer.fields.get(name).map(Bytes::copy_from_slice).ok_or_else(|| self.absent())
            }
            Self::Json(pointer) => {
                at(compare::split(&compare::content(answer)).map(|(_, json)| json), pointer)
            }
            Self::Key => Err(self.absent()),
        }
    }

    /// The value in a request, or why there is none.
    pub fn in_request(&self, request: &RecordedRequest) -> Result<Bytes, Absent> {
        match self {
            Self::Header(name) => {
                request.fields.get(name).map(Bytes::copy_from_slice).ok_or_else(|| self.absent())
            }
            Self::Json(pointer) => at(Json::parse(request.body.bytes()), pointer),
            Self::Key => Err(self.absent()),
        }
    }

    /// The value in a record, or why there is none.
    pub fn in_record(&self, record: &EffectRecord) -> Result<Bytes, Absent> {
        match self {
            Self::Header(name) => record
                .headers
                .iter()
                .find(|(other, _)| other.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
                .ok_or_else(|| self.absent()),
            Self::Json(pointer) => at(record.value.as_deref().and_then(Json::parse), pointer),
            Self::Key => record.key.clone().ok_or_else(|| self.absent()),
        }
    }

    fn absent(&self) -> Absent {
        match self {
            Self::Header(name) => Absent(format!("there is no header `{name}`")),
            Self::Json(pointer) => Absent(format!("there is nothing at `{pointer}`")),
            Self::Key => Absent("there is no key".to_owned()),
        }
    }
}

fn at(json: Option<Json<'_>>, pointer: &str) -> Result<Bytes, Absent> {
    let json = json.ok_or_else(|| Absent("it is not JSON".to_owned()))?;
    let value = json.at(pointer).ok_or_else(|| Source::Json(pointer.to_owned()).absent())?;
    Ok(Bytes::from(value.text().into_owned()))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::Key => f.write_str("key"),
        }
    }
}

impl FromStr for Source {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        match text.split_once(':') {
            None if text == "key" => Ok(Self::Key),
            Some(("header", name)) if !name.is_empty() => Ok(Self::Header(name.to_ascii_lowercase())),
            Some(("json", pointer)) if pointer.is_empty() || pointer.starts_with('/') => {
                Ok(Self::Json(pointer.to_owned()))
            }
            _ => Err(InvalidSource(text.to_owned())),
        }
    }
}

/// Why a value was not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Absent(pub(crate) String);

/// A source that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no value: write `header:NAME`, `json:/POINTER` or (of a record) `key`")]
pub struct InvalidSource(String);
