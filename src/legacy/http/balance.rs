//! Which upstream gets a request: the one with the fewest of this core's requests under way for its weight, and among
//! equals each in turn, by weight.
//!
//! Each core looks at its own requests alone. That takes no lock, and cores get their clients at random.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::health::{Rules, Standing, WHOLE};
use super::upstream::Upstream;

/// Upstreams that a request has been put to, by their places.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried(u64);

impl Tried {
    pub(super) fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    fn contains(self, place: usize) -> bool {
        self.0 & 1 << place != 0
    }
}

/// None of them may be asked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AllOut {
    /// When to come again: by then one may be.
    pub(super) wait: Duration,
}

/// One request at one upstream, from its choice to its outcome.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Which one.
    pub(super) upstream: Rc<Upstream>,
    /// Where it stands among the others.
    pub(super) place: usize,
    /// Whether it finds out if the upstream answers again.
    is_trial: Cell<bool>,
}

impl Attempt {
    fn begin(upstream: &Rc<Upstream>, place: usize, is_trial: bool) -> Self {
        upstream.cells.begins();
        Self { upstream: Rc::clone(upstream), place, is_trial: Cell::new(is_trial) }
    }

    /// An answer has begun, which may go on for hours: that is all that a trial is to find out.
    pub(super) fn speaks(&self) {
        if self.is_trial.take() {
            self.upstream.shared.health.come_back(Instant::now());
        }
    }

    /// It was answered.
    pub(super) fn answered(&self, rules: Option<&Rules>) {
        self.upstream.cells.answered();
        if rules.is_some() {
            self.upstream.shared.health.answered();
        }
    }

    /// It was not, and that is the upstream's doing. True when it is left alone from now on.
    pub(super) fn failed(&self, rules: Option<&Rules>) -> bool {
        self.upstream.cells.failed();
        let was_trial = self.is_trial.take();
        rules.is_some_and(|rules| self.upstream.shared.health.failed(rules, was_trial, Instant::now()))
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.upstream.cells.ends();
        if self.is_trial.get() {
            self.upstream.shared.health.give_up_trial();
        }
    }
}

/// Whose turn it is among equals: each gains its weight, the one that is ahead is chosen and pays for all (smooth
/// weighted round robin).
#[derive(Debug, Default)]
pub(super) struct Turn(Cell<i64>);

/// Chooses among `upstreams`, those apart that were `tried`.
pub(super) fn choose(
    upstreams: &[Rc<Upstream>],
    rules: Option<&Rules>,
    tried: Tried,
) -> Result<Attempt, AllOut> {
    let untried = upstreams.iter().enumerate().filter(|(place, _)| !tried.contains(*place));
    let Some(rules) = rules else {
        let mut ready = untried.map(|(place, upstream)| Candidate::new(upstream, place, WHOLE));
        // What one upstream costs is what there was to be paid before there could be several.
        return match upstreams.len() {
            1 => ready.next().map(|only| only.begin()).ok_or(NOBODY_LEFT),
            _ => least_busy(&ready.collect::<Candidates<'_>>()).ok_or(NOBODY_LEFT),
        };
    };
    let (now, mut wait, mut ready) = (Instant::now(), NOBODY_LEFT.wait, Candidates::new());
    for (place, upstream) in untried {
        match upstream.shared.health.standing(rules, now) {
            Standing::Ready(share) => ready.push(Candidate::new(upstream, place, share)),
            Standing::Trial if upstream.shared.health.try_it() => {
                return Ok(Attempt::begin(upstream, place, true));
            }
            Standing::Trial => {}
            Standing::Out(left) => wait = wait.max(left),
        }
    }
    least_busy(&ready).ok_or(AllOut { wait })
}

type Candidates<'a> = SmallVec<[Candidate<'a>; 8]>;

fn least_busy(ready: &[Candidate<'_>]) -> Option<Attempt> {
    let least =
        ready.iter().reduce(|least, other| if least.is_busier_than(other) { other } else { least })?;
    let equals = || ready.iter().filter(|candidate| !candidate.is_busier_than(least));
    let all = equals().map(Candidate::gain).sum();
    let chosen = equals().max_by_key(|candidate| candidate.turn().get())?;
    chosen.pay(all);
    Some(chosen.begin())
}

const NOBODY_LEFT: AllOut = AllOut { wait: Duration::from_secs(1) };

/// An upstream that may be asked.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    upstream: &'a Rc<Upstream>,
    place: usize,
    busy: u64,
    /// With its share of a slow start.
    weight: u64,
}

impl<'a> Candidate<'a> {
    fn new(upstream: &'a Rc<Upstream>, place: usize, share: u32) -> Self {
        let weight = u64::from(upstream.weight) * u64::from(share);
        Self { upstream, place, busy: upstream.cells.in_flight(), weight }
    }

    /// By requests for each unit of weight.
    fn is_busier_than(&self, other: &Self) -> bool {
        self.busy * other.weight > other.busy * self.weight
    }

    fn turn(&self) -> &Cell<i64> {
        &self.upstream.turn.0
    }

    /// Its turn comes nearer by its weight, which is given.
    fn gain(&self) -> i64 {
        self.turn().set(self.turn().get() + self.weight as i64);
        self.weight as i64
    }

    fn begin(&self) -> Attempt {
        Attempt::begin(self.upstream, self.place, false)
    }

    fn pay(&self, all: i64) {
        self.turn().set(self.turn().get() - all);
    }
}
