//! How well one upstream is, as all cores know it: a circuit breaker, and what checks beside clients' requests found.
//!
//! ```text
//!            failures in a row                    a pause later
//!   closed ─────────────────────▶ open ──────────────────────────▶ one request tries it
//!     ▲                            ▲   a check finds it well         │          │
//!     │ slow start                 └───────────┼─────────────────────┘ fails    │
//!     └────────────────────────────────────────┴────────────────────────────────┘ answers
//! ```
//!
//! On the way of a request to a healthy upstream are loads alone; what is written is written when something changes.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::legacy::spec::{Breaker, Http};

/// Checks in a row that change what is thought of an upstream.
const CHECKS: u32 = 2;

/// A whole share, in the unit of [`Standing::Ready`].
pub(super) const WHOLE: u32 = 1024;

/// The least share of an upstream that has just come back.
const LEAST: u32 = WHOLE / 10;

/// By which rules an upstream is left alone.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    breaker: Option<Breaker>,
    /// Whether checks say when it is back, so that no client has to try it.
    is_checked: bool,
}

impl Rules {
    /// Those of a legacy; `None` where its upstreams are never left alone.
    pub(super) fn of(http: &Http) -> Option<Self> {
        let is_checked = http.check.is_some();
        (is_checked || http.breaker.is_some()).then(|| Self { breaker: http.breaker.clone(), is_checked })
    }

    fn slow_start(&self) -> Duration {
        self.breaker.as_ref().map_or_else(|| Breaker::default().slow_start, |breaker| breaker.slow_start)
    }
}

/// Whether an upstream may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may, with this share of its weight (of [`WHOLE`]).
    Ready(u32),
    /// By one request, to find out whether it answers again.
    Trial,
    /// Not before so long from now.
    Out(Duration),
}

/// One upstream's health. Times are milliseconds since it was first known, plus one; 0 is never.
#[derive(Debug)]
pub(crate) struct Health {
    known: Instant,
    failures: AtomicU32,
    opened: AtomicU64,
    on_trial: AtomicBool,
    /// When it was back, as long as its slow start may go on.
    back: AtomicU64,
    /// Whether the last checks found it ill.
    ill: AtomicBool,
    /// Checks in a row that say otherwise than `ill`.
    otherwise: AtomicU32,
    /// How often the circuit was opened.
    openings: AtomicU64,
}

impl Health {
    /// An upstream of which nothing bad is known.
    pub(crate) fn new() -> Self {
        Self {
            known: Instant::now(),
            failures: AtomicU32::new(0),
            opened: AtomicU64::new(0),
            on_trial: AtomicBool::new(false),
            back: AtomicU64::new(0),
            ill: AtomicBool::new(false),
            otherwise: AtomicU32::new(0),
            openings: AtomicU64::new(0),
        }
    }

    fn at(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.known).as_millis() as u64 + 1
    }

    fn since(&self, then: u64, now: Instant) -> Duration {
        Duration::from_millis(self.at(now).saturating_sub(then))
    }

    /// Whether it may be asked now.
    pub(super) fn standing(&self, rules: &Rules, now: Instant) -> Standing {
        let opened = self.opened.load(Relaxed);
        if self.ill.load(Relaxed) || rules.is_checked && opened > 0 {
            return Standing::Out(Duration::from_secs(1));
        }
        if opened > 0 {
            let pause = rules.breaker.as_ref().map_or(Duration::ZERO, |breaker| breaker.pause);
            let left = pause.saturating_sub(self.since(opened, now));
            let waits = !left.is_zero() || self.on_trial.load(Relaxed);
            return if waits { Standing::Out(left.max(Duration::from_secs(1))) } else { Standing::Trial };
        }
        Standing::Ready(self.share(rules, now))
    }

    fn share(&self, rules: &Rules, now: Instant) -> u32 {
        let back = self.back.load(Relaxed);
        if back == 0 {
            return WHOLE;
        }
        let (since, whole) = (self.since(back, now).as_millis(), rules.slow_start().as_millis());
        if since >= whole {
            self.back.store(0, Relaxed);
            return WHOLE;
        }
        ((since * u128::from(WHOLE) / whole) as u32).max(LEAST)
    }

    /// Takes the right to try it. Only one request at a time has it.
    pub(super) fn try_it(&self) -> bool {
        !self.on_trial.swap(true, Relaxed)
    }

    /// The trial has ended without an outcome: its client has left.
    pub(super) fn give_up_trial(&self) {
        self.on_trial.store(false, Relaxed);
    }

    /// It has answered a client's request.
    pub(super) fn answered(&self) {
        if self.failures.load(Relaxed) > 0 {
            self.failures.store(0, Relaxed);
        }
    }

    /// It gave no answer to a client's request. True when it is left alone from now on.
    pub(super) fn failed(&self, rules: &Rules, was_trial: bool, now: Instant) -> bool {
        let Some(breaker) = &rules.breaker else { return false };
        let failures = self.failures.fetch_add(1, Relaxed) + 1;
        let opens = was_trial || failures >= breaker.failures && self.opened.load(Relaxed) == 0;
        if opens {
            self.opened.store(self.at(now), Relaxed);
            self.openings.fetch_add(u64::from(!was_trial), Relaxed);
            self.on_trial.store(false, Relaxed);
        }
        opens && !was_trial
    }

    /// A check has ended. True when that changes what is thought of it.
    pub(super) fn checked(&self, well: bool, now: Instant) -> bool {
        let (ill, open) = (self.ill.load(Relaxed), self.opened.load(Relaxed) > 0);
        if well != (ill || open) {
            self.otherwise.store(0, Relaxed);
            return false;
        }
        if self.otherwise.fetch_add(1, Relaxed) + 1 < CHECKS {
            return false;
        }
        self.otherwise.store(0, Relaxed);
        self.ill.store(!well, Relaxed);
        if well {
            self.come_back(now);
        }
        true
    }

    /// It answers again.
    pub(super) fn come_back(&self, now: Instant) {
        self.failures.store(0, Relaxed);
        self.back.store(self.at(now), Relaxed);
        self.opened.store(0, Relaxed);
        self.on_trial.store(false, Relaxed);
    }

    /// Whether requests go there, trials apart.
    pub(crate) fn is_up(&self) -> bool {
        !self.ill.load(Relaxed) && self.opened.load(Relaxed) == 0
    }

    /// How often it was left alone because of what clients' requests met.
    pub(crate) fn openings(&self) -> u64 {
        self.openings.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rules(is_checked: bool) -> Rules {
        Rules { breaker: Some(Breaker { failures: 3, ..Breaker::default() }), is_checked }
    }

    #[test]
    fn failures_in_a_row_open_the_circuit_and_one_request_closes_it() {
        let (health, rules, now) = (Health::new(), rules(false), Instant::now());
        assert!(!health.failed(&rules, false, now) && !health.failed(&rules, false, now));
        health.answered();
        assert!(!health.failed(&rules, false, now) && !health.failed(&rules, false, now));
        assert_eq!(
            health.standing(&rules, now),
            Standing::Ready(WHOLE),
            "two and two are not three in a row"
        );
        assert!(health.failed(&rules, false, now));
        assert!(!health.failed(&rules, false, now), "those that were under way open nothing again");
        assert!(matches!(health.standing(&rules, now + 4 * SECOND), Standing::Out(left) if left <= SECOND));
        let later = now + 6 * SECOND;
        assert_eq!(health.standing(&rules, later), Standing::Trial);
        assert!(health.try_it() && !health.try_it());
        assert!(matches!(health.standing(&rules, later), Standing::Out(_)), "one at a time");
        health.failed(&rules, true, later);
        assert!(matches!(health.standing(&rules, later + 4 * SECOND), Standing::Out(_)));
        assert!(health.try_it());
        health.come_back(later);
        assert!(health.is_up());
        assert_eq!(health.openings(), 1);
    }

    #[test]
    fn who_comes_back_begins_with_a_tenth() {
        let (health, rules, now) = (Health::new(), rules(false), Instant::now());
        health.come_back(now);
        let share = |after: u32| match health.standing(&rules, now + after * SECOND) {
            Standing::Ready(share) => (share * 10 + WHOLE / 2) / WHOLE,
            other => panic!("{other:?}"),
        };
        assert_eq!([0, 5, 9, 10, 20].map(share), [1, 5, 9, 10, 10]);
    }

    #[test]
    fn two_checks_take_it_out_and_two_bring_it_back() {
        let (health, now) = (Health::new(), Instant::now());
        for (well, changes, up) in [
            (false, false, true),
            (true, false, true),
            (false, false, true),
            (false, true, false),
            (false, false, false),
            (true, false, false),
            (true, true, true),
        ] {
            assert_eq!((health.checked(well, now), health.is_up()), (changes, up));
        }
    }

    #[test]
    fn where_it_is_checked_no_client_has_to_try_it() {
        let (health, rules, now) = (Health::new(), rules(true), Instant::now());
        assert_eq!([(); 3].map(|()| health.failed(&rules, false, now)), [false, false, true]);
        assert!(matches!(health.standing(&rules, now + 60 * SECOND), Standing::Out(_)));
        assert!(!health.checked(true, now) && health.checked(true, now));
        assert!(matches!(health.standing(&rules, now), Standing::Ready(_)));
    }
}
