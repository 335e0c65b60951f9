//! May a route move up? Asked of its evidence, and shut unless everything that was asked for is there.
//!
//! What cannot be measured does not count as met: it is said to be unmeasurable, with what would make it measurable.

mod assess;
mod beside;
mod bound;
mod needs;
mod raw;
mod said;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use assess::{Asked, replayed};
pub use beside::{Of, Other, Rehearsed};
pub use bound::Seen;
pub use raw::{GateFault, GateRaw};
pub use said::{Assessment, Estimate, Need, NeedState};

/// A set of figures to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Where a difference costs money: 10,000 samples over a week, fewer than 1 of 1,000 mismatching at 99 %.
    Critical,
    /// 1,000 samples over a day, fewer than 1 of 100 mismatching at 95 %.
    #[default]
    Standard,
    /// Where 20 requests a day come: 50 samples over three days, fewer than 1 of 10 mismatching at 95 %.
    Tail,
}

/// What becomes of a route that is native already when its evidence starts anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnChange {
    /// It stays native, since PHP may have been scaled down; its `verify` share is raised until the gate is met again.
    #[default]
    Keep,
    /// It goes back to canary.
    Canary,
    /// It goes back to shadow.
    Shadow,
}

/// A valid policy of a gate. Shares are from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// The profile that it began with.
    pub profile: Profile,
    /// How many requests native must have answered comparably.
    pub samples: u64,
    /// For how long evidence must have been gathered.
    pub age: Duration,
    /// What the rate of mismatches must be shown to be below.
    pub mismatches: f64,
    /// How sure that must be: the share of routes for which such a bound holds at all times.
    pub confidence: f64,
    /// How often requests of one shape count at most, each different one once.
    pub per_shape: u64,
    /// The largest share of requests that native leaves to legacy.
    pub declined: f64,
    /// The largest share of experiments that were not made or lost.
    pub dropped: f64,
    /// The largest share of pairs whose effects were never decided.
    pub pending: f64,
    /// The largest share of pairs of which nothing can be said.
    pub not_comparable: f64,
    /// The largest share of legacy's records that no request explains.
    pub unattributed: f64,
    /// The largest share of samples with differences that were set aside, by rules, by decisions or as noise.
    pub ignored: f64,
    /// Status classes (2 is 2xx) that must have been compared, beside those that legacy answers with.
    pub statuses: BTreeSet<u16>,
    /// Sources of legacy of which every line must have been reached by a compared request; a `*` stands for anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// What need not be covered, with the reason: `5xx`, `effects`, `rules`, `rule:NAME`, a type such as `image/png`,
    /// `line:SOURCE:NUMBER`, what `handover effects` lists; in the last two a `*` stands for anything.
    pub waive: BTreeMap<String, String>,
    /// Why equal requests count as often as they come: the route has no input that could make them differ.
    pub repeats: Option<String>,
    /// What becomes of a native route when its evidence starts anew.
    pub on_change: OnChange,
}

impl Gate {
    /// A profile's figures.
    pub fn of(profile: Profile) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let standard = Self {
            profile,
            samples: 1_000,
            age: DAY,
            mismatches: 0.01,
            confidence: 0.95,
            per_shape: 50,
            declined: 0.05,
            dropped: 0.2,
            pending: 0.01,
            not_comparable: 0.05,
            unattributed: 0.01,
            ignored: 0.2,
            statuses: [2, 4].into(),
            lines: Vec::new(),
            waive: BTreeMap::new(),
            repeats: None,
            on_change: OnChange::default(),
        };
        match profile {
            Profile::Standard => standard,
            Profile::Critical => Self {
                samples: 10_000,
                age: 7 * DAY,
                mismatches: 0.001,
                confidence: 0.99,
                per_shape: 200,
                declined: 0.01,
                dropped: 0.05,
                pending: 0.001,
                not_comparable: 0.01,
                unattributed: 0.001,
                ignored: 0.05,
                ..standard
            },
            Profile::Tail => {
                Self { samples: 50, age: 3 * DAY, mismatches: 0.1, statuses: [2].into(), ..standard }
            }
        }
    }

    /// Why something need not be covered.
    pub(crate) fn waived(&self, what: &str) -> Option<&str> {
        self.waive.get(what).map(String::as_str)
    }
}
