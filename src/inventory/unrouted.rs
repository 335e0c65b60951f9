//! Watches what no route names, beside the clients' path: a core hands over at most one request in ten milliseconds,
//! with how many it stands for, and never waits.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::templates::{Row, Seen, Templates};

/// How often a core hands one over.
const EVERY: Duration = Duration::from_millis(10);

/// What may wait to be counted, of all cores.
const WAITING_MAX: usize = 1024;

/// So many bytes of a path are looked at.
const PATH_MAX: usize = 512;

/// One request that no route names, or several.
struct Unrouted {
    method: Box<[u8]>,
    path: Box<[u8]>,
    status: u16,
    took: Duration,
    count: u64,
}

/// All that was seen since the start.
pub(crate) struct Inventory {
    templates: Arc<Mutex<Templates>>,
    to: mpsc::Sender<Unrouted>,
    from: Mutex<Option<mpsc::Receiver<Unrouted>>>,
}

impl Default for Inventory {
    fn default() -> Self {
        let (to, from) = mpsc::channel(WAITING_MAX);
        Self { templates: Arc::default(), to, from: Mutex::new(Some(from)) }
    }
}

impl Inventory {
    /// A core's own way to it.
    pub(crate) fn on_core(&self) -> Sampler {
        Sampler { to: self.to.clone(), last: Cell::new(None), count: Cell::new(0) }
    }

    /// Counts what cores hand over, for as long as the process runs.
    pub(crate) async fn count(&self) {
        let from = self.from.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut from) = from else { return };
        while let Some(unrouted) = from.recv().await {
            let Unrouted { method, path, status, took, count } = unrouted;
            let method = String::from_utf8_lossy(&method);
            let seen = Seen {
                method: &method,
                path: &path,
                status,
                took: Some(took),
                at: Some(Timestamp::now()),
                count,
                refused: None,
                route: None,
            };
            self.templates.lock().unwrap_or_else(PoisonError::into_inner).add(&seen);
        }
    }

    /// The templates, the most asked for first.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.templates.lock().unwrap_or_else(PoisonError::into_inner).rows()
    }
}

/// One core's way to the inventory.
pub(crate) struct Sampler {
    to: mpsc::Sender<Unrouted>,
    last: Cell<Option<Instant>>,
    count: Cell<u64>,
}

impl Sampler {
    /// Looks at a request that has ended at `now`.
    pub(crate) fn see(&self, method: &[u8], path: &[u8], status: u16, took: Duration, now: Instant) {
        self.count.set(self.count.get() + 1);
        if self.last.get().is_some_and(|last| now.duration_since(last) < EVERY) {
            return;
        }
        self.last.set(Some(now));
        // Where there is no room, the next one stands for this one, too.
        let Ok(room) = self.to.try_reserve() else { return };
        let count = self.count.take();
        let cut = |bytes: &[u8], max: usize| bytes[..bytes.len().min(max)].into();
        room.send(Unrouted { method: cut(method, 20), path: cut(path, PATH_MAX), status, took, count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_handed_over_is_counted_with_the_next() {
        let inventory = Inventory::default();
        let core = inventory.on_core();
        let start = Instant::now();
        for millis in 0..=100 {
            core.see(b"GET", b"/a/7", 200, Duration::from_millis(1), start + Duration::from_millis(millis));
        }
        tokio::select! {
            () = inventory.count() => {}
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        let rows = inventory.rows();
        assert_eq!((rows.len(), rows[0].template.as_str(), rows[0].counts.requests), (1, "/a/{}", 101));
    }

    #[test]
    fn a_full_channel_never_waits() {
        let inventory = Inventory::default();
        let core = inventory.on_core();
        let start = Instant::now();
        for at in 0..WAITING_MAX as u32 * 2 {
            core.see(b"GET", b"/", 200, Duration::ZERO, start + EVERY * at);
        }
        assert_eq!(core.count.get(), WAITING_MAX as u64);
    }
}
