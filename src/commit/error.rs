//! Why effects were not committed, and whether anything has happened.

use std::sync::Arc;

use crate::reply::Failure;

/// Any error.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Effects were not committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCommitted {
    /// Nothing has happened: legacy may answer.
    #[error("nothing was committed")]
    Before(#[source] BoxError),
    /// Another request of the same idempotency key has not ended, and this one could not wait for longer.
    #[error("another request of the same idempotency key is under way")]
    UnderWay,
    /// The records may or may not be in their topics, or in the spool; the session may or may not be stored; what is of the
    /// application's own may or may not be done.
    #[error("it is unknown whether the effects were persisted")]
    Unknown(#[source] BoxError),
    /// Something was committed, but not all of it, or the response is not made of it.
    #[error("it was committed, but not all of it")]
    InPart(#[source] BoxError),
}

impl NotCommitted {
    /// What the client is told, where legacy does not answer.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Before(_) => Failure::NotCommitted,
            Self::UnderWay => Failure::StillUnderWay,
            Self::Unknown(_) => Failure::CommitUnknown,
            Self::InPart(_) => Failure::CommittedInPart,
        }
    }

    /// Whether something has or may have happened.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::InPart(_))
    }
}

/// A producer could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the producer of Kafka cluster `{cluster}` cannot be started")]
pub(crate) struct PrepareError {
    pub(super) cluster: String,
    pub(super) source: BoxError,
}

/// The route's configuration asks for what is not there.
#[derive(Debug, thiserror::Error)]
#[error("route `{0}` returned a record, but names no `kafka` cluster that is running")]
pub(super) struct NoCluster(pub(super) Arc<str>);

/// The spool could not be opened when the configuration first asked for it.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no spool: `[spool]` asks for one; where it does, it could not be opened, see the log, and a reload tries again"
)]
pub(super) struct NoSpool;

/// An error before anything has happened.
pub(super) fn before(error: impl Into<BoxError>) -> NotCommitted {
    NotCommitted::Before(error.into())
}
