//! What the spool holds, by topic: while it holds records of a topic, all of that topic's records go through it.
//!
//! Order is promised by key, so partitions would do. But a key's partition is not always known (an outage at the start,
//! partitions being added), and then a record could overtake; a whole topic is always safe.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handover_api::Record;

use super::body::Spooled;

/// Counts of what lies in the spool, or is about to.
#[derive(Default)]
pub(crate) struct Held {
    /// So that asking costs nothing while there is nothing.
    frames: AtomicUsize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// Records by cluster and topic.
    topics: HashMap<String, HashMap<String, usize>>,
    /// Frames by route.
    routes: HashMap<String, usize>,
}

impl Held {
    /// Counts a frame in, before it is appended: nothing may pass it from then on.
    pub(crate) fn hold(&self, frame: &Spooled) {
        self.frames.fetch_add(1, Relaxed);
        let counts = &mut *self.counts();
        *counts.routes.entry(frame.route.clone()).or_default() += 1;
        let topics = counts.topics.entry(frame.cluster.clone()).or_default();
        for topic in frame.topics() {
            *topics.entry(topic.to_owned()).or_default() += 1;
        }
    }

    /// Counts it out again.
    pub(crate) fn release(&self, frame: &Spooled) {
        let counts = &mut *self.counts();
        less(&mut counts.routes, &frame.route);
        if let Some(topics) = counts.topics.get_mut(&frame.cluster) {
            frame.topics().for_each(|topic| less(topics, topic));
        }
        self.frames.fetch_sub(1, Relaxed);
    }

    /// Whether one of these records would pass another of its topic.
    pub(crate) fn any(&self, cluster: &str, records: &[Record]) -> bool {
        if self.frames.load(Relaxed) == 0 {
            return false;
        }
        let counts = self.counts();
        let topics = counts.topics.get(cluster);
        topics.is_some_and(|topics| records.iter().any(|record| topics.contains_key(&record.topic)))
    }

    /// How many frames of a route it holds.
    pub(crate) fn of_route(&self, route: &str) -> usize {
        self.counts().routes.get(route).copied().unwrap_or(0)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn less(counts: &mut HashMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count -= 1;
        if *count == 0 {
            counts.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_held_until_its_last_record_is_gone() {
        let held = Held::default();
        let records = vec![Record::new("flights", "1"), Record::new("flights", "2")];
        let (cluster, route) = ("main".into(), "create".into());
        let frame = Spooled { cluster, route, records: records.clone(), calls: Vec::new() };
        assert!(!held.any("main", &records));
        held.hold(&frame);
        held.hold(&frame);
        held.release(&frame);
        assert!(held.any("main", &records) && !held.any("other", &records));
        assert!(!held.any("main", &[Record::new("planes", "")]));
        assert_eq!(held.of_route("create"), 1);
        held.release(&frame);
        assert!(!held.any("main", &records));
        assert_eq!(held.of_route("create"), 0);
    }
}
