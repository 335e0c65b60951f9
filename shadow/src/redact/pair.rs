//! A pair as it is stored and shown. Only redaction makes one, so nothing else can reach the disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::difference::{Form, Kind, Severity};
use crate::policy::Keep;
use crate::verdict::Class;

/// An experiment after redaction, with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredPair {
    /// The experiment's id, in hex.
    pub id: String,
    /// The route's name.
    pub route: String,
    /// When the request was routed (RFC 3339).
    pub at: String,
    /// The verdict that it got before redaction.
    pub verdict: Class,
    /// Why it was not comparable or declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much was kept. What was not cannot be judged again from the documents; the differences can.
    pub kept: Keep,
    /// Whether there were more differences than are listed.
    pub cut: bool,
    /// The request.
    pub request: StoredRequest,
    /// Who answered the client.
    pub control: StoredSide,
    /// Who ran beside it.
    pub candidate: StoredSide,
    /// The differences, the worst first; also those that a rule set aside.
    pub differences: Vec<StoredDifference>,
}

/// The request of a stored pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The header fields.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// One side of a stored pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSide {
    /// `legacy VERSION` or `native FINGERPRINT`.
    pub who: String,
    /// What it came to.
    pub outcome: StoredOutcome,
    /// What it sent, or would have sent.
    pub effects: StoredEffects,
    /// Its effects of the application's own, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<String, StoredEffects>,
    /// From the request's last byte to the answer's last byte, in microseconds.
    pub latency_us: u64,
    /// What its ports gave, in order, for replay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<StoredRead>,
}

/// What a side of a stored pair came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredOutcome {
    /// It answered.
    Answered {
        /// The status.
        status: u16,
        /// The header fields.
        fields: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// It left the request to legacy.
    Declined(String),
    /// It gave no answer.
    Failed(String),
    /// It gave no answer in time.
    TimedOut,
}

/// What is known of a stored side's effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredEffects {
    /// These, and no others.
    Known(Vec<StoredRecord>),
    /// Nobody looked.
    Unobserved,
    /// Still awaited when the pair was stored.
    Pending,
    /// Unknown; with the reason.
    NotComparable(String),
}

/// A record of a stored pair, or an effect of the application's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The topic, or `own:` and the kind.
    pub topic: String,
    /// The partition, where it is not left to chance.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<String>,
    /// The value.
    pub value: Option<String>,
    /// The headers.
    pub headers: Vec<(String, String)>,
}

/// One read of a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredRead {
    /// The clock: its name, and the time (RFC 3339).
    Now(String, String),
    /// An id: its name, and the id.
    Id(String, String),
    /// A kind of read that this version does not know.
    Other(String),
}

/// One difference of a stored pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDifference {
    /// Where, concretely: `body:/errors/0/code`.
    pub path: String,
    /// In which way.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// What control has.
    pub control: Option<StoredFound>,
    /// What the candidate has.
    pub candidate: Option<StoredFound>,
    /// The rule that set it aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_aside_by: Option<String>,
}

/// What one side has at the place of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFound {
    /// Of which type.
    pub form: Form,
    /// The value, redacted.
    pub text: String,
    /// Whether redaction or the bound took something away.
    pub changed: bool,
}
