//! The hands of the shadow: copies what passes, runs native dry beside legacy, and brings both to the judge.
//!
//! All of it happens off the client's path and within a budget; what does not fit is dropped and counted. On the
//! client's path are a permit, two channels and the copying of bodies.

pub(crate) mod capture;
pub(crate) mod court;
mod drops;
mod dry;
pub(crate) mod experiment;
pub(crate) mod tap;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use handover_api::Request;
use handover_shadow::ExperimentId;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::exchange::{AnswerSink, BodySource};
use crate::route::Route;
use capture::{CapturedAnswer, CapturedBody, CapturedSink, CapturedSource};
use drops::Drops;

/// The most experiments under way at once.
const UNDER_WAY: usize = 256;

/// What is captured of each body, in bytes: with `UNDER_WAY` the bound of what all captures hold.
const ROOM: usize = 1 << 20;

/// Begins experiments.
pub(crate) struct Mirror {
    permits: Arc<Semaphore>,
    queue: mpsc::Sender<Pending>,
    drops: Arc<Drops>,
    begun: AtomicU64,
}

/// What the court gets of a mirror.
pub(crate) struct Begun {
    /// The experiments that it begins.
    experiments: mpsc::Receiver<Pending>,
    /// Those that it had no room for.
    drops: Arc<Drops>,
}

/// An experiment whose parts are still on their way.
pub(crate) struct Pending {
    id: ExperimentId,
    route: Arc<Route>,
    at: Timestamp,
    began: Instant,
    /// The request, its body still missing.
    request: Request,
    body: oneshot::Receiver<CapturedBody>,
    answer: oneshot::Receiver<CapturedAnswer>,
    _permit: OwnedSemaphorePermit,
}

/// Where the parts of one experiment go.
pub(crate) struct Capture {
    body: oneshot::Sender<CapturedBody>,
    answer: oneshot::Sender<CapturedAnswer>,
}

impl Mirror {
    /// A mirror, and what it begins.
    pub(crate) fn new() -> (Self, Begun) {
        let (queue, experiments) = mpsc::channel(UNDER_WAY);
        let (permits, drops) = (Arc::new(Semaphore::new(UNDER_WAY)), Arc::<Drops>::default());
        let begun = Begun { experiments, drops: Arc::clone(&drops) };
        (Self { permits, queue, drops, begun: AtomicU64::new(0) }, begun)
    }

    /// Begins an experiment on a request that legacy is about to answer. `None` where it is outside the route's
    /// sample, or there is no room: the latter is counted.
    pub(crate) fn begin(
        &self,
        route: &Arc<Route>,
        request: impl FnOnce() -> Option<Request>,
    ) -> Option<Capture> {
        let id = ExperimentId(fastrand::u128(..));
        if !route.spec.shadow.picks(id) {
            return None;
        }
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            self.drops.count(&route.spec.name);
            return None;
        };
        let (body_sender, body) = oneshot::channel();
        let (answer_sender, answer) = oneshot::channel();
        let pending = Pending {
            id,
            route: Arc::clone(route),
            at: Timestamp::now(),
            began: Instant::now(),
            request: request()?,
            body,
            answer,
            _permit: permit,
        };
        if self.queue.try_send(pending).is_err() {
            self.drops.count(&route.spec.name);
            return None;
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        Some(Capture { body: body_sender, answer: answer_sender })
    }

    /// How many experiments were begun, and how many had no room.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.begun.load(Ordering::Relaxed), self.drops.all())
    }
}

impl Capture {
    /// Captures on both ways.
    pub(crate) fn around<'a, B: BodySource, S: AnswerSink>(
        self,
        body: &'a mut B,
        sink: &'a mut S,
    ) -> (CapturedSource<'a, B>, CapturedSink<'a, S>) {
        (CapturedSource::new(body, ROOM, self.body), CapturedSink::new(sink, ROOM, self.answer))
    }
}
