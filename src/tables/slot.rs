//! One hot table as the process holds it: its current version, and what became of each refresh.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use handover_api::{PortError, Table as _};

use super::snapshot::Snapshot;
use crate::config::valid::TooOld;

/// How a table stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableStats {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Rows of the current version; `None` when there is none yet.
    pub rows: Option<usize>,
    /// Heap bytes of the current version.
    pub bytes: usize,
    /// How long ago its source last confirmed the current version.
    pub age: Option<Duration>,
    /// Rows of the version that is being read so far; 0 when none is.
    pub reading: usize,
    /// Versions taken over from the source since the start.
    pub loaded: u64,
    /// Times that the source said "unchanged".
    pub unchanged: u64,
    /// Times that the source could not be read.
    pub unreachable: u64,
    /// Times that the source had something that was no table, or a suspicious one.
    pub refused: u64,
    /// The last failure, cleared by the next success.
    pub last_failure: Option<String>,
}

/// The counters of [`TableStats`], and what the next refresh needs to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub loaded: u64,
    pub unchanged: u64,
    pub unreachable: u64,
    pub refused: u64,
    pub last_failure: Option<String>,
    /// What the source calls the current version.
    pub version: Option<String>,
    /// Whether the current version was read from objects on disk, beside which it does not lie as a table.
    pub unbuilt: bool,
}

/// A table's place in the process. Readers never wait for whoever refreshes it.
pub(super) struct Slot {
    name: String,
    current: ArcSwapOption<Snapshot>,
    /// Unix seconds.
    confirmed: AtomicU64,
    reading: AtomicUsize,
    /// From when on the current version is too old, and what that means.
    max_age: Option<(Duration, TooOld)>,
    books: Mutex<Books>,
}

impl Slot {
    pub(super) fn new(name: String, max_age: Option<(Duration, TooOld)>) -> Self {
        Self {
            name,
            current: ArcSwapOption::empty(),
            confirmed: AtomicU64::new(0),
            reading: AtomicUsize::new(0),
            max_age,
            books: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The current version, unless it is too old.
    pub(super) fn get(&self) -> Result<Arc<Snapshot>, PortError> {
        let snapshot = self.current.load_full().ok_or_else(|| PortError::NoTable(self.name.clone()))?;
        if self.max_age.is_some_and(|(max_age, then)| then != TooOld::Serve && self.age() > max_age) {
            return Err(PortError::TableTooOld(self.name.clone()));
        }
        Ok(snapshot)
    }

    /// Whether the process is not ready for want of this table: there is none, or it is too old.
    pub(super) fn keeps_unready(&self) -> bool {
        let wanted =
            |(max_age, then)| then == TooOld::Unready && (self.current().is_none() || self.age() > max_age);
        self.max_age.is_some_and(wanted)
    }

    /// Notes how many rows of a new version are read so far.
    pub(super) fn reads(&self, rows: usize) {
        self.reading.store(rows, Relaxed);
    }

    /// The current version, whatever its age.
    pub(super) fn current(&self) -> Option<Arc<Snapshot>> {
        self.current.load_full()
    }

    /// Puts a version in the place of the one before, which is for the caller to free.
    pub(super) fn swap(&self, snapshot: Snapshot, confirmed: SystemTime) -> Option<Arc<Snapshot>> {
        let before = self.current.swap(Some(Arc::new(snapshot)));
        self.confirm(confirmed);
        before
    }

    /// Notes that the source confirmed the current version.
    pub(super) fn confirm(&self, at: SystemTime) {
        self.confirmed.store(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(), Relaxed);
    }

    /// Reads or changes the books.
    pub(super) fn books<T>(&self, with: impl FnOnce(&mut Books) -> T) -> T {
        with(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn stats(&self, source: String) -> TableStats {
        let books = self.books(|books| books.clone());
        let current = self.current();
        TableStats {
            name: self.name.clone(),
            source,
            rows: current.as_ref().map(|snapshot| snapshot.len()),
            bytes: current.as_ref().map_or(0, |snapshot| snapshot.bytes()),
            age: current.map(|_| self.age()),
            reading: self.reading.load(Relaxed),
            loaded: books.loaded,
            unchanged: books.unchanged,
            unreachable: books.unreachable,
            refused: books.refused,
            last_failure: books.last_failure,
        }
    }

    fn age(&self) -> Duration {
        let confirmed = UNIX_EPOCH + Duration::from_secs(self.confirmed.load(Relaxed));
        SystemTime::now().duration_since(confirmed).unwrap_or_default()
    }
}
