//! Step 5: legacy answers, with both bodies captured on the way where it is compared.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Arrived, Walk};
use crate::cache::{Changing, may_change};
use crate::exchange::{AnswerSink, BodySource, ClientSink};
use crate::legacy::client_cert::Certified;
use crate::legacy::forwarded::Told;
use crate::legacy::spec::Spec;
use crate::legacy::{ExchangeError, Outbound, Served};
use crate::mirror::asker::Question;
use crate::mirror::capture::{Answered, CapturedSink};
use crate::mirror::meanwhile::Passing;
use crate::mirror::session::{self, Looker};
use crate::mirror::{Capture, ROOM};
use crate::observe::legs::Leg;
use crate::observe::{AnsweredBy, chain};
use crate::reply::Failure;
use crate::route::Route;
use crate::route::decide::Plan;

impl Walk<'_> {
    pub(super) async fn shadowed(
        &self,
        route: &Arc<Route>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        if route.spec.cache {
            return Box::pin(self.by_cache(AnsweredBy::Legacy, Some(route), body, sink)).await;
        }
        self.explain(AnsweredBy::Legacy, sink);
        let exchanged = Box::pin(self.compared(route, body, sink)).await;
        self.ended(AnsweredBy::Legacy, exchanged, sink).await
    }

    /// Legacy answers, and an experiment is begun with that, if there is room.
    pub(super) async fn compared(
        &self,
        route: &Arc<Route>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let Some((capture, looker)) = self.capture(route).await else {
            return self.exchange(body, sink).await;
        };
        // Dropped last.
        let (_begun, mut body, mut captured) = capture.around(body, sink);
        let exchanged = self.exchange(&mut body, &mut captured).await;
        if let (Some(looker), Some(answer)) = (looker, captured.fields()) {
            looker.look(answer, &self.core.process.mirror.meanwhile);
        }
        exchanged
    }

    /// Begins an experiment, where there is to be one: with the session as it is before legacy can change it.
    async fn capture(&self, route: &Arc<Route>) -> Option<(Capture<'_>, Option<Looker>)> {
        let mirror = &self.core.process.mirror;
        let candidate = route.spec.candidate.as_ref();
        let is_strained = |legacy: &Arc<Spec>| self.core.legacies.is_strained(legacy);
        let trial =
            mirror.trial(route, || self.is_legacy_strained() || candidate.is_some_and(is_strained))?;
        let request = self.request(Bytes::new())?;
        if candidate.is_some() {
            return Some((mirror.begin_beside(trial, route, request, self.question(route)), None));
        }
        let looked = match route.spec.session {
            true => {
                let began = self.passing.as_ref().map(Passing::seen);
                Box::pin(session::ahead(self.core, route, request.fields(), began)).await
            }
            false => None,
        };
        let (ahead, looker) = looked.unzip();
        Some((mirror.begin(trial, route, request, ahead, || self.question(route)), looker))
    }

    /// What a legacy is asked beside the client's path.
    pub(super) fn question(&self, route: &Arc<Route>) -> Question {
        let Arrived { head, cert, local, secure, protocol, .. } = self.arrived;
        let (head, cert, route) = (head.clone(), cert.clone(), Arc::clone(route));
        let (forwarding, peer) = (&self.generation.config.forwarding, self.client);
        let told = forwarding.tell(self.arrived.hop(), self.trace.as_ref());
        let tells_cert = forwarding.client_cert;
        let (local, secure) = (*local, *secure);
        Question { head, told, cert, tells_cert, peer, local, secure, protocol, route }
    }

    /// Legacy answers the client in native's place, and its answer is captured where there was room for that.
    pub(super) async fn legacy_captured(
        &self,
        answered_by: AnsweredBy,
        captured: Option<oneshot::Sender<Answered>>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        let Some(captured) = captured else { return Box::pin(self.legacy(answered_by, body, sink)).await };
        self.explain(answered_by, sink);
        let exchanged = {
            let mut sink = CapturedSink::new(sink, ROOM, captured);
            Box::pin(self.exchange(body, &mut sink)).await
        };
        self.ended(answered_by, exchanged, sink).await
    }

    pub(super) async fn legacy(
        &self,
        answered_by: AnsweredBy,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        if self.decision.route.is_some_and(|route| route.spec.cache) {
            return Box::pin(self.by_cache(answered_by, None, body, sink)).await;
        }
        self.explain(answered_by, sink);
        let exchanged = self.exchange(body, sink).await;
        self.ended(answered_by, exchanged, sink).await
    }

    pub(super) async fn exchange(
        &self,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let (config, cache) = (&self.generation.config, &self.core.process.cache);
        let told = config.forwarding.tell(self.arrived.hop(), self.trace.as_ref());
        let fields = told.fields();
        let outbound = self.outbound(&told, &fields);
        if config.cache.is_some() && may_change(self.arrived.head.method()) {
            let mut sink = Changing::new(sink, cache, config, &outbound);
            return Box::pin(self.put(&outbound, body, &mut sink)).await;
        }
        self.put(&outbound, body, sink).await
    }

    /// Puts a request to legacy, within the route's time.
    pub(super) async fn put(
        &self,
        outbound: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let legacy = self.asked_legacy();
        let leg = self.legs.begin();
        let exchange = pin!(self.core.legacies.exchange(legacy, outbound, body, sink));
        let exchanged = match self.decision.route.and_then(|route| route.spec.limits.legacy_timeout) {
            None => exchange.await,
            Some(within) => {
                timeout(within, exchange).await.unwrap_or_else(|_| Err(ExchangeError::late(legacy, within)))
            }
        };
        if let Ok(served) = &exchanged {
            self.legs.set(Leg::Waited, served.waited);
            self.legs.set(Leg::Answered, served.answered);
        }
        self.legs.end(Leg::Legacy, leg);
        exchanged
    }

    /// Whether what is not done for clients has to wait for better times.
    pub(super) fn is_legacy_strained(&self) -> bool {
        self.core.legacies.is_strained(self.asked_legacy())
    }

    /// The legacy that answers: the candidate where the stage gives it the route's own legacy's place.
    pub(super) fn asked_legacy(&self) -> &Arc<Spec> {
        let route = self.decision.route.map(Arc::as_ref);
        let candidate = route.and_then(|route| route.spec.candidate.as_ref());
        match candidate.filter(|_| self.decision.plan == Plan::Native) {
            Some(candidate) => candidate,
            None => self.generation.legacy(route),
        }
    }

    /// The candidate answers in legacy's place. Nothing is left to legacy: what it answers is the answer.
    pub(super) async fn by_candidate(
        &self,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        self.explain(AnsweredBy::Candidate, sink);
        let exchanged = self.exchange(body, sink).await;
        match self.ended(AnsweredBy::Candidate, exchanged, sink).await {
            // What we say in its place is its failure: that is what it is taken back for.
            AnsweredBy::Proxy => AnsweredBy::Candidate,
            by => by,
        }
    }

    /// The request as legacy is to see it.
    pub(super) fn outbound<'o>(&'o self, told: &Told, fields: &'o [(&'o [u8], &'o [u8])]) -> Outbound<'o> {
        let route = self.decision.route.map(Arc::as_ref);
        let tells_cert = self.generation.config.forwarding.client_cert;
        Outbound {
            head: &self.arrived.head,
            set: fields,
            trusted: told.trusted,
            begins_trace: told.begins_trace(),
            dry_run: self.asked_legacy().dry_run_field(),
            certified: Certified::of(tells_cert, self.arrived.cert.as_deref()),
            protocol: self.arrived.protocol,
            secure: self.arrived.secure,
            peer: self.client,
            local: self.arrived.local,
            repeatable: route.is_some_and(|route| route.spec.repeatable),
            aside: false,
            route: route.map_or("", Route::name),
        }
    }

    /// Legacy's answer went through, or its failure becomes one of ours as long as none was begun.
    pub(super) async fn ended(
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
                    self.note(failure.code());
                    tracing::debug!(leg = error.leg.label(), "legacy broke off within its answer");
                    self.broken_off.set(true);
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
}
