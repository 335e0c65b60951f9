//! Legacy's cacheable answers, kept in memory for the routes that ask for it (RFC 9111, as a shared cache; RFC 5861).
//!
//! [`visit`] is a request's way through it: a kept answer ([`entry`], found by its [`key`] in the [`store`]) is given, put
//! to legacy whether it still holds ([`validate`]), asked for anew beside the client's path ([`refresh`]), or there is none
//! and legacy's own is kept on its way ([`fill`]), which others wait for ([`flights`]), unless it was changed meanwhile
//! ([`changes`]). [`policy`] says what may be kept and used, by its [`directives`]. What is kept is bounded; what has no room
//! makes room.
//!
//! Why no crate decides it: the one there is (`http-cache-semantics` 3) compares the names of directives by case, so that
//! it stores what says `No-Store`, keeps one of several fields of a name, and honours `max-stale` where RFC 9111 forbids it.
//!
//! An answer from here is no experiment, and no evidence: only what legacy answers to a client's own request is compared.

mod changes;
mod directives;
mod entry;
mod fill;
mod flights;
mod invalidate;
mod key;
mod policy;
mod refresh;
mod store;
mod validate;
mod visit;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

pub(crate) use self::entry::Entry;
pub(crate) use self::invalidate::{Changing, may_change};
pub(crate) use self::refresh::Refresh;
pub(crate) use self::visit::{Found, Visit};

use self::changes::Asked;
use self::flights::Flights;
use self::key::Key;
use self::store::Store;
use crate::config::valid::CacheLimits;
use crate::legacy::Legacies;

/// The kept answers of the process.
#[derive(Debug)]
pub(crate) struct Cache {
    store: Store,
    flights: Flights,
    entry_max: AtomicU64,
    refreshes: refresh::Queue,
    counts: Counts,
}

/// What requests met here.
#[derive(Debug, Default)]
struct Counts {
    fresh: AtomicU64,
    stale: AtomicU64,
    validated: AtomicU64,
    stood_in: AtomicU64,
    missed: AtomicU64,
    waited: AtomicU64,
}

/// What a scrape reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stats {
    /// How requests were answered, by name.
    pub lookups: [(&'static str, u64); 5],
    /// Requests that waited for another's answer.
    pub waited: u64,
    /// Keys.
    pub keys: usize,
    /// Bytes.
    pub bytes: u64,
    /// The most bytes that there may be.
    pub bytes_max: u64,
    /// Answers that were thrown out on purpose.
    pub purged: u64,
    /// Refreshes beside the client's path that there was no room for.
    pub refreshes_dropped: u64,
}

impl Cache {
    /// An empty one. Its thread asks `legacies`.
    pub(crate) fn start(legacies: Legacies) -> io::Result<Arc<Self>> {
        let limits = CacheLimits::default();
        let (refreshes, asked) = refresh::queue();
        let cache = Arc::new(Self {
            store: Store::new(limits.size),
            flights: Flights::default(),
            entry_max: AtomicU64::new(limits.entry_max),
            refreshes,
            counts: Counts::default(),
        });
        refresh::start(Arc::downgrade(&cache), legacies, asked)?;
        Ok(cache)
    }

    /// Holds to other limits from now on; `None` where no route asks for a cache: then it is emptied.
    pub(crate) fn apply(&self, limits: Option<&CacheLimits>) {
        match limits {
            Some(limits) => {
                self.store.resize(limits.size);
                self.entry_max.store(limits.entry_max, Relaxed);
            }
            None => {
                self.store.purge(|_| true);
            }
        }
    }

    /// Throws out what is kept for that host and path (with every query), or for all of either where one is not given;
    /// gives how many answers that were.
    pub(crate) fn purge(&self, host: Option<&str>, path: Option<&str>) -> usize {
        self.store.purge(|key| key.is_for(host, path))
    }

    /// What it has done.
    pub(crate) fn stats(&self) -> Stats {
        let (keys, bytes, bytes_max) = self.store.load();
        let count = |of: &AtomicU64| of.load(Relaxed);
        let Counts { fresh, stale, validated, stood_in, missed, waited } = &self.counts;
        Stats {
            lookups: [
                ("fresh", count(fresh)),
                ("stale_while_revalidate", count(stale)),
                ("validated", count(validated)),
                ("stale_if_error", count(stood_in)),
                ("missed", count(missed)),
            ],
            waited: count(waited),
            keys,
            bytes,
            bytes_max,
            purged: self.store.purged(),
            refreshes_dropped: self.refreshes.dropped(),
        }
    }

    fn has_room_for(&self, bytes: u64) -> bool {
        bytes <= self.entry_max.load(Relaxed)
    }

    /// To be called before legacy is asked for a key: see [`Store::keep`].
    fn asked(&self, key: &Key) -> Asked {
        self.store.asked(key)
    }

    fn keep(&self, asked: &Asked, entry: Arc<Entry>) {
        self.store.keep(asked, entry);
    }

    fn forget(&self, key: &Key, entry: &Arc<Entry>) {
        self.store.forget(key, entry);
    }

    fn not_kept(&self, key: &Key) {
        self.store.not_kept(key, Instant::now());
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
