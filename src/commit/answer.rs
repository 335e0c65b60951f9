//! An answer from its effects to what the client gets: once where it has an idempotency mark, finished where its response
//! waits for receipts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use handover_api::{Answer, HandlerError, Response};

use super::once::Begun;
use super::parts::Parts;
use super::{NotCommitted, Producers, before, session};
use crate::native::message;
use crate::native::session::LiveSession;
use crate::route::Route;

/// What there is to commit is committed, but the response was to be finished by receipts.
#[derive(Debug, thiserror::Error)]
enum Unfinished {
    #[error("its response could not be finished")]
    Failed(#[source] HandlerError),
    #[error("its response could not be finished: that panicked: {0}")]
    Panicked(String),
}

impl Producers {
    /// Commits an answer, once where it has an idempotency mark, and gives what the client gets. Where nothing of it was
    /// committed the session's lock is given back.
    pub(crate) async fn answer(
        &self,
        route: &Route,
        mut answer: Answer,
        session: Option<Arc<LiveSession>>,
    ) -> Result<Response, NotCommitted> {
        let parts = Parts::of(std::mem::take(&mut answer.effects));
        let mut parts = match (parts, &session) {
            (Ok(parts), _) => parts,
            (Err(error), None) => return Err(error),
            (Err(error), Some(session)) => {
                session.release().await;
                return Err(error);
            }
        };
        let Some(once) = parts.once.take() else {
            return self.settled(route, answer, parts, session, None).await;
        };
        let has_own = !parts.own.is_empty();
        let whose = session.as_deref().and_then(LiveSession::client_id);
        let begun = self.marks.begin(route, &once, whose).await;
        if let (Ok(Begun::Repeated(_)) | Err(_), Some(session)) = (&begun, &session) {
            session.release().await;
        }
        match begun? {
            Begun::Repeated(response) => Ok(response),
            Begun::First(mark) => {
                let seed = Some(mark.seed());
                let settled = self.settled(route, answer, parts, session, seed).await;
                match &settled {
                    Ok(response) => mark.done(response).await,
                    // Records that come again are known by their ids. What is of the application's own is not done twice.
                    Err(error) if has_own && error.has_begun() => {
                        mark.done(&error.failure().response()).await
                    }
                    Err(_) => {}
                }
                settled
            }
        }
    }

    /// Commits an answer's effects, and gives what the client gets.
    async fn settled(
        &self,
        route: &Route,
        mut answer: Answer,
        parts: Parts,
        session: Option<Arc<LiveSession>>,
        seed: Option<String>,
    ) -> Result<Response, NotCommitted> {
        let is_any_committed = parts.has_any_to_send() || parts.session.is_some();
        let settled = session::settle(self, route, parts, session, seed).await?;
        // 5
        let finished = catch_unwind(AssertUnwindSafe(|| answer.finish_by(settled.receipts())));
        let unfinished = match finished {
            Ok(Ok(())) => return Ok(settled.told(answer.response)),
            Ok(Err(error)) => Unfinished::Failed(error),
            Err(panic) => Unfinished::Panicked(message(&*panic)),
        };
        Err(if is_any_committed { NotCommitted::InPart(unfinished.into()) } else { before(unfinished) })
    }
}
