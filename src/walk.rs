//! The walk of one request, from its head to the end of its answer.
//!
//! 1. route: look up in the generation, decide who answers;
//! 2. native: gather the body, run the handler;
//! 3. commit: its effects, before anything is sent;
//! 4. reply: native's answer, or
//! 5. legacy: by stage, on decline, or as fallback; in shadow with both bodies captured on the way;
//! 6. observe: one observation, whatever happened.
//!
//! Nothing is sent and nothing is committed before step 3, so that up to there any failure can fall back.

use std::cell::Cell;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use handover_api::{Answer, BoxedHandler, Context, Request, Response};
use handover_http1::{Field, RequestHead};
use handover_shadow::Outcome;
use http::Method;
use tokio::sync::oneshot;
use tracing::Level;

use crate::accept::core::Core;
use crate::commit::{NotCommitted, once};
use crate::exchange::replayed::{Gathered, Replayed, gather};
use crate::exchange::{AnswerSink, BodySource, ClientGone, ClientSink};
use crate::legacy::forwarded::Hop;
use crate::legacy::{ExchangeError, Outbound, Served};
use crate::mirror::asker::Ask;
use crate::mirror::capture::{CapturedAnswer, CapturedSink, owned_fields};
use crate::mirror::experiment::failed;
use crate::mirror::{NativeSide, ROOM};
use crate::native::{self, Decided};
use crate::observe::{AnsweredBy, Observation, chain};
use crate::reply::Failure;
use crate::route::decide::{Decision, Plan, decide};
use crate::route::generation::Generation;
use crate::route::{Asked, Route, Stage, Values};

/// A request's head and where it came from.
pub(crate) struct Arrived {
    /// The head as the client sent it.
    pub head: RequestHead,
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that it connected to.
    pub local: SocketAddr,
    /// Whether it came by TLS.
    pub secure: bool,
    /// The version that the client speaks, as `SERVER_PROTOCOL` says it.
    pub protocol: &'static str,
}

/// Walks one request. Whether the connection can go on afterwards, the connection itself knows: an answer that was
/// broken off ends it.
pub(crate) async fn walk<B: BodySource, S: ClientSink>(
    core: &Core,
    arrived: &Arrived,
    body: &mut B,
    sink: &mut S,
) {
    let began = Instant::now();
    let generation = core.generation();
    // 1
    let seen = Seen { arrived, client: generation.config.forwarding.client(arrived.hop()) };
    let decision = decide(&generation, &seen);
    let walk = Walk {
        core,
        generation: &generation,
        arrived,
        client: seen.client,
        decision: &decision,
        shared_fault: Cell::new(false),
    };
    let answered_by = walk.answer(body, sink).await;
    walk.count_unusual(body.was_slow());
    // 6
    let observation = Observation {
        route: decision.route.map(|route| route.name()),
        stage: decision.route.map_or(Stage::Legacy, |route| route.stage),
        answered_by,
        status: sink.status().unwrap_or(0),
        shared_fault: walk.shared_fault.get(),
        took: began.elapsed(),
    };
    core.cells.add(&observation);
    observation.log(arrived.head.method(), arrived.head.path());
}

struct Walk<'a> {
    core: &'a Core,
    generation: &'a Generation,
    arrived: &'a Arrived,
    client: SocketAddr,
    decision: &'a Decision<'a>,
    /// Whether native could not answer by a fault that hits many routes.
    shared_fault: Cell<bool>,
}

impl Walk<'_> {
    async fn answer(&self, body: &mut impl BodySource, sink: &mut impl ClientSink) -> AnsweredBy {
        match (self.decision.plan, self.decision.route) {
            (Plan::Native | Plan::Verify | Plan::Retired, Some(route)) => {
                self.native(route, body, sink).await
            }
            (Plan::Shadow, Some(route)) => self.shadowed(route, body, sink).await,
            _ => self.legacy(AnsweredBy::Legacy, body, sink).await,
        }
    }

    async fn native(
        &self,
        route: &Arc<Route>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        // 2
        let whole = match gather(body, route.spec.body_max).await {
            Ok(Gathered::Whole(whole)) => whole,
            Ok(Gathered::TooLarge(read)) => {
                let mut again = Replayed::begun(read, body);
                return self.not_native(Failure::BodyTooLarge, AnsweredBy::Declined, &mut again, sink).await;
            }
            Err(gone) => return self.fail(Failure::of_body(&gone), &gone, sink).await,
        };
        let mut again = Replayed::whole(whole.clone(), body);
        let (Some(handler), Some(request)) = (&route.native, self.request(whole)) else {
            return self.not_native(Failure::NativeFailed, AnsweredBy::Fallback, &mut again, sink).await;
        };
        let cx = Context::new(Arc::clone(&self.core.process.ports));
        let mirror = &self.core.process.mirror;
        let trial = if self.decision.plan == Plan::Verify { mirror.trial(route) } else { None };
        let began = Instant::now();
        let answer = match self.run(route, handler, &request, &cx).await {
            Ok(Decided::Answer(answer)) => answer,
            Ok(Decided::Decline(decline)) => {
                tracing::debug!(route = route.name(), reason = decline.reason(), "native declined");
                if let Some(trial) = trial {
                    let outcome = Outcome::Declined(decline.reason().to_owned());
                    let native = NativeSide { outcome, effects: Vec::new(), took: began.elapsed() };
                    let captured = mirror.fallback(trial, route, request, native);
                    return self.legacy_captured(AnsweredBy::Declined, captured, &mut again, sink).await;
                }
                return self.not_native(Failure::NativeFailed, AnsweredBy::Declined, &mut again, sink).await;
            }
            Err(failure) => {
                tracing::warn!(
                    route = route.name(),
                    error = chain(&failure),
                    "native failed; legacy answers"
                );
                self.shared_fault.set(failure.is_shared());
                if let Some(trial) = trial {
                    let native =
                        NativeSide { outcome: failed(&failure), effects: Vec::new(), took: began.elapsed() };
                    let captured = mirror.fallback(trial, route, request, native);
                    return self.legacy_captured(AnsweredBy::Fallback, captured, &mut again, sink).await;
                }
                return self.not_native(Failure::NativeFailed, AnsweredBy::Fallback, &mut again, sink).await;
            }
        };
        let tried =
            trial.map(|trial| (trial, request.clone(), NativeSide::answered(&answer, began.elapsed())));
        // 3
        match self.commit(route, &request, answer).await {
            // 4
            Ok(response) => {
                let by = self.respond(AnsweredBy::Native, response, sink).await;
                if let Some((trial, request, native)) = tried {
                    let body = request.body().clone();
                    mirror.ask_too(trial, route, request, native, |answer| self.ask(route, body, answer));
                }
                by
            }
            Err(NotCommitted::Before(error)) => {
                self.shared_fault.set(true);
                tracing::warn!(
                    route = route.name(),
                    error = chain(&*error),
                    "effects not taken; legacy answers"
                );
                self.not_native(Failure::NotCommitted, AnsweredBy::Fallback, &mut again, sink).await
            }
            Err(error @ NotCommitted::UnderWay) => self.fail(Failure::StillUnderWay, &error, sink).await,
            Err(error @ NotCommitted::Unknown(_)) => self.fail(Failure::CommitUnknown, &error, sink).await,
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
    ) -> Result<Response, NotCommitted> {
        once::mark(route, request, &mut answer.effects);
        let (process, route) = (Arc::clone(&self.core.process), Arc::clone(route));
        let commit = async move { process.producers.answer(&route, answer).await };
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

    async fn shadowed(
        &self,
        route: &Arc<Route>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        let request = || self.request(Bytes::new());
        let Some(capture) = self.core.process.mirror.begin(route, request) else {
            return self.legacy(AnsweredBy::Legacy, body, sink).await;
        };
        let (mut body, mut captured) = capture.around(body, sink);
        let exchanged = Box::pin(self.exchange(&mut body, &mut captured)).await;
        drop((body, captured));
        self.ended(AnsweredBy::Legacy, exchanged, sink).await
    }

    /// What legacy is asked beside the client's path.
    fn ask(&self, route: &Arc<Route>, body: Bytes, answer: oneshot::Sender<CapturedAnswer>) -> Ask {
        let Arrived { head, local, secure, protocol, .. } = self.arrived;
        let (head, route) = (head.clone(), Arc::clone(route));
        let told = self.generation.config.forwarding.tell(self.arrived.hop());
        Ask { head, body, told, peer: self.client, local: *local, secure: *secure, protocol, route, answer }
    }

    /// Legacy answers the client in native's place, and its answer is captured where there was room for that.
    async fn legacy_captured(
        &self,
        answered_by: AnsweredBy,
        captured: Option<oneshot::Sender<CapturedAnswer>>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        let Some(captured) = captured else { return Box::pin(self.legacy(answered_by, body, sink)).await };
        let exchanged = {
            let mut sink = CapturedSink::new(sink, ROOM, captured);
            Box::pin(self.exchange(body, &mut sink)).await
        };
        self.ended(answered_by, exchanged, sink).await
    }

    // 5
    async fn legacy(
        &self,
        answered_by: AnsweredBy,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        let exchanged = self.exchange(body, sink).await;
        self.ended(answered_by, exchanged, sink).await
    }

    async fn exchange(
        &self,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let route = self.decision.route.map(Arc::as_ref);
        let told = self.generation.config.forwarding.tell(self.arrived.hop());
        let legacy = self.generation.legacy(route);
        let outbound = Outbound {
            head: &self.arrived.head,
            set: &told.fields(),
            trusted: told.trusted,
            begins_trace: told.begins_trace(),
            dry_run: legacy.dry_run_field(),
            protocol: self.arrived.protocol,
            secure: self.arrived.secure,
            peer: self.client,
            local: self.arrived.local,
            repeatable: route.is_some_and(|route| route.spec.repeatable),
            route: route.map_or("", Route::name),
        };
        self.core.legacies.exchange(legacy, &outbound, body, sink).await
    }

    /// Legacy's answer went through, or its failure becomes one of ours as long as none was begun.
    async fn ended(
        &self,
        answered_by: AnsweredBy,
        exchanged: Result<Served, ExchangeError>,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        match exchanged {
            Ok(_) => answered_by,
            Err(error) => match Failure::of_legacy(&error) {
                Some(failure) if sink.status().is_none() => self.fail(failure, &error, sink).await,
                Some(failure) => {
                    self.count_refused(failure, &error);
                    tracing::debug!(leg = error.leg.label(), "legacy broke off within its answer");
                    self.log(failure, &error);
                    answered_by
                }
                None => {
                    tracing::debug!(error = chain(&error), "the client's side of an exchange ended early");
                    answered_by
                }
            },
        }
    }

    async fn fail(
        &self,
        failure: Failure,
        error: &(dyn Error + 'static),
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        self.count_refused(failure, error);
        self.log(failure, error);
        self.respond(AnsweredBy::Proxy, failure.response(), sink).await
    }

    async fn respond(&self, by: AnsweredBy, response: Response, sink: &mut impl ClientSink) -> AnsweredBy {
        match sink.respond(response).await {
            Ok(()) => by,
            Err(gone) => self.client_gone(by, &gone),
        }
    }

    fn client_gone(&self, by: AnsweredBy, gone: &ClientGone) -> AnsweredBy {
        tracing::debug!(error = chain(gone), "the client has gone");
        by
    }

    /// The request as a handler sees it; `None` where its head cannot be that (a method that is no token).
    fn request(&self, body: Bytes) -> Option<Request> {
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

    /// A body that was refused counts under the same reasons as a head.
    fn count_refused(&self, failure: Failure, error: &(dyn Error + 'static)) {
        if let Some(reason) = failure.refused(error) {
            self.core.process.refusals.count(reason);
        }
    }

    /// What was passed on although it is unusual.
    fn count_unusual(&self, slow_body: bool) {
        let tolerated = self.arrived.head.tolerated();
        let (client, path) = (self.client.ip(), self.arrived.head.path());
        for (is_so, reason) in [
            (tolerated.no_host, "http10_without_host"),
            (tolerated.non_ascii_target, "non_ascii_target"),
            (slow_body, "slow_body"),
        ] {
            if is_so {
                self.core.process.tolerated.count(reason, client, path);
            }
        }
    }

    fn log(&self, failure: Failure, error: &dyn Error) {
        let route = self.decision.route.map_or("", |route| route.name());
        let (code, error) = (failure.code(), chain(error));
        match failure.level() {
            Level::ERROR => tracing::error!(route, code, error, "a request could not be answered"),
            Level::WARN => tracing::warn!(route, code, error, "a request could not be answered"),
            _ => tracing::info!(route, code, error, "a request could not be answered"),
        }
    }
}

impl Arrived {
    fn hop(&self) -> Hop<'_> {
        Hop { head: &self.head, peer: self.peer, secure: self.secure }
    }
}

/// A request and who it really comes from.
struct Seen<'a> {
    arrived: &'a Arrived,
    client: SocketAddr,
}

impl Asked for Seen<'_> {
    fn method(&self) -> &[u8] {
        self.arrived.head.method()
    }

    fn path(&self) -> &[u8] {
        self.arrived.head.path()
    }

    fn host(&self) -> Option<&[u8]> {
        self.arrived.head.host()
    }

    fn field(&self, name: &str) -> Values<'_> {
        let same = |field: &Field<'_>| field.name.eq_ignore_ascii_case(name.as_bytes());
        let mut values = self.arrived.head.fields().iter().filter(same).map(|field| field.value);
        match (values.next(), values.next()) {
            (None, _) => Values::Absent,
            (Some(one), None) => Values::One(one),
            (Some(first), Some(_)) => Values::Several(first),
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        Some(self.client.ip())
    }

    fn draw(&self) -> f64 {
        fastrand::f64()
    }
}
