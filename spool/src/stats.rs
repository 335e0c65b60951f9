//! What a spool counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the buckets of [`Stats::sync_buckets`], in microseconds; the last bucket has none.
pub const SYNC_BOUNDS_US: [u64; 12] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000];

/// How a spool stands, and what it did since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Frames that are acknowledged and not settled.
    pub frames: u64,
    /// Bytes of the segments on disk.
    pub disk_bytes: u64,
    /// Bytes that are promised or wait to be written.
    pub waiting_bytes: u64,
    /// How long ago the oldest frame that is not settled was appended, to about a second.
    pub oldest: Option<Duration>,
    /// Frames acknowledged.
    pub appended: u64,
    /// Frames refused before anything was written.
    pub refused: u64,
    /// Frames of which it is unknown whether they are on disk, since writing or syncing failed.
    pub unknown: u64,
    /// Frames that were acknowledged and could not be read.
    pub lost: u64,
    /// Frames that were set aside.
    pub set_aside: u64,
    /// Syncs of frames.
    pub syncs: u64,
    /// Their time, in microseconds.
    pub sync_us: u64,
    /// How many took as long as each of [`SYNC_BOUNDS_US`] at most and longer than the bound before.
    pub sync_buckets: [u64; SYNC_BOUNDS_US.len() + 1],
    /// Why nothing is taken any more, once a write or sync has failed.
    pub poisoned: Option<String>,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) appended: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) set_aside: AtomicU64,
    syncs: AtomicU64,
    sync_us: AtomicU64,
    sync_buckets: [AtomicU64; SYNC_BOUNDS_US.len() + 1],
}

impl Counters {
    pub(crate) fn synced(&self, took: Duration) {
        let us = took.as_micros() as u64;
        let bucket = SYNC_BOUNDS_US.partition_point(|bound| *bound < us);
        self.sync_buckets[bucket].fetch_add(1, Relaxed);
        self.syncs.fetch_add(1, Relaxed);
        self.sync_us.fetch_add(us, Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            appended: self.appended.load(Relaxed),
            refused: self.refused.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            lost: self.lost.load(Relaxed),
            set_aside: self.set_aside.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            sync_us: self.sync_us.load(Relaxed),
            sync_buckets: std::array::from_fn(|bucket| self.sync_buckets[bucket].load(Relaxed)),
            ..Stats::default()
        }
    }
}
