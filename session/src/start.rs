//! `session_start()`, and what PHP does with the session at the request's end.

use std::sync::Arc;

use bytes::Bytes;
use handover_api::{Left, Session};
use legacy_compat::session::{
    CacheLimiter, CookieSettings, Format, IdSettings, SessionId, Undecodable, decode, encode,
};
use legacy_compat::{Array, Php};

use crate::{Locked, Patience, SessionError, Store};

/// PHP's settings of sessions, but for those of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `session.name` and `session.cookie_…`.
    pub cookie: CookieSettings,
    /// `session.serialize_handler`.
    pub format: Format,
    /// `session.sid_…`.
    pub id: IdSettings,
    /// `session.cache_limiter`.
    pub limiter: CacheLimiter,
    /// `session.cache_expire`, in minutes.
    pub cache_expire: i64,
    /// `session.use_strict_mode`: whether an id that the store does not know is replaced.
    pub strict: bool,
    /// `session.lazy_write`: whether what has not changed is not written.
    pub lazy_write: bool,
    /// How long a lock is waited for. PHP's handler for files waits for ever.
    pub patience: Patience,
}

/// Sessions in a store.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn Store>,
    settings: Arc<Settings>,
}

/// A session that was started, under its lock. Dropped, it is as it was.
pub struct Started {
    /// As it was stored.
    pub session: Session,
    /// Whether the client does not know its id yet.
    pub is_new: bool,
    locked: Locked,
}

/// A session could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NotStarted {
    /// The store.
    #[error("the session cannot be had")]
    Store(#[from] SessionError),
    /// What is stored is no session. PHP would destroy it, and go on with an empty one.
    #[error("the stored session cannot be read")]
    Undecodable(#[from] Undecodable),
}

impl Sessions {
    /// Sessions in that store, by these settings.
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self { store, settings: Arc::new(settings) }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// `session_start()` for a request whose cookie has that id, or none. `fresh` is the id of a new session, and the next one
    /// of a session that is there.
    ///
    /// # Errors
    /// [`NotStarted`]; then nothing has happened.
    pub async fn start(
        &self,
        php: &Php,
        id: Option<SessionId>,
        fresh: SessionId,
    ) -> Result<Started, NotStarted> {
        let patience = self.settings.patience;
        if let Some(id) = id {
            let locked = self.store.lock(&id, patience).await?;
            if locked.data().is_some() || !self.settings.strict {
                let values = self.decoded(php, locked.data())?;
                return Ok(Started { session: Session::new(id, fresh, values), is_new: false, locked });
            }
        }
        let locked = self.store.lock(&fresh, patience).await?;
        let values = self.decoded(php, locked.data())?;
        Ok(Started { session: Session::new(fresh.clone(), fresh, values), is_new: true, locked })
    }

    /// What is stored under that id, without the lock. `None` where there is no such session.
    ///
    /// # Errors
    /// What the store says.
    pub async fn peek(&self, id: &SessionId) -> Result<Option<Bytes>, SessionError> {
        self.store.peek(id).await
    }

    /// What is stored, as `$_SESSION`.
    ///
    /// # Errors
    /// Where it is no session.
    pub fn decoded(&self, php: &Php, data: Option<&Bytes>) -> Result<Array, Undecodable> {
        decode(php, self.settings.format, data.map_or(&[], |data| data))
    }

    /// The request's end: stores the session as the answer has it, or says of one that no answer has that it is still in
    /// use; gives the lock back. A session that goes on under a new id is stored there first.
    ///
    /// # Errors
    /// What the store says. [`SessionError::LockLost`] and [`SessionError::BegunMeanwhile`] mean that nothing was stored.
    pub async fn end(&self, php: &Php, started: Started, left: Option<&Session>) -> Result<(), SessionError> {
        let unchanged = left.is_none_or(|left| *left == started.session);
        let (locked, session) = (started.locked, left.unwrap_or(&started.session));
        // What is stored already need not be written for that: the same bytes would come of it, at best.
        let is_stored = self.settings.lazy_write || locked.data().is_some();
        match session.left() {
            _ if unchanged && is_stored => locked.touch().await,
            _ if session.is_destroyed() => locked.destroy().await,
            // A new session has its new id from the beginning.
            Some((old, previous)) if old != session.id() => {
                let renewed = self.store.lock(session.id(), self.settings.patience).await?;
                self.write(php, renewed, session.values()).await?;
                match previous {
                    Left::Deleted => locked.destroy().await,
                    Left::Kept(values) => self.write(php, locked, values).await,
                }
            }
            _ => self.write(php, locked, session.values()).await,
        }
    }

    async fn write(&self, php: &Php, locked: Locked, values: &Array) -> Result<(), SessionError> {
        // What the form cannot hold PHP stores as an empty session.
        let data = encode(php, self.settings.format, values).unwrap_or_default();
        locked.write(data.into()).await
    }

    /// The header fields that the session adds to an answer. `sent` is the id where the client does not know it yet; `modified`
    /// is when the script was last changed, in seconds since 1970, which two of the cache limiters tell.
    pub fn fields(
        &self,
        php: &Php,
        sent: Option<&SessionId>,
        modified: Option<i64>,
    ) -> Vec<(&'static str, String)> {
        let settings = &self.settings;
        let cookie = sent.map(|id| ("Set-Cookie", settings.cookie.set_cookie(php, id)));
        let limiter = settings.limiter.fields(php, settings.cache_expire, modified);
        cookie.into_iter().chain(limiter).collect()
    }
}

impl Started {
    /// Whether it can be stored without loss: an object that its class wrote itself, or a reference, cannot.
    pub fn is_faithful(&self, php: &Php, sessions: &Sessions) -> bool {
        let stored = self.locked.data().filter(|data| !data.is_empty());
        stored.is_none_or(|stored| {
            encode(php, sessions.settings.format, self.session.values()).is_ok_and(|again| again == *stored)
        })
    }

    /// Gives the lock back, and waits until that has happened. Nothing was changed.
    pub async fn release(self) {
        self.locked.release().await;
    }
}
