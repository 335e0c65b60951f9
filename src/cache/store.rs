//! Where answers are kept: in memory, bounded by their bytes, whichever cores they came from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use handover_http1::RequestHead;
use quick_cache::{OptionsBuilder, Weighter};

use super::changes::{Asked, Changes};
use super::entry::Entry;
use super::key::Key;

/// The most answers of one key, by `Vary`; the oldest goes first.
const VARIANTS_MAX: usize = 16;

/// For how long requests for what could not be kept go to legacy side by side, instead of waiting for one of them.
const NOT_KEPT_FOR: Duration = Duration::from_secs(10);

/// Parts that are locked apart. Each has its share of the room, and the largest answer may take an eighth of all: with
/// parts for each core, as the crate has them by itself, it would fit into none.
const SHARDS: usize = 4;

/// Bytes for which room for one key is made: an estimate of what an answer has, which only sizes the index.
const USUAL_ENTRY: u64 = 4096;

/// What is kept of one key.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// The newest first.
    variants: Vec<Arc<Entry>>,
    not_kept_until: Option<Instant>,
}

#[derive(Clone, Debug)]
struct ByBytes;

impl Weighter<Key, Arc<Slot>> for ByBytes {
    fn weight(&self, key: &Key, slot: &Arc<Slot>) -> u64 {
        let variants: usize = slot.variants.iter().map(|entry| entry.weight()).sum();
        (key.weight() + 128 + variants) as u64
    }
}

/// The kept answers.
#[derive(Debug)]
pub(super) struct Store {
    slots: quick_cache::sync::Cache<Key, Arc<Slot>, ByBytes>,
    /// Answers that took another's place or were thrown out on purpose, not for want of room.
    purged: AtomicU64,
    changes: Changes,
}

impl Store {
    /// With room for so many bytes.
    pub(super) fn new(size: u64) -> Self {
        let keys = usize::try_from(size / USUAL_ENTRY).unwrap_or(usize::MAX).max(64);
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .estimated_items_capacity(keys)
            .weight_capacity(size)
            .build()
            .expect("both capacities are set");
        let slots =
            quick_cache::sync::Cache::with_options(options, ByBytes, Default::default(), Default::default());
        Self { slots, purged: AtomicU64::new(0), changes: Changes::default() }
    }

    /// Makes the room larger or smaller; what then has none goes.
    pub(super) fn resize(&self, size: u64) {
        if self.slots.capacity() != size {
            self.slots.set_capacity(size);
        }
    }

    /// The kept answer to a request.
    pub(super) fn find(&self, key: &Key, request: &RequestHead) -> Option<Arc<Entry>> {
        self.slots.get(key)?.variants.iter().find(|entry| entry.matches(request)).cloned()
    }

    /// To be called before legacy is asked for a key: see [`keep`](Self::keep).
    pub(super) fn asked(&self, key: &Key) -> Asked {
        self.changes.asked(key)
    }

    /// Keeps an answer, in the place of one that was chosen by the same fields; not where its key was thrown out since
    /// legacy was asked.
    pub(super) fn keep(&self, asked: &Asked, entry: Arc<Entry>) {
        if asked.was_changed() {
            return;
        }
        let room = self.slots.shard_capacity() / 2;
        self.alter(asked, |slot| {
            slot.variants.retain(|other| !entry.replaces(other));
            slot.variants.truncate(VARIANTS_MAX - 1);
            slot.variants.insert(0, entry);
            // What is too large for its shard as a whole would be thrown out as a whole.
            let (mut left, mut is_newest) = (room, true);
            slot.variants.retain(|entry| {
                let weight = entry.weight() as u64;
                let fits = std::mem::take(&mut is_newest) || weight <= left;
                left = left.saturating_sub(weight);
                fits
            });
            slot.not_kept_until = None;
        });
    }

    /// Throws out one answer.
    pub(super) fn forget(&self, key: &Key, entry: &Arc<Entry>) {
        if self.slots.peek(key).is_some() {
            self.alter(&self.asked(key), |slot| slot.variants.retain(|other| !Arc::ptr_eq(other, entry)));
        }
    }

    /// An answer could not be kept: those that come next will not either.
    pub(super) fn not_kept(&self, key: &Key, now: Instant) {
        self.alter(&self.asked(key), |slot| slot.not_kept_until = Some(now + NOT_KEPT_FOR));
    }

    /// Changes what is kept of a key, unless it is thrown out meanwhile.
    fn alter(&self, asked: &Asked, alter: impl FnOnce(&mut Slot)) {
        let key = asked.key();
        let mut slot = self.slots.peek(key).map(|slot| Slot::clone(&slot)).unwrap_or_default();
        alter(&mut slot);
        self.slots.insert(key.clone(), Arc::new(slot));
        // Thrown out in this very moment: what was put back goes, too.
        if asked.was_changed() {
            self.slots.remove(key);
        }
    }

    /// Whether the last answer could not be kept.
    pub(super) fn was_not_kept(&self, key: &Key, now: Instant) -> bool {
        let slot = self.slots.peek(key);
        slot.is_some_and(|slot| slot.not_kept_until.is_some_and(|until| now < until))
    }

    /// Throws out what is kept of one key.
    pub(super) fn remove(&self, key: &Key) {
        self.changes.of(key);
        if let Some((_, slot)) = self.slots.remove(key) {
            self.purged.fetch_add(slot.variants.len() as u64, Relaxed);
        }
    }

    /// Throws out what `wants` picks; gives how many answers that were.
    pub(super) fn purge(&self, wants: impl Fn(&Key) -> bool) -> usize {
        self.changes.of_all();
        let purged = std::cell::Cell::new(0);
        self.slots.retain(|key, slot| {
            let goes = wants(key);
            if goes {
                purged.set(purged.get() + slot.variants.len());
            }
            !goes
        });
        self.purged.fetch_add(purged.get() as u64, Relaxed);
        purged.get()
    }

    /// Keys, bytes, and the most bytes that there may be.
    pub(super) fn load(&self) -> (usize, u64, u64) {
        (self.slots.len(), self.slots.weight(), self.slots.capacity())
    }

    /// Answers that were thrown out on purpose.
    pub(super) fn purged(&self) -> u64 {
        self.purged.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use handover_http1::{Limits, ResponseHead};

    use super::super::policy::Policy;
    use super::*;
    use crate::legacy::testing::{get, outbound};

    fn entry(request: &RequestHead) -> Arc<Entry> {
        let head = ResponseHead::parse(b"HTTP/1.1 200 OK\r\n\r\n", false, &Limits::default()).unwrap();
        let (lifetime, none) = (Duration::from_secs(60), Duration::ZERO);
        let policy = Policy { lifetime, age: none, while_revalidating: none, on_error: none };
        Arc::new(Entry::new(request, head, Bytes::new(), policy, Instant::now()).unwrap())
    }

    #[test]
    fn the_largest_answer_fits_however_many_cores_there_are() {
        let size = 64 << 20;
        // `entry_max` is an eighth of it at most.
        assert!(Store::new(size).slots.shard_capacity() >= size / 4);
    }

    #[test]
    fn what_was_asked_for_before_a_change_is_not_kept_behind_it() {
        let (store, head) = (Store::new(1 << 20), get("/a"));
        let key = Key::of("app", &outbound(&head)).unwrap();
        let is_kept = || store.find(&key, &head).is_some();
        let asked = store.asked(&key);
        store.keep(&asked, entry(&head));
        assert!(is_kept());
        store.remove(&key);
        store.keep(&asked, entry(&head));
        assert!(!is_kept());
        store.keep(&store.asked(&key), entry(&head));
        assert!(is_kept());
        let asked = store.asked(&key);
        assert_eq!(store.purge(|_| true), 1);
        store.keep(&asked, entry(&head));
        assert!(!is_kept());
    }

    #[test]
    fn what_others_change_keeps_nothing_out() {
        let (store, head) = (Store::new(1 << 20), get("/a"));
        let key = Key::of("app", &outbound(&head)).unwrap();
        let (asked, again) = (store.asked(&key), store.asked(&key));
        for other in 0..10_000 {
            let head = get(&format!("/{other}"));
            store.remove(&Key::of("app", &outbound(&head)).unwrap());
        }
        store.keep(&asked, entry(&head));
        assert!(store.find(&key, &head).is_some());
        drop(asked);
        store.remove(&key);
        assert!(again.was_changed(), "it goes on being asked for");
        drop(again);
        assert!(store.changes.is_empty(), "nothing is counted for what nobody asks for");
    }
}
