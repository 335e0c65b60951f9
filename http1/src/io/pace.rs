//! Whether a peer sends fast enough, counted over the time in which it was waited for.

use std::time::Duration;

use tokio::time::Instant;

use crate::LeastRate;

/// Far enough to mean never, near enough not to overflow an instant.
const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The state of a [`LeastRate`] for one body, of whatever protocol: [`Pace::wait`] before waiting, [`Pace::arrived`]
/// after it, [`Pace::is_too_slow`] where the instant came first.
#[derive(Debug)]
pub struct Pace {
    rate: LeastRate,
    waiting_since: Option<Instant>,
    waited: Duration,
    arrived: u64,
}

impl Pace {
    /// At a body's start.
    pub fn new(rate: LeastRate) -> Pace {
        Pace { rate, waiting_since: None, waited: Duration::ZERO, arrived: 0 }
    }

    /// Nothing is there to be read: the instant at which [`Pace::is_too_slow`] has to be asked.
    pub fn wait(&mut self) -> Instant {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        since + self.rate.window.saturating_sub(self.waited).min(NEVER)
    }

    /// The window is over: whether too little has arrived in it. If not, the next one begins.
    pub fn is_too_slow(&mut self) -> bool {
        let too_slow = self.arrived < self.rate.bytes;
        *self = Pace { waiting_since: Some(Instant::now()), ..Pace::new(self.rate) };
        too_slow
    }

    /// So many bytes arrived.
    pub fn arrived(&mut self, count: usize) {
        self.arrived += count as u64;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
    }
}
