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
    /// Whether coming too slowly is only remembered, as long as anything comes.
    tolerant: bool,
    was_slow: bool,
}

impl Pace {
    /// At a body's start.
    pub fn new(rate: LeastRate) -> Pace {
        let (waited, tolerant, was_slow) = (Duration::ZERO, false, false);
        Pace { rate, waiting_since: None, waited, arrived: 0, tolerant, was_slow }
    }

    /// The same, for a peer that may be too slow as long as any byte comes in each window.
    pub fn tolerant(rate: LeastRate) -> Pace {
        Pace { tolerant: true, ..Pace::new(rate) }
    }

    /// Whether the peer was too slow and went on all the same.
    pub fn was_slow(&self) -> bool {
        self.was_slow
    }

    /// Nothing is there to be read: the instant at which [`Pace::is_too_slow`] has to be asked.
    pub fn wait(&mut self) -> Instant {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        since + self.rate.window.saturating_sub(self.waited).min(NEVER)
    }

    /// The window is over: whether too little has arrived in it. If not, the next one begins.
    pub fn is_too_slow(&mut self) -> bool {
        let too_slow = self.arrived < self.rate.bytes;
        let bearable = self.tolerant && self.arrived > 0;
        self.was_slow |= too_slow;
        (self.waiting_since, self.waited, self.arrived) = (Some(Instant::now()), Duration::ZERO, 0);
        too_slow && !bearable
    }

    /// So many bytes arrived.
    pub fn arrived(&mut self, count: usize) {
        self.arrived += count as u64;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
    }
}
