//! The file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A text that knows where it stands.
pub(crate) type At = Spanned<String>;
/// Texts by name.
pub(crate) type Named = BTreeMap<String, At>;

/// A pipeline.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    pub semantics: Semantics,
    pub php: Option<At>,
    pub timezone: Option<At>,
    pub tables: Vec<String>,
    /// Under which name the time is read that `now` gives.
    pub now: Option<String>,
    /// Ids that are new in each answer, and their form.
    pub ids: BTreeMap<String, IdForm>,
    pub limits: Limits,
    pub constants: Named,
    pub functions: BTreeMap<String, Function>,
    pub step: Vec<Spanned<Step>>,
    /// What makes two requests the same event.
    pub once: Option<At>,
    pub record: Vec<Spanned<Record>>,
    pub response: BTreeMap<String, Spanned<Response>>,
    /// Header fields of all responses.
    pub fields: Vec<(String, At)>,
    /// Flags of `json_encode()`.
    pub json_flags: i64,
}

/// Whose idea of values holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Semantics {
    /// JSON's: an object is no list, a key twice is an error.
    #[default]
    Strict,
    /// PHP's: arrays are lists and maps, the last of two keys wins.
    Php,
}

/// The form of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum IdForm {
    /// 32 hexadecimal digits.
    Hex,
    /// A UUID of version 4.
    Uuid,
}

/// What a request may take.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Turns of all loops and macros.
    pub steps: u32,
    /// Bytes of a body once it is unpacked.
    pub unpacked: usize,
    /// How deep JSON may nest.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 100_000, unpacked: 8 << 20, depth: 64 }
    }
}

/// A function of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Function {
    pub of: Vec<String>,
    pub is: At,
}

/// One step. Its parts run in this order.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Step {
    pub name: String,
    pub when: Option<At>,
    /// The step runs once for each item of this list.
    pub each: Option<At>,
    /// The item's name.
    #[serde(rename = "as")]
    pub item: Option<String>,
    pub decode: Option<Decode>,
    pub schema: Option<Spanned<Schema>>,
    pub unpack: Option<Unpack>,
    /// Variables that are computed.
    pub set: Named,
    pub rule: Vec<Spanned<Rule>>,
    /// Variables that are computed behind the rules, unless one of them skipped the rest.
    pub carry: Named,
    /// Ends the way here where there are errors.
    pub reject: bool,
}

/// How a body is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decode {
    /// One after the other.
    #[serde(rename = "as")]
    pub forms: Vec<Coding>,
    /// What is read; the body when not given.
    pub of: Option<At>,
    /// The variable that it becomes.
    pub into: String,
    /// The response where it can't be read; legacy answers when not given.
    pub fail: Option<At>,
}

/// A form that bytes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Coding {
    Gzip,
    Base64,
    Json,
    Form,
    Query,
    Multipart,
}

/// A JSON Schema that a variable must meet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schema {
    pub of: String,
    pub is: toml::Value,
    /// The code of its errors.
    pub code: Option<String>,
}

/// Makes variables of a map's fields.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unpack {
    pub of: At,
    /// Each field and its type: `int`, `int?` (may be null), …
    pub fields: Named,
}

/// A rule.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rule {
    pub id: String,
    /// What the rule is for, for people.
    pub why: Option<String>,
    pub when: Option<At>,
    pub check: Option<At>,
    pub after: Option<At>,
    pub unless: Option<OneOrMore>,
    pub error: Option<At>,
    pub warn: Option<At>,
    pub repair: bool,
    pub field: Option<At>,
    pub code: Option<At>,
    pub value: Option<At>,
    pub set: Named,
    pub then: Then,
    pub respond: Option<At>,
    pub decline: Option<String>,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// Where it goes on after a rule that fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Then {
    /// With the next rule.
    #[default]
    Next,
    /// With the next item of the loop; without one behind the step.
    Skip,
    /// Behind the step.
    Leave,
    /// With the response `fail`.
    Reject,
}

/// A Kafka record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub when: Option<At>,
    pub topic: At,
    pub key: Option<At>,
    pub json: Option<At>,
    pub value: Option<At>,
    #[serde(default)]
    pub headers: Vec<(String, At)>,
}

/// A response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Response {
    pub status: u16,
    #[serde(default)]
    pub fields: Vec<(String, At)>,
    pub json: Option<At>,
    pub text: Option<At>,
}
