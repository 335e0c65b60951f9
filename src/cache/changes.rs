//! What was thrown out while legacy was asked for it: such an answer may be older than the change, and is not kept behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use dashmap::DashMap;

use super::key::Key;

/// The keys for which legacy is being asked: as many as there are questions under way, at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes(Arc<DashMap<Key, Asking>>);

/// Who asks legacy for one key.
#[derive(Debug, Default)]
struct Asking {
    askers: usize,
    /// How often the key was thrown out meanwhile.
    changes: Arc<AtomicU64>,
}

/// Legacy is being asked for a key.
#[derive(Debug)]
pub(super) struct Asked {
    changes: Changes,
    key: Key,
    counter: Arc<AtomicU64>,
    before: u64,
}

impl Changes {
    /// To be called before legacy is asked: from here on changes of the key are seen.
    pub(super) fn asked(&self, key: &Key) -> Asked {
        let mut asking = self.0.entry(key.clone()).or_default();
        asking.askers += 1;
        let counter = Arc::clone(&asking.changes);
        let before = counter.load(SeqCst);
        Asked { changes: self.clone(), key: key.clone(), counter, before }
    }

    /// The key is thrown out.
    pub(super) fn of(&self, key: &Key) {
        if let Some(asking) = self.0.get(key) {
            asking.changes.fetch_add(1, SeqCst);
        }
    }

    /// Whether nobody asks for anything.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Any key may be thrown out.
    pub(super) fn of_all(&self) {
        for asking in self.0.iter() {
            asking.changes.fetch_add(1, SeqCst);
        }
    }
}

impl Asked {
    /// What it is asked for.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Whether the key was thrown out since.
    pub(super) fn was_changed(&self) -> bool {
        self.counter.load(SeqCst) != self.before
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.changes.0.remove_if_mut(&self.key, |_, asking| {
            asking.askers -= 1;
            asking.askers == 0
        });
    }
}
