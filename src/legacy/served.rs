//! What an exchange came to.

use std::time::Duration;

/// A request was answered, to the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Served {
    /// The answer's status.
    pub status: u16,
    /// Bytes of the answer's body that the client got.
    pub sent: u64,
    /// Who gave the answer.
    pub by: By,
    /// From the exchange's start until a connection was at hand, the wait for a small or unmeasured body included.
    pub waited: Duration,
    /// From the exchange's start until the answer's head was there.
    pub answered: Duration,
}

/// Who gave an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum By {
    /// A FastCGI responder.
    FastCgi {
        /// On a connection that had been kept.
        reused: bool,
    },
    /// An HTTP backend.
    Http {
        /// On a connection that had been kept.
        reused: bool,
    },
    /// A file beside the front controller.
    File,
}
