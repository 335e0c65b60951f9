//! The walk of one request, from its head to the end of its answer.
//!
//! 1. route: look up in the generation, decide who answers;
//! 2. native: gather the body, run the handler;
//! 3. commit: its effects, before anything is sent;
//! 4. reply: native's answer, or
//! 5. legacy: by stage, on decline, or as fallback; in shadow with both bodies captured on the way; or what it has
//!    answered before, where the route asks for a cache;
//! 6. observe: one observation, whatever happened.
//!
//! Nothing is sent and nothing is committed before step 3, so that up to there any failure can fall back.

mod arrived;
mod cached;
mod failure;
mod legacy;
mod native;

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

pub(crate) use self::arrived::Arrived;
use self::arrived::Seen;
use crate::accept::core::Core;
use crate::exchange::capped::Capped;
use crate::exchange::{BodySource, ClientSink};
use crate::mirror::meanwhile::Passing;
use crate::observe::access::Entry;
use crate::observe::legs::Legs;
use crate::observe::trace::{Span, Trace};
use crate::observe::{AnsweredBy, Observation};
use crate::reply::Failure;
use crate::route::Stage;
use crate::route::decide::{Decision, Plan, decide};
use crate::route::generation::Generation;

/// Walks one request. Whether the connection can go on afterwards, the connection itself knows: an answer that was
/// broken off ends it.
pub(crate) async fn walk<B: BodySource, S: ClientSink>(
    core: &Core,
    mut arrived: Arrived,
    body: &mut B,
    sink: &mut S,
) {
    let began = Instant::now();
    let generation = core.generation();
    let forced = generation.config.explain.forced(&mut arrived.head);
    let arrived = &arrived;
    // 1
    let client = generation.config.forwarding.client(arrived.hop());
    let forwarding = &generation.config.forwarding;
    // Only where somebody is told: without a collector a `traceparent` travels on as it came.
    let trace =
        core.process.spans.as_ref().and_then(|_| {
            Trace::of(&arrived.head, forwarding.is_trusted(arrived.peer.ip()), forwarding.trace)
        });
    let recorded = trace.filter(|trace| trace.recorded);
    let seen = Seen { arrived, client, forced };
    let decision = decide(&generation, &seen);
    let session = generation.legacy(decision.route.map(Arc::as_ref)).session.as_ref();
    let passing = session.and_then(|session| {
        core.process.mirror.meanwhile.passes(&arrived.head, &session.settings.cookie.name)
    });
    let walk = Walk {
        core,
        generation: &generation,
        arrived,
        client,
        decision: &decision,
        passing,
        trace,
        legs: Legs::new(core.access.is_some() || recorded.is_some()),
        failure: RefCell::default(),
        broken_off: Cell::new(false),
        shared_fault: Cell::new(false),
    };
    let answered_by = walk.within_limits(body, sink).await;
    walk.count_unusual(body.was_slow());
    // 6
    let observation = Observation {
        route: decision.route.map(|route| route.name()),
        stage: decision.route.map_or(Stage::Legacy, |route| route.stage),
        answered_by,
        status: sink.status().unwrap_or(0),
        broken_off: walk.broken_off.get(),
        shared_fault: walk.shared_fault.get(),
        took: began.elapsed(),
    };
    core.cells.add(&observation);
    if observation.route.is_none() {
        let (head, took) = (&arrived.head, observation.took);
        core.unrouted.see(head.method(), head.path(), observation.status, took, began + took);
    }
    if core.access.is_none() && recorded.is_none() {
        return;
    }
    let entry = Entry {
        at: Timestamp::now(),
        observed: &observation,
        client: client.ip(),
        head: &arrived.head,
        protocol: arrived.protocol,
        sent: if arrived.head.is_head() { 0 } else { sink.sent() },
        why: decision.why.label(),
        failure: &walk.failure.borrow(),
        generation: generation.number,
        legs: &walk.legs,
    };
    if let Some(log) = &core.access {
        log.write(&entry);
    }
    if let (Some(spans), Some(trace)) = (&core.process.spans, recorded) {
        spans.send(Span::of(trace, &entry));
    }
}

struct Walk<'a> {
    core: &'a Core,
    generation: &'a Generation,
    arrived: &'a Arrived,
    client: SocketAddr,
    decision: &'a Decision<'a>,
    /// That the request's session has one more request, where its legacy says what a session is.
    passing: Option<Passing<'a>>,
    /// The request's place in a trace, where spans are exported.
    trace: Option<Trace>,
    legs: Legs,
    /// Why native did not answer, or nobody could, for the access log.
    failure: RefCell<String>,
    /// Whether legacy broke off within its answer.
    broken_off: Cell<bool>,
    /// Whether native could not answer by a fault that hits many routes.
    shared_fault: Cell<bool>,
}

impl Walk<'_> {
    /// Within what the route may take.
    async fn within_limits(&self, body: &mut impl BodySource, sink: &mut impl ClientSink) -> AnsweredBy {
        let route = self.decision.route;
        let limits = route.map(|route| &route.spec.limits);
        let mut body = Capped::new(body, limits.and_then(|limits| limits.body));
        if let Err(error) = body.declared() {
            return self.fail(Failure::BodyTooLarge, &error, sink).await;
        }
        let Some((limiter, limits)) = route.and_then(|route| route.limiter.as_ref()).zip(limits) else {
            return self.answer(&mut body, sink).await;
        };
        match limiter.enter(limits, self.client.ip()) {
            Ok(_running) => Box::pin(self.answer(&mut body, sink)).await,
            Err(exceeded) => self.turn_away(exceeded, sink).await,
        }
    }

    async fn answer(&self, body: &mut impl BodySource, sink: &mut impl ClientSink) -> AnsweredBy {
        match (self.decision.plan, self.decision.route) {
            (Plan::Native, Some(route)) if route.spec.candidate.is_some() => {
                Box::pin(self.by_candidate(body, sink)).await
            }
            (Plan::Native | Plan::Verify | Plan::Retired, Some(route)) => {
                self.native(route, body, sink).await
            }
            (Plan::Shadow, Some(route)) => self.shadowed(route, body, sink).await,
            _ => self.legacy(AnsweredBy::Legacy, body, sink).await,
        }
    }
}
