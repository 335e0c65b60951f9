//! Asks legacy beside the client's path: one thread with connections of its own, since those belong to a runtime.
//!
//! It takes part in the permits that all cores share, so it never holds more of legacy than the configuration allows. It
//! takes one only where no client waits for it, and asks for few requests at once: shadow work is the first to be shed.
//! How many is counted by legacy, so that one that hangs keeps no other from being asked.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use handover_http1::RequestHead;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::task::LocalSet;

use super::ROOM;
use super::capture::{Answered, CapturedSink, NotAsked};
use crate::exchange::nobody::{Nothing, Nowhere};
use crate::exchange::replayed::Replayed;
use crate::legacy::client_cert::{Certified, ClientCert};
use crate::legacy::forwarded::Told;
use crate::legacy::spec::Spec;
use crate::legacy::{CoreLegacies, Legacies, Outbound};
use crate::route::Route;

/// The most requests that one legacy is asked for at once.
const AT_ONCE: usize = 8;

/// The most that wait for one legacy beside those; of more nobody is asked.
const WAITING: usize = 64;

/// The most that one legacy can be asked for without one being turned away.
pub(crate) const ROOM_FOR_ONE: usize = AT_ONCE + WAITING;

/// The most that this thread has not looked at yet; more are dropped and counted by the mirror.
pub(super) const UNSEEN: usize = 64;

/// A request that a legacy is to be asked beside the client's path.
#[derive(Clone)]
pub(crate) struct Question {
    /// Its head, as the client sent it.
    pub head: RequestHead,
    /// What legacy is told of the client: the same as beside the client's path.
    pub told: Told,
    /// The client's certificate.
    pub cert: Option<Arc<ClientCert>>,
    /// Whether legacy is told of it.
    pub tells_cert: bool,
    /// The client, as legacy is to see it.
    pub peer: SocketAddr,
    /// Where the client connected to.
    pub local: SocketAddr,
    /// Whether the client came by TLS.
    pub secure: bool,
    /// The version that the client speaks.
    pub protocol: &'static str,
    /// The route that it belongs to.
    pub route: Arc<Route>,
}

/// How a question is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// For a dry run, where that legacy can do one.
    Dry,
    /// Just as the client asked.
    AsAsked,
}

/// A question, and whom it is put to.
pub(crate) struct Ask {
    /// The question.
    pub question: Question,
    /// The request's body.
    pub body: Bytes,
    /// Whom to ask.
    pub legacy: Arc<Spec>,
    /// How.
    pub manner: Manner,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Answered>,
}

/// Starts the thread. It ends when nobody can ask any more.
pub(crate) fn start(legacies: Legacies, asks: mpsc::Receiver<Ask>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("mirror-ask".to_owned()).spawn(move || {
        let legacies = Rc::new(legacies.on_core());
        LocalSet::new().block_on(&runtime, run(legacies, asks));
    })?;
    Ok(())
}

async fn run(legacies: Rc<CoreLegacies>, mut asks: mpsc::Receiver<Ask>) {
    let mut lines = Lines::default();
    while let Some(ask) = asks.recv().await {
        let Some(place) = lines.enter(&ask.legacy.name) else {
            // The experiment may have been given up.
            let _ = ask.answer.send(Err(NotAsked));
            continue;
        };
        let legacies = Rc::clone(&legacies);
        tokio::task::spawn_local(async move {
            if let Ok(_turn) = place.turn().await {
                one(&legacies, ask).await;
            }
        });
    }
}

/// For each legacy, by its name, those who are to be asked by it.
#[derive(Default)]
struct Lines(HashMap<String, Line>);

/// Those who are asked by one legacy, and those who wait for that.
struct Line {
    room: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// A place in a line, until it is dropped.
struct Place {
    turns: Arc<Semaphore>,
    _room: OwnedSemaphorePermit,
}

impl Lines {
    /// A place in a legacy's line; `None` where it is full.
    fn enter(&mut self, legacy: &str) -> Option<Place> {
        if !self.0.contains_key(legacy) {
            // Of the names that generations came and went with, those that nobody waits for any more are forgotten.
            self.0.retain(|_, line| line.room.available_permits() < ROOM_FOR_ONE);
        }
        let line = self.0.entry(legacy.to_owned()).or_insert_with(|| Line {
            room: Arc::new(Semaphore::new(ROOM_FOR_ONE)),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        });
        let room = Arc::clone(&line.room).try_acquire_owned().ok()?;
        Some(Place { turns: Arc::clone(&line.turns), _room: room })
    }
}

impl Place {
    /// Waits for its turn, which lasts until that is dropped.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.turns.acquire().await
    }
}

async fn one(legacies: &CoreLegacies, ask: Ask) {
    let Ask { question, body, legacy, manner, answer } = ask;
    let mut set = question.told.fields();
    if let (Manner::Dry, Some((name, value))) = (manner, &legacy.dry_run) {
        set.push((name.as_bytes(), value.as_bytes()));
    }
    let outbound = Outbound {
        head: &question.head,
        set: &set,
        trusted: question.told.trusted,
        begins_trace: question.told.begins_trace(),
        dry_run: legacy.dry_run_field(),
        certified: Certified::of(question.tells_cert, question.cert.as_deref()),
        protocol: question.protocol,
        secure: question.secure,
        peer: question.peer,
        local: question.local,
        repeatable: question.route.spec.repeatable,
        aside: true,
        route: question.route.name(),
    };
    let (mut nothing, mut nowhere) = (Nothing, Nowhere);
    let mut body = Replayed::whole(body, &mut nothing);
    let mut sink = CapturedSink::new(&mut nowhere, ROOM, answer);
    if let Err(error) = legacies.exchange(&legacy, &outbound, &mut body, &mut sink).await {
        tracing::debug!(route = question.route.name(), legacy = legacy.name, %error, "legacy gave no answer to be compared");
        if error.is_want_of_ours() {
            sink.not_asked();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_legacy_has_a_line_of_its_own_with_an_end() {
        let mut lines = Lines::default();
        let places: Vec<Place> = std::iter::from_fn(|| lines.enter("stuck")).collect();
        assert_eq!(places.len(), ROOM_FOR_ONE);
        let mut turns = Vec::new();
        for place in &places[..AT_ONCE] {
            turns.push(place.turn().await.unwrap());
        }
        assert_eq!(places[AT_ONCE].turns.available_permits(), 0);
        let other = lines.enter("well").unwrap();
        assert!(other.turn().await.is_ok());
        drop(turns);
        drop(places);
        assert!(lines.enter("stuck").is_some(), "they have gone");
        assert!(lines.enter("third").is_some());
        assert_eq!(lines.0.keys().filter(|name| *name == "stuck").count(), 0, "nobody waits for it any more");
        assert!(lines.0.contains_key("well"));
    }
}
