//! Steps 2 to 4: native answers, or nothing has happened and somebody else does.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use handover_api::{Answer, BoxedHandler, Context, Request, Response};
use handover_shadow::Outcome;
use http::Method;

use super::Walk;
use crate::commit::{NotCommitted, once};
use crate::exchange::replayed::{Gathered, Replayed, gather};
use crate::exchange::{BodySource, ClientSink};
use crate::mirror::NativeSide;
use crate::mirror::asker::{Ask, Manner};
use crate::mirror::capture::owned_fields;
use crate::mirror::experiment::failed;
use crate::native::ports::RequestPorts;
use crate::native::session::LiveSession;
use crate::native::{self, Decided};
use crate::observe::legs::Leg;
use crate::observe::{AnsweredBy, chain};
use crate::reply::Failure;
use crate::route::Route;
use crate::route::decide::Plan;
use crate::schemas::NotWritten;

impl Walk<'_> {
    pub(super) async fn native(
        &self,
        route: &Arc<Route>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        // 2
        let leg = self.legs.begin();
        let gathered = gather(body, route.spec.body_max).await;
        self.legs.end(Leg::Body, leg);
        let whole = match gathered {
            Ok(Gathered::Whole(whole)) => whole,
            Ok(Gathered::TooLarge(read)) => {
                self.note(Failure::BodyTooLarge.code());
                let mut again = Replayed::begun(read, body);
                return self.not_native(Failure::BodyTooLarge, AnsweredBy::Declined, &mut again, sink).await;
            }
            Err(gone) => return self.fail(Failure::of_body(&gone), &gone, sink).await,
        };
        let mut again = Replayed::whole(whole.clone(), body);
        let (Some(handler), Some(request)) = (&route.native, self.request(whole)) else {
            return self.not_native(Failure::NativeFailed, AnsweredBy::Fallback, &mut again, sink).await;
        };
        let (ports, session) = RequestPorts::of(self.core, route, &request);
        let cx = Context::new(ports);
        let mirror = &self.core.process.mirror;
        let verifies = self.decision.plan == Plan::Verify;
        let trial = verifies.then(|| mirror.trial(route, || self.is_legacy_strained())).flatten();
        let began = Instant::now();
        let decided = self.run(route, handler, &request, &cx).await;
        self.legs.end(Leg::Native, Some(began));
        let answer = match decided {
            Ok(Decided::Answer(answer)) => answer,
            Ok(Decided::Decline(decline)) => {
                tracing::debug!(route = route.name(), reason = decline.reason(), "native declined");
                self.note(decline.reason());
                release(session).await;
                if let Some(trial) = trial {
                    let outcome = Outcome::Declined(decline.reason().to_owned());
                    let native = NativeSide { outcome, effects: Vec::new(), took: began.elapsed() };
                    let captured = mirror.fallback(trial, route, request, native);
                    return self.legacy_captured(AnsweredBy::Declined, captured, &mut again, sink).await;
                }
                return self.not_native(Failure::NativeFailed, AnsweredBy::Declined, &mut again, sink).await;
            }
            Err(failure) => {
                let error = chain(&failure);
                self.note(&error);
                tracing::warn!(route = route.name(), error, "native failed; legacy answers");
                self.shared_fault.set(failure.is_shared());
                release(session).await;
                if let Some(trial) = trial {
                    let native =
                        NativeSide { outcome: failed(&failure), effects: Vec::new(), took: began.elapsed() };
                    let captured = mirror.fallback(trial, route, request, native);
                    return self.legacy_captured(AnsweredBy::Fallback, captured, &mut again, sink).await;
                }
                return self.not_native(Failure::NativeFailed, AnsweredBy::Fallback, &mut again, sink).await;
            }
        };
        let is_unfinished = answer.is_unfinished();
        let tried =
            trial.map(|trial| (trial, request.clone(), NativeSide::answered(&answer, began.elapsed())));
        // 3
        let leg = self.legs.begin();
        let committed = self.commit(route, &request, answer, session).await;
        self.legs.end(Leg::Commit, leg);
        match committed {
            // 4
            Ok(response) => {
                let tried = tried.map(|(trial, request, native)| {
                    let native = if is_unfinished { native.given_as(&response) } else { native };
                    (trial, request, native)
                });
                let by = self.respond(AnsweredBy::Native, response, sink).await;
                self.note_change(sink.status());
                if let Some((trial, request, native)) = tried {
                    let body = request.body().clone();
                    mirror.ask_too(trial, route, request, native, |answer| Ask {
                        question: self.question(route),
                        body,
                        legacy: Arc::clone(&route.spec.legacy),
                        manner: Manner::Dry,
                        answer,
                    });
                }
                by
            }
            Err(NotCommitted::Before(error)) => {
                // What does not fit its schema is the route's own fault.
                self.shared_fault
                    .set(!matches!(error.downcast_ref::<NotWritten>(), Some(NotWritten::Unfit { .. })));
                let error = chain(&*error);
                self.note(&error);
                tracing::warn!(route = route.name(), error, "effects not taken; legacy answers");
                self.not_native(Failure::NotCommitted, AnsweredBy::Fallback, &mut again, sink).await
            }
            Err(error) => self.fail(error.failure(), &error, sink).await,
        }
    }

    /// A core that stands still for it can be told by its route.
    async fn run(
        &self,
        route: &Arc<Route>,
        handler: &BoxedHandler,
        request: &Request,
        cx: &Context,
    ) -> native::Ran {
        let ran = native::run(handler, request, cx, route.spec.timeout, &self.core.process.blocking);
        self.core.pulse().within(self.generation, route, ran).await
    }

    /// In a task of its own: a client that leaves may end its request here, and not what that has begun.
    async fn commit(
        &self,
        route: &Arc<Route>,
        request: &Request,
        mut answer: Answer,
        session: Option<Arc<LiveSession>>,
    ) -> Result<Response, NotCommitted> {
        once::mark(route, request, &mut answer.effects);
        if answer.effects.is_empty() && session.is_none() && !answer.is_unfinished() {
            return Ok(answer.response);
        }
        let (process, route) = (Arc::clone(&self.core.process), Arc::clone(route));
        // Boxed: starting a task moves what it is given eight times.
        let commit = Box::pin(async move { process.producers.answer(&route, answer, session).await });
        let committed = self.core.commits.spawn_local(commit).await;
        committed.unwrap_or_else(|broken| Err(NotCommitted::Unknown(broken.into())))
    }

    /// Native does not answer and nothing has happened: legacy does, or where it is never called the failure.
    async fn not_native(
        &self,
        failure: Failure,
        answered_by: AnsweredBy,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        match self.decision.plan {
            Plan::Retired => self.respond(AnsweredBy::Proxy, failure.response(), sink).await,
            // Boxed, as whatever is rare: a request's future is as large as the largest of its ways.
            _ => Box::pin(self.legacy(answered_by, body, sink)).await,
        }
    }

    /// The request as a handler sees it; `None` where its head cannot be that (a method that is no token).
    pub(super) fn request(&self, body: Bytes) -> Option<Request> {
        let head = &self.arrived.head;
        let method = Method::from_bytes(head.method()).ok()?;
        let mut request = Request::builder(method, Bytes::copy_from_slice(head.target()))
            .fields(owned_fields(head.fields()))
            .body(body)
            .peer(self.client.ip());
        for (name, value) in self.decision.params(head.path()) {
            request = request.param(name, Bytes::copy_from_slice(value));
        }
        request.build().ok()
    }
}

/// Legacy is going to answer, and may want the session that native has locked.
async fn release(session: Option<Arc<LiveSession>>) {
    if let Some(session) = session {
        session.release().await;
    }
}
