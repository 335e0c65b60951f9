//! The session's part in a commit. It comes last: what it needs is looked at before anything is sent, and it is stored when all
//! else is committed. A crash in between has accepted records of a request whose session is as it was before.

use std::sync::Arc;

use handover_api::{Fields, Receipts, Response, Session};
use handover_session::SessionError;

use super::parts::Parts;
use super::{BoxError, Committed, NotCommitted, Producers, before};
use crate::native::session::{LiveSession, with_added};
use crate::route::Route;

/// The handler returned a session that is not the request's own: it never asked for one.
#[derive(Debug, thiserror::Error)]
#[error("the answer has a session, but its route has none")]
struct NoSession;

/// What is stored holds something that would be lost.
#[derive(Debug, thiserror::Error)]
#[error(
    "the stored session has an object that only its PHP class can write, or a reference: native cannot store it"
)]
struct Unfaithful;

/// The rest of the answer is committed.
#[derive(Debug, thiserror::Error)]
#[error("the session was not stored")]
struct NotStored(#[source] BoxError);

/// What was committed, and what the session adds to the response.
#[derive(Debug)]
pub(super) struct Settled {
    committed: Committed,
    receipts: Receipts,
    added: Fields,
}

impl Settled {
    /// What the response is finished by.
    pub(super) fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// The response as the client gets it.
    pub(super) fn told(self, response: Response) -> Response {
        self.committed.told(with_added(response, self.added))
    }
}

/// Commits an answer's effects, its session last; event ids are made of `seed`, where there is one. Where nothing was committed the session's lock is given back.
pub(super) async fn settle(
    producers: &Producers,
    route: &Route,
    mut parts: Parts,
    session: Option<Arc<LiveSession>>,
    seed: Option<String>,
) -> Result<Settled, NotCommitted> {
    let left = parts.session.take();
    let Some(session) = session else {
        if left.is_some() {
            return Err(before(NoSession));
        }
        let (committed, receipts) = producers.commit(route, parts, seed).await?;
        return Ok(Settled { committed, receipts, added: Fields::new() });
    };
    let has_sent = parts.has_any_to_send();
    let committed = match left {
        Some(_) if !session.is_faithful().await => Err(before(Unfaithful)),
        _ => producers.commit(route, parts, seed).await,
    };
    match committed {
        Ok((committed, receipts)) => {
            let added = store(&session, left.as_ref(), has_sent).await?;
            Ok(Settled { committed, receipts, added })
        }
        Err(error) => {
            session.release().await;
            Err(error)
        }
    }
}

async fn store(
    session: &LiveSession,
    left: Option<&Session>,
    has_sent: bool,
) -> Result<Fields, NotCommitted> {
    session.end(left).await.map_err(|error| match error {
        error if has_sent => NotCommitted::InPart(NotStored(error.into()).into()),
        error @ (SessionError::LockLost | SessionError::BegunMeanwhile | SessionError::Busy(_)) => {
            before(error)
        }
        error => NotCommitted::Unknown(error.into()),
    })
}
