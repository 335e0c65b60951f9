//! Where a handler reads from, behind a trait: the live process, a dry run fed with what legacy chose, a recording.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use legacy_compat::Php;

use crate::{Session, Table};

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What stands behind a [`Context`](crate::Context).
///
/// `chosen` and `now` take the name under which a route's `inject` rules know the value. A live run gives
/// `None`/the clock at once; a dry run waits for legacy's answer and gives what legacy chose.
pub trait Ports: Send + Sync {
    /// The time, as legacy chose it or as the clock has it.
    fn now<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Timestamp, PortError>>;

    /// A value that legacy chose under that name; `None` where the handler is to make its own.
    fn chosen<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, PortError>>;

    /// Fills `bytes` from a cryptographically secure source.
    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError>;

    /// The current snapshot of a hot table.
    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError>;

    /// The PHP that the route's legacy runs.
    fn php(&self) -> Result<Arc<Php>, PortError> {
        Err(PortError::NoPhp)
    }

    /// The request's session. Asked for again, it is the same one.
    fn session(&self) -> BoxFuture<'_, Result<Session, PortError>> {
        Box::pin(std::future::ready(Err(PortError::NoSession)))
    }
}

/// One read of a port, as it is kept with an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PortRead {
    /// The clock, under its name.
    Now(String, Timestamp),
    /// An id, under its name.
    Id(String, String),
}

/// A port could not give what the handler asked for. The request falls back to legacy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// No table of that name is configured or loaded.
    #[error("table `{0}` is not there: it is not configured, or was never loaded")]
    NoTable(String),
    /// The table is older than its `max_age`.
    #[error("table `{0}` is older than its `max_age` allows")]
    TableTooOld(String),
    /// What legacy chose could not be had from its answer.
    #[error("legacy's answer has no `{name}` to inject: {why}")]
    NotInjected {
        /// The port's name.
        name: String,
        /// What was found instead.
        why: String,
    },
    /// Nobody said which PHP the legacy runs.
    #[error(
        "it is not known which PHP the legacy runs: give it `php = \"8.2\"` or a `probe`, whose answer may not be there yet"
    )]
    NoPhp,
    /// The route has no sessions.
    #[error(
        "the route says nothing of sessions: give it `session = true`, and its legacy a `[legacy.NAME.session]`"
    )]
    NoSession,
    /// Another request has had the session's lock all the time.
    #[error("the session is locked by another request, for longer than {0:?}")]
    SessionBusy(Duration),
    /// What the client sent as the session's id, or what is stored under it, is none; PHP has its own way with that.
    #[error("the request's session cannot be used: {0}")]
    BadSession(String),
    /// The session's store gave no answer.
    #[error("the session's store gives no session: {0}")]
    SessionStore(String),
    /// The system's source of randomness failed.
    #[error("the system gives no random bytes")]
    NoRandomness,
}
