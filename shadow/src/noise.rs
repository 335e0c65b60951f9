//! Noise: where legacy differs from itself about as often as from the other side, nobody can say that the other side is wrong.
//!
//! Of some experiments legacy is asked once more, and its two answers are compared as the two sides are. What is counted are
//! [clusters](crate::ClusterKey), not places alone: where legacy gives another id each time, an id of another type is still a
//! difference of its own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::cluster::ClusterKey;
use crate::compare;
use crate::experiment::{Answer, Body};
use crate::policy::Policy;

/// So many experiments with legacy asked twice are needed before anything is noise.
const LEAST: u64 = 50;

/// So often legacy must have differed from itself.
const LEAST_SEEN: u64 = 5;

/// The least share by which the two counts must differ of their sum to mean something.
const RELATIVE: f64 = 0.2;

/// The same of all experiments.
const ABSOLUTE: f64 = 0.000_3;

/// How many standard deviations are more than chance.
const CHANCE: f64 = 3.0;

/// How often a difference was seen in experiments of which legacy was asked twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noise {
    /// How many of these experiments there were.
    pub of: u64,
    /// In how many the two sides differed so.
    pub sides: u64,
    /// In how many legacy differed so from itself.
    pub legacy: u64,
}

impl Noise {
    /// Whether legacy's own differences explain those of the sides. Diffy's rule (`DifferencesFilterFactory`: more of them, by
    /// more than 20 % of both and 0.03 % of all, are a difference), with two restrictions: of a few experiments nothing follows;
    /// and where there are so many that chance explains no such distance, it is a difference however near the two are.
    pub fn explains(&self) -> bool {
        if self.of < LEAST || self.legacy < LEAST_SEEN {
            return false;
        }
        let more = self.sides.saturating_sub(self.legacy) as f64;
        let both = (self.sides + self.legacy) as f64;
        let is_much = more > RELATIVE * both && more > ABSOLUTE * self.of as f64;
        // Pairs in which only one of them differs are the ones that tell; there are no more of these than of both.
        !is_much && more <= CHANCE * both.sqrt()
    }
}

/// In which ways legacy's second answer to a request differs from its first; `None` where that cannot be said.
pub fn differs_from_itself(
    route: &str,
    first: &Answer,
    second: &Answer,
    policy: &Policy,
) -> Option<Vec<ClusterKey>> {
    if [first, second].iter().any(|answer| matches!(answer.body, Body::Cut(_))) {
        return None;
    }
    let found = compare::answers(first, second).into_sorted();
    let counts = found.iter().filter(|difference| !policy.accepts(difference));
    let keys: BTreeSet<ClusterKey> = counts.map(|difference| ClusterKey::of(route, difference)).collect();
    Some(keys.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explains(of: u64, sides: u64, legacy: u64) -> bool {
        Noise { of, sides, legacy }.explains()
    }

    #[test]
    fn what_legacy_does_itself_as_often_is_noise() {
        assert!(explains(100, 100, 100));
        assert!(explains(100, 60, 52));
        assert!(explains(100, 30, 60), "less often than legacy");
        assert!(explains(10_000, 5_050, 5_000));
    }

    #[test]
    fn too_little_says_nothing() {
        assert!(!explains(49, 49, 49));
        assert!(!explains(1_000, 5, 4));
        assert!(!explains(1_000, 0, 0));
        assert!(!Noise::default().explains());
    }

    #[test]
    fn what_is_seen_more_often_is_a_difference() {
        assert!(!explains(100, 100, 50), "by Diffy's rule");
        assert!(!explains(100, 30, 5));
        // Within Diffy's thresholds, and no chance.
        assert!(!explains(1_000, 1_000, 720));
        assert!(!explains(100_000, 52_000, 50_000));
    }
}
