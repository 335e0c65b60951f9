//! What one upstream does and has done: each core writes its own cells, a scrape sums them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime;

use super::health::Health;
use crate::legacy::socket::this_core;

/// One upstream as all cores know it.
#[derive(Debug)]
pub(crate) struct Shared {
    /// How well it is.
    pub health: Health,
    /// What checks came to.
    pub checks_well: AtomicU64,
    /// See `checks_well`.
    pub checks_ill: AtomicU64,
    cores: Mutex<Vec<(runtime::Id, Arc<Cells>)>>,
}

/// What one core has asked of it. Each cell has one writer.
#[derive(Debug, Default)]
pub(super) struct Cells {
    in_flight: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    repeated: AtomicU64,
    unaffordable: AtomicU64,
}

/// The sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests under way, tunnels included.
    pub in_flight: u64,
    /// Requests that it answered.
    pub answered: u64,
    /// Requests that it gave no answer to, or broke off.
    pub failed: u64,
    /// Of those, the ones that were then put to another.
    pub repeated: u64,
    /// And those that would have been, if the budget had allowed it.
    pub unaffordable: u64,
}

impl Shared {
    /// An upstream that was never asked.
    pub(crate) fn new() -> Self {
        Self {
            health: Health::new(),
            checks_well: AtomicU64::new(0),
            checks_ill: AtomicU64::new(0),
            cores: Mutex::default(),
        }
    }

    /// This core's cells: the same for all generations.
    pub(super) fn on_this_core(&self) -> Arc<Cells> {
        let core = this_core();
        let mut cores = self.cores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cells)) = cores.iter().find(|(id, _)| *id == core) {
            return Arc::clone(cells);
        }
        cores.push((core, Arc::default()));
        cores.last().map(|(_, cells)| Arc::clone(cells)).unwrap_or_default()
    }

    /// All cores' sums.
    pub(crate) fn counts(&self) -> Counts {
        let cores = self.cores.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = |of: fn(&Cells) -> &AtomicU64| cores.iter().map(|(_, cells)| of(cells).load(Relaxed)).sum();
        Counts {
            in_flight: sum(|cells| &cells.in_flight),
            answered: sum(|cells| &cells.answered),
            failed: sum(|cells| &cells.failed),
            repeated: sum(|cells| &cells.repeated),
            unaffordable: sum(|cells| &cells.unaffordable),
        }
    }
}

impl Cells {
    /// Requests of this core that are under way.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Relaxed)
    }

    pub(super) fn begins(&self) {
        add(&self.in_flight, 1);
    }

    pub(super) fn ends(&self) {
        add(&self.in_flight, u64::MAX);
    }

    pub(super) fn answered(&self) {
        add(&self.answered, 1);
    }

    pub(super) fn failed(&self) {
        add(&self.failed, 1);
    }

    pub(super) fn repeated(&self) {
        add(&self.repeated, 1);
    }

    pub(super) fn unaffordable(&self) {
        add(&self.unaffordable, 1);
    }
}

/// One writer, so that a load and a store do what a locked add would.
fn add(cell: &AtomicU64, by: u64) {
    cell.store(cell.load(Relaxed).wrapping_add(by), Relaxed);
}
