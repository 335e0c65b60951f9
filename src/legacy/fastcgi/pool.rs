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
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record;
use crate::legacy::error::Failed;
use crate::legacy::permits::{Permit, Permits};
use crate::legacy::socket::{Loose, Socket, connect};
use crate::legacy::spec::{Address, Spec};
use bytes::BytesMut;

/// The connections to one address, shared by all cores.
#[derive(Debug)]
pub(crate) struct Pool {
    address: Address,
    permits: Arc<Permits>,
    parked: Mutex<VecDeque<Loose>>,
    /// Counts how often all connections were told to end.
    epoch: AtomicU64,
}

/// A connection that carries one request. Dropping it closes the connection, which is how a request is aborted.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) socket: Socket,
    /// Whether it carried requests before.
    pub(crate) reused: bool,
    pool: Arc<Pool>,
    /// The pool's epoch when the connection was handed out.
    epoch: u64,
    permit: Permit,
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
            parked: Mutex::default(),
            epoch: AtomicU64::new(0),
        }
    }

    /// Sets how many connections there may be. Fewer than are open now: the rest close as their requests end.
    pub(crate) fn resize(&self, max: usize) {
        self.permits.resize(max);
        self.parked().truncate(max);
    }

    /// Closes the idle connections, and all others as their requests end.
    pub(crate) fn let_go(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
        self.parked().clear();
    }

    /// What the pool is doing.
    pub(crate) fn load(&self) -> Load {
        let (max, busy, waiting) = self.permits.counts();
        Load { max, busy, parked: self.parked().len(), waiting }
    }

    /// Whether children are asked to leave connections open: always where it can be seen when they are free.
    pub(crate) fn keeps(&self, spec: &Spec) -> bool {
        spec.keep || matches!(self.address, Address::Unix(_))
    }

    /// A connection: a parked one, or a new one.
    pub(crate) async fn lease(self: &Arc<Self>, spec: &Spec) -> Result<Lease, Failed> {
        let permit = self.permits.acquire(spec).await?;
        let epoch = self.epoch.load(Ordering::Relaxed);
        let (socket, reused) = self.socket(spec).await?;
        Ok(Lease { socket, reused, pool: Arc::clone(self), epoch, permit })
    }

    async fn socket(&self, spec: &Spec) -> Result<(Socket, bool), Failed> {
        if let Some(socket) = self.take_parked() {
            return Ok((socket, true));
        }
        Ok((connect(&self.address, spec).await?, false))
    }

    /// The connection that has been idle the longest, if it is alive: its child has had the most time to settle.
    fn take_parked(&self) -> Option<Socket> {
        loop {
            let loose = self.parked().pop_front()?;
            if loose.is_quiet()
                && let Ok(socket) = loose.fasten()
            {
                return Some(socket);
            }
        }
    }

    /// Nothing that could panic runs under this lock.
    fn parked(&self) -> MutexGuard<'_, VecDeque<Loose>> {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Replaces a connection that turned out to be closed, under the same permit.
    pub(crate) async fn replace(&mut self, spec: &Spec) -> Result<(), Failed> {
        (self.socket, self.reused) = self.pool.socket(spec).await?;
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
        let Self { socket, pool, epoch, permit, .. } = self;
        if let Ok(loose) = socket.loosen() {
            let mut parked = pool.parked();
            // Seen under the lock, so that none slips in behind `let_go`.
            if epoch == pool.epoch.load(Ordering::Relaxed) && !pool.permits.is_in_excess() {
                parked.push_back(loose);
            }
        }
        drop(permit);
    }
}

/// Whether an error says that the peer had closed.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | ConnectionAborted | NotConnected)
}
