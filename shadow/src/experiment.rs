//! One request answered by both sides, as it was seen: nothing judged, nothing redacted yet.
//!
//! These types hold clients' data and therefore cannot be serialised: what is stored is a
//! [`StoredPair`](crate::StoredPair), which only redaction makes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use handover_api::{Effect, Fields, Own, PortRead, Record, RuleRun};
use jiff::Timestamp;

use crate::cluster::ClusterKey;
use crate::policy::Policy;

/// One request answered by both sides.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Unique across processes; the store's sample is drawn by it.
    pub id: ExperimentId,
    /// The route's name.
    pub route: String,
    /// When the request was routed.
    pub at: Timestamp,
    /// What both sides were asked.
    pub request: RecordedRequest,
    /// Who answered the client.
    pub control: Side,
    /// Who ran beside it.
    pub candidate: Side,
    /// In which ways legacy's answer to the client differs from what it answered when it was asked once more; `None` where
    /// it was not.
    pub again: Option<Vec<ClusterKey>>,
}

impl Experiment {
    /// Which side has to prove itself: native where it takes part, else the candidate. Its failures are mismatches;
    /// the other side's make the experiment not comparable.
    pub fn on_trial(&self) -> OnTrial {
        match (&self.control.who, &self.candidate.who) {
            (Who::Native { .. }, Who::Legacy { .. }) => OnTrial::Control,
            _ => OnTrial::Candidate,
        }
    }

    /// The side that the other one is measured by.
    pub fn reference(&self) -> &Side {
        match self.on_trial() {
            OnTrial::Control => &self.candidate,
            OnTrial::Candidate => &self.control,
        }
    }

    /// The side that has to prove itself.
    pub fn tried(&self) -> &Side {
        match self.on_trial() {
            OnTrial::Control => &self.control,
            OnTrial::Candidate => &self.candidate,
        }
    }

    /// About how many bytes of memory this holds: what queues are bounded by.
    pub fn size(&self) -> usize {
        let fields =
            |fields: &Fields| fields.iter().map(|f| f.name().len() + f.value().len() + 64).sum::<usize>();
        let side = |side: &Side| {
            let answer = match &side.outcome {
                Outcome::Answered(answer) => fields(&answer.fields) + answer.body.bytes().len(),
                _ => 0,
            };
            let effects = |effects: &Effects| match effects {
                Effects::Known(records) => records.iter().map(EffectRecord::size).sum(),
                _ => 0,
            };
            let effects = effects(&side.effects) + side.own.values().map(effects).sum::<usize>();
            let rules = side.rules.as_ref().map_or(0, |run| size_of_val(&*run.outcomes));
            let session = match &side.session {
                SessionState::Known(values) => values.len(),
                _ => 0,
            };
            answer + effects + session + side.reads.len() * 64 + rules
        };
        size_of::<Self>()
            + fields(&self.request.fields)
            + self.request.target.len()
            + self.request.body.bytes().len()
            + side(&self.control)
            + side(&self.candidate)
    }
}

/// The side whose failures count against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTrial {
    /// The side that answered the client.
    Control,
    /// The side that ran beside it.
    Candidate,
}

/// An experiment's id, uniform over its whole range (random, or a hash), so that samples can be drawn by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExperimentId(pub u128);

impl ExperimentId {
    /// Whether it is in that share of all ids: what is in 5 % is in 10 %, too.
    pub fn is_in(self, share: f64) -> bool {
        // The upper 53 bits are what an f64 holds exactly.
        let place = (self.0 >> 75) as f64 / (1_u64 << 53) as f64;
        place < share
    }
}

impl fmt::Display for ExperimentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The request that both sides were given.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// Path and query, as sent.
    pub target: Bytes,
    /// The header fields, as sent.
    pub fields: Fields,
    /// The body.
    pub body: Body,
    /// What the route's pattern captured of the path, still percent-encoded.
    pub params: Vec<(String, Bytes)>,
}

/// One side of an experiment.
#[derive(Clone, Debug)]
pub struct Side {
    /// Who this is.
    pub who: Who,
    /// What it came to.
    pub outcome: Outcome,
    /// The records that it sent, or would have sent.
    pub effects: Effects,
    /// Its effects of the application's own.
    pub own: OwnEffects,
    /// What the client's session holds when the request has ended.
    pub session: SessionState,
    /// From the request's last byte to the answer's last byte.
    pub latency: Duration,
    /// What a handler read from its ports; empty for legacy.
    pub reads: Vec<PortRead>,
    /// Which rules a handler applied; `None` for legacy, and for a handler that is not made of rules.
    pub rules: Option<RuleRun>,
}

/// A side's identity: evidence belongs to exactly this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The old backend.
    Legacy {
        /// The version that the running pool reports, or that was said by hand. Unknown or mixed versions are not
        /// comparable: evidence would belong to nothing.
        version: Option<String>,
    },
    /// A handler in this process.
    Native {
        /// The fingerprint of the handler and its rules.
        fingerprint: String,
    },
}

/// What stands in the place of a candidate's version of which nothing is known.
const UNKNOWN: &str = "unknown";

impl Who {
    /// The legacy of that name, which is a candidate and has not said yet which version it is: what it does counts for no
    /// version, and against none but by its name.
    pub fn unknown_candidate(name: &str) -> Self {
        Self::Legacy { version: Some(format!("{name} {UNKNOWN}")) }
    }

    /// Whether this is [such a one](Self::unknown_candidate).
    pub(crate) fn is_unknown_candidate(&self) -> bool {
        let Self::Legacy { version: Some(version) } = self else { return false };
        version.split_once(' ').is_some_and(|(_, version)| version == UNKNOWN)
    }
}

/// What a side's run came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It answered.
    Answered(Answer),
    /// Native left the request to legacy; with its reason.
    Declined(String),
    /// It gave no answer; with the reason.
    Failed(String),
    /// It gave no answer in time.
    TimedOut,
}

/// An answer as the client got it, or would have got it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The header fields in their order.
    pub fields: Fields,
    /// The body, without transfer coding.
    pub body: Body,
}

impl From<&handover_api::Response> for Answer {
    fn from(response: &handover_api::Response) -> Self {
        Self {
            status: response.status.as_u16(),
            fields: response.fields.clone(),
            body: Body::Whole(response.body.clone()),
        }
    }
}

/// A body, as far as the capture's bound let it be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// The beginning of one that was larger than the bound. Never compared, only shown.
    Cut(Bytes),
}

impl Body {
    /// What was kept.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Whole(bytes) | Self::Cut(bytes) => bytes,
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

/// What is known of a side's effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effects {
    /// These, and no others.
    Known(Vec<EffectRecord>),
    /// Nobody looks at what this side does. Comparable only when the other side does nothing.
    Unobserved,
    /// The tap may still bring some.
    Pending,
    /// They cannot be known; with the reason.
    NotComparable(String),
}

/// What is known of a side's effects of the application's own, by kind. At a kind that is not here nobody looks.
pub type OwnEffects = BTreeMap<String, Effects>;

/// What native does of the application's own, or would do: its answer's effects of each kind, and that there is none of those
/// kinds that the policy has observed at legacy.
pub fn own_effects(policy: &Policy, effects: &[Effect]) -> OwnEffects {
    let none = policy.observed().iter().map(|kind| (kind.clone(), Vec::new()));
    let mut by_kind: BTreeMap<String, Vec<EffectRecord>> = none.collect();
    for effect in effects {
        if let Effect::Own(own) = effect {
            by_kind.entry(own.kind.clone()).or_default().push(EffectRecord::from(&**own));
        }
    }
    by_kind.into_iter().map(|(kind, effects)| (kind, Effects::Known(effects))).collect()
}

/// What a side left in the client's session, or would have left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Nobody looks at it.
    Unobserved,
    /// This, as a JSON object; an empty one where there is no session.
    Known(Bytes),
    /// It cannot be known; with the reason.
    NotComparable(String),
}

/// A Kafka record that a side sent, or would have sent; or an effect of the application's own, which has no partition and no
/// headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectRecord {
    /// The topic; of an effect of the application's own `own:` and its kind, which no topic is called.
    pub topic: String,
    /// The partition; `None` where it is left to chance (as for null keys), which is equal to any.
    pub partition: Option<i32>,
    /// The key; `None` is the null key, not the empty one.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// Why its value cannot be read, where it had to be to be compared: then nobody can say whether it is right.
    pub unreadable: Option<String>,
}

impl EffectRecord {
    /// About how many bytes of memory this holds.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 64).sum();
        let len = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        size_of::<Self>() + self.topic.len() + len(&self.key) + len(&self.value) + headers
    }
}

impl From<&Own> for EffectRecord {
    fn from(own: &Own) -> Self {
        Self {
            topic: own_topic(&own.kind),
            partition: None,
            key: own.key.clone(),
            value: Some(own.value.clone()),
            headers: Vec::new(),
            unreadable: None,
        }
    }
}

/// What effects of that kind of the application's own are called beside topics.
pub(crate) fn own_topic(kind: &str) -> String {
    format!("{OWN}{kind}")
}

/// What begins the name of a kind beside those of topics, none of which can have a colon.
pub(crate) const OWN: &str = "own:";

impl From<&Record> for EffectRecord {
    /// The record as the handler gave it: its partition is that which the handler fixed.
    fn from(record: &Record) -> Self {
        Self {
            topic: record.topic.clone(),
            partition: record.partition,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
            unreadable: None,
        }
    }
}
