//! What each rule has seen: cheap counters, a set of them for each thread, summed when somebody asks.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use handover_api::RuleOutcome;

/// How many threads have cells of their own; all that come later share the last ones.
const SHARDS: usize = 32;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SHARD: Cell<usize> = Cell::new(THREADS.fetch_add(1, Ordering::Relaxed).min(SHARDS - 1));
}

/// The counters of one pipeline of one generation.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    shards: [OnceLock<Box<[Cells]>>; SHARDS],
}

#[derive(Debug, Default)]
struct Cells {
    passed: AtomicU64,
    failed: AtomicU64,
}

/// Which rules a request took part in, a bit each.
#[derive(Debug)]
pub(crate) struct Seen {
    held: Box<[u64]>,
    broken: Box<[u64]>,
}

impl Seen {
    /// Nothing seen of so many rules.
    pub(crate) fn new(rules: usize) -> Self {
        let words = vec![0; rules.div_ceil(64)].into_boxed_slice();
        Self { held: words.clone(), broken: words }
    }

    /// Notes that a rule was asked.
    pub(crate) fn note(&mut self, rule: u32, fired: bool) {
        let (word, bit) = (rule as usize / 64, rule % 64);
        let side = if fired { &mut self.broken } else { &mut self.held };
        side[word] |= 1 << bit;
    }

    /// How each rule came out.
    pub(crate) fn outcomes(&self, rules: usize) -> Box<[RuleOutcome]> {
        let bit = |side: &[u64], rule: usize| side[rule / 64] >> (rule % 64) & 1 == 1;
        (0..rules)
            .map(|rule| RuleOutcome { held: bit(&self.held, rule), broken: bit(&self.broken, rule) })
            .collect()
    }

    /// The rules that were asked, and whether they fired.
    fn iter(&self) -> impl Iterator<Item = (usize, bool)> {
        self.held.iter().zip(&self.broken).enumerate().flat_map(|(word, (held, broken))| {
            let (mut left, broken) = (held | broken, *broken);
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some((word * 64 + bit as usize, broken >> bit & 1 == 1))
            })
        })
    }
}

impl Counts {
    /// Counts what one request has seen, each rule once, however often a loop asked it.
    pub(crate) fn add(&self, seen: &Seen) {
        let shard = SHARD.get();
        let cells =
            self.shards[shard].get_or_init(|| (0..seen.held.len() * 64).map(|_| Cells::default()).collect());
        let is_shared = shard == SHARDS - 1;
        for (rule, fired) in seen.iter() {
            let cell = if fired { &cells[rule].failed } else { &cells[rule].passed };
            match is_shared {
                true => drop(cell.fetch_add(1, Ordering::Relaxed)),
                // One writer: a load and a store do what a locked add would, at a fraction.
                false => cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed),
            }
        }
    }

    /// How often a rule passed and failed.
    pub(crate) fn of(&self, rule: usize) -> (u64, u64) {
        let cells = self.shards.iter().filter_map(OnceLock::get).filter_map(|cells| cells.get(rule));
        cells.fold((0, 0), |(passed, failed), cell| {
            (passed + cell.passed.load(Ordering::Relaxed), failed + cell.failed.load(Ordering::Relaxed))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_counts_once_a_request() {
        let counts = Counts::default();
        for _ in 0..2 {
            let mut seen = Seen::new(130);
            seen.note(0, false);
            seen.note(129, false);
            seen.note(129, true);
            counts.add(&seen);
        }
        assert_eq!(counts.of(0), (2, 0));
        assert_eq!(counts.of(129), (0, 2));
        assert_eq!(counts.of(64), (0, 0));
    }
}
