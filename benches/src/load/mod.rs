//! One run of a load generator, and what it says.

mod h2load;
mod wrk;

use std::time::Duration;

use crate::contender::{Contender, Protocol};

/// What a client sees of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Answers.
    pub requests: u64,
    /// For how long it was sent.
    pub took: Duration,
    /// Half of the answers came within.
    pub p50: Duration,
    /// 99 % of the answers came within.
    pub p99: Duration,
}

/// Drives a contender for so long, with that many requests under way.
///
/// # Panics
/// When the load generator is not there, or an answer had another status than it must, or was none: then nothing was
/// measured.
pub(crate) fn drive(contender: &Contender, under_way: usize, each: Duration) -> Seen {
    match contender.protocol {
        Protocol::Plain | Protocol::Tls => wrk::drive(contender, under_way, each, Duration::ZERO),
        Protocol::Http2 => h2load::drive(contender, under_way, each),
    }
}

/// The same with HTTP/1.1, where each connection pauses before each request.
///
/// # Panics
/// As [`drive`].
pub(crate) fn drive_pausing(
    contender: &Contender,
    connections: usize,
    each: Duration,
    pause: Duration,
) -> Seen {
    wrk::drive(contender, connections, each, pause)
}
