//! What a route did lately, against its limits.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::time::Instant;

use foldhash::quality::FixedState;
use handover_shadow::Parity;

use super::Limits;
use crate::observe::AnsweredBy;
use crate::observe::cells::Sums;
use crate::route::Stage;

/// What was counted of a route since the process began. What a window holds is the difference of two of these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Requests that native, or the candidate in its stead, was to answer.
    pub asked: u64,
    /// Those that failed.
    pub failed: u64,
    /// Requests that native could not answer by a fault of many routes.
    pub shared: u64,
    /// Those that it left to legacy.
    pub declined: u64,
    /// Answers of native, and what they took in all, in microseconds.
    pub native: (u64, u64),
    /// The same of legacy.
    pub legacy: (u64, u64),
    /// What was compared.
    pub compared: Compared,
}

/// What was compared of a route, as its evidence is judged at that time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Compared {
    /// Which evidence it is: a hash of what that belongs to.
    evidence: u64,
    /// What was compared.
    samples: u64,
    /// What of it mismatched.
    mismatched: u64,
}

impl Compared {
    /// From what the evidence comes to.
    pub(super) fn of<C>(parity: &Parity<C>) -> Self {
        let evidence = FixedState::default().hash_one(&parity.evidence);
        Self { evidence, samples: parity.samples(), mismatched: parity.mismatched }
    }

    /// What was compared since then. `None` where the two don't follow from one another: the evidence is another one, or what
    /// was compared before has been judged anew, by a decision, a rule or as noise.
    fn since(self, before: Self) -> Option<Self> {
        let samples = self.samples.checked_sub(before.samples)?;
        let mismatched = self.mismatched.checked_sub(before.mismatched)?;
        let is_same = self.evidence == before.evidence && mismatched <= samples;
        is_same.then_some(Self { samples, mismatched, ..self })
    }
}

impl Counts {
    /// From what cores counted, and what was compared. `new` is who answers in legacy's place now:
    /// native or the candidate. Both may have, one after the other.
    pub(super) fn of(sums: &Sums, new: AnsweredBy, stage: Stage, compared: Compared) -> Self {
        let by = |by: AnsweredBy| sums.answered_by(by);
        let took = |by: AnsweredBy| (sums.answered_by(by), sums.sum_us[by as usize]);
        // Only on a retired route an error of ours is native's.
        let ours = if stage == Stage::Retired { by(AnsweredBy::Proxy) } else { 0 };
        let failed = by(AnsweredBy::Fallback) + ours + sums.failed[new as usize];
        Self {
            asked: by(new) + by(AnsweredBy::Declined) + by(AnsweredBy::Fallback) + ours,
            failed,
            shared: sums.shared,
            declined: by(AnsweredBy::Declined),
            native: took(new),
            legacy: took(AnsweredBy::Legacy),
            compared,
        }
    }

    fn since(self, before: Self) -> Self {
        let two = |a: (u64, u64), b: (u64, u64)| (a.0.saturating_sub(b.0), a.1.saturating_sub(b.1));
        let shared = self.shared.saturating_sub(before.shared);
        Self {
            asked: self.asked.saturating_sub(before.asked),
            // A fault of many routes is none of this one's.
            failed: self.failed.saturating_sub(before.failed).saturating_sub(shared),
            shared,
            declined: self.declined.saturating_sub(before.declined),
            native: two(self.native, before.native),
            legacy: two(self.legacy, before.legacy),
            compared: self.compared.since(before.compared).unwrap_or_default(),
        }
    }
}

/// Why a route is beyond its limits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Beyond {
    /// In words, with the figures.
    pub why: String,
    /// Whether it may come from what all routes share.
    pub may_be_shared: bool,
}

/// A route's last counts.
#[derive(Debug, Default)]
pub(super) struct Window(VecDeque<(Instant, Counts)>);

impl Window {
    /// Adds what is counted now, and forgets what is too old. Of what is compared it begins anew where that was judged anew: what
    /// mismatches now and did not before is nothing that the route did since.
    pub(super) fn add(&mut self, now: Instant, counts: Counts, limits: &Limits) {
        if self.0.back().is_some_and(|(_, last)| counts.compared.since(last.compared).is_none()) {
            self.0.iter_mut().for_each(|(_, before)| before.compared = counts.compared);
        }
        self.0.push_back((now, counts));
        while self.0.len() > 2
            && self.0.get(1).is_some_and(|(when, _)| now.duration_since(*when) >= limits.over)
        {
            self.0.pop_front();
        }
    }

    /// Whether the window is beyond a limit, where at least so many requests say so.
    pub(super) fn beyond(&self, limits: &Limits, least: u64) -> Option<Beyond> {
        let ((_, first), (_, now)) = (self.0.front()?, self.0.back()?);
        let (lately, least) = (now.since(*first), least.max(1));
        let share = |what: &str, n: u64, of: u64, limit: Option<f64>, may_be_shared| {
            let (limit, is) = (limit?, n as f64 / of as f64);
            let why = || format!("{what}: {n} of {of} requests, {:.2} % allowed", limit * 100.0);
            (of >= least && is > limit).then(|| Beyond { why: why(), may_be_shared })
        };
        share("failed", lately.failed, lately.asked, limits.errors, true)
            .or_else(|| {
                let Compared { samples, mismatched, .. } = lately.compared;
                share("mismatched", mismatched, samples, limits.mismatches, false)
            })
            .or_else(|| share("declined", lately.declined, lately.asked, limits.declines, true))
            .or_else(|| slow(lately, *now, limits, least))
    }
}

/// Legacy's time is the window's, or where it answers nothing any more the one that it had.
fn slow(lately: Counts, ever: Counts, limits: &Limits, least: u64) -> Option<Beyond> {
    let limit = limits.latency?;
    let mean = |(n, us): (u64, u64)| (n >= least).then(|| us as f64 / n as f64);
    let native = mean(lately.native)?;
    let legacy = mean(lately.legacy).or_else(|| mean(ever.legacy))?;
    let why =
        || format!("slow: {native:.0} µs on average where legacy takes {legacy:.0}, {limit} times allowed");
    (native > legacy * limit).then(|| Beyond { why: why(), may_be_shared: true })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> Limits {
        Limits {
            errors: Some(0.01),
            latency: Some(2.0),
            mismatches: Some(0.1),
            declines: Some(0.5),
            over: Duration::from_secs(10),
            least: 20,
            webhook: None,
        }
    }

    /// What is said after these counts, a second apart.
    fn said(counts: &[Counts]) -> Option<String> {
        let (mut window, began, limits) = (Window::default(), Instant::now(), limits());
        for (at, counts) in counts.iter().enumerate() {
            window.add(began + Duration::from_secs(at as u64), *counts, &limits);
        }
        window.beyond(&limits, limits.least).map(|beyond| beyond.why)
    }

    #[test]
    fn a_candidate_that_answered_once_says_nothing_of_native() {
        let mut sums = Sums::default();
        for (by, asked, failed) in [(AnsweredBy::Candidate, 1_000, 100), (AnsweredBy::Native, 60, 10)] {
            (sums.requests[by as usize][2], sums.failed[by as usize]) = (asked, failed);
        }
        let counts = |new| Counts::of(&sums, new, Stage::Native, Compared::default());
        let (native, candidate) = (counts(AnsweredBy::Native), counts(AnsweredBy::Candidate));
        assert_eq!((native.asked, native.failed), (60, 10));
        assert_eq!((candidate.asked, candidate.failed), (1_000, 100));
    }

    #[test]
    fn what_is_judged_anew_is_nothing_that_the_route_did_since() {
        // A decision sets mismatches aside, and is undone: none of it is new, and what comes after is counted.
        let judged_anew = [compared(1_000, 300), compared(1_010, 0), compared(1_020, 300)];
        assert_eq!(said(&judged_anew), None);
        let then = |mismatched: u64| [&judged_anew[..], &[compared(1_070, 300 + mismatched)]].concat();
        assert_eq!(said(&then(5)), None);
        assert!(said(&then(6)).unwrap().starts_with("mismatched: 6 of 50"));
        // Noise that was learned hides no mismatch that comes after it.
        assert!(
            said(&[compared(100, 90), compared(100, 0), compared(150, 20)]).unwrap().contains("20 of 50")
        );
        // Samples that turn out to be none.
        assert_eq!(
            said(&[compared(100, 0), compared(40, 0), compared(100, 12)]).unwrap(),
            "mismatched: 12 of 60 requests, 10.00 % allowed"
        );
    }

    #[test]
    fn evidence_that_was_there_before_is_nothing_that_the_route_did_since() {
        assert_eq!(said(&[Counts::default(), compared(1_000, 300), compared(1_010, 301)]), None);
        let other = |samples, mismatched| Counts {
            compared: Compared { evidence: 2, samples, mismatched },
            ..Counts::default()
        };
        assert_eq!(said(&[compared(100, 0), other(1_000, 300), other(1_010, 301)]), None);
    }

    #[test]
    fn failures_are_counted_over_what_is_judged_anew() {
        let counts = |asked, failed, mismatched| Counts {
            compared: Compared { evidence: 1, samples: 1_000, mismatched },
            ..self::asked(asked, failed)
        };
        let looks = [counts(0, 0, 100), counts(100, 2, 0), counts(100, 2, 100)];
        assert!(said(&looks).unwrap().starts_with("failed: 2 of 100"));
    }

    fn compared(samples: u64, mismatched: u64) -> Counts {
        Counts { compared: Compared { evidence: 1, samples, mismatched }, ..Counts::default() }
    }

    fn asked(asked: u64, failed: u64) -> Counts {
        Counts { asked, failed, ..Counts::default() }
    }

    #[test]
    fn each_limit_has_its_figure() {
        let none = Counts::default();
        assert_eq!(said(&[none, asked(100, 1)]), None);
        assert_eq!(said(&[none, asked(100, 2)]).unwrap(), "failed: 2 of 100 requests, 1.00 % allowed");
        assert!(said(&[compared(0, 0), compared(50, 6)]).unwrap().starts_with("mismatched: 6 of 50"));
        let declined = Counts { asked: 50, declined: 26, ..none };
        assert!(said(&[none, declined]).unwrap().starts_with("declined: 26 of 50"));
        let slow = Counts { native: (20, 42_000), legacy: (20, 20_000), ..none };
        assert!(said(&[none, slow]).unwrap().starts_with("slow: 2100 µs on average where legacy takes 1000"));
    }

    #[test]
    fn a_fault_of_many_routes_is_none_of_this_one_s_and_hides_none_of_its_own() {
        let shared = |failed, shared| Counts { shared, ..asked(100, failed) };
        assert_eq!(said(&[Counts::default(), shared(40, 40)]), None);
        assert!(said(&[Counts::default(), shared(43, 40)]).unwrap().starts_with("failed: 3 of 100"));
        // As many as there were before, on a retired route: what failed there is counted otherwise.
        let (before, now) =
            (Counts { shared: 500, ..asked(500, 0) }, Counts { shared: 500, ..asked(600, 50) });
        assert!(said(&[before, now]).unwrap().starts_with("failed: 50 of 100"));
    }

    #[test]
    fn too_few_requests_say_nothing() {
        assert_eq!(said(&[Counts::default(), asked(19, 19)]), None);
        assert_eq!(said(&[asked(20, 20)]), None, "one look is no window");
    }

    #[test]
    fn what_is_over_is_over() {
        let mut counts = vec![Counts::default(), asked(100, 50)];
        counts.extend((0..12).map(|at| asked(200 + 100 * at, 50)));
        assert_eq!(said(&counts), None);
        assert!(said(&counts[..8]).is_some());
    }

    #[test]
    fn legacys_time_is_remembered_where_it_answers_nothing_any_more() {
        let before = Counts { legacy: (100, 100_000), ..Counts::default() };
        let now = |us: u64| Counts { native: (30, 30 * us), ..before };
        assert!(said(&[before, now(2_500)]).is_some());
        assert_eq!(said(&[before, now(1_500)]), None);
        assert_eq!(said(&[Counts::default(), Counts { native: (30, 90_000), ..Counts::default() }]), None);
    }
}
