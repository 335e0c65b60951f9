//! What all threads of a producer know together: its bounds, its counters, and how the cluster took it last.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::Refused;

/// How long an error may explain what fails after it.
const HINT_MAX_AGE: Duration = Duration::from_secs(60);

/// A producer's counters, since its start, and its state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// Records handed over and not settled yet.
    pub queued_records: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// Records that the brokers have acknowledged.
    pub delivered: u64,
    /// Records that failed after they were handed over and are certainly not in their topic.
    pub not_persisted: u64,
    /// Records that failed after they were handed over and may be in their topic.
    pub possibly_persisted: u64,
    /// Frames refused before anything was handed over.
    pub refused_frames: u64,
    /// Native producers replaced after a fatal error.
    pub replaced: u64,
    /// Brokers with a working, authenticated connection; up to 2 s old.
    pub brokers_up: usize,
    /// The last error that the client reported.
    pub last_error: Option<LastError>,
}

/// An error that the client reported, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// Librdkafka's words.
    pub text: String,
    /// When it came.
    pub at: SystemTime,
}

#[derive(Default)]
pub(super) struct Shared {
    max_records: usize,
    max_bytes: usize,
    records: AtomicUsize,
    bytes: AtomicUsize,
    delivered: AtomicU64,
    not_persisted: AtomicU64,
    possibly_persisted: AtomicU64,
    refused: AtomicU64,
    replaced: AtomicU64,
    brokers_up: AtomicUsize,
    closing: AtomicBool,
    /// Whether the last thing that the brokers said to us was that they don't know us.
    locked_out: AtomicBool,
    last_error: Mutex<Option<LastError>>,
}

impl Shared {
    pub(super) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self { max_records, max_bytes, ..Self::default() }
    }

    pub(super) fn check_open(&self) -> Result<(), Refused> {
        if self.closing.load(Relaxed) {
            return Err(Refused::Closing);
        }
        if self.locked_out.load(Relaxed) {
            return Err(Refused::NotAuthenticated(
                self.last_error().map_or_else(String::new, |last| last.text),
            ));
        }
        Ok(())
    }

    /// Room for so many records of so many bytes, all or nothing. Never waits.
    pub(super) fn reserve(self: &Arc<Self>, records: usize, bytes: usize) -> Result<Room, Refused> {
        let had_records = self.records.fetch_add(records, Relaxed);
        let had_bytes = self.bytes.fetch_add(bytes, Relaxed);
        let room = Room { of: Arc::clone(self), records, bytes };
        if had_records + records > self.max_records || had_bytes + bytes > self.max_bytes {
            return Err(Refused::QueueFull { records: had_records, bytes: had_bytes });
        }
        Ok(room)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn count_delivered(&self) {
        self.delivered.fetch_add(1, Relaxed);
    }

    pub(super) fn count_failed(&self, possibly_persisted: bool) {
        let counter = if possibly_persisted { &self.possibly_persisted } else { &self.not_persisted };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn count_replaced(&self) {
        self.replaced.fetch_add(1, Relaxed);
    }

    /// Notes an error; `false` when it is the one that was noted last.
    pub(super) fn note_error(&self, text: &str, locked_out: bool) -> bool {
        if locked_out {
            self.locked_out.store(true, Relaxed);
        }
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        let new = last.as_ref().is_none_or(|last| last.text != text);
        *last = Some(LastError { text: text.to_owned(), at: SystemTime::now() });
        new
    }

    /// Notes how many brokers have let us in.
    pub(super) fn note_brokers_up(&self, brokers: usize) {
        self.brokers_up.store(brokers, Relaxed);
        if brokers > 0 {
            self.locked_out.store(false, Relaxed);
        }
    }

    /// The last error, unless it is too old to explain anything.
    pub(super) fn hint(&self) -> Option<String> {
        let recent = |last: &LastError| last.at.elapsed().is_ok_and(|age| age < HINT_MAX_AGE);
        self.last_error().filter(recent).map(|last| last.text)
    }

    fn last_error(&self) -> Option<LastError> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            queued_records: self.records.load(Relaxed),
            queued_bytes: self.bytes.load(Relaxed),
            delivered: self.delivered.load(Relaxed),
            not_persisted: self.not_persisted.load(Relaxed),
            possibly_persisted: self.possibly_persisted.load(Relaxed),
            refused_frames: self.refused.load(Relaxed),
            replaced: self.replaced.load(Relaxed),
            brokers_up: self.brokers_up.load(Relaxed),
            last_error: self.last_error(),
        }
    }
}

/// Room in the queue, given back when dropped.
pub(super) struct Room {
    of: Arc<Shared>,
    records: usize,
    bytes: usize,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.records.fetch_sub(self.records, Relaxed);
        self.of.bytes.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_whole_or_not_at_all() {
        let shared = Arc::new(Shared::new(3, 100));
        let two = shared.reserve(2, 10).unwrap();
        assert!(shared.reserve(2, 10).is_err(), "too many records");
        assert!(shared.reserve(1, 91).is_err(), "too many bytes");
        let third = shared.reserve(1, 90).unwrap();
        drop(two);
        assert_eq!((shared.stats().queued_records, shared.stats().queued_bytes), (1, 90));
        drop(third);
        assert!(shared.reserve(3, 100).is_ok());
    }

    #[test]
    fn a_lock_out_ends_when_a_broker_lets_us_in() {
        let shared = Shared::new(1, 1);
        assert!(shared.note_error("wrong password", true));
        assert_eq!(shared.check_open(), Err(Refused::NotAuthenticated("wrong password".into())));
        assert!(!shared.note_error("wrong password", true), "the same again is no news");
        shared.note_brokers_up(0);
        assert!(shared.check_open().is_err());
        shared.note_brokers_up(1);
        assert_eq!(shared.check_open(), Ok(()));
    }
}
