//! What evidence belongs to, and what a route's evidence comes to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterKey;
use crate::decision::{Decision, State};
use crate::experiment::{Experiment, Who};
use crate::noise::Noise;
use crate::policy::Policy;

/// What a verdict is evidence for: exactly these two sides, compared in exactly this way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EvidenceKey {
    /// The route's name.
    pub route: String,
    /// The side on trial: native's fingerprint, or `legacy NAME VERSION` where two legacies are compared.
    pub on_trial: String,
    /// Legacy's version; empty where it is unknown.
    pub legacy: String,
    /// The policy's hash. Ignore rules are no part of it: they are applied when evidence is read.
    pub policy: String,
}

impl EvidenceKey {
    /// The key of an experiment's verdict under that policy.
    pub fn of(experiment: &Experiment, policy: &Policy) -> Self {
        let version = |version: &Option<String>| version.clone().unwrap_or_default();
        let (on_trial, legacy) = match (&experiment.control.who, &experiment.candidate.who) {
            (Who::Legacy { version: v }, Who::Native { fingerprint })
            | (Who::Native { fingerprint }, Who::Legacy { version: v }) => (fingerprint.clone(), version(v)),
            (Who::Legacy { version: a }, Who::Legacy { version: b }) => {
                (format!("legacy {}", version(b)), version(a))
            }
            (Who::Native { fingerprint: a }, Who::Native { fingerprint: b }) => {
                (b.clone(), format!("native {a}"))
            }
        };
        Self { route: experiment.route.clone(), on_trial, legacy, policy: policy.hash().to_owned() }
    }

    /// What the side on trial is called: `native`, or the name of the legacy that is the candidate.
    pub fn tried(&self) -> &str {
        let of_legacy = self.on_trial.strip_prefix("legacy ");
        of_legacy.map_or("native", |rest| rest.split(' ').next().unwrap_or(rest))
    }
}

/// What a route's evidence comes to, with what differs: the list of it, or [how much](ByState), which costs less to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parity<C = Vec<ClusterSummary>> {
    /// What this is evidence for.
    pub evidence: EvidenceKey,
    /// When the first of it was counted (RFC 3339).
    pub first: String,
    /// When the latest was counted (RFC 3339).
    pub last: String,
    /// Pairs without a difference.
    pub matched: u64,
    /// Pairs whose differences rules or decisions set aside.
    pub ignored: u64,
    /// The same, by rule and by decision; a pair counts under each of its own.
    pub ignored_by_rule: BTreeMap<String, u64>,
    /// Pairs that differ where legacy differs from itself as often, and nowhere else but where rules or decisions set it aside.
    #[serde(default)]
    pub noise: u64,
    /// Pairs of which legacy was asked twice.
    #[serde(default)]
    pub asked_twice: u64,
    /// Pairs with differences.
    pub mismatched: u64,
    /// Those of the mismatched where the side on trial gave no answer.
    pub failed: u64,
    /// Pairs of which nothing can be said, by reason.
    pub not_comparable: BTreeMap<String, u64>,
    /// Requests that native left to legacy, by reason.
    pub declined: BTreeMap<String, u64>,
    /// Pairs whose effects were still awaited when the process ended.
    pub pending: u64,
    /// Experiments that were never made or lost, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Records of legacy's that no request explains, by topic.
    pub unattributed: BTreeMap<String, u64>,
    /// Differences that opened no cluster, since there were too many clusters already.
    pub unclustered: u64,
    /// What differs; a list has the worst and most frequent first.
    pub clusters: C,
}

impl<C> Parity<C> {
    /// Requests that native answered and that could be compared.
    pub fn samples(&self) -> u64 {
        self.matched + self.ignored + self.noise + self.mismatched
    }

    /// The share of samples that matched or whose differences are set aside, 0 to 1; `None` without a sample.
    pub fn share(&self) -> Option<f64> {
        let samples = self.samples();
        (samples > 0).then(|| (samples - self.mismatched) as f64 / samples as f64)
    }
}

/// How many clusters stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByState {
    /// Nobody has decided them yet.
    pub unreviewed: u64,
    /// They may be.
    pub accepted: u64,
    /// A rule covers them.
    pub ignored: u64,
    /// They are faults.
    pub bug: u64,
    /// Legacy does the same itself, about as often.
    #[serde(default)]
    pub noise: u64,
}

impl ByState {
    /// All of them.
    pub fn total(self) -> u64 {
        self.unreviewed + self.accepted + self.ignored + self.bug + self.noise
    }
}

impl FromIterator<State> for ByState {
    fn from_iter<I: IntoIterator<Item = State>>(states: I) -> Self {
        let mut counts = Self::default();
        for state in states {
            *match state {
                State::Unreviewed => &mut counts.unreviewed,
                State::Accepted => &mut counts.accepted,
                State::Ignored => &mut counts.ignored,
                State::Bug => &mut counts.bug,
                State::Noise => &mut counts.noise,
            } += 1;
        }
        counts
    }
}

/// One cluster of differences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClusterSummary {
    /// Its number in the store.
    pub id: i64,
    /// What its differences have in common.
    #[serde(flatten)]
    pub key: ClusterKey,
    /// In how many pairs it was seen.
    pub count: u64,
    /// When first (RFC 3339).
    pub first: String,
    /// When last (RFC 3339).
    pub last: String,
    /// How many pairs are kept to look at.
    pub exemplars: u64,
    /// How it stands.
    #[serde(default)]
    pub state: State,
    /// The decision by which it stands so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The name of the rule of `routes.toml` by which it stands so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How often it was seen where legacy was asked twice, if it ever differed so from itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
}

/// All that a gate asks about: what a route's evidence comes to, and how far it reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// What it comes to.
    pub parity: Parity<ByState>,
    /// The samples by their requests' shapes.
    pub shapes: Vec<ShapeCount>,
    /// Status classes (`status 2xx`) and types (`answer text/html`, `request text/plain`) that legacy's answers and the
    /// requests had, with how often.
    pub seen: BTreeMap<String, u64>,
    /// The same of what was compared.
    pub compared: BTreeMap<String, u64>,
    /// Samples in which a record was compared, by topic.
    pub effects: BTreeMap<String, u64>,
    /// The handler's rules with how often they came out either way in samples; empty where it has none.
    pub rules: BTreeMap<String, RuleCount>,
}

/// The samples whose requests have one shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeCount {
    /// How many.
    pub samples: u64,
    /// How many different requests, at least. It grows to about 1,000 at most.
    pub distinct: u64,
    /// How many of the samples are mismatches that nobody has set aside.
    pub mismatched: u64,
}

/// How a rule came out in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// How often it held.
    pub held: u64,
    /// How often it was broken.
    pub broken: u64,
}

/// What is counted beside verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// An experiment that was not made, or was lost.
    Dropped,
    /// A record of legacy's that no request explains.
    Unattributed,
}
