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

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::record;
use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::socket::{Loose, Socket};
use crate::legacy::spec::{Address, Spec};

/// The connections to one address, shared by all cores.
#[derive(Debug)]
pub(crate) struct Pool {
    address: Address,
    permits: Arc<Semaphore>,
    size: Mutex<Size>,
    waiting: AtomicUsize,
    parked: Mutex<VecDeque<Loose>>,
}

/// How many permits there are, and how many more must be taken back because the pool shrank under load.
#[derive(Debug)]
struct Size {
    permits: usize,
    excess: usize,
}

/// A connection that carries one request. Dropping it closes the connection, which is how a request is aborted.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) socket: Socket,
    /// Whether it carried requests before.
    pub(crate) reused: bool,
    permit: Permit,
}

/// The right to one connection.
#[derive(Debug)]
struct Permit {
    pool: Arc<Pool>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut size = lock(&self.pool.size);
        if size.excess > 0 {
            size.excess -= 1;
            self.permit.take().map(OwnedSemaphorePermit::forget).unwrap_or_default();
        }
    }
}

/// Counts one waiting request.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
            permits: Arc::new(Semaphore::new(max)),
            size: Mutex::new(Size { permits: max, excess: 0 }),
            waiting: AtomicUsize::new(0),
            parked: Mutex::default(),
        }
    }

    /// Sets how many connections there may be. Fewer than are open now: the rest close as their requests end.
    pub(crate) fn resize(&self, max: usize) {
        let mut size = lock(&self.size);
        if max > size.permits {
            let more = max - size.permits;
            let kept = more.min(size.excess);
            size.excess -= kept;
            self.permits.add_permits(more - kept);
        } else {
            let fewer = size.permits - max;
            size.excess += fewer - self.permits.forget_permits(fewer);
            lock(&self.parked).truncate(max);
        }
        size.permits = max;
    }

    /// What the pool is doing.
    pub(crate) fn load(&self) -> Load {
        let max = lock(&self.size).permits;
        let busy = max.saturating_sub(self.permits.available_permits());
        Load { max, busy, parked: lock(&self.parked).len(), waiting: self.waiting.load(Ordering::Relaxed) }
    }

    /// Whether children are asked to leave connections open: always where it can be seen when they are free.
    pub(crate) fn keeps(&self, spec: &Spec) -> bool {
        spec.keep || matches!(self.address, Address::Unix(_))
    }

    /// A connection: a parked one, or a new one.
    pub(crate) async fn lease(self: &Arc<Self>, spec: &Spec) -> Result<Lease, Failed> {
        let permit = Permit { pool: Arc::clone(self), permit: Some(self.wait(spec).await?) };
        match self.take_parked() {
            Some(socket) => Ok(Lease { socket, reused: true, permit }),
            None => {
                let socket = self.connect(spec.connect_timeout).await?;
                Ok(Lease { socket, reused: false, permit })
            }
        }
    }

    async fn wait(&self, spec: &Spec) -> Result<OwnedSemaphorePermit, Failed> {
        // Never past those who wait: a permit that comes back is handed to the first of them.
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= spec.queue_max {
            return Err(Failed::before(Leg::Wait, Cause::QueueFull(before)));
        }
        let permit = Arc::clone(&self.permits).acquire_owned();
        match tokio::time::timeout(spec.read_timeout, permit).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => Err(Failed::before(Leg::Wait, Cause::TimedOut(spec.read_timeout))),
        }
    }

    /// The connection that has been idle the longest, if it is alive: its child has had the most time to settle.
    fn take_parked(&self) -> Option<Socket> {
        loop {
            let loose = lock(&self.parked).pop_front()?;
            if loose.is_quiet() {
                if let Ok(socket) = loose.fasten() {
                    return Some(socket);
                }
            }
        }
    }

    async fn connect(&self, limit: Duration) -> Result<Socket, Failed> {
        match tokio::time::timeout(limit, Socket::connect(&self.address)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(error)) => Err(Failed::before(Leg::Connect, error)),
            Err(_) => Err(Failed::before(Leg::Connect, Cause::TimedOut(limit))),
        }
    }
}

impl Lease {
    /// Replaces a connection that turned out to be closed, under the same permit.
    pub(crate) async fn replace(&mut self, spec: &Spec) -> Result<(), Failed> {
        let pool = &self.permit.pool;
        match pool.take_parked() {
            Some(socket) => self.socket = socket,
            None => {
                self.socket = pool.connect(spec.connect_timeout).await?;
                self.reused = false;
            }
        }
        Ok(())
    }

    /// The request has ended with its last byte: the permit goes back when the child is free.
    pub(crate) fn end(self, spec: &Spec) {
        match (&self.socket, spec.keep) {
            (Socket::Tcp(_), false) => {
                let limit = spec.read_timeout;
                tokio::spawn(async move { tokio::time::timeout(limit, self.socket.closed()).await });
            }
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
                self.park();
            }
            return;
        }
        tokio::spawn(async move {
            let settled = tokio::time::timeout(limit, async {
                tokio::select! {
                    _ = self.socket.closed() => false,
                    drained = self.socket.drained() => drained.is_ok(),
                }
            });
            if matches!(settled.await, Ok(true)) && keep {
                self.park();
            }
        });
    }

    /// The connection first, then the permit, or the next in line would open another one.
    fn park(self) {
        let Self { socket, permit, .. } = self;
        let pool = &permit.pool;
        let shrinks = lock(&pool.size).excess > 0;
        if let (false, Ok(loose)) = (shrinks, socket.loosen()) {
            lock(&pool.parked).push_back(loose);
        }
    }
}

/// Nothing that could panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether an error says that the peer had closed.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted | NotConnected)
}
