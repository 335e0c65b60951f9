//! A core's sessions with one upstream: opened when there is no room, shared by streams, left when they are old.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use handover_http1::Limits;
use tokio::time::timeout;

use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::names::{Peer, Place};
use crate::legacy::socket::connect_to;

/// The most sessions of a core with one upstream.
const SESSIONS_MAX: usize = 8;

/// The most requests at a time on a session, whatever the upstream allows.
const STREAMS_MAX: usize = 100;

/// What an upstream may send of one answer before it was passed on, in bytes; four times as much on a session.
const WINDOW: u32 = 256 * 1024;

/// How long a session without requests is used again.
const IDLE_FOR: Duration = Duration::from_secs(60);

/// This core's sessions with one upstream.
#[derive(Debug, Default)]
pub(in crate::legacy::http) struct Sessions {
    open: RefCell<Vec<Rc<Session>>>,
    /// Requests that come while a session is being opened wait for it, instead of opening one each.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) requests: SendRequest<Bytes>,
    streams: Cell<usize>,
    used: Cell<Instant>,
    peer: Cell<Peer>,
    pub(super) ended: Arc<AtomicBool>,
}

/// A session, as long as one request uses it.
pub(super) struct Used(pub(super) Rc<Session>);

impl Used {
    fn new(session: &Rc<Session>) -> Self {
        session.streams.set(session.streams.get() + 1);
        Self(Rc::clone(session))
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        self.0.streams.set(self.0.streams.get() - 1);
        self.0.used.set(Instant::now());
    }
}

impl Session {
    fn is_good(&self, place: &Place, now: Instant) -> bool {
        let mut peer = self.peer.get();
        let named = place.still_has(&mut peer);
        self.peer.set(peer);
        let fresh = self.streams.get() > 0 || now.saturating_duration_since(self.used.get()) < IDLE_FOR;
        named && fresh && !self.ended.load(Relaxed)
    }

    fn has_room(&self) -> bool {
        self.streams.get() < self.requests.current_max_send_streams().min(STREAMS_MAX)
    }
}

impl Sessions {
    /// A good session with the fewest requests that has room for one more.
    fn with_room(&self, place: &Place) -> Option<Used> {
        let now = Instant::now();
        let mut open = self.open.borrow_mut();
        open.retain(|session| session.is_good(place, now));
        let roomy = open.iter().filter(|session| session.has_room());
        roomy.min_by_key(|session| session.streams.get()).map(Used::new)
    }

    /// A session, and whether there was one.
    pub(super) async fn get(&self, place: &Place, limit: Duration) -> Result<(Used, bool), Failed> {
        if let Some(session) = self.with_room(place) {
            return Ok((session, true));
        }
        // Or each of those who wait would try for that long, one after the other.
        let late = |_| Failed::before(Leg::Connect, Cause::TimedOut(limit));
        let _opening = timeout(limit, self.opening.lock()).await.map_err(late)?;
        if let Some(session) = self.with_room(place) {
            return Ok((session, true));
        }
        if self.open.borrow().len() >= SESSIONS_MAX {
            let open = self.open.borrow();
            let fewest = open.iter().min_by_key(|session| session.streams.get()).map(Used::new);
            return fewest.map(|session| (session, true)).ok_or_else(unopened);
        }
        let session = Rc::new(open(place, limit).await?);
        self.open.borrow_mut().push(Rc::clone(&session));
        Ok((Used::new(&session), false))
    }
}

fn unopened() -> Failed {
    Failed::before(Leg::Connect, Cause::Closed)
}

async fn open(place: &Place, limit: Duration) -> Result<Session, Failed> {
    let (socket, peer) = connect_to(place, limit).await?;
    let mut builder = h2::client::Builder::new();
    builder.enable_push(false).initial_window_size(WINDOW).initial_connection_window_size(4 * WINDOW);
    builder.max_header_list_size(u32::from(Limits::default().head));
    let broken = |error| Failed::before(Leg::Connect, Cause::Http2(error));
    let handshake = timeout(limit, builder.handshake(socket)).await;
    let handshake = handshake.map_err(|_| Failed::before(Leg::Connect, Cause::TimedOut(limit)))?;
    let (requests, connection) = handshake.map_err(broken)?;
    let ended = Arc::<AtomicBool>::default();
    let tell = Arc::clone(&ended);
    // It ends with the session and its last stream.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an HTTP/2 session with an upstream has ended");
        }
        tell.store(true, Relaxed);
    });
    let used = Cell::new(Instant::now());
    Ok(Session { requests, streams: Cell::new(0), used, peer: Cell::new(peer), ended })
}
