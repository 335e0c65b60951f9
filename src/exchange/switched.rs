//! A backend that has switched protocols: from here on its connection carries bytes, not requests.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {}

/// The backend's end of a tunnel.
pub(crate) struct Switched {
    /// Its connection.
    pub stream: Box<dyn Duplex>,
    /// What was read from it behind its 101.
    pub read: Bytes,
    /// How long both sides may be silent.
    pub idle: Duration,
    /// The route and the legacy, for log lines.
    pub route: String,
    /// What the tunnel holds as long as it lives, like the right to its connection.
    pub held: Box<dyn Any>,
}

impl fmt::Debug for Switched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switched").field("route", &self.route).finish_non_exhaustive()
    }
}
