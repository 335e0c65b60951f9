//! How clients connect, counted for the process. Each count is one of a connection, none of a request.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// Adds `more`.
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The number.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are now, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct Open {
    begun: Count,
    ended: Count,
}

impl Open {
    /// Counts one as open until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        self.begun.add(1);
        Entered(self)
    }

    /// How many there are now.
    pub(crate) fn now(&self) -> u64 {
        // In this order: one that ends in between must not make the difference negative.
        let ended = self.ended.get();
        self.begun.get() - ended
    }

    /// How many there ever were.
    pub(crate) fn total(&self) -> u64 {
        self.begun.get()
    }
}

/// Counts one as open.
#[derive(Debug)]
pub(crate) struct Entered<'a>(&'a Open);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.ended.add(1);
    }
}

/// All that is counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Connections that speak HTTP/2.
    pub http2: Open,
    /// TLS handshakes under way.
    pub handshakes: Open,
    /// TLS handshakes that came to a connection.
    pub secured: Count,
    /// TLS handshakes that failed: refused by either side, or broken off.
    pub not_secured: Count,
    /// TLS handshakes that took too long.
    pub too_slow: Count,
    /// Connections that became tunnels.
    pub tunnels: Open,
    /// Bytes that tunnels carried from clients.
    pub tunnelled_up: Count,
    /// Bytes that tunnels carried to clients.
    pub tunnelled_down: Count,
}
