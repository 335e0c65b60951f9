//! Where a tap stands in each partition, and what follows from it. No I/O here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

/// All topics of a tap.
pub(super) struct Places(Vec<Topic>);

/// One topic.
pub(super) struct Topic {
    pub(super) name: Arc<str>,
    /// Whether it was seen once: partitions that come later began while the tap was there.
    pub(super) begun: bool,
    /// The next offset of each partition that is read.
    next: BTreeMap<i32, i64>,
    mark: Option<Mark>,
}

/// Where the ends of a topic's partitions were at a time.
struct Mark {
    at: SystemTime,
    ends: BTreeMap<i32, i64>,
}

impl Places {
    pub(super) fn new(topics: &[String]) -> Self {
        let topic = |name: &String| Topic {
            name: name.as_str().into(),
            begun: false,
            next: BTreeMap::new(),
            mark: None,
        };
        Self(topics.iter().map(topic).collect())
    }

    pub(super) fn partitions(&self) -> usize {
        self.0.iter().map(|topic| topic.next.len()).sum()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Topic> {
        self.0.iter_mut()
    }

    pub(super) fn topic(&mut self, name: &str) -> Option<&mut Topic> {
        self.0.iter_mut().find(|topic| &*topic.name == name)
    }

    /// Every partition that is read.
    pub(super) fn all(&self) -> Vec<(Arc<str>, i32)> {
        let of = |topic: &Topic| {
            let name = Arc::clone(&topic.name);
            topic.next.keys().map(move |partition| (Arc::clone(&name), *partition)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }
}

impl Topic {
    /// Whether every partition that is read is among those. Else the topic was deleted, and perhaps made anew.
    pub(super) fn all_among(&self, partitions: &[i32]) -> bool {
        self.next.keys().all(|partition| partitions.contains(partition))
    }

    /// Those of `partitions` that are not read yet.
    pub(super) fn unread(&self, partitions: impl IntoIterator<Item = i32>) -> Vec<i32> {
        partitions.into_iter().filter(|partition| !self.next.contains_key(partition)).collect()
    }

    /// Reads that partition from that offset on.
    pub(super) fn begin(&mut self, partition: i32, offset: i64) {
        self.next.insert(partition, offset);
    }

    /// Notes that the record at that offset was brought.
    pub(super) fn brought(&mut self, partition: i32, offset: i64) {
        self.next.insert(partition, offset + 1);
    }

    /// Notes where the ends were, unless an earlier mark is still to be reached: marks that move on would never be.
    pub(super) fn mark(&mut self, at: SystemTime, ends: BTreeMap<i32, i64>) {
        if self.mark.is_none() {
            self.mark = Some(Mark { at, ends });
        }
    }

    /// The time of the mark, once everything before it was brought.
    pub(super) fn caught_up(&mut self) -> Option<SystemTime> {
        let mark = self.mark.as_ref()?;
        let reached =
            |(partition, end): (&i32, &i64)| self.next.get(partition).is_some_and(|next| next >= end);
        mark.ends.iter().all(reached).then(|| self.mark.take().map(|mark| mark.at)).flatten()
    }

    /// Those partitions of which the tap's place is not between beginning and end any more, with the place to go on at.
    /// Moves there.
    pub(super) fn regain(
        &mut self,
        beginnings: &BTreeMap<i32, i64>,
        ends: &BTreeMap<i32, i64>,
    ) -> Vec<(i32, i64)> {
        let mut moved = Vec::new();
        for (partition, next) in &mut self.next {
            let (Some(first), Some(end)) = (beginnings.get(partition), ends.get(partition)) else { continue };
            if !(first..=end).contains(&&*next) {
                *next = *first;
                moved.push((*partition, *first));
            }
        }
        if !moved.is_empty() {
            self.mark = None;
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    fn reading(next: &[(i32, i64)]) -> Places {
        let mut places = Places::new(&["flights".to_owned()]);
        let topic = places.topic("flights").unwrap();
        next.iter().for_each(|(partition, offset)| topic.begin(*partition, *offset));
        places
    }

    #[test]
    fn it_has_caught_up_when_each_partition_is_past_the_mark() {
        let mut places = reading(&[(0, 5), (1, 0)]);
        let topic = places.topic("flights").unwrap();
        topic.mark(at(1), BTreeMap::from([(0, 6), (1, 0)]));
        assert_eq!(topic.caught_up(), None);
        topic.mark(at(2), BTreeMap::from([(0, 9), (1, 9)]));
        topic.brought(0, 5);
        assert_eq!(topic.caught_up(), Some(at(1)), "the first mark counts, a later one waits its turn");
        assert_eq!(topic.caught_up(), None);
    }

    #[test]
    fn a_partition_that_is_not_read_yet_keeps_it_from_catching_up() {
        let mut places = reading(&[(0, 5)]);
        let topic = places.topic("flights").unwrap();
        topic.mark(at(1), BTreeMap::from([(0, 5), (1, 0)]));
        assert_eq!(topic.caught_up(), None);
        topic.begin(1, 0);
        assert_eq!(topic.caught_up(), Some(at(1)));
    }

    #[test]
    fn it_goes_on_at_the_beginning_where_its_place_is_gone() {
        let mut places = reading(&[(0, 5), (1, 5), (2, 50), (3, 7)]);
        let topic = places.topic("flights").unwrap();
        topic.mark(at(1), BTreeMap::from([(0, 9)]));
        let beginnings = BTreeMap::from([(0, 5), (1, 6), (2, 0)]);
        let ends = BTreeMap::from([(0, 9), (1, 9), (2, 9)]);
        assert_eq!(topic.regain(&beginnings, &ends), [(1, 6), (2, 0)]);
        topic.brought(0, 8);
        assert_eq!(topic.caught_up(), None, "a mark from before the loss means nothing");
    }
}
