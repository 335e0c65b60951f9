//! Sessions in memcached, as php-memcached keeps them: a key of prefix and id, and beside it a key that is its lock.

mod wire;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use legacy_compat::session::SessionId;
use tokio::time::Instant;

use self::wire::{Connections, Said};
use crate::address::{Address, ParseAddressError};
use crate::{BoxFuture, Guard, Locked, Patience, SessionError, Store};

/// Longer times are moments since 1970 to memcached.
const LONGEST_SPAN: u64 = 60 * 60 * 24 * 30;

/// php-memcached's settings, each under its name in `php.ini`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemcachedSettings {
    /// `memcached.sess_prefix`. Default `memc.sess.key.`.
    pub prefix: String,
    /// `session.gc_maxlifetime`: how long a session lives after it was written. Default 1440 s.
    pub lifetime: Duration,
    /// `memcached.sess_locking`: whether sessions are locked. Default true.
    pub locking: bool,
    /// `memcached.sess_lock_expire`: how long a lock lives that nobody gives back. php-memcached's default is
    /// `max_execution_time`, 30 s.
    pub lock_expire: Duration,
}

impl Default for MemcachedSettings {
    fn default() -> Self {
        Self {
            prefix: "memc.sess.key.".to_owned(),
            lifetime: Duration::from_secs(1440),
            locking: true,
            lock_expire: Duration::from_secs(30),
        }
    }
}

/// `session.save_handler = memcached`. To be used on one runtime only: its connections live there.
#[derive(Clone, Debug)]
pub struct Memcached {
    connections: Connections,
    settings: MemcachedSettings,
}

impl Memcached {
    /// The store at php-memcached's `session.save_path`, one server: `HOST:PORT` or `/path`. It is connected to when it is
    /// first needed. (Over several servers php-memcached spreads sessions by a hash of its own.)
    ///
    /// # Errors
    /// Where it is no such address.
    pub fn at(save_path: &str, settings: MemcachedSettings) -> Result<Self, ParseAddressError> {
        Ok(Self { connections: Connections::to(Address::parse(save_path)?.at), settings })
    }

    async fn get(&self, id: &SessionId) -> Result<Option<Bytes>, SessionError> {
        match self.connections.ask(&format!("get {}", self.key(id)?), None).await? {
            Said::Value(data) => Ok(Some(data)),
            Said::Line(line) if line == "END" => Ok(None),
            Said::Line(line) => Err(SessionError::MemcachedSaid(line)),
        }
    }

    fn key(&self, id: &SessionId) -> Result<String, SessionError> {
        key(format!("{}{}", self.settings.prefix, id.as_str()))
    }

    fn lock_key(&self, id: &SessionId) -> Result<String, SessionError> {
        key(format!("{}lock.{}", self.settings.prefix, id.as_str()))
    }

    /// Sends a command and expects one of these answers.
    async fn change(&self, command: &str, data: Option<&[u8]>, good: &[&str]) -> Result<(), SessionError> {
        match self.connections.ask(command, data).await? {
            Said::Line(line) if good.contains(&line.as_str()) => Ok(()),
            Said::Line(line) => Err(SessionError::MemcachedSaid(line)),
            Said::Value(_) => Err(SessionError::MemcachedSaid("VALUE".to_owned())),
        }
    }

    /// Asks for the lock once; where it is given, until when it is ours.
    async fn take(&self, key: &str) -> Result<Option<Instant>, SessionError> {
        let until = Instant::now() + self.settings.lock_expire;
        // A second more: memcached's clock goes by whole ones, and what it keeps for one may be gone at once. Nobody else may
        // be given the lock while we take it for ours.
        let command = format!("add {key} 0 {} 1", expiry(self.settings.lock_expire + Duration::from_secs(1)));
        match self.connections.ask(&command, Some(b"1")).await? {
            Said::Line(line) if line == "STORED" => Ok(Some(until)),
            Said::Line(line) if line == "NOT_STORED" => Ok(None),
            Said::Line(line) => Err(SessionError::MemcachedSaid(line)),
            Said::Value(_) => Err(SessionError::MemcachedSaid("VALUE".to_owned())),
        }
    }

    async fn give_back(&self, lock: Lock) {
        // One that has run out may be somebody else's by now.
        if Instant::now() < lock.until {
            let command = format!("delete {}", lock.key);
            // A lock that cannot be given back runs out.
            let _ = self.change(&command, None, &["DELETED", "NOT_FOUND"]).await;
        }
    }
}

/// memcached takes no longer ones.
fn key(key: String) -> Result<String, SessionError> {
    if key.len() > 250 { Err(SessionError::LongId) } else { Ok(key) }
}

/// A time as memcached takes it; 0 would be for ever.
fn expiry(time: Duration) -> u64 {
    let seconds = time.as_secs().max(1);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if seconds > LONGEST_SPAN { now() + seconds } else { seconds }
}

impl Store for Memcached {
    fn peek<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<Option<Bytes>, SessionError>> {
        Box::pin(self.get(id))
    }

    fn lock<'a>(
        &'a self,
        id: &'a SessionId,
        patience: Patience,
    ) -> BoxFuture<'a, Result<Locked, SessionError>> {
        Box::pin(async move {
            let mut held = Held { store: self.clone(), key: self.key(id)?, lock: None };
            if self.settings.locking {
                let (key, mut waiting) = (self.lock_key(id)?, patience.begin());
                let until = loop {
                    match self.take(&key).await? {
                        Some(until) => break until,
                        None if waiting.pause().await => {}
                        None => return Err(SessionError::Busy(patience.deadline())),
                    }
                };
                held.lock = Some(Lock { key, until });
            }
            let data = self.get(id).await?;
            Ok(Locked::new(data, held))
        })
    }
}

/// A lock's key, and until when it is ours: nothing in it says whose it is.
#[derive(Debug)]
struct Lock {
    key: String,
    until: Instant,
}

struct Held {
    store: Memcached,
    key: String,
    lock: Option<Lock>,
}

impl Held {
    async fn let_go(&mut self) {
        if let Some(lock) = self.lock.take() {
            self.store.give_back(lock).await;
        }
    }

    async fn change(
        mut self,
        command: String,
        data: Option<Bytes>,
        good: &[&str],
    ) -> Result<(), SessionError> {
        let is_ours = self.lock.as_ref().is_none_or(|lock| Instant::now() < lock.until);
        let outcome = match is_ours {
            true => self.store.change(&command, data.as_deref(), good).await,
            false => Err(SessionError::LockLost),
        };
        self.let_go().await;
        outcome
    }
}

impl Guard for Held {
    fn write(self: Box<Self>, data: Bytes) -> BoxFuture<'static, Result<(), SessionError>> {
        let expiry = expiry(self.store.settings.lifetime);
        let command = format!("set {} 0 {expiry} {}", self.key, data.len());
        Box::pin(self.change(command, Some(data), &["STORED"]))
    }

    fn touch(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>> {
        let command = format!("touch {} {}", self.key, expiry(self.store.settings.lifetime));
        Box::pin(self.change(command, None, &["TOUCHED", "NOT_FOUND"]))
    }

    fn destroy(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>> {
        let command = format!("delete {}", self.key);
        Box::pin(self.change(command, None, &["DELETED", "NOT_FOUND"]))
    }

    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.let_go().await })
    }
}

/// Whoever drops it has no time to wait: the lock is given back by a task. Without a runtime, or with one that ends, it runs
/// out by itself: that drops the task at once, which therefore must not be given what drops like this.
impl Drop for Held {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let store = self.store.clone();
            runtime.spawn(async move { store.give_back(lock).await });
        }
    }
}
