//! Sessions in Redis, as php-redis keeps them: a key of prefix and id, and beside it a key that is its lock.

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{RedisError, cmd};
use bytes::Bytes;
use legacy_compat::session::SessionId;

use crate::{BoxFuture, Guard, Locked, Patience, SessionError, Store};

/// Deletes a lock that still is ours: what php-redis sends.
const RELEASE: &str =
    "if redis.call(\"get\",KEYS[1]) == ARGV[1] then return redis.call(\"del\",KEYS[1]) else return 0 end";

/// php-redis' settings, each under its name in `php.ini`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisSettings {
    /// `prefix` in `session.save_path`. Default `PHPREDIS_SESSION:`.
    pub prefix: String,
    /// `session.gc_maxlifetime`: how long a session lives after it was written. Default 1440 s.
    pub lifetime: Duration,
    /// `redis.session.locking_enabled`: whether sessions are locked. php-redis' default is not, and then two requests of one
    /// session overwrite each other's changes.
    pub locking: bool,
    /// `redis.session.lock_expire`: how long a lock lives that nobody gives back. php-redis' default is `max_execution_time`, 30 s.
    pub lock_expire: Duration,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            prefix: "PHPREDIS_SESSION:".to_owned(),
            lifetime: Duration::from_secs(1440),
            locking: false,
            lock_expire: Duration::from_secs(30),
        }
    }
}

/// `session.save_handler = redis`
#[derive(Clone, Debug)]
pub struct Redis {
    connection: MultiplexedConnection,
    settings: RedisSettings,
}

impl Redis {
    /// Connects to one server: `redis://[user:password@]host:port/database` or `unix:///path`.
    ///
    /// # Errors
    /// Where the address is none, or nobody answers there.
    pub async fn connect(address: &str, settings: RedisSettings) -> Result<Self, SessionError> {
        let client = ::redis::Client::open(address).map_err(SessionError::Redis)?;
        let connection = client.get_multiplexed_async_connection().await.map_err(SessionError::Redis)?;
        Ok(Self { connection, settings })
    }

    fn key(&self, id: &SessionId) -> String {
        format!("{}{}", self.settings.prefix, id.as_str())
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, RedisError> {
        let mut connection = self.connection.clone();
        let data: Option<Vec<u8>> = cmd("GET").arg(key).query_async(&mut connection).await?;
        Ok(data.map(Bytes::from))
    }

    /// Asks for the lock once.
    async fn take(&self, lock: &Lock) -> Result<bool, RedisError> {
        let mut connection = self.connection.clone();
        let expiry = self.settings.lock_expire.as_millis().max(1) as u64;
        let set = cmd("SET").arg(&lock.key).arg(&lock.secret).arg("NX").arg("PX").arg(expiry).to_owned();
        let taken: Option<String> = set.query_async(&mut connection).await?;
        Ok(taken.is_some())
    }
}

impl Store for Redis {
    fn peek<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<Option<Bytes>, SessionError>> {
        Box::pin(async move { self.get(&self.key(id)).await.map_err(SessionError::Redis) })
    }

    fn lock<'a>(
        &'a self,
        id: &'a SessionId,
        patience: Patience,
    ) -> BoxFuture<'a, Result<Locked, SessionError>> {
        Box::pin(async move {
            let key = self.key(id);
            let mut held = Held { store: self.clone(), lock: None, key };
            if self.settings.locking {
                let lock = Lock { key: format!("{}_LOCK", held.key), secret: secret() };
                let mut waiting = patience.begin();
                while !self.take(&lock).await.map_err(SessionError::Redis)? {
                    if !waiting.pause().await {
                        return Err(SessionError::Busy(patience.deadline()));
                    }
                }
                held.lock = Some(lock);
            }
            let data = self.get(&held.key).await.map_err(SessionError::Redis)?;
            Ok(Locked::new(data, held))
        })
    }
}

/// A lock's key, and what says that it is ours.
#[derive(Clone, Debug)]
struct Lock {
    key: String,
    secret: String,
}

/// php-redis' is `host|pid`; a process that serves many requests at once needs one for each.
fn secret() -> String {
    format!("handover|{}|{:032x}", std::process::id(), fastrand::u128(..))
}

struct Held {
    store: Redis,
    key: String,
    lock: Option<Lock>,
}

impl Held {
    /// Whether the lock is still ours: it may have run out.
    async fn is_ours(&self) -> Result<bool, RedisError> {
        match &self.lock {
            Some(lock) => Ok(self.store.get(&lock.key).await?.is_some_and(|held| held == lock.secret)),
            None => Ok(true),
        }
    }

    async fn let_go(&mut self) {
        if let Some(lock) = self.lock.take() {
            let mut connection = self.store.connection.clone();
            let eval = cmd("EVAL").arg(RELEASE).arg(1).arg(&lock.key).arg(&lock.secret).to_owned();
            // A lock that cannot be given back runs out.
            let _: Result<i64, RedisError> = eval.query_async(&mut connection).await;
        }
    }

    async fn change(mut self, change: ::redis::Cmd) -> Result<(), SessionError> {
        let outcome = match self.is_ours().await {
            Ok(true) => {
                let mut connection = self.store.connection.clone();
                change.query_async::<()>(&mut connection).await.map_err(SessionError::Redis)
            }
            Ok(false) => Err(SessionError::LockLost),
            Err(error) => Err(SessionError::Redis(error)),
        };
        self.let_go().await;
        outcome
    }
}

impl Guard for Held {
    fn write(self: Box<Self>, data: Bytes) -> BoxFuture<'static, Result<(), SessionError>> {
        let seconds = self.store.settings.lifetime.as_secs().max(1);
        let change = cmd("SETEX").arg(&self.key).arg(seconds).arg(&data[..]).to_owned();
        Box::pin(self.change(change))
    }

    fn destroy(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>> {
        let change = cmd("DEL").arg(&self.key).to_owned();
        Box::pin(self.change(change))
    }

    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.let_go().await })
    }
}

/// Whoever drops it has no time to wait: the lock is given back by a task.
impl Drop for Held {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let mut held = Self { store: self.store.clone(), key: String::new(), lock: Some(lock) };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { held.let_go().await });
        } else {
            // Without a runtime it runs out by itself.
            held.lock = None;
        }
    }
}
