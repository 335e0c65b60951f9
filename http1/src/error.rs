//! What went wrong, and on which leg.

use std::{fmt, io};

use crate::Refusal;

/// The part of an exchange in which an error happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leg {
    /// The server side reads a request's head.
    ReadRequestHead,
    /// The server side reads a request's body.
    ReadRequestBody,
    /// The server side writes a response.
    WriteResponse,
    /// The client side writes a request.
    WriteRequest,
    /// The client side reads a response's head.
    ReadResponseHead,
    /// The client side reads a response's body.
    ReadResponseBody,
}

impl Leg {
    /// A stable name for metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Leg::ReadRequestHead => "read_request_head",
            Leg::ReadRequestBody => "read_request_body",
            Leg::WriteResponse => "write_response",
            Leg::WriteRequest => "write_request",
            Leg::ReadResponseHead => "read_response_head",
            Leg::ReadResponseBody => "read_response_body",
        }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Leg::ReadRequestHead => "reading the request's head",
            Leg::ReadRequestBody => "reading the request's body",
            Leg::WriteResponse => "writing the response",
            Leg::WriteRequest => "writing the request",
            Leg::ReadResponseHead => "reading the response's head",
            Leg::ReadResponseBody => "reading the response's body",
        })
    }
}

/// An error of a connection. `Display` names the leg, `source` is the [`Cause`].
#[derive(Debug, thiserror::Error)]
#[error("{leg} failed")]
pub struct Error {
    /// Where it happened.
    pub leg: Leg,
    /// What happened.
    #[source]
    pub cause: Cause,
}

/// What happened on a leg.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The connection broke.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// The peer closed in the middle of a message.
    #[error("the peer closed in the middle of a message")]
    Closed,
    /// A kept connection was closed before the first byte of an answer came: a close that crossed
    /// our request. The request may be sent again, on another connection, if it may be sent twice
    /// at all and its body is still at hand.
    #[error("the kept connection had been closed")]
    Stale,
    /// The peer took or sent nothing for too long.
    #[error("the peer was silent for too long")]
    TimedOut,
    /// What the peer sent is refused.
    #[error("the message is refused")]
    Refused(#[from] Refusal),
    /// What our own caller asked for would have broken the message.
    #[error("the message that was to be written is wrong")]
    Misuse(#[from] Misuse),
}

/// A call that would have written a broken message; nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misuse {
    /// More body than the head declared.
    #[error("the body is longer than its head declared")]
    BodyTooLong,
    /// Less body than the head declared.
    #[error("the body is {missing} bytes shorter than its head declared")]
    BodyTooShort {
        /// How many bytes did not come.
        missing: u64,
    },
    /// Body bytes where the status allows none.
    #[error("the status allows no body")]
    BodyNotAllowed,
    /// A second final head, or a body before the head.
    #[error("the parts of the message are out of order")]
    OutOfOrder,
    /// A status outside 100 to 999, or not fit for this call.
    #[error("the status is not fit here")]
    Status,
    /// A method, target, reason, name or value with bytes that would end its line.
    #[error("a line holds bytes that are not allowed in it")]
    Bytes,
}

impl Error {
    pub(crate) fn new(leg: Leg, cause: impl Into<Cause>) -> Error {
        Error { leg, cause: cause.into() }
    }

    /// The reason, where what the peer sent was refused.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.cause {
            Cause::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether a kept connection had been closed before it answered ([`Cause::Stale`]).
    pub fn is_stale(&self) -> bool {
        matches!(self.cause, Cause::Stale)
    }
}
