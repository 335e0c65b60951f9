//! Records that no experiment has asked for yet, found by the values that they carry.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use jiff::Timestamp;

use crate::experiment::EffectRecord;
use crate::policy::{EffectPolicy, Source};

/// Ways in which records of one topic are found. Policies of many reloads may differ; beyond this the oldest is
/// forgotten.
const MAX_SOURCES: usize = 32;

/// Where an experiment's records are found: in that topic, carrying that value in that place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    topic: String,
    source: Source,
    value: Bytes,
}

impl Place {
    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }
}

struct Kept {
    record: EffectRecord,
    places: Vec<Place>,
    until: Timestamp,
    size: usize,
}

pub(crate) struct Held {
    max_records: usize,
    max_bytes: usize,
    records: BTreeMap<u64, Kept>,
    bytes: usize,
    next: u64,
    by_place: HashMap<Place, Vec<u64>>,
    sources: HashMap<String, Vec<Source>>,
}

impl Held {
    pub(crate) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self {
            max_records,
            max_bytes,
            records: BTreeMap::new(),
            bytes: 0,
            next: 0,
            by_place: HashMap::new(),
            sources: HashMap::new(),
        }
    }

    /// Where records that carry this value are found. A new way of finding them is applied to what is held already.
    pub(crate) fn place(&mut self, effect: &EffectPolicy, value: Bytes) -> Place {
        let (topic, source) = (effect.topic(), effect.record());
        let known = self.sources.get(topic).is_some_and(|sources| sources.contains(source));
        if !known {
            let sources = self.sources.entry(topic.to_owned()).or_default();
            if sources.len() == MAX_SOURCES {
                sources.remove(0);
            }
            sources.push(source.clone());
            self.index_again(topic);
        }
        Place { topic: topic.to_owned(), source: source.clone(), value }
    }

    fn index_again(&mut self, topic: &str) {
        let ids: Vec<u64> =
            self.records.iter().filter(|(_, k)| k.record.topic == topic).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(kept) = self.remove(id) {
                let places = self.places(&kept.record);
                self.insert(id, Kept { places, ..kept });
            }
        }
    }

    /// Every place where this record would be found.
    pub(crate) fn places(&self, record: &EffectRecord) -> Vec<Place> {
        let sources = self.sources.get(&record.topic).map_or(&[][..], Vec::as_slice);
        sources
            .iter()
            .filter_map(|source| {
                let value = source.in_record(record).ok()?;
                Some(Place { topic: record.topic.clone(), source: source.clone(), value })
            })
            .collect()
    }

    /// Holds a record; gives the topics of those that had to go for it.
    pub(crate) fn put(&mut self, record: EffectRecord, places: Vec<Place>, until: Timestamp) -> Vec<String> {
        let size = record.size();
        self.insert(self.next, Kept { record, places, until, size });
        self.next += 1;
        let mut gone = Vec::new();
        while self.records.len() > self.max_records || self.bytes > self.max_bytes {
            let Some(oldest) = self.records.keys().next().copied() else { break };
            gone.extend(self.remove(oldest).map(|kept| kept.record.topic));
        }
        gone
    }

    /// The topics of records whose time is over.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<String> {
        let mut gone = Vec::new();
        while let Some((&oldest, kept)) = self.records.first_key_value() {
            if kept.until > now {
                break;
            }
            gone.extend(self.remove(oldest).map(|kept| kept.record.topic));
        }
        gone
    }

    /// Takes out the records of that place, in the order in which they came.
    pub(crate) fn take(&mut self, place: &Place) -> Vec<EffectRecord> {
        let ids = self.by_place.get(place).cloned().unwrap_or_default();
        ids.into_iter().filter_map(|id| self.remove(id)).map(|kept| kept.record).collect()
    }

    fn insert(&mut self, id: u64, kept: Kept) {
        for place in &kept.places {
            self.by_place.entry(place.clone()).or_default().push(id);
        }
        self.bytes += kept.size;
        self.records.insert(id, kept);
    }

    fn remove(&mut self, id: u64) -> Option<Kept> {
        let kept = self.records.remove(&id)?;
        self.bytes -= kept.size;
        for place in &kept.places {
            if let Some(ids) = self.by_place.get_mut(place) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_place.remove(place);
                }
            }
        }
        Some(kept)
    }
}
