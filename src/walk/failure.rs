//! What becomes of a request that could not be answered as it should, and what is said of it.

use std::error::Error;

use handover_api::Response;
use tracing::Level;

use super::Walk;
use crate::exchange::{ClientGone, ClientSink};
use crate::observe::{AnsweredBy, chain};
use crate::reply::Failure;
use crate::route::limits::Exceeded;

impl Walk<'_> {
    pub(super) async fn fail(
        &self,
        failure: Failure,
        error: &(dyn Error + 'static),
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        self.count_refused(failure, error);
        self.log(failure, error);
        self.note(failure.code());
        self.respond(AnsweredBy::Proxy, failure.response(), sink).await
    }

    /// Counted by the limit, and not logged: it is clients' doing, as often as they like.
    pub(super) async fn turn_away(&self, exceeded: Exceeded, sink: &mut impl ClientSink) -> AnsweredBy {
        let failure = match exceeded {
            Exceeded::Concurrency => Failure::RouteBusy,
            Exceeded::Rate(wait) => Failure::TooManyRequests(wait.as_secs_f64().ceil() as u32),
        };
        self.note(failure.code());
        self.respond(AnsweredBy::Proxy, failure.response(), sink).await
    }

    pub(super) async fn respond(
        &self,
        by: AnsweredBy,
        response: Response,
        sink: &mut impl ClientSink,
    ) -> AnsweredBy {
        self.explain(by, sink);
        match sink.respond(response).await {
            Ok(()) => by,
            Err(gone) => self.client_gone(by, &gone),
        }
    }

    pub(super) fn client_gone(&self, by: AnsweredBy, gone: &ClientGone) -> AnsweredBy {
        tracing::debug!(error = chain(gone), "the client has gone");
        by
    }

    /// Keeps why, where somebody reads it.
    pub(super) fn note(&self, failure: &str) {
        if self.legs.measured() {
            failure.clone_into(&mut self.failure.borrow_mut());
        }
    }

    /// Has the answer say who gives it and why, where the file asks for that.
    pub(super) fn explain(&self, by: AnsweredBy, sink: &mut impl ClientSink) {
        if let Some(name) = &self.generation.config.explain.field {
            sink.add_field(name, self.decision.field(by, self.generation.number));
        }
    }

    /// A body that was refused counts under the same reasons as a head.
    pub(super) fn count_refused(&self, failure: Failure, error: &(dyn Error + 'static)) {
        if let Some(reason) = failure.refused(error) {
            self.core.process.refusals.count(reason);
        }
    }

    /// What was passed on although it is unusual.
    pub(super) fn count_unusual(&self, slow_body: bool) {
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

    pub(super) fn log(&self, failure: Failure, error: &dyn Error) {
        let route = self.decision.route.map_or("", |route| route.name());
        let (code, error) = (failure.code(), chain(error));
        match failure.level() {
            Level::ERROR => tracing::error!(route, code, error, "a request could not be answered"),
            Level::WARN => tracing::warn!(route, code, error, "a request could not be answered"),
            _ => tracing::info!(route, code, error, "a request could not be answered"),
        }
    }
}
