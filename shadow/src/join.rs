//! Joins experiments that wait for legacy's effects with the records that a tap brings.
//!
//! A pure state machine: time is passed in, nothing blocks, nothing is judged. It fails closed: that a record did
//! *not* come is only known when the tap says that it has seen everything up to the end of the window
//! ([`Join::caught_up`]); a tap that lags or lost its place makes experiments not comparable, never mismatches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::experiment::{EffectRecord, Effects, Experiment, Outcome, Side};
use crate::held::{Held, Place};
use crate::policy::Policy;

/// The join's bounds.
#[derive(Clone, Debug)]
pub struct JoinLimits {
    /// Experiments that wait. One more is not comparable.
    pub waiting: usize,
    /// The memory that waiting experiments may hold, in bytes. One more is not comparable.
    pub waiting_bytes: usize,
    /// Records that no experiment has asked for yet. At the bound the oldest is unattributed, and experiments that
    /// might have asked for it are not comparable.
    pub records: usize,
    /// The memory that these may hold, in bytes.
    pub record_bytes: usize,
    /// For how long a record waits for its experiment: longer than a dry run may take.
    pub hold: Duration,
    /// For how long after its window an experiment waits for a tap that lags.
    pub patience: Duration,
    /// Records that one experiment may have.
    pub effects: usize,
    /// No window of a policy is longer here.
    pub window: Duration,
}

impl Default for JoinLimits {
    fn default() -> Self {
        Self {
            waiting: 20_000,
            waiting_bytes: 128 * 1024 * 1024,
            records: 20_000,
            record_bytes: 64 * 1024 * 1024,
            hold: Duration::from_secs(30),
            patience: Duration::from_secs(60),
            effects: 256,
            window: Duration::MAX,
        }
    }
}

/// Who sent a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Legacy, or anybody else.
    Legacy,
    /// Native: the record has its origin header.
    Native,
}

/// An experiment whose effects are decided, with the policy that it is to be judged by.
#[derive(Debug)]
pub struct Joined {
    /// The experiment; no side's effects are pending any more.
    pub experiment: Experiment,
    /// Its policy.
    pub policy: Arc<Policy>,
}

/// Records that no request explains, counted against one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unattributed {
    /// A route that taps the topic.
    pub route: String,
    /// The topic.
    pub topic: String,
    /// How many records.
    pub count: u64,
}

struct Waiting {
    joined: Joined,
    awaited: Vec<Awaited>,
    came: Vec<EffectRecord>,
    /// Why it will not be comparable.
    spoilt: Option<String>,
    size: usize,
}

/// One topic in which an experiment expects its records.
struct Awaited {
    place: Place,
    until: Timestamp,
}

/// The state machine.
pub struct Join {
    limits: JoinLimits,
    waiting: BTreeMap<u64, Waiting>,
    waiting_bytes: usize,
    next: u64,
    asked: HashMap<Place, Vec<u64>>,
    held: Held,
    caught_up: HashMap<String, Timestamp>,
    gaps: HashMap<String, Timestamp>,
    unattributed: BTreeMap<String, u64>,
    /// The routes that tap a topic, by the topic.
    tapping: BTreeMap<String, BTreeSet<String>>,
    native: u64,
}

impl Join {
    /// An empty join.
    pub fn new(limits: JoinLimits) -> Self {
        let held = Held::new(limits.records, limits.record_bytes);
        Self {
            limits,
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            next: 0,
            asked: HashMap::new(),
            held,
            caught_up: HashMap::new(),
            gaps: HashMap::new(),
            unattributed: BTreeMap::new(),
            tapping: BTreeMap::new(),
            native: 0,
        }
    }

    /// Takes an experiment in. It comes back at once when its effects are decided already: none is pending, its policy
    /// taps no topic, or it promises no record; else from [`tick`](Self::tick).
    pub fn expect(&mut self, mut experiment: Experiment, policy: Arc<Policy>) -> Option<Joined> {
        match self.awaited(&experiment, &policy) {
            Ok(awaited) => {
                let size = experiment.size();
                let joined = Joined { experiment, policy };
                self.enter(Waiting { joined, awaited, came: Vec::new(), spoilt: None, size });
                None
            }
            Err(decided) => {
                if let Some(side) = pending(&mut experiment) {
                    side.effects = decided;
                }
                Some(Joined { experiment, policy })
            }
        }
    }

    /// Where an experiment's records are to be found, or what is known of its effects without them.
    fn awaited(&mut self, experiment: &Experiment, policy: &Policy) -> Result<Vec<Awaited>, Effects> {
        let sides = [&experiment.control, &experiment.candidate];
        let side = sides.into_iter().find(|side| side.effects == Effects::Pending);
        let Some((side, Outcome::Answered(answer))) = side.map(|side| (side, &side.outcome)) else {
            return Err(Effects::Unobserved);
        };
        if policy.effects().is_empty() {
            return Err(Effects::Unobserved);
        }
        let after = |time: Timestamp, by: Duration| time.saturating_add(by).unwrap_or(Timestamp::MAX);
        let answered = after(experiment.at, side.latency);
        let mut awaited = Vec::new();
        for effect in policy.effects() {
            self.tapping.entry(effect.topic().to_owned()).or_default().insert(experiment.route.clone());
            match effect.wanted(&experiment.request, answer) {
                Ok(value) => {
                    let place = self.held.place(effect, value);
                    awaited.push(Awaited {
                        place,
                        until: after(answered, effect.window().min(self.limits.window)),
                    });
                }
                // A refusal carries no id, and promises no record.
                Err(_) if !(200..300).contains(&answer.status) => {}
                Err(absent) => {
                    let why = format!("no value to find its records in `{}` by: {absent}", effect.topic());
                    return Err(Effects::NotComparable(why));
                }
            }
        }
        let full = self.waiting.len() >= self.limits.waiting
            || self.waiting_bytes + experiment.size() > self.limits.waiting_bytes;
        match awaited.is_empty() {
            true => Err(Effects::Known(Vec::new())),
            false if full => Err(Effects::NotComparable("too many experiments wait for effects".to_owned())),
            false => Ok(awaited),
        }
    }

    fn enter(&mut self, mut waiting: Waiting) {
        let id = self.next;
        self.next += 1;
        for Awaited { place, .. } in &waiting.awaited {
            waiting.came.extend(self.held.take(place));
            let askers = self.asked.entry(place.clone()).or_default();
            askers.push(id);
            if askers.len() > 1 {
                let why = "two requests claim the same records";
                waiting.spoilt = Some(why.to_owned());
                for other in askers.iter() {
                    if let Some(other) = self.waiting.get_mut(other) {
                        other.spoilt = Some(why.to_owned());
                    }
                }
            }
        }
        self.waiting_bytes += waiting.size;
        self.waiting.insert(id, waiting);
    }

    /// Takes a record that the tap brought.
    pub fn record(&mut self, record: EffectRecord, origin: Origin, now: Timestamp) {
        if origin == Origin::Native {
            self.native += 1;
            return;
        }
        let places = self.held.places(&record);
        let asker = places.iter().find_map(|place| self.asked.get(place)?.first());
        if let Some(waiting) = asker.and_then(|id| self.waiting.get_mut(id)) {
            if waiting.came.len() < self.limits.effects {
                waiting.came.push(record);
            } else {
                waiting.spoilt = Some("more records than one experiment may have".to_owned());
            }
            return;
        }
        let until = now.saturating_add(self.limits.hold).unwrap_or(Timestamp::MAX);
        for topic in self.held.put(record, places, until) {
            self.gap(&topic, now);
            *self.unattributed.entry(topic).or_default() += 1;
        }
    }

    /// Says that the tap has brought everything that was in the topic at that time.
    pub fn caught_up(&mut self, topic: &str, at: Timestamp) {
        let known = self.caught_up.entry(topic.to_owned()).or_insert(at);
        *known = at.max(*known);
    }

    /// Says that records of the topic from before that time may never be brought: the tap begins, or lost its place.
    pub fn gap(&mut self, topic: &str, at: Timestamp) {
        let known = self.gaps.entry(topic.to_owned()).or_insert(at);
        *known = at.max(*known);
    }

    /// Gives back all experiments whose effects are decided by now.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Joined> {
        for topic in self.held.expire(now) {
            *self.unattributed.entry(topic).or_default() += 1;
        }
        let decided = |waiting: &Waiting| self.decided(waiting, now);
        let done: Vec<(u64, Option<String>)> =
            self.waiting.iter().filter_map(|(id, waiting)| Some((*id, decided(waiting)?))).collect();
        done.into_iter().filter_map(|(id, late)| Some(finished(self.leave(id)?, late))).collect()
    }

    /// Gives back all experiments, pending ones as such: for the end of the process.
    pub fn drain(&mut self) -> Vec<Joined> {
        self.asked.clear();
        self.waiting_bytes = 0;
        std::mem::take(&mut self.waiting).into_values().map(|waiting| waiting.joined).collect()
    }

    /// Whether this experiment is decided; and if so, why not comparable.
    fn decided(&self, waiting: &Waiting, now: Timestamp) -> Option<Option<String>> {
        let mut lagging = None;
        for Awaited { place, until } in &waiting.awaited {
            let topic = place.topic();
            if self.gaps.get(topic).is_some_and(|gap| *gap >= waiting.joined.experiment.at) {
                return Some(Some(format!("the tap of `{topic}` lost its place")));
            }
            if self.caught_up.get(topic).is_none_or(|caught_up| caught_up < until) {
                let patience = until.saturating_add(self.limits.patience).unwrap_or(Timestamp::MAX);
                if now < patience {
                    return None;
                }
                lagging = Some(format!("the tap of `{topic}` did not keep up"));
            }
        }
        Some(lagging)
    }

    fn leave(&mut self, id: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&id)?;
        self.waiting_bytes -= waiting.size;
        for Awaited { place, .. } in &waiting.awaited {
            if let Some(askers) = self.asked.get_mut(place) {
                askers.retain(|other| *other != id);
                if askers.is_empty() {
                    self.asked.remove(place);
                }
            }
        }
        Some(waiting)
    }

    /// How many experiments wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many records of native's own came by.
    pub fn native(&self) -> u64 {
        self.native
    }

    /// Takes the counts of records that no request explains, since they were last taken. Nobody knows whose they are,
    /// so each counts against every route that taps its topic; until one does, it stays here.
    pub fn take_unattributed(&mut self) -> Vec<Unattributed> {
        let mut taken = Vec::new();
        for (topic, routes) in &self.tapping {
            let Some(count) = self.unattributed.remove(topic) else { continue };
            let of = |route: &String| Unattributed { route: route.clone(), topic: topic.clone(), count };
            taken.extend(routes.iter().map(of));
        }
        taken
    }
}

/// The side whose effects are awaited; legacy's, since native's are known.
fn pending(experiment: &mut Experiment) -> Option<&mut Side> {
    [&mut experiment.control, &mut experiment.candidate]
        .into_iter()
        .find(|side| side.effects == Effects::Pending)
}

fn finished(waiting: Waiting, late: Option<String>) -> Joined {
    let Waiting { mut joined, came, spoilt, .. } = waiting;
    let unreadable = || came.iter().find_map(|record| record.unreadable.clone());
    if let Some(side) = pending(&mut joined.experiment) {
        side.effects =
            spoilt.or(late).or_else(unreadable).map_or(Effects::Known(came), Effects::NotComparable);
    }
    joined
}
