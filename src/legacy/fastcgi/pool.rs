//! Connections to one FastCGI responder, counted once for the process and handed out in the order of asking.
//!
//! A child of php-fpm serves one connection at a time, for as long as that is open. So there are never more
//! connections than permits; whoever has to wait, waits in one fair queue for all cores; and an idle connection is
//! parked where any core can take it. A permit is held
//!
//! 1. while a request runs,
//! 2. then until its child is free, which it is when it has read the record that begins the *next* request. That
//!    record is sent ahead for this purpose, even where the connection is then closed.
//!
//! 2 keeps the count honest when a script goes on after `fastcgi_finish_request()`. It also settles the race that
//! makes kept connections stale: a child that ends at `pm.max_requests` never reads that record, so a parked
//! connection is one whose child waits for our request. Over TCP nobody can tell who has read what: there, a kept
//! connection is parked at once, and a request that meets a closing child fails.
//!
//! Sending ahead wakes the child once more a request, and makes the next in line wait for it. The children of a pool
//! that runs under us don't end by themselves (`pm.max_requests` is 0), so there it is left out for as long as no child
//! was seen working on after its answer: one that has not read its request within [`LATE`] is such a child, and for
//! [`REMEMBERED`] its pool is asked ahead like all others. Before such children are told to end, [`Pool::ask_ahead`] sees
//! to it that none has a request before it that it has not read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::record;
use crate::legacy::error::Failed;
use crate::legacy::permits::{Permit, Permits};
use crate::legacy::socket::{Parked, Socket, connect, this_core};
use crate::legacy::spec::{Address, FastCgi, Kind, Spec};
use bytes::BytesMut;

/// How long a free child may take to read its request. A loaded machine may let it wait for its turn; taking it for one
/// that works on costs speed, no more.
const LATE: Duration = Duration::from_millis(50);

/// For how long a pool is taken for one whose scripts work on. It is not for ever, since a busy machine looks like that.
const REMEMBERED: Duration = Duration::from_secs(300);

/// How long children that were told to end may go on: somewhat longer than a managed pool's `process_control_timeout`.
const ENDING: Duration = Duration::from_secs(12);

/// How long a child that was not asked ahead is waited for to read its request, before it is told to end.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// The connections to one address, shared by all cores.
#[derive(Debug)]
pub(crate) struct Pool {
    address: Address,
    permits: Arc<Permits>,
    share: Mutex<Share>,
    /// Whether no connection is kept any more: its child belongs to a successor.
    leaving: AtomicBool,
    parking: Mutex<Parking>,
    /// Requests whose child was not asked ahead, and has perhaps not read them yet.
    unread: AtomicUsize,
    /// Counts how often all connections were told to end.
    epoch: AtomicU64,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
struct Share {
    max: usize,
    /// How many of them a predecessor still holds.
    lent: usize,
}

impl Share {
    /// One at least, so that we go on whatever the predecessor does.
    fn ours(self) -> usize {
        self.max.saturating_sub(self.lent).max(1)
    }
}

/// How a request starts on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The connection is new.
    Fresh,
    /// The connection has carried requests.
    Reused,
    /// The same, and the record that begins this one went ahead.
    Begun,
}

/// The idle connections.
#[derive(Debug, Default)]
struct Parking {
    idle: VecDeque<Idle>,
    /// Until when no child is sent a request without being asked ahead.
    ahead_until: Option<Instant>,
}

impl Parking {
    fn is_ahead(&self) -> bool {
        self.ahead_until.is_some_and(|until| Instant::now() < until)
    }

    fn be_ahead_for(&mut self, time: Duration) {
        self.ahead_until = self.ahead_until.max(Some(Instant::now() + time));
    }
}

/// An idle connection, and how the next request will start on it.
#[derive(Debug)]
struct Idle {
    connection: Parked,
    start: Start,
}

/// Counts a request that its child has perhaps not read.
#[derive(Debug)]
struct Unread(Arc<Pool>);

impl Unread {
    /// Called with the parking locked, so that whoever looks next sees it.
    fn new(pool: &Arc<Pool>) -> Self {
        pool.unread.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(pool))
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.0.unread.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A connection that carries one request. Dropping it closes the connection, which is how a request is aborted.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) socket: Socket,
    /// How this request starts on it.
    pub(crate) start: Start,
    unread: RefCell<Option<Unread>>,
    pool: Arc<Pool>,
    /// The pool's epoch when the connection was handed out.
    epoch: u64,
    permit: Permit,
}

/// A connection for a request.
struct Opened {
    socket: Socket,
    start: Start,
    unread: Option<Unread>,
}

/// What a pool is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// The most connections.
    pub max: usize,
    /// Connections that carry a request, or whose child has not come back from one.
    pub busy: usize,
    /// Idle connections.
    pub parked: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
}

impl Pool {
    pub(crate) fn new(address: Address, max: usize) -> Self {
        Self {
            address,
            permits: Arc::new(Permits::new(max)),
            share: Mutex::new(Share { max, lent: 0 }),
            leaving: AtomicBool::new(false),
            parking: Mutex::default(),
            unread: AtomicUsize::new(0),
            epoch: AtomicU64::new(0),
        }
    }

    /// Sets how many connections there may be. Fewer than are open now: the rest close as their requests end.
    pub(crate) fn resize(&self, max: usize) {
        self.change(|share| share.max = max);
    }

    /// Sets how many of them a predecessor holds.
    pub(crate) fn lend(&self, lent: usize) {
        self.change(|share| share.lent = lent);
    }

    fn change(&self, change: impl FnOnce(&mut Share)) {
        let mut share = self.share.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut share);
        self.permits.resize(share.ours());
        self.parking().idle.truncate(share.ours());
    }

    /// Closes the idle connections, and from now on every other one with its request: a successor needs them.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
        self.let_go();
    }

    /// Closes the idle connections, and all others as their requests end.
    pub(crate) fn let_go(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        self.parking().idle.clear();
    }

    /// Has every child asked ahead for a while, and returns when none has a request before it that it has not read: then
    /// children can be told to end, and no request is lost.
    pub(crate) async fn ask_ahead(&self) {
        {
            let mut parking = self.parking();
            parking.be_ahead_for(ENDING);
            parking.idle.retain(|idle| idle.start != Start::Reused);
        }
        let all_read = async {
            while self.unread.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(READ_WITHIN, all_read).await.is_err() {
            tracing::warn!(address = %self.address, "children work on that have a request before them, which is lost if they end");
        }
    }

    /// What the pool is doing.
    pub(crate) fn load(&self) -> Load {
        let (max, busy, waiting) = self.permits.counts();
        Load { max, busy, parked: self.parking().idle.len(), waiting }
    }

    /// Whether children are asked to leave connections open: always where it can be seen when they are free.
    pub(crate) fn keeps(&self, spec: &Spec) -> bool {
        spec.keep || matches!(self.address, Address::Unix(_))
    }

    /// Whether shadow work has to wait; see [`Permits::is_strained`].
    pub(crate) fn is_strained(&self, spec: &Spec) -> bool {
        self.permits.is_strained(spec)
    }

    /// A connection: a parked one, or a new one; `aside` as in [`Permits::acquire`].
    pub(crate) async fn lease(self: &Arc<Self>, spec: &Spec, aside: bool) -> Result<Lease, Failed> {
        let permit = self.permits.acquire(spec, aside).await?;
        let epoch = self.epoch.load(Ordering::Relaxed);
        let Opened { socket, start, unread } = self.socket(spec).await?;
        Ok(Lease { socket, start, unread: RefCell::new(unread), pool: Arc::clone(self), epoch, permit })
    }

    /// A parked connection, or a new one.
    async fn socket(self: &Arc<Self>, spec: &Spec) -> Result<Opened, Failed> {
        match self.take_parked() {
            Some(parked) => Ok(parked),
            None => {
                let socket = connect(&self.address, spec).await?;
                Ok(Opened { socket, start: Start::Fresh, unread: None })
            }
        }
    }

    /// A connection of this core, or of another; of each the one that has been idle the longest, if it is alive.
    fn take_parked(self: &Arc<Self>) -> Option<Opened> {
        let core = this_core();
        loop {
            let (Idle { connection, start }, unread) = {
                let mut parking = self.parking();
                let ours = parking.idle.iter().position(|idle| idle.connection.is_on(core));
                let idle = parking.idle.remove(ours.unwrap_or(0))?;
                let unread = (idle.start == Start::Reused).then(|| Unread::new(self));
                (idle, unread)
            };
            if connection.is_quiet()
                && let Ok(socket) = connection.take()
            {
                return Some(Opened { socket, start, unread });
            }
        }
    }

    /// Whether the next request's beginning is sent ahead.
    fn asks_ahead(&self, spec: &Spec) -> bool {
        let managed = matches!(&spec.kind, Kind::FastCgi(FastCgi { managed: Some(_), .. }));
        !managed || self.parking().is_ahead()
    }

    /// A child did not read what was sent to it within [`LATE`].
    fn works_on(&self) {
        let mut parking = self.parking();
        if !parking.is_ahead() {
            tracing::info!(address = %self.address, "scripts work on after their answer; children are asked ahead");
        }
        parking.be_ahead_for(REMEMBERED);
    }

    /// Nothing that could panic runs under this lock.
    fn parking(&self) -> MutexGuard<'_, Parking> {
        self.parking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Replaces a connection that turned out to be closed, under the same permit.
    pub(crate) async fn replace(&mut self, spec: &Spec) -> Result<(), Failed> {
        let Opened { socket, start, unread } = self.pool.socket(spec).await?;
        (self.socket, self.start, self.unread) = (socket, start, RefCell::new(unread));
        Ok(())
    }

    /// Watches, on a connection whose child was not asked ahead, whether it reads its request. Never ends.
    pub(crate) async fn watch_for_one_that_works_on(&self) -> Infallible {
        if self.start == Start::Reused {
            tokio::time::sleep(LATE).await;
            while !self.socket.is_drained() {
                self.pool.works_on();
                tokio::time::sleep(LATE).await;
            }
            self.unread.take();
        }
        std::future::pending().await
    }

    /// The request has ended with its last byte: the permit goes back when the child is free.
    pub(crate) fn end(self, spec: &Spec) {
        self.unread.take();
        match (&self.socket, spec.keep) {
            (Socket::Tcp(_), false) => {
                let limit = spec.read_timeout;
                tokio::spawn(async move { tokio::time::timeout(limit, self.socket.closed()).await });
            }
            (_, true) if !self.pool.asks_ahead(spec) => self.park(Start::Reused),
            (_, keep) => self.settle(keep, spec.read_timeout),
        }
    }

    /// Sends the next request's beginning ahead, and goes on once the child has read it.
    fn settle(self, keep: bool, limit: Duration) {
        let mut begin = BytesMut::with_capacity(record::BEGIN);
        record::begin(&mut begin, true);
        if !matches!(self.socket.try_write(&[IoSlice::new(&begin)]), Ok(written) if written == begin.len()) {
            return;
        }
        if self.socket.is_drained() {
            if keep {
                self.park(Start::Begun);
            }
            return;
        }
        tokio::spawn(async move {
            let asked = Instant::now();
            let settled = tokio::time::timeout(limit, async {
                tokio::select! {
                    _ = self.socket.closed() => false,
                    drained = self.socket.drained() => drained.is_ok(),
                }
            });
            let settled = settled.await;
            if asked.elapsed() > LATE {
                self.pool.works_on();
            }
            if matches!(settled, Ok(true)) && keep {
                self.park(Start::Begun);
            }
        });
    }

    /// The connection first, then the permit, or the next in line would open another one.
    fn park(self, start: Start) {
        let Self { socket, pool, epoch, permit, .. } = self;
        let connection = socket.park();
        let mut parking = pool.parking();
        // Seen under the lock, so that none slips in behind `let_go` and `ask_ahead`.
        let wanted = epoch == pool.epoch.load(Ordering::Relaxed) && !pool.leaving.load(Ordering::Relaxed);
        let may_stay = wanted && !pool.permits.is_in_excess();
        if may_stay && (start == Start::Begun || !parking.is_ahead()) {
            parking.idle.push_back(Idle { connection, start });
        }
        drop(parking);
        drop(permit);
    }
}

/// Whether an error says that the peer had closed.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted | NotConnected)
}
