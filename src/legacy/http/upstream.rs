//! One core's connections to an HTTP backend.
//!
//! Idle ones stay on their core: no lock is taken on the way. Permits are counted for the process and bound the
//! requests that run; beside them each core may hold a few idle connections.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use handover_http1::client::{Config, Connection};
use handover_http1::{ClientTimeouts, LeastRate, Limits, Name, ResponseHead};

use crate::legacy::permits::Permits;
use crate::legacy::socket::Socket;
use crate::legacy::spec::{Address, Spec};

/// The most idle connections of a core.
const IDLE_MAX: usize = 64;

/// How long a connection stays idle where the backend does not say. Short of what servers allow (Apache and Node 5
/// seconds, nginx 75): a close that crosses a request is a request that may have to fail.
const IDLE_FOR: Duration = Duration::from_secs(4);

/// An HTTP backend as one core sees it.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(super) address: Address,
    pub(super) permits: Arc<Permits>,
    pub(super) config: Arc<Config>,
    idle: RefCell<VecDeque<Idle>>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection<Socket>,
    until: Instant,
}

impl Upstream {
    pub(crate) fn new(address: Address, permits: Arc<Permits>, spec: &Spec) -> Self {
        let silence = spec.read_timeout;
        let timeouts =
            ClientTimeouts { answer: silence, body: LeastRate { bytes: 1, window: silence }, write: silence };
        let config = Arc::new(Config { limits: Limits::default(), timeouts });
        Self { address, permits, config, idle: RefCell::default() }
    }

    /// The idle connection that was used last, if it is alive.
    pub(super) fn take(&self) -> Option<Connection<Socket>> {
        let now = Instant::now();
        loop {
            let mut idle = self.idle.borrow_mut().pop_back()?;
            if idle.until > now && idle.connection.is_alive() {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection whose answer had this `head`.
    pub(super) fn keep(&self, connection: Connection<Socket>, head: &ResponseHead) {
        let now = Instant::now();
        let mut idle = self.idle.borrow_mut();
        while idle.len() >= IDLE_MAX || idle.front().is_some_and(|first| first.until <= now) {
            idle.pop_front();
        }
        idle.push_back(Idle { connection, until: now + idle_for(head) });
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
