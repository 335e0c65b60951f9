//! The session's part in a commit. It comes last: what it needs is looked at before anything is sent, and it is stored when
//! the records are accepted. A crash in between has accepted records of a request whose session is as it was before.

use std::sync::Arc;

use handover_api::{Effect, Fields, Response, Session};
use handover_session::SessionError;

use super::{Committed, NotCommitted, Producers, before};
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

/// What was committed, and what the session adds to the response.
#[derive(Debug)]
pub(crate) struct Settled {
    committed: Committed,
    added: Fields,
}

impl Settled {
    /// The response as the client gets it.
    pub(crate) fn told(self, response: Response) -> Response {
        self.committed.told(with_added(response, self.added))
    }
}

/// Commits an answer's effects, its session last; event ids are made of `seed`, where there is one. Where nothing was committed the session's lock is given back.
pub(crate) async fn settle(
    producers: &Producers,
    route: &Route,
    effects: Vec<Effect>,
    session: Option<Arc<LiveSession>>,
    seed: Option<String>,
) -> Result<Settled, NotCommitted> {
    let left = effects.iter().rev().find_map(|effect| match effect {
        Effect::Session(session) => Some((**session).clone()),
        _ => None,
    });
    let Some(session) = session else {
        if left.is_some() {
            return Err(before(NoSession));
        }
        let committed = producers.commit(route, effects, seed).await?;
        return Ok(Settled { committed, added: Fields::new() });
    };
    let has_records = effects.iter().any(|effect| matches!(effect, Effect::Record(_) | Effect::Call(_)));
    let committed = match left {
        Some(_) if !session.is_faithful().await => Err(before(Unfaithful)),
        _ => producers.commit(route, effects, seed).await,
    };
    match committed {
        Ok(committed) => {
            let added = store(&session, left.as_ref(), has_records).await?;
            Ok(Settled { committed, added })
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
    has_records: bool,
) -> Result<Fields, NotCommitted> {
    session.end(left).await.map_err(|error| match error {
        error if has_records => NotCommitted::OnlyRecords(error.into()),
        error @ (SessionError::LockLost | SessionError::BegunMeanwhile | SessionError::Busy(_)) => {
            before(error)
        }
        error => NotCommitted::Unknown(error.into()),
    })
}
