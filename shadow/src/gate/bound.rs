//! How large the mismatch rate may still be, said so that it holds although someone looks all the time.
//!
//! A fixed-sample interval that is looked at after every request is wrong sooner or later: whoever may stop at the best
//! moment will. A *confidence sequence* covers the true rate at all times at once, with the stated probability.
//!
//! This one bets. Against the claim "the rate is at least `p`" a bettor with a stake of 1 multiplies it by `r` at each
//! mismatch and by `(1 - rp) / (1 - p)` at each match, for some `r` from 0 to 1. Whatever the rate, as long as it is
//! at least `p`, and even where it changes, the stake then grows on no average, so that it exceeds `1/α` at any time
//! with probability `α` at most (Ville). A mixture of such bettors is one too. The claim is given up where the mixture
//! exceeds `1/α`; the bound is the smallest rate that is given up.
//!
//! I. Waudby-Smith, A. Ramdas: Estimating means of bounded random variables by betting, JRSS-B 86 (2024) 1–27; the
//! idea is H. Robbins, Ann. Math. Statist. 41 (1970) 1397–1409. Half of the stake bets on no mismatch at all, since a
//! gate is asked about rates near zero: without any, `n` matches give a bound of `ln(2/α) / n`, where the fixed-sample
//! rule of three has `ln(1/α) / n`.

/// The bettors: what a mismatch leaves of their stake, and their share of the first stake.
const BETTORS: [(f64, f64); 8] = [
    (0.0, 0.5),
    (0.02, 0.0714),
    (0.1, 0.0714),
    (0.25, 0.0714),
    (0.5, 0.0714),
    (0.75, 0.0714),
    (0.9, 0.0715),
    (0.97, 0.0715),
];

/// What was seen of a rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Requests that count.
    pub requests: u64,
    /// The mismatches among them.
    pub mismatches: u64,
}

impl Seen {
    /// Whether "the rate is at least `rate`" is given up, at that confidence (0.95: wrong in one of twenty routes).
    pub fn excludes(self, rate: f64, confidence: f64) -> bool {
        rate > 0.0 && self.log_stake(rate.min(1.0)) >= -(1.0 - confidence).ln()
    }

    /// The upper bound of the rate, 0 to 1, to within a millionth part.
    pub fn bound(self, confidence: f64) -> f64 {
        let (mut given_up, mut kept) = (1.0, 0.0);
        if !self.excludes(1.0 - 1e-9, confidence) {
            return 1.0;
        }
        while given_up - kept > 1e-6 * given_up {
            let middle = (given_up + kept) / 2.0;
            if self.excludes(middle, confidence) { given_up = middle } else { kept = middle }
        }
        given_up
    }

    /// How many requests it takes, with the mismatches so far, until that rate is excluded; `None` where none do.
    pub fn needed(self, rate: f64, confidence: f64) -> Option<u64> {
        const MOST: u64 = 1 << 40;
        let excluded = |requests: u64| Self { requests, ..self }.excludes(rate, confidence);
        let (mut few, mut enough) = (self.mismatches, MOST);
        if !excluded(enough) {
            return None;
        }
        while enough - few > 1 {
            let middle = few + (enough - few) / 2;
            if excluded(middle) { enough = middle } else { few = middle }
        }
        Some(enough)
    }

    /// The logarithm of what the bettors against `rate` have together.
    fn log_stake(self, rate: f64) -> f64 {
        let misses = self.mismatches.min(self.requests) as f64;
        let matches = self.requests as f64 - misses;
        let stake = |(left, share): (f64, f64)| {
            let lost = if misses > 0.0 { misses * left.ln() } else { 0.0 };
            let won = if matches > 0.0 { matches * ((-left * rate).ln_1p() - (-rate).ln_1p()) } else { 0.0 };
            share.ln() + lost + won
        };
        let stakes = BETTORS.map(stake);
        let largest = stakes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !largest.is_finite() {
            return largest;
        }
        largest + stakes.iter().map(|stake| (stake - largest).exp()).sum::<f64>().ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(requests: u64, mismatches: u64) -> Seen {
        Seen { requests, mismatches }
    }

    /// Whether someone who looks after each of `looks` requests at that rate is ever told that it is lower.
    fn fooled(random: &mut Random, rate: f64, looks: u64, told: impl Fn(Seen) -> bool) -> bool {
        let mut now = Seen::default();
        (0..looks).any(|_| {
            now.requests += 1;
            now.mismatches += u64::from(random.unit() < rate);
            told(now)
        })
    }

    /// SplitMix64, so that a failure can be seen again.
    struct Random(u64);

    impl Random {
        fn unit(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    #[test]
    fn the_first_stake_is_one() {
        assert!((BETTORS.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-3);
        assert!(BETTORS.iter().map(|(_, share)| share).sum::<f64>() <= 1.0);
    }

    #[test]
    fn whoever_looks_all_the_time_is_fooled_no_more_often_than_is_said() {
        const ROUTES: u32 = 600;
        for (rate, confidence) in [(0.002, 0.95), (0.01, 0.95), (0.1, 0.95), (0.01, 0.8)] {
            let mut random = Random(7);
            let mut count = |told: &dyn Fn(Seen) -> bool| {
                (0..ROUTES).filter(|_| fooled(&mut random, rate, 2_000, told)).count() as f64
                    / f64::from(ROUTES)
            };
            let share = count(&|now| now.excludes(rate, confidence));
            // Three standard errors of the simulation itself.
            let error = 3.0 * ((1.0 - confidence) * confidence / f64::from(ROUTES)).sqrt();
            assert!(share <= 1.0 - confidence + error, "{rate} at {confidence}: {share}");
        }
    }

    #[test]
    fn a_bound_for_one_look_would_fool_whoever_looks_all_the_time() {
        // The exact one-sided bound of Clopper and Pearson without a mismatch, and Wald's with some.
        let naive = |now: Seen| {
            let n = now.requests as f64;
            let share = now.mismatches as f64 / n;
            let bound = match now.mismatches {
                0 => 1.0 - 0.05_f64.powf(1.0 / n),
                _ => share + 1.645 * (share * (1.0 - share) / n).sqrt(),
            };
            bound <= 0.01
        };
        let mut random = Random(7);
        let share = (0..300).filter(|_| fooled(&mut random, 0.01, 2_000, naive)).count() as f64 / 300.0;
        assert!(share > 0.15, "the simulation would not notice a bound that is wrong: {share}");
    }

    #[test]
    fn a_rate_that_drifts_above_the_claim_does_not_fool_it_either() {
        let (mut random, mut fooled) = (Random(3), 0_u32);
        for _ in 0..1_000 {
            let mut now = Seen::default();
            fooled += u32::from((0..2_000).any(|at| {
                let rate = if at % 2 == 0 { 0.01 } else { 0.2 };
                now.requests += 1;
                now.mismatches += u64::from(random.unit() < rate);
                now.excludes(0.01, 0.95)
            }));
        }
        assert!(fooled <= 71, "{fooled} of 1000");
    }

    #[test]
    fn the_bound_says_what_it_takes() {
        assert_eq!(seen(0, 0).bound(0.95), 1.0);
        assert!(seen(1, 0).bound(0.95) > 0.95, "one request says nearly nothing");
        let thousand = seen(1_000, 0).bound(0.95);
        assert!((0.0033..0.0038).contains(&thousand), "{thousand}");
        let some = seen(10_000, 50).bound(0.95);
        assert!((0.0055..0.0085).contains(&some), "{some}");
        assert!(seen(100, 100).bound(0.95) > 0.999);
    }

    #[test]
    fn what_is_needed_is_needed_and_enough() {
        for (rate, mismatches) in [(0.01, 0), (0.001, 0), (0.05, 3), (0.5, 40)] {
            let needed = seen(0, mismatches).needed(rate, 0.95).unwrap();
            assert!(seen(needed, mismatches).excludes(rate, 0.95));
            assert!(!seen(needed - 1, mismatches).excludes(rate, 0.95));
        }
        assert_eq!(seen(0, 0).needed(0.0, 0.95), None);
    }

    proptest::proptest! {
        #[test]
        fn more_matches_lower_it_and_more_mismatches_raise_it(n in 0_u64..100_000, m in 0_u64..200) {
            let at = seen(n + m, m).bound(0.95);
            proptest::prop_assert!(at >= m as f64 / (n + m).max(1) as f64);
            proptest::prop_assert!(seen(n + m + 50, m).bound(0.95) <= at * (1.0 + 1e-5));
            proptest::prop_assert!(seen(n + m, (m + 1).min(n + m)).bound(0.95) >= at * (1.0 - 1e-5));
        }
    }
}
