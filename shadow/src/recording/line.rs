//! One experiment of a recording, and what becomes of it when it is run again.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use handover_api::{Fields, PortRead};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::experiment::{
    Answer, Body, EffectRecord, Effects, Experiment, ExperimentId, Outcome, RecordedRequest, SessionState,
    Side, Who,
};
use crate::path::Pattern;

/// Bytes in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// They are UTF-8.
    Text(String),
    /// They are not.
    Bytes {
        /// All of them, in Base64 (RFC 4648 §4).
        base64: String,
    },
}

impl Content {
    /// These bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { base64: BASE64_STANDARD.encode(bytes) },
        }
    }

    /// The bytes.
    ///
    /// # Errors
    /// When they are no Base64.
    pub fn bytes(&self) -> Result<Bytes, Unusable> {
        match self {
            Self::Text(text) => Ok(Bytes::from(text.clone())),
            Self::Bytes { base64 } => {
                let bytes = BASE64_STANDARD.decode(base64);
                bytes.map(Bytes::from).map_err(|_| Unusable("bytes that are no Base64".to_owned()))
            }
        }
    }
}

/// One experiment, redacted so that it can be run again. Only a [`Redactor`](crate::Redactor) makes one of live traffic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The experiment's id, in hex.
    pub id: String,
    /// The route's name.
    pub route: String,
    /// When the request was routed (RFC 3339).
    pub at: String,
    /// The request.
    pub request: Saved,
    /// Who answered the client.
    pub control: SavedSide,
    /// Who ran beside it.
    pub candidate: SavedSide,
    /// Places of legacy's side where a placeholder stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redacted: Vec<String>,
}

/// The request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: Content,
    /// The header fields, in order.
    pub fields: Vec<(String, Content)>,
    /// The body, without transfer coding.
    pub body: Content,
    /// What the route's pattern captured of the path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<(String, Content)>,
}

/// One side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedSide {
    /// `legacy` or `native`.
    pub who: String,
    /// Legacy's version, native's fingerprint.
    pub version: Option<String>,
    /// What it came to.
    pub outcome: SavedOutcome,
    /// The records that it sent, or would have sent.
    pub effects: SavedEffects,
    /// Its effects of the application's own, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<String, SavedEffects>,
    /// What it left in the client's session, or would have left.
    #[serde(default, skip_serializing_if = "SavedSession::is_unobserved")]
    pub session: SavedSession,
    /// From the request's last byte to the answer's last byte, in microseconds.
    pub latency_us: u64,
    /// What its ports gave, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<SavedRead>,
}

/// What a side came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavedOutcome {
    /// It answered.
    Answered {
        /// The status.
        status: u16,
        /// The header fields, in order.
        fields: Vec<(String, Content)>,
        /// The body, without content coding.
        body: Content,
        /// Whether it was larger than what is captured, so that nothing can be said of it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cut: bool,
    },
    /// It left the request to legacy.
    Declined(String),
    /// It gave no answer.
    Failed(String),
    /// It gave no answer in time.
    TimedOut,
}

/// What is known of a side's effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavedEffects {
    /// These, and no others.
    Known(Vec<SavedRecord>),
    /// Nobody looked.
    Unobserved,
    /// They are still awaited.
    Pending,
    /// Unknown; with the reason.
    NotComparable(String),
}

/// What is known of the client's session afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavedSession {
    /// Nobody looked.
    #[default]
    Unobserved,
    /// This, as a JSON object.
    Known(Content),
    /// Unknown; with the reason.
    NotComparable(String),
}

impl SavedSession {
    fn is_unobserved(&self) -> bool {
        *self == Self::Unobserved
    }
}

/// A Kafka record, or an effect of the application's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedRecord {
    /// The topic, or `own:` and the kind.
    pub topic: String,
    /// The partition, where it is not left to chance.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Content>,
    /// The value.
    pub value: Option<Content>,
    /// The headers, in order.
    pub headers: Vec<(String, Content)>,
}

/// What a port gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavedRead {
    /// The clock: its name, and the time (RFC 3339).
    Now(String, String),
    /// An id: its name, and the id.
    Id(String, String),
    /// A row of a hot table.
    Row {
        /// The table.
        table: String,
        /// The key that was looked up.
        key: Content,
        /// Its cells by column; null where there is no such row.
        row: Option<Vec<(String, Content)>>,
    },
}

/// A line that is well formed, and still cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an experiment has {0}")]
pub struct Unusable(String);

fn unusable(what: &str) -> Unusable {
    Unusable(what.to_owned())
}

impl Recorded {
    /// The request as both sides were given it.
    ///
    /// # Errors
    /// When a part of it is broken.
    pub fn request(&self) -> Result<RecordedRequest, Unusable> {
        Ok(RecordedRequest {
            method: self.request.method.clone(),
            target: self.request.target.bytes()?,
            fields: fields(&self.request.fields)?,
            body: self.request.body.bytes()?.into(),
            params: named(&self.request.params)?,
        })
    }

    /// The same experiment with another candidate in the place of the one that ran when it was recorded.
    ///
    /// # Errors
    /// When a part of it is broken.
    pub fn against(&self, candidate: Side) -> Result<Experiment, Unusable> {
        self.of(self.legacy().side()?, candidate)
    }

    /// The experiment as it was.
    ///
    /// # Errors
    /// When a part of it is broken.
    pub fn experiment(&self) -> Result<Experiment, Unusable> {
        self.of(self.control.side()?, self.candidate.side()?)
    }

    fn of(&self, control: Side, candidate: Side) -> Result<Experiment, Unusable> {
        let id = u128::from_str_radix(&self.id, 16).map_err(|_| unusable("an id that is no hex"))?;
        let at = self.at.parse().map_err(|_| unusable("a time that is none"))?;
        let (id, route, request) = (ExperimentId(id), self.route.clone(), self.request()?);
        Ok(Experiment { id, route, at, request, control, candidate, again: None })
    }

    /// The places where nothing can be judged any more.
    pub fn unseen(&self) -> Vec<Pattern> {
        self.redacted.iter().filter_map(|place| place.parse().ok()).collect()
    }

    /// Whether native is given placeholders: what it makes of them for a look-up may be no placeholder that was recorded.
    pub fn has_redacted_request(&self) -> bool {
        self.redacted.iter().any(|place| place == "request" || place.starts_with("request:"))
    }

    /// What native's ports gave when it was recorded.
    ///
    /// # Errors
    /// When a part of it is broken.
    pub fn reads(&self) -> Result<Vec<PortRead>, Unusable> {
        let native = if self.control.who == "native" { &self.control } else { &self.candidate };
        native.reads.iter().map(SavedRead::read).collect()
    }

    /// The side that native is measured by, whoever answered the client.
    fn legacy(&self) -> &SavedSide {
        if self.control.who == "native" { &self.candidate } else { &self.control }
    }
}

impl SavedSide {
    fn side(&self) -> Result<Side, Unusable> {
        let outcome = match &self.outcome {
            SavedOutcome::Answered { status, fields: saved, body, cut } => {
                let (fields, body) = (fields(saved)?, body.bytes()?);
                let body = if *cut { Body::Cut(body) } else { Body::Whole(body) };
                Outcome::Answered(Answer { status: *status, fields, body })
            }
            SavedOutcome::Declined(reason) => Outcome::Declined(reason.clone()),
            SavedOutcome::Failed(reason) => Outcome::Failed(reason.clone()),
            SavedOutcome::TimedOut => Outcome::TimedOut,
        };
        let effects = self.effects.effects()?;
        let own = self.own.iter().map(|(kind, effects)| Ok((kind.clone(), effects.effects()?)));
        let own = own.collect::<Result<_, _>>()?;
        let who = match self.who.as_str() {
            "legacy" => Who::Legacy { version: self.version.clone() },
            "native" => Who::Native { fingerprint: self.version.clone().unwrap_or_default() },
            _ => return Err(unusable("a side that is neither legacy nor native")),
        };
        let session = match &self.session {
            SavedSession::Unobserved => SessionState::Unobserved,
            SavedSession::Known(values) => SessionState::Known(values.bytes()?),
            SavedSession::NotComparable(reason) => SessionState::NotComparable(reason.clone()),
        };
        let latency = Duration::from_micros(self.latency_us);
        let reads = self.reads.iter().map(SavedRead::read).collect::<Result<_, _>>()?;
        Ok(Side { who, outcome, effects, own, session, latency, reads, rules: None })
    }
}

impl SavedEffects {
    fn effects(&self) -> Result<Effects, Unusable> {
        Ok(match self {
            Self::Known(records) => {
                Effects::Known(records.iter().map(SavedRecord::record).collect::<Result<_, _>>()?)
            }
            Self::Unobserved => Effects::Unobserved,
            Self::Pending => Effects::Pending,
            Self::NotComparable(reason) => Effects::NotComparable(reason.clone()),
        })
    }
}

impl SavedRecord {
    pub(crate) fn record(&self) -> Result<EffectRecord, Unusable> {
        let bytes = |content: &Option<Content>| content.as_ref().map(Content::bytes).transpose();
        Ok(EffectRecord {
            topic: self.topic.clone(),
            partition: self.partition,
            key: bytes(&self.key)?,
            value: bytes(&self.value)?,
            headers: named(&self.headers)?,
            unreadable: None,
        })
    }
}

impl SavedRead {
    fn read(&self) -> Result<PortRead, Unusable> {
        Ok(match self {
            Self::Now(name, time) => {
                let time: Timestamp = time.parse().map_err(|_| unusable("a port's time that is none"))?;
                PortRead::Now(name.clone(), time)
            }
            Self::Id(name, id) => PortRead::Id(name.clone(), id.clone()),
            Self::Row { table, key, row } => {
                let row = row.as_ref().map(|cells| named(cells)).transpose()?;
                PortRead::Row { table: table.clone(), key: key.bytes()?, row }
            }
        })
    }
}

fn named(saved: &[(String, Content)]) -> Result<Vec<(String, Bytes)>, Unusable> {
    saved.iter().map(|(name, value)| Ok((name.clone(), value.bytes()?))).collect()
}

fn fields(saved: &[(String, Content)]) -> Result<Fields, Unusable> {
    let mut fields = Fields::with_capacity(saved.len());
    for (name, value) in saved {
        fields
            .append(name.clone(), value.bytes()?)
            .map_err(|_| unusable("a header field that HTTP does not allow"))?;
    }
    Ok(fields)
}
