//! How a route's two sides are compared: rules with their authors, matchers, what is injected, how effects belong to
//! requests, and how much is stored.

mod alike;
mod inject;
mod raw;
mod source;
mod validate;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

pub use alike::Alike;
pub use inject::{Inject, Injected, injected};
pub use raw::{AlikeRaw, CorrelateRaw, EffectsRaw, IgnoreRaw, InjectRaw, Keep, OneOrMany, PolicyRaw, Within};
pub use source::{Absent, InvalidSource, Source};
pub use validate::PolicyFault;

use bytes::Bytes;
use ring::digest::{SHA256, digest};

use crate::difference::{Difference, Kind};
use crate::experiment::{Answer, ExperimentId, RecordedRequest, own_topic};
use crate::path::Pattern;

/// A valid policy. Cloning it is cheap enough for reloads, not for requests: share it.
#[derive(Clone, Debug)]
pub struct Policy {
    sample: f64,
    noise: f64,
    effects: Vec<EffectPolicy>,
    observed: Vec<String>,
    waives_calls: bool,
    waived: BTreeSet<String>,
    inject: Vec<Inject>,
    ignore: Vec<Ignore>,
    alike: Vec<Alike>,
    keep: Keep,
    reveal: Vec<Pattern>,
    hash: String,
    written: String,
}

impl Default for Policy {
    /// Everything is compared, nothing ignored, no topic is tapped.
    fn default() -> Self {
        PolicyRaw::default()
            .validate()
            .unwrap_or_else(|_| unreachable!("the empty policy has no field to be wrong"))
    }
}

impl Policy {
    /// The share of requests that become experiments, 0 to 1.
    pub fn sample(&self) -> f64 {
        self.sample
    }

    /// Whether a request with that id becomes an experiment. Who is picked at 5 % is picked at 10 % too.
    pub fn picks(&self, id: ExperimentId) -> bool {
        id.is_in(self.sample)
    }

    /// The share of experiments in which legacy is asked once more, 0 to 1.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// Whether legacy is asked once more in the experiment with that id, which is one of the sample.
    pub fn asks_again(&self, id: ExperimentId) -> bool {
        id.is_in(self.sample * self.noise)
    }

    /// The topics that legacy writes to.
    pub fn effects(&self) -> &[EffectPolicy] {
        &self.effects
    }

    /// The kinds of effects of the application's own that are observed at legacy.
    pub fn observed(&self) -> &[String] {
        &self.observed
    }

    /// What legacy does that is compared, each as evidence names it: its topics, and kinds of the application's own.
    pub fn compared(&self) -> Vec<String> {
        let topics = self.effects.iter().map(|effect| effect.topic().to_owned());
        topics.chain(self.observed.iter().map(|kind| own_topic(kind))).collect()
    }

    /// Whether somebody said why native's effects of that kind need not be compared.
    pub(crate) fn waives(&self, kind: &str) -> bool {
        self.waived.contains(kind)
    }

    /// Whether somebody said why native's HTTP calls need not be compared.
    pub fn waives_calls(&self) -> bool {
        self.waives_calls
    }

    /// Whether a dry run has to wait for legacy's answer.
    pub fn injects(&self) -> bool {
        !self.inject.is_empty()
    }

    /// How much of a pair is stored.
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Places whose values are stored as they are.
    pub(crate) fn reveal(&self) -> &[Pattern] {
        &self.reveal
    }

    /// Stable hash of all that decides what differs, in 16 hex digits. Evidence gathered under another hash is another's.
    /// What does not count of that is decided when evidence is read, so ignore rules have no part in it, nor have the
    /// sample and what is stored.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The table that it was made of, as JSON.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The rules by which differences do not count.
    pub fn ignore(&self) -> &[Ignore] {
        &self.ignore
    }

    /// The rule that sets this difference aside at that time.
    pub(crate) fn ignoring(&self, difference: &Difference, at: Timestamp) -> Option<&Ignore> {
        self.ignore.iter().find(|rule| rule.covers(difference, at))
    }

    /// Whether a matcher accepts this difference.
    pub(crate) fn accepts(&self, difference: &Difference) -> bool {
        self.alike.iter().any(|alike| alike.accepts(difference))
    }
}

/// A difference that does not count, by whose decision, and why.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// The name under which it is counted.
    pub name: String,
    /// Where.
    pub path: Pattern,
    /// Only this kind, or all.
    pub kind: Option<Kind>,
    /// Who decided it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// From when on it counts again.
    pub expires: Option<Timestamp>,
}

impl Ignore {
    fn covers(&self, difference: &Difference, at: Timestamp) -> bool {
        self.is_about(difference.kind, at) && self.path.covers(&difference.path)
    }

    /// Whether it covers every difference of that kind at the places that a pattern names.
    pub(crate) fn covers_all(&self, places: &Pattern, kind: Kind, at: Timestamp) -> bool {
        self.is_about(kind, at) && self.path.includes(places)
    }

    fn is_about(&self, kind: Kind, at: Timestamp) -> bool {
        self.is_in_effect(at) && self.kind.is_none_or(|of| of == kind)
    }

    /// What the rule is known by, however it is named and explained: where, and which kind.
    pub(crate) fn key(&self) -> String {
        let text = format!("{} {}", self.path, self.kind.map_or("", Kind::name));
        let hash = digest(&SHA256, text.as_bytes());
        hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether it has not expired yet.
    pub(crate) fn is_in_effect(&self, at: Timestamp) -> bool {
        self.expires.is_none_or(|expires| at < expires)
    }
}

/// A topic that legacy writes to, and how a record there belongs to a request.
#[derive(Clone, Debug)]
pub struct EffectPolicy {
    topic: String,
    record: Source,
    of: Of,
    window: Duration,
}

#[derive(Clone, Debug)]
enum Of {
    Answer(Source),
    Request(Source),
}

impl EffectPolicy {
    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// For how long after the answer legacy may still send.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// The value by which this exchange's records are known, or why there is none.
    pub fn wanted(&self, request: &RecordedRequest, answer: &Answer) -> Result<Bytes, Absent> {
        match &self.of {
            Of::Answer(source) => source.in_answer(answer),
            Of::Request(source) => source.in_request(request),
        }
    }

    /// Where a record says whose it is.
    pub fn record(&self) -> &Source {
        &self.record
    }
}
