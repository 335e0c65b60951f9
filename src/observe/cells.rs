//! Counters that cost a core nothing but an add: each core writes its own cells, a scrape sums them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;

use super::{AnsweredBy, Observation};

/// Upper bounds of the latency buckets, in microseconds: doubling from 32 µs to 16.8 s.
pub(crate) const BUCKETS: usize = 20;

/// The upper bound of a bucket, in microseconds.
pub(crate) const fn bound_us(bucket: usize) -> u64 {
    32 << bucket
}

/// Requests that no route names are counted under this name.
pub(crate) const NO_ROUTE: &str = "";

const BY: usize = AnsweredBy::ALL.len();
const CLASSES: usize = 6;

/// One core's counters of one route.
#[derive(Default)]
pub(crate) struct Cells {
    /// By who answered and by the status' first digit (0: the client was gone).
    requests: [[AtomicU64; CLASSES]; BY],
    latency: [Latency; BY],
    /// By who answered: with the class 5, or an answer that broke off before its end.
    failed: [AtomicU64; BY],
    /// By who answered: answers that broke off before their end.
    broken_off: [AtomicU64; BY],
    /// Requests that native could not answer by a fault that hits many routes.
    shared: AtomicU64,
}

#[derive(Default)]
struct Latency {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

/// What a scrape reads of one route, summed over the cores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    /// As `Cells::requests`.
    pub requests: [[u64; CLASSES]; BY],
    /// Not cumulative.
    pub buckets: [[u64; BUCKETS]; BY],
    /// The sum of the latencies, in microseconds.
    pub sum_us: [u64; BY],
    /// As `Cells::failed`.
    pub failed: [u64; BY],
    /// As `Cells::broken_off`.
    pub broken_off: [u64; BY],
    /// Requests that native could not answer by a fault that hits many routes.
    pub shared: u64,
}

impl Sums {
    /// How many requests that one answered.
    pub(crate) fn answered_by(&self, by: AnsweredBy) -> u64 {
        self.requests[by as usize].iter().sum()
    }

    /// The upper bound of the bucket that this share of that one's answers came within, in microseconds; `None` where it
    /// gave none, or the answer was beyond the last bucket.
    pub(crate) fn quantile(&self, by: AnsweredBy, share: f64) -> Option<u64> {
        let wanted = (share * self.answered_by(by) as f64).ceil() as u64;
        let mut seen = 0;
        let bucket = self.buckets[by as usize].iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        bucket.filter(|_| wanted > 0).map(bound_us)
    }
}

impl Cells {
    fn add(&self, observation: &Observation<'_>) {
        let by = observation.answered_by as usize;
        let class = usize::from(observation.status / 100).min(CLASSES - 1);
        let micros = u64::try_from(observation.took.as_micros()).unwrap_or(u64::MAX);
        increase(&self.requests[by][class], 1);
        if let Some(bucket) = (0..BUCKETS).find(|b| micros <= bound_us(*b)) {
            increase(&self.latency[by].buckets[bucket], 1);
        }
        increase(&self.latency[by].sum_us, micros);
        if class == 5 || observation.broken_off {
            increase(&self.failed[by], 1);
        }
        if observation.broken_off {
            increase(&self.broken_off[by], 1);
        }
        if observation.shared_fault {
            increase(&self.shared, 1);
        }
    }

    fn sum_into(&self, sums: &mut Sums) {
        for by in 0..BY {
            for (sum, cell) in sums.requests[by].iter_mut().zip(&self.requests[by]) {
                *sum += cell.load(Ordering::Relaxed);
            }
            for (sum, cell) in sums.buckets[by].iter_mut().zip(&self.latency[by].buckets) {
                *sum += cell.load(Ordering::Relaxed);
            }
            sums.sum_us[by] += self.latency[by].sum_us.load(Ordering::Relaxed);
            sums.failed[by] += self.failed[by].load(Ordering::Relaxed);
            sums.broken_off[by] += self.broken_off[by].load(Ordering::Relaxed);
        }
        sums.shared += self.shared.load(Ordering::Relaxed);
    }
}

/// Each cell has one writer, its core, so that a load and a store do what a locked add would.
fn increase(cell: &AtomicU64, by: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

/// All cells of the process, by route name: a name keeps its counts over generations.
#[derive(Default)]
pub(crate) struct Registry {
    cells: Mutex<Vec<(Arc<str>, Arc<Cells>)>>,
}

impl Registry {
    /// Sums by route name, in the order in which the routes were first seen.
    pub(crate) fn sums(&self) -> Vec<(Arc<str>, Sums)> {
        let mut sums: Vec<(Arc<str>, Sums)> = Vec::new();
        for (name, cells) in self.cells.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let at = sums.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
                sums.push((Arc::clone(name), Sums::default()));
                sums.len() - 1
            });
            cells.sum_into(&mut sums[at].1);
        }
        sums
    }

    fn register(&self, name: &str) -> (Arc<str>, Arc<Cells>) {
        let entry: (Arc<str>, Arc<Cells>) = (name.into(), Arc::default());
        self.cells.lock().unwrap_or_else(PoisonError::into_inner).push(entry.clone());
        entry
    }
}

/// One core's own view of the registry.
pub(crate) struct CoreCells {
    registry: Arc<Registry>,
    own: RefCell<HashMap<Arc<str>, Arc<Cells>, RandomState>>,
}

impl CoreCells {
    /// A core's cells; they appear in the registry as routes are first used.
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self { registry, own: RefCell::default() }
    }

    /// Counts one request.
    pub(crate) fn add(&self, observation: &Observation<'_>) {
        let name = observation.route.unwrap_or(NO_ROUTE);
        let mut own = self.own.borrow_mut();
        match own.get(name) {
            Some(cells) => cells.add(observation),
            None => {
                let (name, cells) = self.registry.register(name);
                cells.add(observation);
                own.insert(name, cells);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::route::Stage;

    #[test]
    fn a_scrape_sums_what_each_core_counted() {
        let registry = Arc::new(Registry::default());
        for micros in [10, 33, 20_000_000] {
            CoreCells::new(Arc::clone(&registry)).add(&Observation {
                route: Some("flights"),
                stage: Stage::Native,
                answered_by: AnsweredBy::Native,
                status: 202,
                broken_off: false,
                shared_fault: false,
                took: Duration::from_micros(micros),
            });
        }
        let sums = registry.sums();
        assert_eq!(sums.len(), 1);
        let native = AnsweredBy::Native as usize;
        assert_eq!(sums[0].1.answered_by(AnsweredBy::Native), 3);
        assert_eq!(sums[0].1.requests[native][2], 3);
        assert_eq!(&sums[0].1.buckets[native][..2], [1, 1]);
        assert_eq!(sums[0].1.buckets[native].iter().sum::<u64>(), 2, "20 s is beyond the last bucket");
        assert_eq!(sums[0].1.sum_us[native], 20_000_043);
        assert_eq!(sums[0].1.quantile(AnsweredBy::Native, 0.5), Some(64));
        assert_eq!(sums[0].1.quantile(AnsweredBy::Native, 0.99), None, "beyond the last bucket");
        assert_eq!(sums[0].1.quantile(AnsweredBy::Legacy, 0.5), None, "it answered nothing");
    }

    #[test]
    fn an_error_and_what_breaks_off_are_a_failure_each_and_no_two() {
        let registry = Arc::new(Registry::default());
        let cells = CoreCells::new(Arc::clone(&registry));
        for (status, broken_off) in [(200, false), (404, false), (200, true), (502, false), (500, true)] {
            cells.add(&Observation {
                route: Some("flights"),
                stage: Stage::Native,
                answered_by: AnsweredBy::Candidate,
                status,
                broken_off,
                shared_fault: false,
                took: Duration::ZERO,
            });
        }
        let sums = &registry.sums()[0].1;
        let by = AnsweredBy::Candidate as usize;
        assert_eq!((sums.failed[by], sums.broken_off[by]), (3, 2));
    }
}
