//! PHP's sessions where PHP keeps them, shared with the PHP that is still running.
//!
//! | store | as in PHP | lock |
//! | --- | --- | --- |
//! | [`Files`] | `session.save_handler = files` | `flock`, PHP's own |
//! | `Redis` (feature `redis`) | php-redis' `session.save_handler = redis` | its `…_LOCK` key, where `redis.session.locking_enabled` says so |
//! | [`Memcached`] | php-memcached's `session.save_handler = memcached` | its `lock.…` key, unless `memcached.sess_locking` is off |
//!
//! [`Sessions`] is `session_start()` on such a store, and what PHP does with the session at the request's end.
//!
//! A [`Store`] gives the stored bytes; `legacy_compat::session` knows what they mean. Nobody waits for a lock in the kernel: it is
//! asked for again and again, with growing pauses, until a deadline, so that a core that waits can go on serving whoever holds it.
//! A [`Locked`] session that is dropped was not touched: legacy finds it as it was.

mod address;
mod files;
mod memcached;
mod patience;
#[cfg(feature = "redis")]
mod redis;
mod start;

use std::pin::Pin;

use bytes::Bytes;
use legacy_compat::session::SessionId;

pub use address::ParseAddressError;
pub use files::{Files, ParsePathError};
pub use memcached::{Memcached, MemcachedSettings};
pub use patience::Patience;
#[cfg(feature = "redis")]
pub use redis::{Redis, RedisSettings};
pub use start::{NotStarted, Sessions, Settings, Started};

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where sessions are kept.
pub trait Store: Send + Sync {
    /// What is stored, without the lock: for dry runs. `None` where there is no such session.
    fn peek<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<Option<Bytes>, SessionError>>;

    /// Takes PHP's lock, and reads under it.
    fn lock<'a>(
        &'a self,
        id: &'a SessionId,
        patience: Patience,
    ) -> BoxFuture<'a, Result<Locked, SessionError>>;
}

/// A session under its lock. Dropping it gives the lock back and changes nothing.
pub struct Locked {
    data: Option<Bytes>,
    guard: Box<dyn Guard>,
}

impl Locked {
    fn new(data: Option<Bytes>, guard: impl Guard + 'static) -> Self {
        Self { data, guard: Box::new(guard) }
    }

    /// What is stored; `None` where there was no such session.
    pub fn data(&self) -> Option<&Bytes> {
        self.data.as_ref()
    }

    /// Stores other data, and gives the lock back.
    ///
    /// # Errors
    /// What the store says. Whether the data was stored is then not known.
    pub async fn write(self, data: Bytes) -> Result<(), SessionError> {
        self.guard.write(data).await
    }

    /// What PHP does with a session that has not changed (`session.lazy_write`): says that it is still in use, and gives the
    /// lock back.
    ///
    /// # Errors
    /// What the store says.
    pub async fn touch(self) -> Result<(), SessionError> {
        self.guard.touch().await
    }

    /// `session_destroy()`: removes the session, and gives the lock back.
    ///
    /// # Errors
    /// What the store says.
    pub async fn destroy(self) -> Result<(), SessionError> {
        self.guard.destroy().await
    }

    /// Gives the lock back, and waits until that has happened. Nothing was changed.
    pub async fn release(self) {
        self.guard.release().await;
    }
}

/// What holds a lock.
trait Guard: Send {
    fn write(self: Box<Self>, data: Bytes) -> BoxFuture<'static, Result<(), SessionError>>;
    fn touch(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>>;
    fn destroy(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>>;
    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// A session could not be had or not be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Somebody else has held the lock all the time.
    #[error("the session is locked by another request, for longer than {0:?}")]
    Busy(std::time::Duration),
    /// The file system.
    #[error("a session's file in {} cannot be {what}", path.parent().unwrap_or(path).display())]
    File {
        /// What was tried: `opened`, `created`, `locked`, `read`, `written`, `touched`, `removed`.
        what: &'static str,
        /// The file. Its name holds the session's id, which is nothing for logs and review pages: it is not in the message.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The id is too short for the depth of the folders.
    #[error("the session's id is shorter than the folders are deep")]
    ShortId,
    /// The id is longer than memcached's keys may be.
    #[error("the session's id is too long for memcached")]
    LongId,
    /// Redis.
    #[cfg(feature = "redis")]
    #[error("Redis did not answer as it should")]
    Redis(#[source] ::redis::RedisError),
    /// Memcached cannot be reached, or broke off.
    #[error("memcached did not answer")]
    Memcached(#[source] std::io::Error),
    /// Memcached answered something else.
    #[error("memcached answered {0:?}, which was not to be expected")]
    MemcachedSaid(String),
    /// There was no such session, and another request has stored one under the same id before this one could.
    #[error("another request has begun the same session meanwhile: nothing was stored")]
    BegunMeanwhile,
    /// The lock ran out before the session was stored; PHP would not store it either.
    #[error("the session's lock has expired before it was stored: nothing was stored")]
    LockLost,
}
