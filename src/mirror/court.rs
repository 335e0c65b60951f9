//! Brings experiments to the judge and verdicts to the store: one task, on the side runtime.
//!
//! 1. an experiment that has its parts is conducted;
//! 2. once both sides have answered, it waits in the join for what legacy did to the world;
//! 3. when that is known, or cannot be known any more, it is judged and recorded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use handover_shadow::{
    EffectRecord, Experiment, Join, JoinLimits, Joined, Judgement, Loss, Origin, Policy, Recorder,
    Unattributed, judge,
};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::experiment::{Abandoned, Conductor};
use super::{Begun, Pending, UNDER_WAY};
use crate::native::unwinding;
use crate::review::Sender;

/// How often experiments are looked for whose effects are decided.
const TICK: Duration = Duration::from_millis(100);

/// How long several experiments are waited for: a core pays for waking the court, and the court for being woken.
const SEVERAL: Duration = Duration::from_millis(2);

/// Experiments that have both answers and were not taken in yet.
const CONDUCTED_MAX: usize = 256;

/// What a tap says of a topic that legacy writes to.
#[derive(Debug)]
pub(crate) enum Tapped {
    /// A record.
    Record(EffectRecord, Origin),
    /// Everything that was in the topic at that time has been brought.
    CaughtUp(String, Timestamp),
    /// Records from before that time may never be brought.
    Gap(String, Timestamp),
}

/// Both sides of an experiment, or the route of one that came to nothing.
type Conducted = Result<(Experiment, Arc<Policy>), (String, Abandoned)>;

/// Who judges experiments.
pub(crate) enum Judge {
    /// This process, into its store.
    Here(Recorder),
    /// Another process, which gets them.
    Elsewhere(Arc<Sender>),
}

impl Judge {
    fn lost(&self, route: &str, loss: Loss, what: &str, n: u64) {
        match self {
            Self::Here(recorder) => recorder.lost(route, loss, what, n),
            Self::Elsewhere(sender) => sender.lost(route, loss, what, n),
        }
    }
}

/// Where experiments come from, and who judges them.
pub(crate) struct Court {
    /// Who sees experiments through.
    pub conductor: Conductor,
    /// Who judges them.
    pub judge: Judge,
}

impl Court {
    /// Sits until no experiment can begin any more; then gives up those that still wait for effects.
    pub(crate) async fn sit(self, mut begun: Begun, mut tapped: mpsc::Receiver<Tapped>) {
        let (conducted_sender, mut conducted) = mpsc::channel::<Conducted>(CONDUCTED_MAX);
        let mut join = Join::new(JoinLimits::default());
        let mut tick = tokio::time::interval(TICK);
        let (mut pending, mut not_before) = (Vec::new(), Instant::now());
        loop {
            let decided = tokio::select! {
                count = several(&mut begun.experiments, &mut pending, not_before) => {
                    if count == 0 {
                        break;
                    }
                    not_before = Instant::now() + SEVERAL;
                    // 1
                    let conducted = pending.drain(..).filter_map(|pending| self.conduct(pending, &conducted_sender));
                    conducted.flat_map(|conducted| self.take_in(&mut join, conducted)).collect()
                },
                Some(conducted) = conducted.recv() => self.take_in(&mut join, conducted),
                Some(tapped) = tapped.recv() => { told(&mut join, tapped); Vec::new() }
                _ = tick.tick() => { self.count_drops(&begun); self.look(&mut join) }
            };
            decided.into_iter().for_each(|joined| self.decide(joined));
        }
        self.count_drops(&begun);
        join.drain().into_iter().for_each(|joined| self.decide(joined));
    }

    /// Sees an experiment through. What has nothing to wait for, which is most of them, is seen through at once; the others
    /// get a task, and what they come to is sent to `done`.
    fn conduct(&self, mut pending: Pending, done: &mpsc::Sender<Conducted>) -> Option<Conducted> {
        let conductor = self.conductor.clone();
        // Kept until it is taken in: what waits for a court that does not keep up takes room, too.
        let room = pending.room.take();
        let (route, policy) = (pending.route.name().to_owned(), Arc::clone(&pending.route.spec.shadow));
        let mut conducting = Box::pin(async move {
            // One that panics must not end the court, and with it all evidence.
            let conducted = unwinding(conductor.conduct(pending)).await;
            let conducted = conducted.unwrap_or(Err(Abandoned::Panicked));
            conducted.map(|experiment| (experiment, policy)).map_err(|why| (route, why))
        });
        match conducting.as_mut().poll(&mut task::Context::from_waker(Waker::noop())) {
            Poll::Ready(conducted) => Some(conducted),
            Poll::Pending => {
                let done = done.clone();
                tokio::spawn(async move {
                    // An error is the court's end.
                    _ = done.send(conducting.await).await;
                    drop(room);
                });
                None
            }
        }
    }

    // 2
    fn take_in(&self, join: &mut Join, conducted: Conducted) -> Vec<Joined> {
        match conducted {
            Ok((experiment, policy)) => match &self.judge {
                Judge::Here(_) => join.expect(experiment, policy).into_iter().collect(),
                Judge::Elsewhere(sender) => {
                    self.conductor.recordings.offer(&experiment);
                    sender.experiment(&experiment);
                    Vec::new()
                }
            },
            Err((route, why)) => {
                self.judge.lost(&route, Loss::Dropped, why.label(), 1);
                Vec::new()
            }
        }
    }

    /// What the budget left out is not evidence: it counts against the route's share of it.
    fn count_drops(&self, begun: &Begun) {
        for (route, count) in begun.drops.take() {
            self.judge.lost(&route, Loss::Dropped, "budget", count);
        }
        if let Judge::Elsewhere(sender) = &self.judge {
            sender.look();
        }
    }

    fn look(&self, join: &mut Join) -> Vec<Joined> {
        let decided = join.tick(Timestamp::now());
        for Unattributed { route, topic, count } in join.take_unattributed() {
            self.judge.lost(&route, Loss::Unattributed, &topic, count);
        }
        decided
    }

    // 3
    fn decide(&self, Joined { experiment, policy }: Joined) {
        self.conductor.recordings.offer(&experiment);
        let Judge::Here(recorder) = &self.judge else { return };
        match judged(&experiment, &policy) {
            Some(judgement) => recorder.record(experiment, judgement, &policy),
            None => recorder.lost(&experiment.route, Loss::Dropped, Abandoned::Panicked.label(), 1),
        }
    }
}

/// The judgement of an experiment; `None` where making it panics: what is compared comes from outside, and one experiment
/// must not end all evidence.
pub(crate) fn judged(experiment: &Experiment, policy: &Policy) -> Option<Judgement> {
    catch_unwind(AssertUnwindSafe(|| judge(experiment, policy))).ok()
}

/// The experiments that have come, not before that time; 0 when none can come any more.
async fn several(
    experiments: &mut mpsc::Receiver<Pending>,
    into: &mut Vec<Pending>,
    not_before: Instant,
) -> usize {
    tokio::time::sleep_until(not_before).await;
    experiments.recv_many(into, UNDER_WAY).await
}

/// Tells a join what a tap brought.
pub(crate) fn told(join: &mut Join, tapped: Tapped) {
    match tapped {
        Tapped::Record(record, origin) => join.record(record, origin, Timestamp::now()),
        Tapped::CaughtUp(topic, at) => join.caught_up(&topic, at),
        Tapped::Gap(topic, at) => join.gap(&topic, at),
    }
}
