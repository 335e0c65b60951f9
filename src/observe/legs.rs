//! How long each leg of a request takes. Measured only where somebody wants to know.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leg {
    /// Gathering the body for native.
    Body,
    /// Native's handler.
    Native,
    /// Committing its effects.
    Commit,
    /// Waiting for a connection to legacy, within `Answered`.
    Waited,
    /// From asking legacy to the head of its answer.
    Answered,
    /// From asking legacy to the end of its answer.
    Legacy,
}

impl Leg {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Body, "body"),
        (Self::Native, "native"),
        (Self::Commit, "commit"),
        (Self::Waited, "waited"),
        (Self::Answered, "answered"),
        (Self::Legacy, "legacy"),
    ];
}

/// The legs of one request.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    measured: bool,
    /// In microseconds, one more than it took; 0 where the leg was not taken.
    micros: [Cell<u64>; Leg::ALL.len()],
}

impl Legs {
    /// None taken yet. Where `measured` is false none ever counts, and the clock is not asked.
    pub(crate) fn new(measured: bool) -> Self {
        Self { measured, ..Self::default() }
    }

    /// A leg begins.
    pub(crate) fn begin(&self) -> Option<Instant> {
        self.measured.then(Instant::now)
    }

    /// It has ended.
    pub(crate) fn end(&self, leg: Leg, began: Option<Instant>) {
        if let Some(began) = began.filter(|_| self.measured) {
            self.set(leg, began.elapsed());
        }
    }

    /// It took so long.
    pub(crate) fn set(&self, leg: Leg, took: Duration) {
        if self.measured {
            self.micros[leg as usize].set(took.as_micros() as u64 + 1);
        }
    }

    /// Those that were taken: their names and how many microseconds they took.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Leg::ALL
            .iter()
            .filter_map(|(leg, name)| Some((*name, self.micros[*leg as usize].get().checked_sub(1)?)))
    }
}
