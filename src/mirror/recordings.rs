//! Who records experiments at the moment: each gets its share of its route's, redacted, as far as it keeps up.
//!
//! Where nobody records, an experiment costs a look at one number.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use handover_shadow::recording::Recorded;
use handover_shadow::{Experiment, Redactor};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// The most that record at once.
pub(crate) const RECORDERS_MAX: usize = 8;

/// Experiments that wait for one recorder; more are missed, and counted.
const WAITING_MAX: usize = 512;

/// What somebody wants recorded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    /// The route's name; all routes when not given.
    pub route: Option<String>,
    /// The share of experiments, drawn by their ids: what 5 % has, 10 % has too.
    pub share: f64,
}

impl Wish {
    fn wants(&self, route: &str) -> bool {
        self.route.as_deref().is_none_or(|wanted| wanted == route)
    }
}

struct Recorder {
    wish: Wish,
    to: mpsc::Sender<Box<Recorded>>,
}

/// All that record.
pub(crate) struct Recordings {
    redactor: Redactor,
    count: AtomicUsize,
    /// Whether rows are noted although nobody records: whoever runs experiments keeps them himself.
    noting: bool,
    missed: AtomicU64,
    recorders: Mutex<Vec<Recorder>>,
}

impl Recordings {
    /// Nobody yet. What is recorded goes through the redactor.
    pub(crate) fn new(redactor: Redactor) -> Self {
        let (count, missed) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { redactor, count, noting: false, missed, recorders: Mutex::default() }
    }

    /// For whoever keeps experiments himself.
    pub(crate) fn noting(redactor: Redactor) -> Self {
        Self { noting: true, ..Self::new(redactor) }
    }

    /// Begins to record; `None` where too many do already. It ends when what is returned is dropped.
    pub(crate) fn begin(&self, wish: Wish) -> Option<mpsc::Receiver<Box<Recorded>>> {
        let mut recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        recorders.retain(|recorder| !recorder.to.is_closed());
        let (to, from) = mpsc::channel(WAITING_MAX);
        let has_room = recorders.len() < RECORDERS_MAX;
        if has_room {
            recorders.push(Recorder { wish, to });
        }
        self.count.store(recorders.len(), Ordering::Relaxed);
        has_room.then_some(from)
    }

    /// Whether a route's experiments are recorded.
    pub(super) fn wants(&self, route: &str) -> bool {
        self.noting
            || self.count.load(Ordering::Relaxed) > 0 && {
                let recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
                recorders.iter().any(|recorder| recorder.wish.wants(route))
            }
    }

    /// Gives an experiment to all that want it. Never waits for them.
    pub(super) fn offer(&self, experiment: &Experiment) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut recorders = self.recorders.lock().unwrap_or_else(PoisonError::into_inner);
        let mut recorded = None;
        recorders.retain(|Recorder { wish, to }| {
            if wish.wants(&experiment.route) && experiment.id.is_in(wish.share) {
                let line = recorded.get_or_insert_with(|| Box::new(self.redactor.record(experiment))).clone();
                if let Err(TrySendError::Full(_)) = to.try_send(line) {
                    self.missed.fetch_add(1, Ordering::Relaxed);
                }
            }
            !to.is_closed()
        });
        self.count.store(recorders.len(), Ordering::Relaxed);
    }

    /// Experiments that some recorder was too slow for.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}
