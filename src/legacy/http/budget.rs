//! How often requests may be put to another upstream: a fifth of them, so that an outage isn't made worse by asking more.

use std::cell::Cell;

/// Requests that earn one repeat: 20 %.
const REQUESTS: u32 = 5;

/// Repeats that are saved up at most, and there at the start: those of a quiet hour must not all come at once.
const SAVED_MAX: u32 = 10;

/// One core's budget for one legacy.
#[derive(Debug)]
pub(super) struct Budget(Cell<u32>);

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(SAVED_MAX * REQUESTS))
    }
}

impl Budget {
    /// A request came.
    pub(super) fn earn(&self) {
        self.0.set((self.0.get() + 1).min(SAVED_MAX * REQUESTS));
    }

    /// Takes a repeat; false where none is left.
    pub(super) fn spend(&self) -> bool {
        let left = self.0.get().checked_sub(REQUESTS);
        self.0.set(left.unwrap_or(self.0.get()));
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_many_requests_and_a_few_of_none() {
        let budget = Budget::default();
        let mut repeats = 0;
        for _ in 0..1000 {
            budget.earn();
            repeats += u32::from(budget.spend());
        }
        // The first of them earned nothing: there was no room for more.
        assert_eq!(repeats, (999 + SAVED_MAX * REQUESTS) / REQUESTS);
        (0..1_000).for_each(|_| budget.earn());
        assert_eq!((0..100).filter(|_| budget.spend()).count() as u32, SAVED_MAX);
    }
}
