//! Puts requests to a legacy of our own and to native dry, and judges each pair, effects included.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use handover_fuzzer::{Draft, Reach};
use handover_kafka::{Connection, Tap, TapConfig, Tapped};
use handover_shadow::{
    Body, Experiment, ExperimentId, Join, JoinLimits, Joined, Judgement, RecordedRequest, judge,
};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::asked::{Recalled, request};
use super::legacy::OwnLegacy;
use crate::mirror::Pending;
use crate::mirror::court;
use crate::mirror::experiment::Conductor;
use crate::mirror::tap;
use crate::route::decide::decide;
use crate::route::generation::Generation;

/// How long after its answer legacy may still send a record. Longer than its own Kafka takes, which is in this process.
const WINDOW: Duration = Duration::from_millis(80);

/// How often the tap looks whether it has all there is.
const LOOK: Duration = Duration::from_millis(20);

/// How long the records of a batch are waited for at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request that was put to both sides.
pub(crate) struct Tried {
    /// Which of those that were given.
    pub index: usize,
    /// Both answers and effects.
    pub experiment: Experiment,
    /// How they compare.
    pub judgement: Judgement,
    /// Which lines of legacy it reached.
    pub reach: Reach,
}

/// Both sides of a route.
pub(crate) struct Both {
    own: Arc<OwnLegacy>,
    generation: Arc<Generation>,
    conductor: Conductor,
    join: Join,
    tap: Option<Tap>,
    /// Requests that could not be put to both: no HTTP, another route's, no answer.
    unasked: u64,
}

type Asked = (usize, Experiment, Reach);

impl Both {
    /// Both sides of the route that `own` is for.
    pub(crate) async fn new(
        own: OwnLegacy,
        generation: Arc<Generation>,
        conductor: Conductor,
    ) -> anyhow::Result<Self> {
        let topics: Vec<String> =
            own.route.spec.shadow.effects().iter().map(|effect| effect.topic().to_owned()).collect();
        let tap = match &own.kafka {
            None => None,
            Some(kafka) => {
                let connection = Connection::plaintext(kafka.bootstrap());
                Some(Tap::start(TapConfig { look: LOOK, ..TapConfig::new(connection, topics) })?)
            }
        };
        let limits = JoinLimits { window: WINDOW, patience: PATIENCE, ..JoinLimits::default() };
        let join = Join::new(limits);
        let mut both = Self { own: Arc::new(own), generation, conductor, join, tap, unasked: 0 };
        both.begin_to_tap().await?;
        Ok(both)
    }

    /// Waits until the tap reads: what was sent before would be lost to it.
    async fn begin_to_tap(&mut self) -> anyhow::Result<()> {
        let Some(tap) = &mut self.tap else { return Ok(()) };
        let begun = async {
            while let Some(tapped) = tap.next().await {
                let reads = matches!(tapped, Tapped::CaughtUp { .. });
                let tapped = read(tapped, &self.own, &self.conductor).await;
                court::told(&mut self.join, tapped);
                if reads {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), begun)
            .await
            .map_err(|_| anyhow::anyhow!("what legacy sends cannot be read"))
    }

    /// The legacy of our own.
    pub(crate) fn own(&self) -> &OwnLegacy {
        &self.own
    }

    /// How many requests could not be put to both sides.
    pub(crate) fn unasked(&self) -> u64 {
        self.unasked
    }

    /// Puts requests to both sides. Those that cannot be are left out.
    pub(crate) async fn try_all(&mut self, drafts: &[Draft]) -> anyhow::Result<Vec<Tried>> {
        let mut asking = JoinSet::<Option<Asked>>::new();
        for (index, draft) in drafts.iter().enumerate() {
            let Some(recorded) = self.recorded(draft) else {
                self.unasked += 1;
                continue;
            };
            let (own, conductor) = (Arc::clone(&self.own), self.conductor.clone());
            asking.spawn(async move {
                let (experiment, reach) = ask(&own, conductor, recorded).await?;
                Some((index, experiment, reach))
            });
        }
        let mut asked = Vec::new();
        while let Some(done) = asking.join_next().await {
            match done? {
                Some(one) => asked.push(one),
                None => self.unasked += 1,
            }
        }
        Ok(self.with_effects(asked).await)
    }

    /// The request, with what the route's pattern captures of it; `None` where it is not the route's.
    fn recorded(&self, draft: &Draft) -> Option<RecordedRequest> {
        let mut fields = handover_api::Fields::new();
        for (name, value) in &draft.fields {
            fields.append(name.clone(), value.clone()).ok()?;
        }
        let (method, target, body) = (draft.method.clone(), draft.target(), Body::Whole(draft.content()));
        let mut recorded = RecordedRequest { method, target, fields, body, params: Vec::new() };
        let params: Vec<_> = {
            let recalled = Recalled(&recorded);
            let decision = decide(&self.generation, &recalled);
            decision.route.filter(|route| route.name() == self.own.route.name())?;
            let path = crate::route::Asked::path(&recalled);
            let own = |(name, value): (&str, &[u8])| (name.to_owned(), bytes::Bytes::copy_from_slice(value));
            decision.params(path).map(own).collect()
        };
        recorded.params = params;
        Some(recorded)
    }

    /// Waits until it is known what legacy sent for each.
    async fn with_effects(&mut self, asked: Vec<Asked>) -> Vec<Tried> {
        let policy = Arc::clone(&self.own.route.spec.shadow);
        let (mut waiting, mut tried) = (HashMap::<ExperimentId, (usize, Reach)>::new(), Vec::new());
        let mut decided = Vec::new();
        for (index, experiment, reach) in asked {
            waiting.insert(experiment.id, (index, reach));
            decided.extend(self.join.expect(experiment, Arc::clone(&policy)));
        }
        let mut tick = tokio::time::interval(LOOK);
        loop {
            for Joined { experiment, policy } in decided.drain(..) {
                let Some((index, reach)) = waiting.remove(&experiment.id) else { continue };
                let judgement = judge(&experiment, &policy);
                tried.push(Tried { index, experiment, judgement, reach });
            }
            let Some(tap) = self.tap.as_mut().filter(|_| !waiting.is_empty()) else { break };
            tokio::select! {
                Some(tapped) = tap.next() => {
                    court::told(&mut self.join, read(tapped, &self.own, &self.conductor).await);
                }
                _ = tick.tick() => decided = self.join.tick(Timestamp::now()),
            }
        }
        // Nobody asks for these.
        self.join.take_unattributed();
        tried.sort_by_key(|tried| tried.index);
        tried
    }

    /// Ends the legacy of our own.
    pub(crate) async fn stop(self) {
        if let Some(own) = Arc::into_inner(self.own) {
            own.stop().await;
        }
    }
}

/// Puts one request to both sides; `None` where one has no such request, or legacy gives no whole answer.
async fn ask(
    own: &OwnLegacy,
    conductor: Conductor,
    recorded: RecordedRequest,
) -> Option<(Experiment, Reach)> {
    let request = request(&recorded)?;
    let (answer, answered) = oneshot::channel();
    let pending = Pending::rehearsed(&own.route, request, answered);
    let (name, experiment) = tokio::join!(own.ask(&recorded, answer), conductor.conduct(pending));
    let (name, experiment) = (name?, experiment.ok()?);
    Some((experiment, own.reached(&name)))
}

/// What the tap of our own legacy's Kafka brought, as the join takes it.
async fn read(tapped: Tapped, own: &OwnLegacy, conductor: &Conductor) -> court::Tapped {
    let cluster = own.route.spec.kafka.as_deref();
    tap::told(tapped, cluster, conductor.producers.schemas()).await
}
