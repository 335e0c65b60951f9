//! How the application commits an effect of its own.

use std::sync::Arc;
use std::time::Instant;

use crate::{BoxFuture, Own, Receipt};

/// Commits effects of one kind: the application registers it by `Proxy::builder().commits("KIND", …)`, with the connections
/// that it needs. A dry run never comes here.
///
/// A commit runs in a task of its own, which goes on when the client leaves, on the thread that serves the client: what blocks
/// belongs on `tokio::task::spawn_blocking`. Cores have runtimes of their own: an async client whose connections belong to the
/// runtime that made them needs one of the application's. When its time is over, or it panics, nobody knows whether it happened, as after
/// [`CommitError::Unknown`].
///
/// The effects of one answer are committed in their order, each once the one before is done; behind them come its records and
/// its session. So a crash leaves the effects up to some one of them, and a client that was told nothing. Its repetition is
/// committed anew: whoever must not do it twice knows the second time by the [`event_id`](CommitContext::event_id), which is
/// the same where the route has idempotency.
pub trait Commit: Send + Sync + 'static {
    /// Does it.
    fn commit(
        &self,
        effect: &Own,
        cx: &CommitContext,
    ) -> impl Future<Output = Result<Receipt, CommitError>> + Send;
}

/// What a commit is told besides its effect.
#[derive(Clone, Debug)]
pub struct CommitContext {
    event_id: String,
    deadline: Instant,
}

impl CommitContext {
    /// That of the effect with that event id, which is given up at that time.
    pub fn new(event_id: impl Into<String>, deadline: Instant) -> Self {
        Self { event_id: event_id.into(), deadline }
    }

    /// The same for the same effect of the same event, where the route says what makes two requests the same event
    /// (`idempotency`); else of this answer's effect and no other.
    pub fn event_id(&self) -> &str {
        &self.event_id
    }

    /// When it is given up: all effects of an answer together have the route's `timeout`.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

/// Any error.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An effect is not done, or not for certain.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// It has not happened and is not going to. Where it is the answer's first one legacy answers.
    #[error("it has not happened")]
    Before(#[source] BoxError),
    /// It may have happened, or may yet.
    #[error("it may have happened")]
    Unknown(#[source] BoxError),
}

impl CommitError {
    /// It has not happened and is not going to.
    pub fn before(source: impl Into<BoxError>) -> Self {
        Self::Before(source.into())
    }

    /// It may have happened, or may yet.
    pub fn unknown(source: impl Into<BoxError>) -> Self {
        Self::Unknown(source.into())
    }
}

/// A [`Commit`] with its type erased.
pub trait ErasedCommit: Send + Sync + 'static {
    /// As [`Commit::commit`].
    fn commit_boxed<'a>(
        &'a self,
        effect: &'a Own,
        cx: &'a CommitContext,
    ) -> BoxFuture<'a, Result<Receipt, CommitError>>;
}

impl<C: Commit> ErasedCommit for C {
    fn commit_boxed<'a>(
        &'a self,
        effect: &'a Own,
        cx: &'a CommitContext,
    ) -> BoxFuture<'a, Result<Receipt, CommitError>> {
        Box::pin(self.commit(effect, cx))
    }
}

/// A [`Commit`] as the proxy keeps it.
pub type BoxedCommit = Arc<dyn ErasedCommit>;
