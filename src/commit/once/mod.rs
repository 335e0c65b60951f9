//! Idempotency: within a window a route commits what has the same key once, and answers it alike. Where the route has
//! sessions a key is one session's: the answer is its page, and may have its cookie.
//!
//! The first request of a key reserves it before anything is committed. Others wait for its answer and get that one. Where
//! nothing was committed the key is free again; where that is not known too, since whoever reads the topic knows the records
//! by their event id, which is made of the key. Effects of the application's own are not done twice: once one was begun, what
//! the first request was told is what others are told.
//!
//! Within one process ([`memory`]) that holds as long as the process lives, and as long as the answers fit within the
//! route's bounds: beyond them the oldest key is forgotten, and counted. By [`redis`] it holds for all processes, also when
//! they are started anew, as long as Redis does; without Redis such a route commits nothing, and legacy answers.

mod memory;
mod redis;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use dashmap::DashMap;
use foldhash::fast::RandomState;
use handover_api::{Effect, Once, Request, Response};
use legacy_compat::session::SessionId;
use ring::digest::{SHA256, digest};
use tokio::runtime::Handle;

use self::memory::{Look, Memory, Reserved};
use self::redis::{Asked, Shared};
use super::NotCommitted;
use crate::config::valid::Idempotency;
use crate::route::Route;

pub(crate) use self::memory::OnceStats;

/// How often a key is looked at that another process has reserved.
const AGAIN: Duration = Duration::from_millis(20);

/// A route's key, as long whatever clients send.
type Id = [u8; 32];

/// The route's configuration does not ask for what its handler returned.
#[derive(Debug, thiserror::Error)]
#[error(
    "route `{0}` returned an idempotency mark, but does not say for how long it holds: `idempotency = {{ window = \"10m\" }}`"
)]
struct NoWindow(Arc<str>);

/// All keys that are known, by route.
#[derive(Default)]
pub(crate) struct Marks {
    memories: DashMap<Arc<str>, Arc<Memory>, RandomState>,
    shared: DashMap<String, Shared, RandomState>,
    side: OnceLock<Handle>,
}

/// How a request of a key begins.
pub(super) enum Begun {
    /// As the first.
    First(Mark),
    /// It is answered already.
    Repeated(Response),
}

impl Marks {
    /// Connections to Redis live on `side`.
    pub(super) fn prepare(&self, side: &Handle) {
        self.side.get_or_init(|| side.clone());
    }

    /// Begins a request of that key, once no other one of it is under way. `whose` is the session that its client sent.
    pub(super) async fn begin(
        &self,
        route: &Route,
        once: &Once,
        whose: Option<&SessionId>,
    ) -> Result<Begun, NotCommitted> {
        let Some(spec) = &route.spec.idempotency else {
            return Err(NotCommitted::Before(NoWindow(Arc::clone(&route.spec.name)).into()));
        };
        let begun = self.first_or_answered(route, spec, id(route.name(), &once.key, whose));
        let begun = tokio::time::timeout(route.spec.timeout, begun).await;
        begun.unwrap_or(Err(NotCommitted::UnderWay))
    }

    async fn first_or_answered(
        &self,
        route: &Route,
        spec: &Idempotency,
        id: Id,
    ) -> Result<Begun, NotCommitted> {
        let memory = self.memory(&route.spec.name);
        let reserved = loop {
            match memory.look(id) {
                Look::First(reserved) => break reserved,
                Look::Answered(response) => return Ok(Begun::Repeated(response)),
                // An error is the other one's end.
                Look::UnderWay(mut other) => drop(other.changed().await),
            }
        };
        let shared = match &spec.redis {
            None => None,
            Some(address) => {
                let shared = self.shared(address);
                let kafka = route.spec.kafka.as_ref().map_or(Duration::ZERO, |cluster| cluster.timeout);
                // What is of the application's own has the route's time.
                let commit = kafka + route.spec.timeout;
                loop {
                    let asked = shared.reserve(id, commit).await;
                    match asked.map_err(|error| NotCommitted::Before(error.into()))? {
                        Asked::First(reservation) => break Some(reservation),
                        Asked::Answered(response) => {
                            memory.count_repeated();
                            return Ok(Begun::Repeated(response));
                        }
                        Asked::UnderWay => tokio::time::sleep(AGAIN).await,
                    }
                }
            }
        };
        Ok(Begun::First(Mark { id, spec: spec.clone(), reserved, shared }))
    }

    /// How it stands with each route.
    pub(crate) fn stats(&self) -> Vec<(Arc<str>, OnceStats)> {
        let stats = self.memories.iter();
        let mut all: Vec<_> = stats.map(|entry| (Arc::clone(entry.key()), entry.value().stats())).collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    fn memory(&self, route: &Arc<str>) -> Arc<Memory> {
        if let Some(memory) = self.memories.get(route) {
            return Arc::clone(&memory);
        }
        Arc::clone(&self.memories.entry(Arc::clone(route)).or_default())
    }

    fn shared(&self, address: &str) -> Shared {
        if let Some(shared) = self.shared.get(address) {
            return shared.clone();
        }
        let side = self.side.get_or_init(Handle::current).clone();
        let shared = || Shared::new(address.to_owned(), side);
        self.shared.entry(address.to_owned()).or_insert_with(shared).clone()
    }
}

/// The right to commit what a key stands for. Dropped before it is [done](Self::done), it leaves the key free.
pub(super) struct Mark {
    id: Id,
    spec: Idempotency,
    reserved: Reserved,
    shared: Option<redis::Reservation>,
}

impl Mark {
    /// What the event ids of its records are made of: the same each time.
    pub(super) fn seed(&self) -> String {
        self.id[..16].iter().fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    /// Has all that repeat it answered so.
    pub(super) async fn done(self, response: &Response) {
        self.reserved.done(response.clone(), &self.spec);
        if let Some(reservation) = self.shared {
            reservation.done(response, self.spec.window).await;
        }
    }
}

/// Adds the mark that the route's configuration asks for, by a header field of the request, unless the handler gave one.
pub(crate) fn mark(route: &Route, request: &Request, effects: &mut Vec<Effect>) {
    let header = route.spec.idempotency.as_ref().and_then(|spec| spec.header.as_deref());
    let key = header.and_then(|name| request.fields().get(name)).filter(|key| !key.is_empty());
    if let Some(key) = key
        && !effects.iter().any(|effect| matches!(effect, Effect::Once(_)))
    {
        effects.push(Once::by(key.to_vec()).into());
    }
}

fn id(route: &str, key: &[u8], whose: Option<&SessionId>) -> Id {
    let hash = |parts: &[&[u8]]| -> Id {
        let hash = digest(&SHA256, &parts.concat());
        std::array::from_fn(|byte| hash.as_ref()[byte])
    };
    let id = hash(&[route.as_bytes(), b"\0", key]);
    match whose {
        // Of one length, so that nobody's key can be another's.
        Some(session) => hash(&[&id[..], session.as_str().as_bytes()]),
        None => id,
    }
}

#[cfg(test)]
mod id_tests {
    use super::*;

    #[test]
    fn a_key_is_its_route_s_and_its_session_s() {
        let session = |text: &str| SessionId::from_client(text.as_bytes());
        let (ann, bob) = (session("ann"), session("bob"));
        let ids = [
            id("r", b"k", None),
            id("s", b"k", None),
            id("r", b"l", None),
            id("r", b"k", ann.as_ref()),
            id("r", b"k", bob.as_ref()),
            id("r", b"kann", None),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert_eq!(id("r", b"k", ann.as_ref()), ids[3]);
    }
}
