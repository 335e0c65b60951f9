//! One core's idle HTTP/1.1 connections to one upstream. They stay on their core: no lock is taken on the way.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use handover_http1::client::Connection;
use handover_http1::{Name, ResponseHead};

use crate::legacy::names::{Peer, Place};
use crate::legacy::socket::Socket;

/// How long a connection stays idle where the backend does not say. Short of what servers allow (Apache and Node 5
/// seconds, nginx 75): a close that crosses a request is a request that may have to fail.
const IDLE_FOR: Duration = Duration::from_secs(4);

/// Idle connections, the one that was used last behind.
#[derive(Debug)]
pub(super) struct Pool {
    idle: RefCell<VecDeque<Idle>>,
    most: usize,
}

#[derive(Debug)]
struct Idle {
    kept: Kept,
    until: Instant,
}

/// A connection, and whom the upstream's name stood for when it was made.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) connection: Connection<Socket>,
    pub(super) peer: Peer,
}

impl Pool {
    /// A pool of at most so many idle connections: as many as a core may have under way. With fewer, where clients wait for one,
    /// answers that come together would close connections that the next requests open again.
    pub(super) fn new(most: usize) -> Self {
        Self { idle: RefCell::default(), most }
    }

    /// The connection that was used last, if it is alive and its name still stands for that peer.
    pub(super) fn take(&self, place: &Place) -> Option<Kept> {
        let now = Instant::now();
        loop {
            let mut idle = self.idle.borrow_mut().pop_back()?;
            if idle.until > now && place.still_has(&mut idle.kept.peer) && idle.kept.connection.is_alive() {
                return Some(idle.kept);
            }
        }
    }

    /// Keeps a connection whose answer had this `head`.
    pub(super) fn keep(&self, mut kept: Kept, head: &ResponseHead) {
        kept.connection.rest();
        let now = Instant::now();
        let mut idle = self.idle.borrow_mut();
        while idle.len() >= self.most || idle.front().is_some_and(|first| first.until <= now) {
            idle.pop_front();
        }
        idle.push_back(Idle { kept, until: now + idle_for(head) });
    }
}

/// `Keep-Alive: timeout=5` is a second short of what is promised.
fn idle_for(head: &ResponseHead) -> Duration {
    let seconds = head.fields().first(Name::KeepAlive).and_then(|value| {
        let parameter =
            value.split(|byte| *byte == b',').find_map(|part| part.trim_ascii().strip_prefix(b"timeout="))?;
        std::str::from_utf8(parameter).ok()?.trim().parse::<u64>().ok()
    });
    seconds.map_or(IDLE_FOR, |seconds| Duration::from_secs(seconds.saturating_sub(1).min(3600)))
}

#[cfg(test)]
mod tests {
    use handover_http1::Limits;

    use super::*;

    #[test]
    fn a_connection_is_kept_for_less_than_the_backend_keeps_it() {
        for (field, seconds) in [
            ("", 4),
            ("Keep-Alive: timeout=5\r\n", 4),
            ("Keep-Alive: max=100, timeout=61\r\n", 60),
            ("Keep-Alive: timeout=0\r\n", 0),
            ("Keep-Alive: timeout=x\r\n", 4),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{field}Content-Length: 0\r\n\r\n");
            let head = ResponseHead::parse(head.as_bytes(), false, &Limits::default()).unwrap();
            assert_eq!(idle_for(&head), Duration::from_secs(seconds), "{field}");
        }
    }
}
