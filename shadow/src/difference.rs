//! One way in which two sides differ, and how bad that is.

use serde::{Deserialize, Serialize};

use crate::path::{Part, Path};

/// At most so many differences are kept of one experiment: enough to name every field of a broken answer.
pub const MAX_DIFFERENCES: usize = 128;

/// At most so many bytes of a value are kept with a difference.
pub const MAX_FOUND: usize = 1024;

/// In which way two sides differ.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The side on trial gave no answer.
    Failed,
    /// The side on trial gave no answer in time.
    TimedOut,
    /// Control has it, the candidate has not.
    Missing,
    /// The candidate has it, control has not.
    Extra,
    /// Both have it, of different types (`"1"` against `1`).
    Type,
    /// `[]` against `{}`: PHP's one empty array. A class of its own, since it is the commonest fault of a port.
    EmptyListOrMap,
    /// Both have it, with different values.
    Value,
    /// The same elements in another order.
    Order,
    /// The same keys in another order.
    KeyOrder,
    /// The same number written otherwise (`1` against `1.0`).
    NumberForm,
    /// The same JSON written otherwise (`\/` against `/`, white space).
    Spelling,
    /// PHP printed warnings or a byte order mark before its JSON.
    LegacyPolluted,
}

impl Kind {
    /// The kind's name, as rules write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::EmptyListOrMap => "empty-list-or-map",
            Self::Value => "value",
            Self::Order => "order",
            Self::KeyOrder => "key-order",
            Self::NumberForm => "number-form",
            Self::Spelling => "spelling",
            Self::LegacyPolluted => "legacy-polluted",
        }
    }
}

/// How bad a difference is: the smaller, the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The side on trial did not answer.
    NoAnswer,
    /// A record that only control sends.
    LostEffect,
    /// A record that only the candidate sends.
    ExtraEffect,
    /// A record that both send, with another content.
    DifferentEffect,
    /// Another status.
    Status,
    /// Something is missing, too much, or of another type.
    Type,
    /// Another value.
    Value,
    /// The same in another order or form, or after what PHP printed.
    Order,
    /// A header field.
    Header,
}

/// What one side has at the place of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Of which type.
    pub form: Form,
    /// The value: a string's content, the JSON text of anything else. At most [`MAX_FOUND`] bytes.
    pub text: String,
    /// Whether it was longer.
    pub cut: bool,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// JSON's null.
    Null,
    /// JSON's booleans.
    Bool,
    /// JSON's numbers, a status, a partition.
    Number,
    /// JSON's strings.
    String,
    /// JSON's arrays.
    Array,
    /// JSON's objects.
    Object,
    /// Text that is not JSON: a header's value, a line.
    Text,
    /// Bytes that are no text, named by length and hash.
    Bytes,
}

impl Form {
    /// The form's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
            Self::Text => "text",
            Self::Bytes => "bytes",
        }
    }
}

impl Found {
    /// A value, cut where it is too long.
    pub fn new(form: Form, text: impl Into<String>) -> Self {
        let mut text = text.into();
        let cut = text.len() > MAX_FOUND;
        text.truncate(text.floor_char_boundary(MAX_FOUND));
        Self { form, text, cut }
    }

    /// A text of unknown encoding.
    pub fn text(bytes: &[u8]) -> Self {
        Self::new(Form::Text, String::from_utf8_lossy(bytes))
    }
}

/// One difference. At least one side has something there; a side without has `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub path: Path,
    /// In which way.
    pub kind: Kind,
    /// What control has.
    pub control: Option<Found>,
    /// What the candidate has.
    pub candidate: Option<Found>,
}

impl Difference {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        let whole_record = self.path.part() == Part::Effect && self.path.steps().len() == 1;
        match (self.path.part(), self.kind) {
            (Part::Outcome, _) => Severity::NoAnswer,
            (_, Kind::Missing) if whole_record => Severity::LostEffect,
            (_, Kind::Extra) if whole_record => Severity::ExtraEffect,
            (part, _) if part.is_effect() => Severity::DifferentEffect,
            (Part::Status, _) => Severity::Status,
            (Part::Header, _) => Severity::Header,
            (_, Kind::Missing | Kind::Extra | Kind::Type | Kind::EmptyListOrMap) => Severity::Type,
            (_, Kind::Order | Kind::KeyOrder | Kind::NumberForm | Kind::Spelling | Kind::LegacyPolluted) => {
                Severity::Order
            }
            _ => Severity::Value,
        }
    }
}

/// The differences of one experiment, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    found: Vec<Difference>,
    cut: bool,
}

impl Differences {
    /// Adds one, unless there are too many already.
    pub fn push(&mut self, difference: Difference) {
        if self.found.len() < MAX_DIFFERENCES {
            self.found.push(difference);
        } else {
            self.cut = true;
        }
    }

    /// Adds what only control has.
    pub fn missing(&mut self, path: Path, control: Found) {
        self.push(Difference { path, kind: Kind::Missing, control: Some(control), candidate: None });
    }

    /// Adds what only the candidate has.
    pub fn extra(&mut self, path: Path, candidate: Found) {
        self.push(Difference { path, kind: Kind::Extra, control: None, candidate: Some(candidate) });
    }

    /// Adds what both have, differently.
    pub fn both(&mut self, path: Path, kind: Kind, control: Found, candidate: Found) {
        self.push(Difference { path, kind, control: Some(control), candidate: Some(candidate) });
    }

    /// Takes over all of another list.
    pub fn append(&mut self, other: Self) {
        self.cut |= other.cut;
        other.found.into_iter().for_each(|difference| self.push(difference));
    }

    /// The worst first; alike ones in the order in which they were found.
    pub fn into_sorted(mut self) -> Vec<Difference> {
        self.found.sort_by_key(Difference::severity);
        self.found
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether there were more than are kept.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}
