//! What can go wrong between us and legacy, and on which leg.

use std::fmt;
use std::io;
use std::time::Duration;

use handover_http1::{Misuse, Refusal};
use nix::errno::Errno;

use super::fastcgi::{BadHead, Fault};
use super::spec::Spec;
use crate::exchange::ClientGone;

/// The part of an exchange that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Leg {
    /// Waiting for one of the connections that we may open.
    Wait,
    /// Choosing one of several upstreams.
    Choose,
    /// Connecting.
    Connect,
    /// Holding a body whose length is not known, before legacy is asked.
    Buffer,
    /// Sending the request's head.
    SendHead,
    /// Sending the request's body.
    SendBody,
    /// Waiting for the answer's head.
    ReadHead,
    /// Reading the answer's body.
    ReadBody,
    /// Reading the request's body from the client.
    ClientBody,
    /// Writing the answer to the client.
    ClientAnswer,
    /// Reading a static file.
    File,
}

impl Leg {
    /// A stable name for metrics and logs.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Choose => "choose",
            Self::Connect => "connect",
            Self::Buffer => "buffer",
            Self::SendHead => "send_head",
            Self::SendBody => "send_body",
            Self::ReadHead => "read_head",
            Self::ReadBody => "read_body",
            Self::ClientBody => "client_body",
            Self::ClientAnswer => "client_answer",
            Self::File => "file",
        }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "waiting for a connection",
            Self::Choose => "choosing an upstream",
            Self::Connect => "connecting",
            Self::Buffer => "holding the request's body",
            Self::SendHead => "sending the request's head",
            Self::SendBody => "sending the request's body",
            Self::ReadHead => "reading the answer's head",
            Self::ReadBody => "reading the answer's body",
            Self::ClientBody => "reading the request's body from the client",
            Self::ClientAnswer => "writing the answer to the client",
            Self::File => "reading a static file",
        })
    }
}

/// What happened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    /// As many requests wait for a connection as may.
    #[error("{0} requests wait already: legacy is slower than requests come in")]
    QueueFull(usize),
    /// Every upstream is left alone for now.
    #[error(
        "no upstream may be asked: each failed too often or did not pass its checks; the next one may be in {0:?}"
    )]
    AllOut(Duration),
    /// Nothing happened for so long.
    #[error("nothing happened for {0:?}")]
    TimedOut(Duration),
    /// The connection, or the disk, failed.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// Legacy closed the connection too early.
    #[error("legacy closed the connection too early")]
    Closed,
    /// Legacy does not speak FastCGI as it should.
    #[error("legacy broke the FastCGI protocol")]
    FastCgi(#[from] Fault),
    /// The head of a FastCGI answer is malformed.
    #[error("the answer's head is malformed")]
    Head(#[from] BadHead),
    /// Legacy does not speak HTTP as it should.
    #[error("legacy broke the HTTP protocol")]
    Http(#[from] Refusal),
    /// Legacy broke off, or does not speak HTTP/2 as it should.
    #[error("legacy broke off, or broke the HTTP/2 protocol")]
    Http2(#[source] h2::Error),
    /// The answer ended before its declared length.
    #[error("the answer is {missing} bytes shorter than it declared")]
    TooShort {
        /// How many bytes did not come.
        missing: u64,
    },
    /// The request's body is larger than this legacy takes.
    #[error("the body is larger than {0} bytes (legacy.NAME.body_max)")]
    TooLarge(u64),
    /// The request's body is shorter or longer than its head says.
    #[error("the body is not as long as its head says")]
    BodyLength,
    /// The client is gone.
    #[error("the client is gone")]
    Client(#[source] ClientGone),
    /// Legacy had closed a kept connection.
    #[error("legacy had closed the kept connection")]
    Stale,
    /// Legacy has handed over to a file that is not there, or may not be sent.
    #[error("there is no file {0} that may be sent (legacy.NAME.accel)")]
    NoFile(String),
    /// What was to be sent to legacy is no valid message.
    #[error("the request cannot be written")]
    Misuse(#[source] Misuse),
}

/// An exchange failed.
#[derive(Debug, thiserror::Error)]
#[error("legacy {legacy:?}: {leg} failed")]
pub(crate) struct ExchangeError {
    /// `[legacy.NAME]`.
    pub legacy: String,
    /// Where.
    pub leg: Leg,
    /// Whether the client has been given a head: then no other answer can be given.
    pub committed: bool,
    /// Whether legacy certainly did nothing: the request may be sent again, where its body is still at hand.
    pub retry_safe: bool,
    /// What happened.
    #[source]
    pub cause: Cause,
}

impl ExchangeError {
    /// Legacy has handed over to a file that is not there, or may not be sent.
    pub(crate) fn no_file(legacy: &Spec, name: &[u8]) -> Self {
        Failed::new(Leg::File, Cause::NoFile(name.escape_ascii().to_string())).of(&legacy.name, false)
    }

    /// Whether legacy was never asked for want of something of ours: one of the connections that we may open, a descriptor, a
    /// port.
    pub(crate) fn is_want_of_ours(&self) -> bool {
        match (self.leg, &self.cause) {
            (Leg::Wait, _) => true,
            (Leg::Connect, Cause::Io(error)) => {
                error.raw_os_error().is_some_and(|code| NONE_LEFT.contains(&Errno::from_raw(code)))
            }
            _ => false,
        }
    }

    /// Legacy took longer for an answer than its route allows.
    pub(crate) fn late(legacy: &Spec, within: Duration) -> Self {
        Failed::new(Leg::ReadHead, Cause::TimedOut(within)).of(&legacy.name, false)
    }
}

/// What says that this process, or its machine, can open no connection more.
const NONE_LEFT: [Errno; 3] = [Errno::EMFILE, Errno::ENFILE, Errno::EADDRNOTAVAIL];

/// A failure before it is known whose exchange it belongs to.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) leg: Leg,
    pub(crate) cause: Cause,
    pub(crate) retry_safe: bool,
}

impl Failed {
    /// On a leg on which legacy may have begun to work.
    pub(crate) fn new(leg: Leg, cause: impl Into<Cause>) -> Self {
        Self { leg, cause: cause.into(), retry_safe: false }
    }

    /// Before legacy could begin.
    pub(crate) fn before(leg: Leg, cause: impl Into<Cause>) -> Self {
        Self { leg, cause: cause.into(), retry_safe: true }
    }

    /// Whether it is the backend that did not do its part: it is not there, is silent, breaks off, or talks nonsense.
    pub(crate) fn is_legacys(&self) -> bool {
        use Leg::{Connect, ReadBody, ReadHead, SendBody, SendHead};
        matches!(self.leg, Connect | SendHead | SendBody | ReadHead | ReadBody)
            && !matches!(self.cause, Cause::Misuse(_) | Cause::Client(_))
    }

    pub(crate) fn of(self, legacy: &str, committed: bool) -> ExchangeError {
        let Self { leg, cause, retry_safe } = self;
        ExchangeError {
            legacy: legacy.to_owned(),
            leg,
            committed,
            retry_safe: retry_safe && !committed,
            cause,
        }
    }
}

impl From<ClientGone> for Failed {
    fn from(gone: ClientGone) -> Self {
        let leg = match gone {
            ClientGone::Body(_) => Leg::ClientBody,
            ClientGone::Answer(_) => Leg::ClientAnswer,
        };
        Self::new(leg, Cause::Client(gone))
    }
}
