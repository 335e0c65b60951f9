//! Counts, by route, the requests that were to be compared and for which there was no room.
//!
//! They are counted on the client's path, most of all when the process has no time to spare: an addition there, no
//! lock, and nothing is allocated but at a route's first. The court takes them to the evidence.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

/// Grows with the routes' names that the configuration ever had.
type ByRoute = HashMap<Arc<str>, Arc<Dropped>, RandomState>;

/// The counts of all routes.
#[derive(Default)]
pub(crate) struct Drops(ArcSwap<ByRoute>);

#[derive(Default)]
struct Dropped {
    all: AtomicU64,
    /// How many of them were taken.
    taken: AtomicU64,
}

impl Drops {
    /// Counts one.
    pub(super) fn count(&self, route: &Arc<str>) {
        if !self.add(route) {
            self.0.rcu(|routes| {
                let mut routes = ByRoute::clone(routes);
                routes.entry(Arc::clone(route)).or_default();
                routes
            });
            self.add(route);
        }
    }

    fn add(&self, route: &Arc<str>) -> bool {
        let routes = self.0.load();
        let dropped = routes.get(route);
        dropped.inspect(|dropped| _ = dropped.all.fetch_add(1, Relaxed)).is_some()
    }

    /// How many there were in all.
    pub(super) fn all(&self) -> u64 {
        self.0.load().values().map(|dropped| dropped.all.load(Relaxed)).sum()
    }

    /// Those that were not taken yet. Only for one taker.
    pub(super) fn take(&self) -> Vec<(Arc<str>, u64)> {
        let new = |dropped: &Dropped| {
            let all = dropped.all.load(Relaxed);
            all - dropped.taken.swap(all, Relaxed)
        };
        let routes = self.0.load();
        let all = routes.iter().map(|(route, dropped)| (Arc::clone(route), new(dropped)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_once_under_its_route() {
        let (drops, a, b) = (Drops::default(), Arc::from("a"), Arc::from("b"));
        let threads = 4;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..1000).for_each(|_| drops.count(&a)));
            }
            drops.count(&b);
        });
        let mut taken = drops.take();
        taken.sort();
        assert_eq!(taken, [(Arc::clone(&a), threads * 1000), (b, 1)]);
        assert_eq!(drops.take(), []);
        drops.count(&a);
        assert_eq!((drops.take(), drops.all()), (vec![(a, 1)], threads * 1000 + 2));
    }
}
