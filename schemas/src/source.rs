//! A schema as the registry gives it.

use serde::{Deserialize, Serialize};

use crate::bounds::shown;

/// The largest text of a schema with all that it refers to, in bytes.
pub const TEXT_MAX: usize = 4 << 20;

/// How values by a schema are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// As Avro's binary form.
    Avro,
    /// As JSON that a JSON Schema allows.
    Json,
    /// As a Protobuf message.
    Protobuf,
}

impl Kind {
    /// As the registry calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSON",
            Self::Protobuf => "PROTOBUF",
        }
    }
}

/// A schema's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// How it is to be read.
    pub kind: Kind,
    /// The schema.
    pub text: String,
    /// What it refers to, each behind those that it refers to itself.
    #[serde(default)]
    pub references: Vec<Reference>,
}

/// A schema that another refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// What it is called there: a full name, a URI, an imported file.
    pub name: String,
    /// The schema.
    pub text: String,
}

impl Source {
    /// A schema that refers to no other.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), references: Vec::new() }
    }

    /// How long its texts are together, in bytes, where that is not too long.
    pub(crate) fn size(&self) -> Result<usize, Unusable> {
        let size = self.text.len() + self.references.iter().map(|other| other.text.len()).sum::<usize>();
        if size > TEXT_MAX {
            Err(Unusable(format!("it has {size} bytes, more than {TEXT_MAX}")))
        } else {
            Ok(size)
        }
    }
}

/// A schema that no value can be written by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema cannot be used: {0}")]
pub struct Unusable(pub(crate) String);

impl Unusable {
    /// For a reason that may have the schema's own words in it.
    pub(crate) fn because(why: impl std::fmt::Display) -> Self {
        Self(shown(why))
    }
}
