//! Where answers are kept: in memory, bounded by their bytes, whichever cores they came from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use handover_http1::RequestHead;
use quick_cache::Weighter;

use super::entry::Entry;
use super::key::Key;

/// The most answers of one key, by `Vary`; the oldest goes first.
const VARIANTS_MAX: usize = 16;

/// For how long requests for what could not be kept go to legacy side by side, instead of waiting for one of them.
const NOT_KEPT_FOR: Duration = Duration::from_secs(10);

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
}

impl Store {
    /// With room for so many bytes.
    pub(super) fn new(size: u64) -> Self {
        let keys = usize::try_from(size / USUAL_ENTRY).unwrap_or(usize::MAX).max(64);
        Self {
            slots: quick_cache::sync::Cache::with_weighter(keys, size, ByBytes),
            purged: AtomicU64::new(0),
        }
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

    /// Keeps an answer, in the place of one that was chosen by the same fields.
    pub(super) fn keep(&self, key: &Key, entry: Arc<Entry>) {
        let mut slot = self.slots.peek(key).map(|slot| Slot::clone(&slot)).unwrap_or_default();
        slot.variants.retain(|other| !entry.replaces(other));
        slot.variants.truncate(VARIANTS_MAX - 1);
        slot.variants.insert(0, entry);
        slot.not_kept_until = None;
        self.slots.insert(key.clone(), Arc::new(slot));
    }

    /// Throws out one answer.
    pub(super) fn forget(&self, key: &Key, entry: &Arc<Entry>) {
        let Some(slot) = self.slots.peek(key) else { return };
        let mut slot = Slot::clone(&slot);
        slot.variants.retain(|other| !Arc::ptr_eq(other, entry));
        self.slots.insert(key.clone(), Arc::new(slot));
    }

    /// An answer could not be kept: those that come next will not either.
    pub(super) fn not_kept(&self, key: &Key, now: Instant) {
        let mut slot = self.slots.peek(key).map(|slot| Slot::clone(&slot)).unwrap_or_default();
        slot.not_kept_until = Some(now + NOT_KEPT_FOR);
        self.slots.insert(key.clone(), Arc::new(slot));
    }

    /// Whether the last answer could not be kept.
    pub(super) fn was_not_kept(&self, key: &Key, now: Instant) -> bool {
        let slot = self.slots.peek(key);
        slot.is_some_and(|slot| slot.not_kept_until.is_some_and(|until| now < until))
    }

    /// Throws out what is kept of one key.
    pub(super) fn remove(&self, key: &Key) {
        if let Some((_, slot)) = self.slots.remove(key) {
            self.purged.fetch_add(slot.variants.len() as u64, Relaxed);
        }
    }

    /// Throws out what `wants` picks; gives how many answers that were.
    pub(super) fn purge(&self, wants: impl Fn(&Key) -> bool) -> usize {
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
