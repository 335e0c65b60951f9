//! The keys of all processes, in Redis: `handover:once:HASH`, `u` and a secret while it is under way, `d` and the response
//! once it is answered.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{RedisError, cmd};
use bytes::{Bytes, BytesMut};
use handover_api::Response;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::Id;
use super::stored::{self, Unreadable};
use crate::observe::chain;

/// How long a process that died keeps a key from others, beside what the cluster may take for a commit.
const LEASE: Duration = Duration::from_secs(60);
/// How long Redis may take for one thing.
const PATIENCE: Duration = Duration::from_secs(1);
const UNDER_WAY: u8 = b'u';
const ANSWERED: u8 = b'd';

/// Gives a key free that still is ours.
const RELEASE: &str =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

/// Redis did not say whether a key is new.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedisUnusable {
    /// It is not there, or refuses.
    #[error("Redis, which keeps the idempotency keys, cannot be asked")]
    Redis(#[from] RedisError),
    /// It is silent.
    #[error("Redis, which keeps the idempotency keys, has not answered within {0:?}")]
    Silent(Duration),
    /// It has something else.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The process ends.
    #[error("the process ends")]
    Ending,
}

/// One Redis. Its connection lives on a runtime of its own: cores share none.
#[derive(Clone)]
pub(super) struct Shared(Arc<Inner>);

struct Inner {
    address: String,
    side: Handle,
    /// Gone after a failure, and made anew.
    connection: Mutex<Option<MultiplexedConnection>>,
}

/// What Redis says of a key.
pub(super) enum Asked {
    /// Nothing: from now on it is under way, here.
    First(Reservation),
    /// It is answered so.
    Answered(Response),
    /// Another process has it under way.
    UnderWay,
}

impl Shared {
    /// The one at that address. Connects when it is first asked.
    pub(super) fn new(address: String, side: Handle) -> Self {
        Self(Arc::new(Inner { address, side, connection: Mutex::default() }))
    }

    /// Reserves a key, when it is free, for a commit that may take so long.
    pub(super) async fn reserve(&self, id: Id, commit: Duration) -> Result<Asked, RedisUnusable> {
        let key = key(id);
        let secret = format!("{}{:032x}", char::from(UNDER_WAY), fastrand::u128(..));
        let mut set = cmd("SET");
        set.arg(&key).arg(&secret).arg("NX").arg("PX").arg((LEASE + commit).as_millis() as u64);
        // Made first: where the answer is lost, or nobody waits for it any more, Redis may have reserved the key.
        let mut reservation = Reservation { of: Some(self.clone()), key: key.clone(), secret };
        if self.ask::<Option<String>>(set).await?.is_some() {
            return Ok(Asked::First(reservation));
        }
        reservation.of = None;
        let mut get = cmd("GET");
        get.arg(&key);
        match self.ask::<Option<Vec<u8>>>(get).await?.map(Bytes::from) {
            Some(found) if found.first() == Some(&ANSWERED) => {
                Ok(Asked::Answered(stored::decode(found.slice(1..))?))
            }
            // Gone in between, it is free at the next look.
            _ => Ok(Asked::UnderWay),
        }
    }

    async fn ask<T: ::redis::FromRedisValue + Send + 'static>(
        &self,
        cmd: ::redis::Cmd,
    ) -> Result<T, RedisUnusable> {
        let inner = Arc::clone(&self.0);
        let asked = self.0.side.spawn(async move {
            let asked = tokio::time::timeout(PATIENCE, inner.ask(&cmd)).await;
            let asked = asked.unwrap_or(Err(RedisUnusable::Silent(PATIENCE)));
            if asked.is_err() {
                *inner.connection.lock().await = None;
            }
            asked
        });
        asked.await.unwrap_or(Err(RedisUnusable::Ending))
    }
}

impl Inner {
    async fn ask<T: ::redis::FromRedisValue>(&self, cmd: &::redis::Cmd) -> Result<T, RedisUnusable> {
        let mut connection = self.connection().await?;
        Ok(cmd.query_async(&mut connection).await?)
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let client = ::redis::Client::open(self.address.as_str())?;
        Ok(connection.insert(client.get_multiplexed_async_connection().await?).clone())
    }
}

/// A key that this process has under way. Dropped, it is free.
pub(super) struct Reservation {
    /// Gone once it is answered.
    of: Option<Shared>,
    key: String,
    secret: String,
}

impl Reservation {
    /// Has it answered so, for that long. Where Redis does not take that, the key is free after its lease.
    pub(super) async fn done(mut self, response: &Response, window: Duration) {
        let Some(shared) = self.of.take() else { return };
        let mut stored = BytesMut::from(&[ANSWERED][..]);
        stored::encode(response, &mut stored);
        let mut set = cmd("SET");
        set.arg(&self.key).arg(&stored[..]).arg("PX").arg(window.as_millis().max(1) as u64);
        if let Err(error) = shared.ask::<()>(set).await {
            tracing::error!(
                error = chain(&error),
                "an answer is not kept in Redis: another process may commit its event again, under the same event id"
            );
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Some(shared) = self.of.take() else { return };
        let mut eval = cmd("EVAL");
        eval.arg(RELEASE).arg(1).arg(&self.key).arg(&self.secret);
        let side = shared.0.side.clone();
        side.spawn(async move {
            // What cannot be given back is free after its lease.
            let _ = shared.ask::<i64>(eval).await;
        });
    }
}

fn key(id: Id) -> String {
    id.iter().fold(String::from("handover:once:"), |mut key, byte| {
        let _ = write!(key, "{byte:02x}");
        key
    })
}
