//! A route's `shadow = { … }` table as the file has it. [`PolicyRaw::validate`] makes it a [`Policy`](super::Policy).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::difference::Kind;

/// The `shadow` table of a route.
///
/// ```
/// let raw: handover_shadow::PolicyRaw = serde_json::from_str(r#"{
///     "sample": 1.0,
///     "effects": { "topic": "events.v1", "correlate": { "record": "json:/id", "answer": "json:/id" } },
///     "inject": { "id": "json:/id", "received": { "from": "json:/received_at", "time": "rfc3339" } },
///     "alike": [ { "path": "body:/took", "within": 50 } ],
///     "ignore": [ { "path": "header:x-powered-by", "author": "ann", "reason": "says nothing to clients" } ]
/// }"#).unwrap();
/// assert_eq!(raw.validate().unwrap().effects()[0].topic(), "events.v1");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyRaw {
    /// The share of requests that become experiments, 0 to 1; all of them when left out.
    pub sample: Option<f64>,
    /// The share of experiments in which legacy is asked once more: where its two answers differ as often as the two sides do is
    /// noise. 0 when left out. Only where asking legacy once more changes nothing: the route is `repeatable`. It is asked just
    /// what the client asked, so a `dry_run` does not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// The topics that legacy writes to, and how a record there belongs to a request.
    pub effects: Option<OneOrMany<EffectsRaw>>,
    /// Why the HTTP calls that native asks for need not be compared. Legacy's own are seen by nobody, so without a reason an
    /// answer that asks for one is not comparable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen_calls: Option<String>,
    /// Kinds of effects of the application's own that are looked for at legacy, too: the program registers for each who
    /// sees them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<String>,
    /// Kinds of effects of the application's own that nobody looks for at legacy, each with why they need not be compared.
    /// Without a reason an answer that asks for one is not comparable.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unseen_effects: BTreeMap<String, String>,
    /// What a dry run is given of legacy's answer, by the name of the port or of a receipt.
    pub inject: BTreeMap<String, InjectRaw>,
    /// Differences that do not count.
    pub ignore: Vec<IgnoreRaw>,
    /// Places where two values need not be equal to be alike.
    pub alike: Vec<AlikeRaw>,
    /// How much of a pair is stored.
    pub store: Keep,
    /// Places whose values someone allowed to be stored as they are.
    pub reveal: Vec<String>,
}

/// One table, or a list of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a table, or a list of tables, each with `topic` and `correlate`")]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

/// A topic that legacy writes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectsRaw {
    /// The topic.
    pub topic: String,
    /// How a record belongs to a request.
    pub correlate: CorrelateRaw,
    /// For how long after the answer legacy may still send (`"5s"`, the default).
    pub window: Option<String>,
}

/// How a record belongs to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "`\"header:NAME\"`, `\"json:/POINTER\"`, or a table of `record` and one of `answer`, `request`"
)]
pub enum CorrelateRaw {
    /// The same place in the record and in legacy's answer.
    Same(String),
    /// A place in the record, and one in the answer or the request.
    Pair {
        /// `header:NAME`, `key` or `json:/POINTER` of the record.
        record: String,
        /// `header:NAME` or `json:/POINTER` of legacy's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<String>,
        /// `header:NAME` or `json:/POINTER` of the request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
}

/// Where an injected value comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`\"json:/POINTER\"`, `\"header:NAME\"`, or a table of `from`, `time`, `zone`")]
pub enum InjectRaw {
    /// A text, such as an id.
    Text(String),
    /// A time.
    Time {
        /// `header:NAME` or `json:/POINTER` of legacy's answer.
        from: String,
        /// `rfc3339`, `http`, `unix`, `unix-ms`, or a format of strptime.
        time: String,
        /// The zone of a format that has none (`"America/New_York"`); UTC when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<String>,
    },
}

/// A difference that does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IgnoreRaw {
    /// The name under which it is counted; the path when left out.
    pub name: Option<String>,
    /// Where.
    pub path: String,
    /// Only this kind; all kinds when left out.
    pub kind: Option<Kind>,
    /// Who decided it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The day from which it counts again (`"2026-03-31"`); never when left out.
    pub expires: Option<String>,
}

/// Two values that need not be equal. Exactly one of `both`, `within` and `matches` is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlikeRaw {
    /// Where.
    pub path: String,
    /// Both are of that form: `"uuid"`, `"timestamp"`, `"number"`.
    pub both: Option<String>,
    /// Both are times (`"5s"`) or numbers (`0.01`) no farther apart.
    pub within: Option<Within>,
    /// Both match this regular expression, whole.
    pub matches: Option<String>,
}

/// How far apart two values may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number, or a duration such as `\"5s\"`")]
pub enum Within {
    /// Numbers, by their difference.
    Number(f64),
    /// Times.
    Duration(String),
}

/// How much of a pair is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// No value: names, types and lengths.
    Shapes,
    /// Differing values after redaction; equal ones as type and length.
    #[default]
    Differences,
    /// All values after redaction.
    Full,
}
