//! Step 5 of the walk for a route that asks for a cache: what legacy has answered before, or its answer, kept on its way.

use std::sync::Arc;

use super::Walk;
use crate::cache::{Entry, Found, Refresh, Visit, may_change};
use crate::exchange::{BodySource, ClientSink};
use crate::legacy::Outbound;
use crate::observe::AnsweredBy;
use crate::reply::Failure;
use crate::route::Route;

impl Walk<'_> {
    /// Answers from the cache, or by legacy. In the stage shadow only a request that legacy answers as the client sent it
    /// is compared (by `shadow`): an answer that was kept is no experiment, nor is the question whether it holds.
    pub(super) async fn by_cache(
        &self,
        answered_by: AnsweredBy,
        shadow: Option<&Arc<Route>>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        let told = self.generation.config.forwarding.tell(self.arrived.hop(), self.trace.as_ref());
        let fields = told.fields();
        let outbound = self.outbound(&told, &fields);
        let cache = &self.core.process.cache;
        let visit = Visit::new(cache, &self.asked_legacy().name, &outbound);
        let found = match &visit {
            Some(visit) => visit.look().await,
            None => Found::Pass,
        };
        let exchanged = match (found, &visit) {
            (Found::Kept(entry, stale), Some(visit)) => {
                if let Some(stale) = stale {
                    visit.refresh(cache, stale, self.refresh());
                }
                return self.give(visit, &entry, sink).await;
            }
            (Found::Unsure(unsure), Some(visit)) => {
                let Some(question) = unsure.question() else {
                    return self.plain(answered_by, shadow, body, sink).await;
                };
                let outbound = Outbound { head: &question, ..outbound };
                self.explain(answered_by, sink);
                let mut hearing = unsure.hearing(sink);
                let exchanged = self.put(&outbound, body, &mut hearing.sink).await;
                let failed = exchanged.as_ref().is_err_and(|error| !error.committed);
                if let Some(entry) = hearing.outcome(failed) {
                    return self.give(visit, &entry, sink).await;
                }
                exchanged
            }
            (Found::Nothing(missed), _) => {
                self.explain(answered_by, sink);
                let mut filling = missed.filling(sink);
                match shadow {
                    Some(route) => self.compared(route, body, &mut filling).await,
                    None => self.exchange(body, &mut filling).await,
                }
            }
            (Found::Refused, _) => {
                return self.respond(AnsweredBy::Proxy, Failure::NotKept.response(), sink).await;
            }
            _ => return self.plain(answered_by, shadow, body, sink).await,
        };
        self.ended(answered_by, exchanged, sink).await
    }

    /// Past the cache.
    async fn plain(
        &self,
        answered_by: AnsweredBy,
        shadow: Option<&Arc<Route>>,
        body: &mut impl BodySource,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        self.explain(answered_by, sink);
        let exchanged = match shadow {
            Some(route) => self.compared(route, body, sink).await,
            None => self.exchange(body, sink).await,
        };
        self.ended(answered_by, exchanged, sink).await
    }

    async fn give(&self, visit: &Visit<'_>, entry: &Entry, sink: &mut impl ClientSink) -> AnsweredBy {
        self.explain(AnsweredBy::Cache, sink);
        match visit.give(entry, sink).await {
            Ok(()) => AnsweredBy::Cache,
            Err(gone) => self.client_gone(AnsweredBy::Cache, &gone),
        }
    }

    fn refresh(&self) -> Refresh {
        let route = self.decision.route;
        Refresh {
            head: self.arrived.head.clone(),
            told: self.generation.config.forwarding.tell(self.arrived.hop(), self.trace.as_ref()),
            tells_cert: self.generation.config.forwarding.client_cert,
            peer: self.client,
            local: self.arrived.local,
            secure: self.arrived.secure,
            protocol: self.arrived.protocol,
            legacy: Arc::clone(self.asked_legacy()),
            repeatable: route.is_some_and(|route| route.spec.repeatable),
            route: route.map_or_else(|| Arc::from(""), |route| Arc::clone(&route.spec.name)),
        }
    }

    /// Native has answered a request that may have changed something: what legacy said of it before is gone.
    pub(super) fn note_change(&self, status: Option<u16>) {
        let config = &self.generation.config;
        let changes = config.cache.is_some() && may_change(self.arrived.head.method());
        if changes && status.is_some_and(|status| (200..400).contains(&status)) {
            let told = config.forwarding.tell(self.arrived.hop(), self.trace.as_ref());
            let fields = told.fields();
            self.core.process.cache.changed(config, &self.outbound(&told, &fields));
        }
    }
}
