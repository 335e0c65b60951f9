//! The hands of the shadow: copies what passes, runs native dry beside legacy or asks another legacy, and brings both to the
//! judge.
//!
//! All of it happens off the client's path and within a budget; what does not fit is dropped and counted. On the
//! client's path are a permit, two channels and the copying of bodies.

pub(crate) mod asker;
mod beside;
pub(crate) mod capture;
pub(crate) mod court;
mod drops;
mod dry;
pub(crate) mod experiment;
pub(crate) mod meanwhile;
mod noted;
mod observed;
pub(crate) mod recordings;
pub(crate) mod session;
pub(crate) mod tap;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_api::{Answer, Effect, Request, Response};
use handover_shadow::{ExperimentId, Outcome};
use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::commit::ACK_HEADER;
use crate::exchange::{AnswerSink, BodySource};
use crate::legacy::spec::Spec;
use crate::route::Route;
use asker::{Ask, Manner, Question, UNSEEN};
use capture::{Answered, CapturedBody, CapturedSink, CapturedSource};
use drops::Drops;
use meanwhile::Meanwhile;
use session::Ahead;

/// The most experiments under way at once.
const UNDER_WAY: usize = 256;

/// What is captured of each body, in bytes: with `UNDER_WAY` the bound of what all captures hold.
pub(crate) const ROOM: usize = 1 << 20;

/// Begins experiments.
pub(crate) struct Mirror {
    permits: Arc<Semaphore>,
    queue: mpsc::Sender<Pending>,
    asks: mpsc::Sender<Ask>,
    drops: Arc<Drops>,
    begun: AtomicU64,
    /// Who is at which session.
    pub(crate) meanwhile: Arc<Meanwhile>,
}

/// What the court gets of a mirror.
pub(crate) struct Begun {
    /// The experiments that it begins.
    experiments: mpsc::Receiver<Pending>,
    /// What legacy is to be asked beside the client's path.
    pub(crate) asks: Option<mpsc::Receiver<Ask>>,
    /// Those that it had no room for.
    drops: Arc<Drops>,
}

/// An experiment whose parts are still on their way.
pub(crate) struct Pending {
    id: ExperimentId,
    route: Arc<Route>,
    at: Timestamp,
    began: Instant,
    request: Request,
    parts: Parts,
    /// Legacy's answer, whoever it is for.
    answer: oneshot::Receiver<Answered>,
    /// The room that it takes; without one where nobody's path is to be kept free.
    room: Option<OwnedSemaphorePermit>,
}

impl Pending {
    /// An experiment without a client, whose request is there whole. Legacy's answer comes by the channel.
    pub(crate) fn rehearsed(
        route: &Arc<Route>,
        request: Request,
        answer: oneshot::Receiver<Answered>,
    ) -> Self {
        let (body_sender, body) = oneshot::channel();
        // Its receiver is right here.
        let _ = body_sender.send(Ok(request.body().clone()));
        let (id, at, began) = (ExperimentId(fastrand::u128(..)), Timestamp::now(), Instant::now());
        let (route, parts) = (Arc::clone(route), Parts::Shadow(body, None, None));
        Self { id, route, at, began, request, parts, answer, room: None }
    }
}

/// What is there besides legacy's answer.
enum Parts {
    /// Legacy answers the client: native is to run dry, once the request's body is there, with the session as it was.
    /// Legacy may be asked once more.
    Shadow(oneshot::Receiver<CapturedBody>, Option<Box<Ahead>>, Option<Box<Asking>>),
    /// Legacy answers the client: another one is to be asked, once the request's body is there.
    Beside(oneshot::Receiver<CapturedBody>, Box<Asking>),
    /// Native was to answer the client; this is what it came to.
    Verify(NativeSide),
}

/// A question that can be put to legacies beside the client's path.
struct Asking {
    question: Question,
    asks: mpsc::Sender<Ask>,
}

impl Asking {
    /// Puts it to that one; `None` where too many were put already. No answer comes where that one gives none.
    fn put(&self, legacy: &Arc<Spec>, manner: Manner, body: &Bytes) -> Option<oneshot::Receiver<Answered>> {
        let (answer, answered) = oneshot::channel();
        let (question, legacy, body) = (self.question.clone(), Arc::clone(legacy), body.clone());
        self.asks.try_send(Ask { question, body, legacy, manner, answer }).ok()?;
        Some(answered)
    }
}

/// What native came to on a request that it was to answer.
pub(crate) struct NativeSide {
    /// Its answer, or why there is none.
    pub outcome: Outcome,
    /// The effects of its answer.
    pub effects: Vec<Effect>,
    /// How long it took.
    pub took: Duration,
}

impl NativeSide {
    /// An answer that native is about to give.
    pub(crate) fn answered(answer: &Answer, took: Duration) -> Self {
        let outcome = Outcome::Answered((&answer.response).into());
        Self { outcome, effects: answer.effects.clone(), took }
    }

    /// The same once it is given, where it was finished only then.
    pub(crate) fn given_as(self, response: &Response) -> Self {
        let mut response = response.clone();
        response.fields.remove(ACK_HEADER);
        Self { outcome: Outcome::Answered((&response).into()), ..self }
    }
}

/// The room for an experiment on one request.
pub(crate) struct Trial {
    id: ExperimentId,
    at: Timestamp,
    permit: OwnedSemaphorePermit,
}

/// Where the parts of one experiment go.
pub(crate) struct Capture<'m> {
    body: oneshot::Sender<CapturedBody>,
    answer: oneshot::Sender<Answered>,
    begun: OnItsWay<'m>,
}

/// An experiment whose parts are gathered. Dropped, it is handed over: with all its parts at once, for each of which the
/// court's thread would have to be woken otherwise.
pub(crate) struct OnItsWay<'m> {
    mirror: &'m Mirror,
    pending: Option<Pending>,
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.mirror.hand_over(pending);
        }
    }
}

impl Mirror {
    /// A mirror, and what it begins.
    pub(crate) fn new() -> (Self, Begun) {
        let (queue, experiments) = mpsc::channel(UNDER_WAY);
        let (permits, drops) = (Arc::new(Semaphore::new(UNDER_WAY)), Arc::<Drops>::default());
        let (asks, asked) = mpsc::channel(UNSEEN);
        let begun = Begun { experiments, asks: Some(asked), drops: Arc::clone(&drops) };
        (Self { permits, queue, asks, drops, begun: AtomicU64::new(0), meanwhile: Arc::default() }, begun)
    }

    /// Begins an experiment on a request that legacy is about to answer, with native beside it. In some of them legacy is
    /// asked once more.
    pub(crate) fn begin(
        &self,
        trial: Trial,
        route: &Arc<Route>,
        request: Request,
        session: Option<Ahead>,
        question: impl FnOnce() -> Question,
    ) -> Capture<'_> {
        let again = route.spec.shadow.asks_again(trial.id);
        let asking = again.then(|| Box::new(Asking { question: question(), asks: self.asks.clone() }));
        self.start(trial, route, request, |body| Parts::Shadow(body, session.map(Box::new), asking))
    }

    /// The same with the route's candidate beside it, which gets the same question.
    pub(crate) fn begin_beside(
        &self,
        trial: Trial,
        route: &Arc<Route>,
        request: Request,
        question: Question,
    ) -> Capture<'_> {
        let asking = Box::new(Asking { question, asks: self.asks.clone() });
        self.start(trial, route, request, |body| Parts::Beside(body, asking))
    }

    fn start(
        &self,
        trial: Trial,
        route: &Arc<Route>,
        request: Request,
        parts: impl FnOnce(oneshot::Receiver<CapturedBody>) -> Parts,
    ) -> Capture<'_> {
        let Trial { id, at, permit } = trial;
        let (body_sender, body) = oneshot::channel();
        let (answer_sender, answer) = oneshot::channel();
        let parts = parts(body);
        let (route, began) = (Arc::clone(route), Instant::now());
        let pending = Pending { id, route, at, began, request, parts, answer, room: Some(permit) };
        self.begun.fetch_add(1, Ordering::Relaxed);
        let begun = OnItsWay { mirror: self, pending: Some(pending) };
        Capture { body: body_sender, answer: answer_sender, begun }
    }

    /// Takes the room for an experiment on a request. `None` where it is outside the route's sample, or legacy is `strained`
    /// or there is no room: these are counted.
    pub(crate) fn trial(&self, route: &Arc<Route>, strained: impl FnOnce() -> bool) -> Option<Trial> {
        let id = ExperimentId(fastrand::u128(..));
        if !route.spec.shadow.picks(id) {
            return None;
        }
        let permit = if strained() { None } else { Arc::clone(&self.permits).try_acquire_owned().ok() };
        if permit.is_none() {
            self.drops.count(&route.spec.name);
        }
        Some(Trial { id, at: Timestamp::now(), permit: permit? })
    }

    /// Native has answered the client: legacy is asked, too.
    pub(crate) fn ask_too(
        &self,
        trial: Trial,
        route: &Arc<Route>,
        request: Request,
        native: NativeSide,
        ask: impl FnOnce(oneshot::Sender<Answered>) -> Ask,
    ) {
        let Ok(room) = self.asks.try_reserve() else { return self.drops.count(&route.spec.name) };
        if let Some(answer) = self.fallback(trial, route, request, native) {
            room.send(ask(answer));
        }
    }

    /// Native gave no answer, so the client gets legacy's, which is to be captured: both are compared.
    pub(crate) fn fallback(
        &self,
        trial: Trial,
        route: &Arc<Route>,
        request: Request,
        native: NativeSide,
    ) -> Option<oneshot::Sender<Answered>> {
        let Trial { id, at, permit } = trial;
        let (answer_sender, answer) = oneshot::channel();
        let (route, began, parts) = (Arc::clone(route), Instant::now(), Parts::Verify(native));
        self.hand_over(Pending { id, route, at, began, request, parts, answer, room: Some(permit) })?;
        self.begun.fetch_add(1, Ordering::Relaxed);
        Some(answer_sender)
    }

    fn hand_over(&self, pending: Pending) -> Option<()> {
        if let Err(full) = self.queue.try_send(pending) {
            let (TrySendError::Full(pending) | TrySendError::Closed(pending)) = full;
            self.drops.count(&pending.route.spec.name);
            return None;
        }
        Some(())
    }

    /// How many experiments take room at the moment.
    pub(crate) fn under_way(&self) -> usize {
        UNDER_WAY - self.permits.available_permits()
    }

    /// How many experiments were begun, and how many had no room.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.begun.load(Ordering::Relaxed), self.drops.all())
    }
}

impl<'m> Capture<'m> {
    /// Captures on both ways. What is returned first is to be dropped last.
    pub(crate) fn around<'a, B: BodySource, S: AnswerSink>(
        self,
        body: &'a mut B,
        sink: &'a mut S,
    ) -> (OnItsWay<'m>, CapturedSource<'a, B>, CapturedSink<'a, S>) {
        let Self { body: whole_body, answer, begun } = self;
        (begun, CapturedSource::new(body, ROOM, whole_body), CapturedSink::new(sink, ROOM, answer))
    }
}
