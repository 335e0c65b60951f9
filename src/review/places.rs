//! Up to where each partition was worked off, while experiments that came later are decided earlier.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use handover_shadow::ExperimentId;

/// What is under way.
#[derive(Default)]
pub(super) struct Places {
    partitions: BTreeMap<i32, Partition>,
    under_way: HashMap<ExperimentId, Vec<(i32, i64)>>,
}

#[derive(Default)]
struct Partition {
    /// The offset behind the last record that was taken in.
    next: i64,
    /// Offsets of experiments that are not decided yet.
    open: BTreeSet<i64>,
    /// What was told last.
    told: Option<i64>,
}

impl Places {
    /// A record was taken in; `waits`: the experiment that is to be decided before its place counts as worked off.
    pub(super) fn taken(&mut self, partition: i32, offset: i64, waits: Option<ExperimentId>) {
        let of = self.partitions.entry(partition).or_default();
        of.next = of.next.max(offset + 1);
        if let Some(id) = waits {
            of.open.insert(offset);
            self.under_way.entry(id).or_default().push((partition, offset));
        }
    }

    /// Whether that experiment is being waited for already.
    pub(super) fn is_under_way(&self, id: ExperimentId) -> bool {
        self.under_way.contains_key(&id)
    }

    /// An experiment was decided.
    pub(super) fn decided(&mut self, id: ExperimentId) {
        for (partition, offset) in self.under_way.remove(&id).unwrap_or_default() {
            if let Some(of) = self.partitions.get_mut(&partition) {
                of.open.remove(&offset);
            }
        }
    }

    /// The partitions that were worked off further since this was last asked, with their next offsets.
    pub(super) fn news(&mut self) -> Vec<(i32, i64)> {
        let mut news = Vec::new();
        for (partition, of) in &mut self.partitions {
            let next = of.open.first().copied().unwrap_or(of.next);
            if of.told != Some(next) {
                of.told = Some(next);
                news.push((*partition, next));
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_moves_on_only_behind_what_is_decided() {
        let mut places = Places::default();
        let id = ExperimentId;
        places.taken(0, 5, Some(id(1)));
        places.taken(0, 6, Some(id(2)));
        places.taken(0, 7, None);
        places.taken(3, 0, Some(id(1)));
        assert!(places.is_under_way(id(1)) && !places.is_under_way(id(9)));
        assert_eq!(places.news(), [(0, 5), (3, 0)]);
        places.decided(id(2));
        assert_eq!(places.news(), [], "the first is still awaited");
        places.decided(id(1));
        assert_eq!(places.news(), [(0, 8), (3, 1)]);
        assert_eq!(places.news(), []);
    }
}
