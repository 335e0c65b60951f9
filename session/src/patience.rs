//! How long a lock is waited for.

use std::time::Duration;

use tokio::time::Instant;

/// The first pause between two attempts; each is half as long again as the one before.
const FIRST: Duration = Duration::from_millis(1);

/// The longest pause.
const LONGEST: Duration = Duration::from_millis(50);

/// How long a lock is waited for, and how often it is asked for meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    deadline: Duration,
}

impl Patience {
    /// Waits so long at most.
    pub fn of(deadline: Duration) -> Self {
        Self { deadline }
    }

    /// How long at most.
    pub fn deadline(self) -> Duration {
        self.deadline
    }

    /// The pauses of one wait.
    pub(crate) fn begin(self) -> Waiting {
        Waiting { until: Instant::now() + self.deadline, pause: FIRST }
    }
}

pub(crate) struct Waiting {
    until: Instant,
    pause: Duration,
}

impl Waiting {
    /// Pauses, a little at random so that not all come at once; false where the time is up.
    pub(crate) async fn pause(&mut self) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let pause = self.pause.mul_f64(0.75 + fastrand::f64() / 2.0).min(left);
        self.pause = (self.pause * 3 / 2).min(LONGEST);
        tokio::time::sleep(pause).await;
        true
    }
}
