//! Judges what processes send: a court whose experiments come by a topic.

use std::sync::Arc;
use std::time::Duration;

use handover_kafka::{Start, Tap, TapConfig, Tapped as Brought, TappedRecord};
use handover_shadow::{
    Effects, Experiment, ExperimentId, Join, JoinLimits, Joined, Loss, Reader, Recorder, Redactor, Sent,
    SentError, StoreError, Unattributed,
};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::places::Places;
use crate::commit::access::Access;
use crate::config::valid::Review;
use crate::mirror::court::{self, Tapped};
use crate::observe::chain;
use crate::process::Process;

/// How often experiments are looked for whose effects are decided.
const TICK: Duration = Duration::from_millis(100);

/// So many are put to the store before it is waited for: nothing may be dropped for want of room here.
const FLUSH_EVERY: u64 = 256;

/// How long a record of legacy's waits for its experiment: that comes by a topic.
const HOLD: Duration = Duration::from_secs(120);

/// The review cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The topic.
    #[error("the topic of experiments cannot be read")]
    Tap(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Where it was left.
    #[error("the store does not say how far the topic of experiments was read")]
    Store(#[from] StoreError),
}

/// Judges.
pub(crate) struct Bench {
    process: Arc<Process>,
    recorder: Recorder,
    redactor: Redactor,
    topic: String,
    tap: Tap,
    /// Looked at as long as it is here.
    _access: Arc<Access>,
    join: Join,
    places: Places,
    recorded: u64,
    /// Whether the tap has said that it begins.
    begun: bool,
}

impl Bench {
    /// Goes on where the store was left; in a new one at the topic's beginning.
    pub(crate) fn new(
        review: &Review,
        process: Arc<Process>,
        (reader, recorder): (Option<&Reader>, Recorder),
        redactor: Redactor,
        side: &Handle,
    ) -> Result<Self, BenchError> {
        let access = Access::watched(&review.kafka, side).map_err(|why| BenchError::Tap(why.into()))?;
        let connection = access.connection().clone();
        let known = reader.map(|reader| reader.places(&review.topic)).transpose()?.unwrap_or_default();
        let start = if known.is_empty() { Start::Beginning } else { Start::At(known) };
        let config = TapConfig { start, ..TapConfig::new(connection, [review.topic.as_str()]) };
        let tap = Tap::start(config).map_err(|why| BenchError::Tap(why.into()))?;
        let join = Join::new(JoinLimits { hold: HOLD, ..JoinLimits::default() });
        let (topic, places) = (review.topic.clone(), Places::default());
        Ok(Self {
            process,
            recorder,
            redactor,
            topic,
            tap,
            _access: access,
            join,
            places,
            recorded: 0,
            begun: false,
        })
    }

    /// Sits until nobody taps any more.
    pub(crate) async fn sit(mut self, mut tapped: mpsc::Receiver<Tapped>) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            let decided = tokio::select! {
                brought = self.tap.next() => match brought {
                    Some(brought) => self.brought(brought),
                    None => break,
                },
                tapped = tapped.recv() => match tapped {
                    Some(tapped) => { self.tapped(tapped); Vec::new() }
                    None => break,
                },
                _ = tick.tick() => self.look(),
            };
            decided.into_iter().for_each(|joined| self.decide(joined));
        }
    }

    fn brought(&mut self, brought: Brought) -> Vec<Joined> {
        match brought {
            Brought::Record(record) => self.take_in(&record),
            Brought::CaughtUp { .. } => Vec::new(),
            // At the start it says no more than that. What was gone before it was read is said behind it.
            Brought::Gap { .. } if !std::mem::replace(&mut self.begun, true) => Vec::new(),
            Brought::Gap { topic, .. } => {
                tracing::error!(%topic, "experiments may have been lost: the topic keeps them for too short a time");
                Vec::new()
            }
        }
    }

    fn take_in(&mut self, record: &TappedRecord) -> Vec<Joined> {
        let (partition, offset) = (record.partition, record.offset);
        match self.understood(record) {
            Ok(Some(experiment)) => {
                let id = experiment.id;
                self.places.taken(partition, offset, Some(id));
                self.expect(experiment)
            }
            Ok(None) => {
                self.places.taken(partition, offset, None);
                Vec::new()
            }
            Err(why) => {
                self.places.taken(partition, offset, None);
                tracing::warn!(
                    partition,
                    offset,
                    "a record of the experiments' topic is left out: {}",
                    chain(&why)
                );
                Vec::new()
            }
        }
    }

    /// The experiment of a record; `None` of what is only counted, or under way already.
    fn understood(&self, record: &TappedRecord) -> Result<Option<Experiment>, SentError> {
        match Sent::decode(record.value.as_deref().unwrap_or_default())? {
            Sent::Experiment(sent) => {
                let experiment = sent.experiment()?;
                Ok((!self.places.is_under_way(experiment.id)).then_some(experiment))
            }
            Sent::Lost { route, loss, what, n, id } => {
                self.recorder.lost_once(&id, &route, loss, &what, n);
                Ok(None)
            }
        }
    }

    fn expect(&mut self, mut experiment: Experiment) -> Vec<Joined> {
        let generation = self.process.generations.load();
        if Timestamp::now().duration_since(experiment.at).unsigned_abs() >= HOLD {
            too_late(&mut experiment);
        }
        match generation.route(&experiment.route) {
            Some(route) => self.join.expect(experiment, Arc::clone(&route.spec.shadow)).into_iter().collect(),
            None => {
                let (id, route) = (experiment.id, experiment.route);
                self.recorder.lost_once(&id.to_string(), &route, Loss::Dropped, "no-route-in-the-review", 1);
                self.places.decided(id);
                Vec::new()
            }
        }
    }

    fn tapped(&mut self, tapped: Tapped) {
        let tapped = match tapped {
            Tapped::Record(record, origin) => match self.redactor.effect(&record) {
                Ok(record) => Tapped::Record(record, origin),
                Err(why) => {
                    return tracing::error!(topic = record.topic, "a record cannot be redacted: {why}");
                }
            },
            other => other,
        };
        court::told(&mut self.join, tapped);
    }

    fn look(&mut self) -> Vec<Joined> {
        let decided = self.join.tick(Timestamp::now());
        for Unattributed { route, topic, count } in self.join.take_unattributed() {
            self.recorder.lost(&route, Loss::Unattributed, &topic, count);
        }
        for (partition, next) in self.places.news() {
            self.recorder.reached(&self.topic, partition, next);
        }
        decided
    }

    fn decide(&mut self, Joined { experiment, policy }: Joined) {
        let id = experiment.id;
        match court::judged(&experiment, &policy) {
            Some(judgement) => self.recorder.record_once(experiment, judgement, &policy),
            None => self.recorder.lost(&experiment.route, Loss::Dropped, "panicked", 1),
        }
        self.done(id);
    }

    fn done(&mut self, id: ExperimentId) {
        self.places.decided(id);
        self.recorded += 1;
        if self.recorded.is_multiple_of(FLUSH_EVERY) {
            tokio::task::block_in_place(|| self.recorder.flush());
        }
    }
}

/// What legacy sent for one that comes so late may have waited for it in vain, and be gone: that there is nothing says
/// nothing.
fn too_late(experiment: &mut Experiment) {
    for side in [&mut experiment.control, &mut experiment.candidate] {
        if side.effects == Effects::Pending {
            side.effects = Effects::NotComparable("it came too late for what legacy sent".to_owned());
        }
    }
}
