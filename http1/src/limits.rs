//! What is bounded, what may be tolerated, and how long the engine waits.

use std::time::Duration;

/// The most fields that a head may have, whatever [`Limits`] say.
pub const MAX_FIELDS: usize = 100;

/// Sizes beyond which a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, its first line and the empty line included.
    pub head: u16,
    /// Fields of a head or a trailer section; at most [`MAX_FIELDS`].
    pub fields: usize,
    /// Bytes of a request's target.
    pub target: u16,
    /// Bytes of a chunk's size line, extensions included.
    pub chunk_line: u16,
    /// Bytes of a trailer section.
    pub trailers: u16,
}

impl Default for Limits {
    /// 32 KiB and 100 fields a head, 8 KiB a target, 256 bytes a chunk line, 8 KiB of trailers.
    fn default() -> Self {
        Limits { head: 32 * 1024, fields: MAX_FIELDS, target: 8 * 1024, chunk_line: 256, trailers: 8 * 1024 }
    }
}

/// What can be framed anew without danger, and so may be let through. What was let through stays
/// visible in [`crate::RequestHead::tolerated`] and [`crate::server::RequestBody::was_slow`], for a counter or a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    /// Bytes above 0x7F in a target, as old clients send them.
    pub non_ascii_target: bool,
    /// HTTP/1.0 without Host, which is legal.
    pub http10_without_host: bool,
    /// A body that comes more slowly than the least rate, as long as any byte comes in each window.
    pub slow_body: bool,
}

impl Default for Leniency {
    /// Only what the standard allows: HTTP/1.0 without Host.
    fn default() -> Self {
        Leniency { non_ascii_target: false, http10_without_host: true, slow_body: false }
    }
}

/// The least that must arrive while the engine waits: `bytes` in each `window` of waiting. The time
/// in which nobody was waiting (because the other side did not take more) does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastRate {
    /// Bytes that must arrive in a window.
    pub bytes: u64,
    /// The waiting time after which they are counted.
    pub window: Duration,
}

/// How long the server side waits for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerTimeouts {
    /// From a head's first byte (on a new connection: from its start) to its end.
    pub head: Duration,
    /// For the next request on a kept connection.
    pub idle: Duration,
    /// For a request's body.
    pub body: LeastRate,
    /// For the client to take any byte of an answer.
    pub write: Duration,
    /// For the client to close after we did.
    pub linger: Duration,
}

impl Default for ServerTimeouts {
    fn default() -> Self {
        ServerTimeouts {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: LeastRate { bytes: 30 * 1024, window: Duration::from_secs(30) },
            write: Duration::from_secs(60),
            linger: Duration::from_secs(2),
        }
    }
}

/// How long the client side waits for a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For an answer's head, from the moment at which it is waited for.
    pub answer: Duration,
    /// For an answer's body.
    pub body: LeastRate,
    /// For the backend to take any byte of a request.
    pub write: Duration,
}

impl Default for ClientTimeouts {
    /// 60 seconds for each step, as nginx's `proxy_read_timeout` and `proxy_send_timeout`.
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        ClientTimeouts { answer: minute, body: LeastRate { bytes: 1, window: minute }, write: minute }
    }
}
