//! From what was captured to an experiment: the dry run beside legacy, both sides put together.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use handover_api::{Effect, Ports, Request};
use handover_shadow::{
    Answer, Body, EffectRecord, Effects, Experiment, Outcome, OwnEffects, Policy, RecordedRequest,
    SessionState, Side, Who, injected, own_effects,
};
use tokio::sync::{oneshot, watch};

use super::beside::Again;
use super::capture::{Answered, CapturedAnswer, CapturedBody, Lost, NotAsked};
use super::dry::{self, DryRun, Given};
use super::observed::{WITHIN, observed};
use super::recordings::Recordings;
use super::{NativeSide, Parts, Pending};
use crate::commit::Producers;
use crate::legacy::php::Phps;
use crate::native::application::Observers;
use crate::native::blocking::Pool;
use crate::native::identity::Identities;
use crate::native::{Decided, NativeFailure};
use crate::observe::chain;
use crate::route::Route;
use crate::schemas::NotWritten;

/// Why a pair cannot match where native asks for HTTP calls.
const UNSEEN_CALLS: &str = "native asks for HTTP calls, and nobody sees legacy's (`unseen_calls` of the route's `shadow` takes a reason)";

/// Why an experiment came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Abandoned {
    /// The request's body cannot be given to native.
    #[error("the request's body was {0}")]
    Request(Lost),
    /// Legacy's answer did not come to its end.
    #[error("legacy's answer was {0}")]
    Answer(Lost),
    /// Too many wait to be asked beside the client's path already, or no connection was free for it.
    #[error("there was no room for asking a legacy beside clients")]
    NotAsked,
    /// The route has no handler to run.
    #[error("the route has no native handler")]
    NoHandler,
    /// The handler asked for a session that legacy may have changed by the time it was read.
    #[error("the session was read late")]
    SessionReadLate,
    /// Another request of the same session was under way.
    #[error("another request of the same session was under way")]
    SessionShared,
    /// Something in it made us panic.
    #[error("a panic of ours")]
    Panicked,
    /// The request is none that a handler can be given.
    #[error("the request has a method or a field that no handler can be given")]
    NoRequest,
}

impl Abandoned {
    /// A stable name for what is counted.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Request(Lost::TooLarge) => "request-too-large",
            Self::Request(Lost::BrokenOff) => "request-not-read-whole",
            Self::Answer(Lost::TooLarge) => "answer-too-large",
            Self::Answer(Lost::BrokenOff) => "answer-broken-off",
            Self::NotAsked => "budget",
            Self::NoHandler => "no-handler",
            Self::SessionReadLate => "session-read-late",
            Self::SessionShared => "session-shared",
            Self::Panicked => "panicked",
            Self::NoRequest => "no-request",
        }
    }
}

/// Sees experiments through.
#[derive(Clone)]
pub(crate) struct Conductor {
    /// What dry runs read from, but for what is injected.
    pub ports: Arc<dyn Ports>,
    /// Who would commit native's effects: they know where each would go.
    pub producers: Arc<Producers>,
    /// Who native is.
    pub identities: Identities,
    /// Which PHP each legacy runs.
    pub phps: Arc<Phps>,
    /// Who records.
    pub recordings: Arc<Recordings>,
    /// Who sees what legacy did of the application's own.
    pub observers: Arc<Observers>,
    /// The threads for handlers that block, apart from those of live runs.
    pub blocking: Arc<Pool>,
}

impl Conductor {
    /// Sees one through: dry run and legacy side by side.
    pub(crate) async fn conduct(self, pending: Pending) -> Result<Experiment, Abandoned> {
        let Pending { id, route, at, began, request, parts, answer, room: _room } = pending;
        let (body, ahead, asking) = match parts {
            Parts::Shadow(body, ahead, asking) => (body, ahead, asking),
            Parts::Beside(body, asking) => {
                let request = whole(request, body).await?;
                let all = self.legacies(id, &route, began, request.body(), &asking, answer);
                let (control, candidate, again) = all.await?;
                let again = again.differs(&self, &route, &control).await;
                let (request, route) = (recorded(&request), route.name().to_owned());
                return Ok(Experiment { id, route, at, control, candidate, request, again });
            }
            Parts::Verify(native) => {
                let answer = given(answer).await?;
                let (took, version) =
                    (answer.at.duration_since(began), self.phps.version(&route.spec.legacy, &answer.fields));
                let legacy = legacy(control_answer(answer)?, took, version, Effects::Unobserved);
                let control = self.tried(&route, native);
                let (request, route) = (recorded(&request), route.name().to_owned());
                return Ok(Experiment { id, route, at, control, candidate: legacy, request, again: None });
            }
        };
        let policy = &route.spec.shadow;
        let request = whole(request, body).await?;
        let again = Again::ask(asking.as_deref(), &route, request.body());
        let (chosen_sender, chosen) = watch::channel(None);
        let answered = async {
            let answer = given(answer).await?;
            let took = answer.at.duration_since(began);
            let answer = control_answer(answer)?;
            chosen_sender.send_replace(Some(injected(policy, &answer)));
            Ok((answer, took))
        };
        let (session, after) = ahead.map(|ahead| ahead.split()).unzip();
        let session = session.map(Arc::new);
        let (live, php) = (Arc::clone(&self.ports), self.phps.of(&route.spec.legacy));
        let noting = self.recordings.wants(route.name());
        let given = Given {
            live,
            chosen,
            php,
            session: session.clone(),
            noting,
            blocking: Arc::clone(&self.blocking),
        };
        let (answered, mut dry) = tokio::join!(answered, dry::run(&route, &request, given));
        let (answer, took) = answered?;
        let version = self.phps.version(&route.spec.legacy, &answer.fields);
        let mut states = (SessionState::Unobserved, SessionState::Unobserved);
        if let (Some(session), Some(after)) = (session, after) {
            if session.was_late() {
                return Err(Abandoned::SessionReadLate);
            }
            states = (session.control(after).await?, session.candidate(dry.effects()));
            dry.tell(&session, &route, &answer.fields).await;
        }
        let own = observed(&self.observers, policy.observed(), &request, &answer, WITHIN).await;
        let control = Side { session: states.0, own, ..control(answer, took, version, policy) };
        let candidate = Side { session: states.1, ..self.candidate(&route, dry)? };
        let again = again.differs(&self, &route, &control).await;
        let (request, route) = (recorded(&request), route.name().to_owned());
        Ok(Experiment { id, route, at, control, candidate, request, again })
    }

    /// Native, as it was when it was to answer the client. Where legacy is asked for a dry run it sends nothing, so then
    /// nothing can be said of effects.
    fn tried(&self, route: &Route, native: NativeSide) -> Side {
        let (effects, own) = match route.spec.legacy.dry_run {
            Some(_) => (Effects::Unobserved, OwnEffects::new()),
            None => {
                let effects = self.effects(route, &native.effects);
                let effects = effects.unwrap_or_else(|unfit| Effects::NotComparable(chain(&unfit)));
                (effects, own_effects(&route.spec.shadow, &native.effects))
            }
        };
        Side {
            who: Who::Native { fingerprint: self.identities.of(&route.spec).to_string() },
            effects,
            own,
            outcome: native.outcome,
            latency: native.took,
            session: SessionState::Unobserved,
            reads: Vec::new(),
            rules: None,
        }
    }

    /// Native as a candidate, run beside nothing: on ports that have all there is to read.
    pub(crate) async fn alone(
        &self,
        route: &Route,
        request: &Request,
        ports: Arc<dyn Ports>,
    ) -> Result<Side, Abandoned> {
        self.candidate(route, dry::run_on(route, request, ports, Duration::ZERO, &self.blocking).await)
    }

    fn candidate(&self, route: &Route, dry: DryRun) -> Result<Side, Abandoned> {
        let (outcome, asked) = match dry.ran.ok_or(Abandoned::NoHandler)? {
            Ok(Decided::Answer(answer)) => {
                (Outcome::Answered(Answer::from(&answer.response)), answer.effects)
            }
            Ok(Decided::Decline(decline)) => (Outcome::Declined(decline.reason().to_owned()), Vec::new()),
            Err(failure) => (failed(&failure), Vec::new()),
        };
        let (outcome, effects) = match self.effects(route, &asked) {
            Ok(effects) => (outcome, effects),
            // It would not be committed.
            Err(unfit) => (Outcome::Failed(chain(&unfit)), Effects::Known(Vec::new())),
        };
        Ok(Side {
            who: Who::Native { fingerprint: self.identities.of(&route.spec).to_string() },
            outcome,
            effects,
            own: own_effects(&route.spec.shadow, &asked),
            session: SessionState::Unobserved,
            latency: dry.took,
            reads: dry.reads,
            rules: dry.rules,
        })
    }

    /// What native sends: records, as they would lie in their topics. The session and what is of the application's own are
    /// compared apart, and an idempotency mark does nothing that anybody outside could see. Legacy's calls nobody sees, so with
    /// one a pair must not match by silence. An error is a value that does not fit its topic's schema.
    fn effects(&self, route: &Route, effects: &[Effect]) -> Result<Effects, NotWritten> {
        let mut records = Vec::new();
        for effect in effects {
            match effect {
                Effect::Record(record) => {
                    let partition = self.producers.partition_of(route, record);
                    let record = EffectRecord { partition, ..EffectRecord::from(record) };
                    match self.seen(route, record) {
                        Ok(EffectRecord { unreadable: Some(why), .. }) => {
                            return Ok(Effects::NotComparable(why));
                        }
                        Ok(seen) => records.push(seen),
                        Err(unfit @ NotWritten::Unfit { .. }) => return Err(unfit),
                        Err(error) => return Ok(Effects::NotComparable(chain(&error))),
                    }
                }
                Effect::Session(_) | Effect::Own(_) | Effect::Once(_) => {}
                Effect::Call(_) if route.spec.shadow.waives_calls() => {}
                Effect::Call(_) => return Ok(Effects::NotComparable(UNSEEN_CALLS.to_owned())),
            }
        }
        Ok(Effects::Known(records))
    }

    /// A record as a tap would show it.
    fn seen(&self, route: &Route, record: EffectRecord) -> Result<EffectRecord, NotWritten> {
        match &route.spec.kafka {
            Some(kafka) => self.producers.schemas().seen(kafka, record),
            None => Ok(record),
        }
    }
}

/// What no answer of native counts as.
pub(crate) fn failed(failure: &NativeFailure) -> Outcome {
    match failure {
        NativeFailure::TimedOut(_) => Outcome::TimedOut,
        failure => Outcome::Failed(chain(failure)),
    }
}

/// The request with its body, once that is there.
async fn whole(request: Request, body: oneshot::Receiver<CapturedBody>) -> Result<Request, Abandoned> {
    let body = body.await.unwrap_or(Err(Lost::BrokenOff)).map_err(Abandoned::Request)?;
    Ok(request.with_body(body))
}

fn recorded(request: &Request) -> RecordedRequest {
    RecordedRequest {
        method: request.method().to_string(),
        target: request.target().clone(),
        fields: request.fields().clone(),
        body: Body::Whole(request.body().clone()),
        params: request
            .params()
            .map(|(name, value)| (name.to_owned(), Bytes::copy_from_slice(value)))
            .collect(),
    }
}

/// A legacy's answer, once it is there.
pub(super) async fn given(answer: oneshot::Receiver<Answered>) -> Result<CapturedAnswer, Abandoned> {
    let answer = answer.await.map_err(|_| Abandoned::Answer(Lost::BrokenOff))?;
    answer.map_err(|NotAsked| Abandoned::NotAsked)
}

pub(super) fn control_answer(answer: CapturedAnswer) -> Result<Answer, Abandoned> {
    let body = match answer.body {
        Ok(body) => Body::Whole(body),
        Err(Lost::TooLarge) => Body::Cut(Bytes::new()),
        Err(lost) => return Err(Abandoned::Answer(lost)),
    };
    Ok(Answer { status: answer.status, fields: answer.fields, body })
}

fn control(answer: Answer, latency: Duration, version: Option<String>, policy: &Policy) -> Side {
    let observed = !policy.effects().is_empty();
    legacy(answer, latency, version, if observed { Effects::Pending } else { Effects::Unobserved })
}

pub(super) fn legacy(answer: Answer, latency: Duration, version: Option<String>, effects: Effects) -> Side {
    let (who, outcome, session) =
        (Who::Legacy { version }, Outcome::Answered(answer), SessionState::Unobserved);
    let own = OwnEffects::new();
    Side { who, outcome, effects, own, session, latency, reads: Vec::new(), rules: None }
}
