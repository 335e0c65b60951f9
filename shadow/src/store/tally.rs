//! What is only counted: in memory first, added to the file with each commit.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::evidence::{EvidenceKey, Loss};

/// Different losses that are told apart between two commits; beyond it their reason is `other`.
const MAX_LOSSES: usize = 1024;

/// Counts of what never became a judged experiment.
#[derive(Default)]
pub(super) struct Losses(Mutex<HashMap<(String, Loss, String), u64>>);

impl Losses {
    pub(super) fn add(&self, route: &str, loss: Loss, what: &str, n: u64) {
        let mut losses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let what = if losses.len() < MAX_LOSSES { what } else { "other" };
        *losses.entry((route.to_owned(), loss, what.to_owned())).or_default() += n;
    }

    pub(super) fn take(&self) -> HashMap<(String, Loss, String), u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Counts of one batch.
#[derive(Default)]
pub(super) struct Tally(pub(super) HashMap<EvidenceKey, Counts>);

/// Counts of one evidence.
pub(super) struct Counts {
    /// By class and what (reason, rule, topic).
    pub(super) counts: HashMap<(&'static str, String), u64>,
    /// How rules came out, for each list of them: as a rule there is one.
    pub(super) rules: Vec<RuleCounts>,
    /// Microseconds of the first and last experiment.
    pub(super) first: i64,
    pub(super) last: i64,
}

/// How often each of a handler's rules held and was broken.
pub(super) struct RuleCounts {
    /// By which they are known, as a rule shared by all runs of one handler; those that came from another process are equal.
    names: Arc<[Arc<str>]>,
    /// In the order of the names.
    pub(super) outcomes: Vec<(u64, u64)>,
}

impl RuleCounts {
    fn none(names: &Arc<[Arc<str>]>) -> Self {
        Self { names: Arc::clone(names), outcomes: vec![(0, 0); names.len()] }
    }

    /// By name: how often it held, how often it was broken.
    pub(super) fn by_name(&self) -> impl Iterator<Item = (&str, (u64, u64))> {
        self.names.iter().map(|name| &**name).zip(self.outcomes.iter().copied())
    }
}

impl Tally {
    pub(super) fn at(&mut self, key: &EvidenceKey, micros: i64) -> &mut Counts {
        if !self.0.contains_key(key) {
            self.0.insert(
                key.clone(),
                Counts { counts: HashMap::new(), rules: Vec::new(), first: micros, last: micros },
            );
        }
        let counts = self.0.get_mut(key).unwrap_or_else(|| unreachable!("it was inserted"));
        counts.first = counts.first.min(micros);
        counts.last = counts.last.max(micros);
        counts
    }
}

impl Counts {
    pub(super) fn add(&mut self, class: &'static str, what: &str) {
        *self.counts.entry((class, what.to_owned())).or_default() += 1;
    }

    /// The counts of rules of these names.
    pub(super) fn rules_named(&mut self, names: &Arc<[Arc<str>]>) -> &mut RuleCounts {
        // `==` of two `Arc`s looks first whether they are one: names are read only where they are not.
        let at = self.rules.iter().position(|rules| rules.names == *names).unwrap_or_else(|| {
            self.rules.push(RuleCounts::none(names));
            self.rules.len() - 1
        });
        &mut self.rules[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_counted_by_their_names_shared_or_not() {
        let names = |names: &[&str]| names.iter().map(|name| Arc::from(*name)).collect::<Arc<[Arc<str>]>>();
        let mut counts = Counts { counts: HashMap::new(), rules: Vec::new(), first: 0, last: 0 };
        let shared = names(&["tail", "carrier"]);
        for names in [&shared, &shared, &names(&["tail", "carrier"]), &names(&["tail"])] {
            counts.rules_named(names).outcomes[0].0 += 1;
        }
        let counted: Vec<_> = counts.rules.iter().flat_map(RuleCounts::by_name).collect();
        assert_eq!(counted, [("tail", (3, 0)), ("carrier", (0, 0)), ("tail", (1, 0))]);
    }
}
