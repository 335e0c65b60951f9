//! The right to a connection: counted once for the process, handed out nearly in the order of asking.
//!
//! Nearly: a permit that comes back goes to who waits on the same core, unless somebody elsewhere has waited [`AHEAD`]
//! longer. So the connection that it is for stays on its core, and no sleeping core is woken for it, which was 15 % of
//! the CPU time of a FastCGI request (perf; 4 children, 64 clients).
//!
//! As long as nobody waits, taking a permit and giving it back is one atomic operation each.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime;
use tokio::sync::oneshot;

use super::error::{Cause, Failed, Leg};
use super::socket::this_core;
use super::spec::Spec;

/// How much longer than the next on this core somebody elsewhere must have waited to be served before it.
const AHEAD: Duration = Duration::from_millis(5);

/// How often whoever no client waits for looks whether a permit is free.
const AGAIN: Duration = Duration::from_millis(5);

/// So many permits, and those who wait for one.
#[derive(Debug)]
pub(crate) struct Permits {
    max: AtomicUsize,
    /// [`Counts`] in one word, since what is decided by both must change with both.
    counts: AtomicU64,
    queue: Mutex<Queue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    /// Below zero: so many more are out than there are.
    free: i32,
    waiting: u32,
}

/// Those who wait, by core and in the order of asking.
#[derive(Debug, Default)]
struct Queue {
    asked: u64,
    cores: Vec<(runtime::Id, BTreeMap<u64, Waiter>)>,
}

#[derive(Debug)]
struct Waiter {
    since: Instant,
    grant: oneshot::Sender<Permit>,
}

/// The right to one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Option<Arc<Permits>>);

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(permits) = self.0.take() {
            Permits::give_back(permits);
        }
    }
}

/// A place in the queue; leaving it early is what dropping it does.
struct Place<'a> {
    permits: &'a Permits,
    core: runtime::Id,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.permits.queue();
        if queue.of(self.core).remove(&self.number).is_some() {
            self.permits.change(|counts| Some(Counts { waiting: counts.waiting - 1, ..counts }));
        }
    }
}

impl Permits {
    pub(crate) fn new(max: usize) -> Self {
        let counts = Counts { free: count(max), waiting: 0 };
        let (max, counts) = (AtomicUsize::new(max), AtomicU64::new(counts.to_word()));
        Self { max, counts, queue: Mutex::default() }
    }

    /// Waits for a permit: as long as legacy may be silent, in a queue of so many. One that is asked for `aside`, for
    /// which no client waits, stands in no line: it is taken when one is free that nobody waits for.
    pub(crate) async fn acquire(self: &Arc<Self>, spec: &Spec, aside: bool) -> Result<Permit, Failed> {
        // Never past those who wait.
        if self.change(Counts::taken).is_some() {
            return Ok(Permit(Some(Arc::clone(self))));
        }
        if aside {
            let free = async {
                while self.change(Counts::taken).is_none() {
                    tokio::time::sleep(AGAIN).await;
                }
            };
            let late = |_| Failed::before(Leg::Wait, Cause::TimedOut(spec.read_timeout));
            tokio::time::timeout(spec.read_timeout, free).await.map_err(late)?;
            return Ok(Permit(Some(Arc::clone(self))));
        }
        let (grant, granted) = oneshot::channel();
        let Some(_place) = self.queue_up(grant, spec.queue_max)? else {
            return Ok(Permit(Some(Arc::clone(self))));
        };
        match tokio::time::timeout(spec.read_timeout, granted).await {
            Ok(permit) => Ok(permit.expect("a waiter is only forgotten when it has left")),
            Err(_) => Err(Failed::before(Leg::Wait, Cause::TimedOut(spec.read_timeout))),
        }
    }

    /// Whether shadow work has to wait: half of the queue is taken. So it is shed before any client is turned away, and
    /// not where a few wait, as they do at any well-used pool.
    pub(crate) fn is_strained(&self, spec: &Spec) -> bool {
        self.counted().waiting as usize > spec.queue_max / 2
    }

    /// A place in the queue; none where a permit has come back meanwhile, and is taken.
    fn queue_up(&self, grant: oneshot::Sender<Permit>, most: usize) -> Result<Option<Place<'_>>, Failed> {
        let mut queue = self.queue();
        let before = self
            .change(|counts| counts.taken().or_else(|| counts.joined(most)))
            .ok_or_else(|| Failed::before(Leg::Wait, Cause::QueueFull(most)))?;
        if before.taken().is_some() {
            return Ok(None);
        }
        let (core, number) = (this_core(), queue.asked);
        queue.asked += 1;
        queue.of(core).insert(number, Waiter { since: Instant::now(), grant });
        Ok(Some(Place { permits: self, core, number }))
    }

    /// To the next in line, or to the free ones.
    fn give_back(self: Arc<Self>) {
        let mut permit = Permit(Some(self));
        loop {
            let Some(permits) = &permit.0 else { return };
            if permits.change(Counts::given_back).is_some() {
                permit.0 = None;
                return;
            }
            let Some(next) = permits.next() else { continue };
            match next.grant.send(permit) {
                Ok(()) => return,
                // It has left in this very moment.
                Err(back) => permit = back,
            }
        }
    }

    /// Who is served next, taken out of the queue.
    fn next(&self) -> Option<Waiter> {
        let mut queue = self.queue();
        let next = queue.next(runtime::Handle::try_current().ok().map(|here| here.id()))?;
        self.change(|counts| Some(Counts { waiting: counts.waiting - 1, ..counts }));
        Some(next)
    }

    /// Sets how many there are. Where more are out, the rest is taken back as they come.
    pub(crate) fn resize(self: &Arc<Self>, max: usize) {
        let more = count(max) - count(self.max.swap(max, Ordering::AcqRel));
        // What is added is given back one by one, so that those who wait get it.
        for _ in 0..more {
            Permits::give_back(Arc::clone(self));
        }
        if more < 0 {
            self.change(|counts| Some(Counts { free: counts.free + more, ..counts }));
        }
    }

    /// Whether more are out than there are.
    pub(crate) fn is_in_excess(&self) -> bool {
        self.counted().free < 0
    }

    /// How many there are, how many are out, and how many requests wait for one.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let (max, Counts { free, waiting }) = (self.max.load(Ordering::Acquire), self.counted());
        (max, usize::try_from(count(max) - free).unwrap_or(0), waiting as usize)
    }

    fn counted(&self) -> Counts {
        Counts::of_word(self.counts.load(Ordering::Acquire))
    }

    /// What was counted before `change`, or nothing where that did not apply.
    fn change(&self, change: impl Fn(Counts) -> Option<Counts>) -> Option<Counts> {
        let change = |word| change(Counts::of_word(word)).map(Counts::to_word);
        let before = self.counts.fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
        before.ok().map(Counts::of_word)
    }

    /// Nothing that could panic runs under this lock.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn of(&mut self, core: runtime::Id) -> &mut BTreeMap<u64, Waiter> {
        let at = self.cores.iter().position(|(id, _)| *id == core).unwrap_or_else(|| {
            self.cores.push((core, BTreeMap::new()));
            self.cores.len() - 1
        });
        &mut self.cores[at].1
    }

    fn next(&mut self, here: Option<runtime::Id>) -> Option<Waiter> {
        let first = |(core, waiters): &(runtime::Id, BTreeMap<u64, Waiter>)| {
            let (number, waiter) = waiters.first_key_value()?;
            // As if it had asked so much earlier.
            let since = if Some(*core) == here { waiter.since - AHEAD } else { waiter.since };
            Some((since, *number, *core))
        };
        let (_, number, core) =
            self.cores.iter().filter_map(first).min_by_key(|(since, number, _)| (*since, *number))?;
        self.of(core).remove(&number)
    }
}

impl Counts {
    fn taken(self) -> Option<Self> {
        (self.waiting == 0 && self.free > 0).then_some(Self { free: self.free - 1, ..self })
    }

    fn joined(self, most: usize) -> Option<Self> {
        ((self.waiting as usize) < most).then_some(Self { waiting: self.waiting + 1, ..self })
    }

    /// One more is free; where somebody waits and none is owed, it is theirs instead.
    fn given_back(self) -> Option<Self> {
        (self.waiting == 0 || self.free < 0).then_some(Self { free: self.free + 1, ..self })
    }

    fn to_word(self) -> u64 {
        u64::from(self.waiting) << 32 | u64::from(self.free.cast_unsigned())
    }

    fn of_word(word: u64) -> Self {
        let [free, waiting] = [word as u32, (word >> 32) as u32];
        Self { free: free.cast_signed(), waiting }
    }
}

/// More connections than any system can open are as many.
fn count(permits: usize) -> i32 {
    i32::try_from(permits).unwrap_or(i32::MAX / 2)
}

#[cfg(test)]
mod tests;
