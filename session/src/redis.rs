//! Sessions in Redis, as php-redis keeps them: a key of prefix and id, and beside it a key that is its lock.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Client, Cmd, FromRedisValue, RedisError, cmd};
use bytes::Bytes;
use legacy_compat::session::SessionId;
use tokio::sync::Mutex;

use crate::address::{Address, ParseAddressError};
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

/// `session.save_handler = redis`. To be used on one runtime only: its connection lives there.
#[derive(Clone, Debug)]
pub struct Redis {
    client: Client,
    /// The connection, shared by all that is under way; none before the first use and after it broke.
    connection: Arc<Mutex<Option<MultiplexedConnection>>>,
    settings: RedisSettings,
}

impl Redis {
    /// The store at php-redis' `session.save_path`, one server: `tcp://HOST:PORT?database=2&auth=SECRET&prefix=P` or
    /// `unix:///path?…`. A prefix there goes before that of the settings. It is connected to when it is first needed, and
    /// anew where the connection broke.
    ///
    /// # Errors
    /// Where it is no such address.
    pub fn at(save_path: &str, settings: RedisSettings) -> Result<Self, ParseAddressError> {
        let address = Address::parse(save_path)?;
        let prefix = address.value("prefix").map_or(settings.prefix.clone(), str::to_owned);
        let client = Client::open(address.redis()?).map_err(|_| ParseAddressError::new(save_path))?;
        Ok(Self { client, connection: Arc::default(), settings: RedisSettings { prefix, ..settings } })
    }

    fn key(&self, id: &SessionId) -> String {
        format!("{}{}", self.settings.prefix, id.as_str())
    }

    /// Asks once; where the connection turns out to be gone, whoever asks next connects anew.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if let Err(error) = &answer
            && error.is_unrecoverable_error()
        {
            *self.connection.lock().await = None;
        }
        answer
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut shared = self.connection.lock().await;
        if let Some(connection) = &*shared {
            return Ok(connection.clone());
        }
        let connection = self.client.get_multiplexed_async_connection().await?;
        Ok(shared.insert(connection).clone())
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, RedisError> {
        let data: Option<Vec<u8>> = self.ask(cmd("GET").arg(key)).await?;
        Ok(data.map(Bytes::from))
    }

    /// Asks for the lock once.
    async fn take(&self, lock: &Lock) -> Result<bool, RedisError> {
        let expiry = self.settings.lock_expire.as_millis().max(1) as u64;
        let taken: Option<String> =
            self.ask(cmd("SET").arg(&lock.key).arg(&lock.secret).arg("NX").arg("PX").arg(expiry)).await?;
        Ok(taken.is_some())
    }

    async fn give_back(&self, lock: Lock) {
        // A lock that cannot be given back runs out.
        let _: Result<i64, RedisError> =
            self.ask(cmd("EVAL").arg(RELEASE).arg(1).arg(&lock.key).arg(&lock.secret)).await;
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
                loop {
                    // Where its answer is lost, or nobody waits for it any more, Redis may have given it all the same.
                    held.lock = Some(lock.clone());
                    if self.take(&lock).await.map_err(SessionError::Redis)? {
                        break;
                    }
                    held.lock = None;
                    if !waiting.pause().await {
                        return Err(SessionError::Busy(patience.deadline()));
                    }
                }
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
            self.store.give_back(lock).await;
        }
    }

    async fn change(mut self, change: Cmd) -> Result<(), SessionError> {
        let outcome = match self.is_ours().await {
            Ok(true) => self.store.ask::<()>(&change).await.map_err(SessionError::Redis),
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

    fn touch(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>> {
        let seconds = self.store.settings.lifetime.as_secs().max(1);
        let change = cmd("EXPIRE").arg(&self.key).arg(seconds).to_owned();
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
