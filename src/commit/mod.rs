//! Commits an answer's effects. What follows is the order, and what a crash between two steps leaves:
//!
//! 1. reserve: the idempotency key where the answer has one ([`once`]), the records' values are written by their schemas
//!    ([`schemas`](crate::schemas)), they are marked, and have room in the spool where they go through it. Nothing has happened;
//! 2. what is of the application's own ([`own`]): where there is any, **the point of no return** is the first of them.
//!    A crash leaves those up to some one of them, and no records;
//! 3. the frame: one answer's records, to the spool or to Kafka. Elsewhere **the point of no return**: before it anything may
//!    fall back, after it nothing may. A crash right behind it has sent records of which the client was told nothing; it asks
//!    again, and the answer's records come twice;
//! 4. the session, where the request has one: see [`session`];
//! 5. the response is finished by the receipts of step 2, where it waits for them.
//!
//! An answer with effects of the application's own has its records go through the spool, whatever the mode, as one with calls:
//! then they have room before the first of those effects is done, and nothing but a broken disk can come between.
//!
//! A commit runs in a task of its own: a client that leaves ends its request, not its commit.

pub(crate) mod access;
mod answer;
pub(crate) mod calls;
mod clusters;
mod error;
mod event;
pub(crate) mod once;
mod own;
mod parts;
mod renew;
pub(crate) mod session;
pub(crate) mod spool;

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use handover_api::{Receipts, Record, Response};
use handover_kafka::{CommitError, Frame, Producer, Refused};
use handover_spool::AppendError;

use self::clusters::{ByName, Clusters, Running};
use self::error::{BoxError, NoCluster, NoSpool, before};
use self::once::Marks;
use self::own::{Kinds, Ready};
use self::parts::Parts;
use self::renew::Retiring;
use self::spool::body::Spooled;
use self::spool::{Reserved, Spooler};
use crate::config::valid::{Ack, Config};
use crate::native::application::Committers;
use crate::route::generation::Generation;
use crate::route::{Route, Stage};
use crate::schemas::Schemas;

pub(crate) use self::access::Access;
pub(crate) use self::error::{NotCommitted, PrepareError};
pub(crate) use self::event::ORIGIN;
pub(crate) use self::own::Ends;

/// Says what was promised of an answer's records.
pub(crate) const ACK_HEADER: &str = "Handover-Ack";

/// What was committed, and what that promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Committed(Option<Ack>);

impl Committed {
    /// The response, with the promise where it is to be told.
    pub(crate) fn told(self, mut response: Response) -> Response {
        if let Some(ack) = self.0 {
            response.fields.append(ACK_HEADER, ack.name()).expect("a valid field");
        }
        response
    }
}

/// The producers of the process, one a cluster, its spool, and who commits what is of the application's own.
#[derive(Default)]
pub(crate) struct Producers {
    own: Kinds,
    clusters: Clusters,
    spooler: ArcSwapOption<Spooler>,
    marks: Marks,
    schemas: Arc<Schemas>,
    changing: Mutex<()>,
}

impl Producers {
    /// Those of an application that commits effects of its own.
    pub(crate) fn with(committers: Committers) -> Self {
        Self { own: Kinds::of(committers), ..Self::default() }
    }

    /// How effects of the application's own have ended, by kind.
    pub(crate) fn own_effects(&self) -> Vec<Ends> {
        self.own.ends()
    }

    /// Starts what the configuration newly names, keeps what is unchanged, and retires the rest: a retired producer
    /// settles what it holds, on `side`.
    pub(crate) fn prepare(&self, config: &Config, side: &tokio::runtime::Handle) -> Result<(), PrepareError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.marks.prepare(side);
        let before = self.clusters.all();
        let mut after = ByName::default();
        for spec in &config.kafka {
            let running = before.get(&spec.name).filter(|running| running.spec == *spec).cloned();
            let entry = match running {
                Some(entry) => entry,
                None => Arc::new(Running::start(spec, None)?),
            };
            after.insert(spec.name.clone(), entry);
        }
        count_partitions(config, &after);
        let gone = before.values().filter_map(|running| match after.get(&running.spec.name) {
            Some(kept) if Arc::ptr_eq(kept, running) => None,
            Some(other) => Some(other.comes_after(running)),
            None => Some(Retiring::of(running)),
        });
        let gone: Vec<_> = gone.collect();
        self.clusters.replace(after);
        gone.into_iter().for_each(|retiring| retiring.begin(side));
        self.open_spool(config, side);
        Ok(())
    }

    /// Opens the spool, once. Starting does not depend on it: without one, what needs it falls back.
    fn open_spool(&self, config: &Config, side: &tokio::runtime::Handle) {
        let spec = &config.spool;
        if self.spooler.load().is_some() || !(spec.wanted || spec.folder.is_dir()) {
            return;
        }
        match Spooler::open(spec, self.clusters.clone(), side) {
            Ok(spooler) => self.spooler.store(Some(Arc::new(spooler))),
            Err(error) => tracing::error!(error = crate::observe::chain(&error), "there is no spool"),
        }
    }

    /// Where a record of that route would go; `None` where that is left to chance or not known. Never waits.
    pub(crate) fn partition_of(&self, route: &Route, record: &Record) -> Option<i32> {
        let chosen = || self.of(route)?.producer.partition_of(&record.topic, record.key.as_deref());
        record.partition.or_else(chosen)
    }

    /// How it stands with idempotency keys, by route.
    pub(crate) fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Commits the effects of one answer, but for its session, as the route's acknowledgement mode says. Event ids are made of
    /// `seed`, where there is one.
    async fn commit(
        &self,
        route: &Route,
        mut parts: Parts,
        seed: Option<String>,
    ) -> Result<(Committed, Receipts), NotCommitted> {
        // 1
        if !parts.has_any_to_send() {
            return Ok((Committed(None), Receipts::new()));
        }
        if let Some(kafka) = &route.spec.kafka {
            self.schemas.write(kafka, &mut parts.records).map_err(before)?;
        }
        let seed = seed.unwrap_or_else(event::seed);
        event::mark(&mut parts.records, &seed);
        if parts.own.is_empty() && parts.calls.is_empty() {
            return Ok((self.commit_records(route, parts.records).await?, Receipts::new()));
        }
        event::mark_calls(&mut parts.calls, &seed);
        self.commit_through_spool(route, parts, &seed).await
    }

    /// An answer with nothing but records.
    async fn commit_records(&self, route: &Route, records: Vec<Record>) -> Result<Committed, NotCommitted> {
        let running = self.of(route).ok_or_else(|| before(NoCluster(Arc::clone(&route.spec.name))))?;
        let spooler = self.spooler.load_full();
        let frame = |records| {
            let (cluster, route) = (running.spec.name.clone(), route.name().to_owned());
            Spooled { cluster, route, records, calls: Vec::new() }
        };
        let asked = route.spec.ack;
        let holds = |spooler: &Spooler| spooler.holds(&running.spec.name, &records);
        // 3
        let given = if asked == Ack::Spool || spooler.as_deref().is_some_and(holds) {
            let spooler = spooler.ok_or_else(|| before(NoSpool))?;
            // What the producer would never take must not lie in the way of others.
            let all: Vec<&Record> = records.iter().collect();
            running.producer.check(&Frame { records: &all, headers: &[] }).map_err(before)?;
            append(&spooler, frame(records)).await?
        } else {
            match self.deliver(route, &running, &records, asked).await {
                Err(NotDelivered::Maybe(error)) => match spooler {
                    // The promise is kept by other means: whoever reads the topic knows the records by their ids.
                    Some(spooler) => {
                        let kept = append(&spooler, frame(records)).await;
                        kept.map_err(|_| NotCommitted::Unknown(error.into()))?
                    }
                    None => return Err(NotCommitted::Unknown(error.into())),
                },
                Err(NotDelivered::No(error)) => return Err(NotCommitted::Before(error)),
                Ok(()) => asked,
            }
        };
        let is_told = running.spec.ack_header || weaker(given, asked);
        Ok(Committed(is_told.then_some(given)))
    }

    /// An answer with calls or effects of the application's own: what else it has is one frame in the spool, whatever the mode.
    async fn commit_through_spool(
        &self,
        route: &Route,
        Parts { own, records, calls, .. }: Parts,
        seed: &str,
    ) -> Result<(Committed, Receipts), NotCommitted> {
        let has_own = !own.is_empty();
        let own = Ready::of(own, &self.own)?;
        if records.is_empty() && calls.is_empty() {
            // 2
            return Ok((Committed(None), own.commit(seed, route.spec.timeout).await?));
        }
        let spooler = self.spooler.load_full().ok_or_else(|| before(NoSpool))?;
        let mut cluster = String::new();
        let mut is_told = false;
        if !records.is_empty() {
            let running = self.of(route).ok_or_else(|| before(NoCluster(Arc::clone(&route.spec.name))))?;
            let all: Vec<&Record> = records.iter().collect();
            running.producer.check(&Frame { records: &all, headers: &[] }).map_err(before)?;
            cluster.clone_from(&running.spec.name);
            is_told = running.spec.ack_header || weaker(Ack::Spool, route.spec.ack);
        }
        let frame = Spooled { cluster, route: route.name().to_owned(), records, calls };
        let reserved = spooler.reserve(frame).map_err(before)?;
        // 2
        let receipts = own.commit(seed, route.spec.timeout).await?;
        // 3
        let given =
            appended(reserved).await.map_err(|error| if has_own { own::and_then(error) } else { error })?;
        Ok((Committed(is_told.then_some(given)), receipts))
    }

    /// What values are written by.
    pub(crate) fn schemas(&self) -> &Arc<Schemas> {
        &self.schemas
    }

    /// All running producers, by cluster name.
    pub(crate) fn running(&self) -> Vec<(String, Arc<Producer>)> {
        let all = self.clusters.all();
        all.iter()
            .flat_map(|(name, running)| running.producers().into_iter().map(|each| (name.clone(), each)))
            .collect()
    }

    /// The spool, if there is one.
    pub(crate) fn spooler(&self) -> Option<Arc<Spooler>> {
        self.spooler.load_full()
    }

    /// Says of each route that legacy takes over again while its records lie in the spool, what may break: legacy's own
    /// records do not wait for them.
    pub(crate) fn warn_of_overtaking(&self, before: &Generation, after: &Generation) {
        let Some(spooler) = self.spooler() else { return };
        for route in before.routes().iter().filter(|route| route.stage > Stage::Shadow) {
            let answers = spooler.of_route(route.name());
            let lowered = after.route(route.name()).is_none_or(|after| after.stage < route.stage);
            if lowered && answers > 0 {
                tracing::warn!(
                    route = route.name(),
                    answers,
                    "legacy takes over while records lie in the spool: until `handover spool drain` says that it is \
                     empty, its records may overtake those of the same key"
                );
            }
        }
    }

    /// How the cluster is reached of which a configuration that was prepared has that.
    pub(crate) fn access(&self, cluster: &str) -> Option<Arc<Access>> {
        Some(Arc::clone(&self.clusters.get(cluster)?.access))
    }

    async fn deliver(
        &self,
        route: &Route,
        running: &Arc<Running>,
        records: &[Record],
        asked: Ack,
    ) -> Result<(), NotDelivered> {
        let all: Vec<&Record> = records.iter().collect();
        let frame = Frame { records: &all, headers: &[] };
        running.in_turn().await;
        let delivery = match running.producer.hand_over(&frame) {
            // Another one has come into its place.
            Err(Refused::Closing) => {
                let current = self.of(route).ok_or_else(|| NotDelivered::No(Refused::Closing.into()))?;
                current.in_turn().await;
                current.producer.hand_over(&frame)
            }
            handed_over => handed_over,
        };
        let delivery = delivery.map_err(|refused| NotDelivered::No(refused.into()))?;
        if asked == Ack::Memory {
            return Ok(());
        }
        match delivery.await {
            Ok(_) => Ok(()),
            Err(error) if error.nothing_persisted() => Err(NotDelivered::No(error.into())),
            Err(error) => Err(NotDelivered::Maybe(error)),
        }
    }

    fn of(&self, route: &Route) -> Option<Arc<Running>> {
        self.clusters.get(&route.spec.kafka.as_ref()?.name)
    }
}

/// Records were not delivered.
enum NotDelivered {
    /// For certain none of them.
    No(BoxError),
    /// Some may be.
    Maybe(CommitError),
}

async fn append(spooler: &Spooler, frame: Spooled) -> Result<Ack, NotCommitted> {
    appended(spooler.reserve(frame).map_err(before)?).await
}

async fn appended(reserved: Reserved<'_>) -> Result<Ack, NotCommitted> {
    match reserved.append().await {
        Ok(()) => Ok(Ack::Spool),
        Err(AppendError::Refused(refused)) => Err(before(refused)),
        Err(error @ AppendError::Unknown(_)) => Err(NotCommitted::Unknown(error.into())),
    }
}

/// Whether less was given than asked for.
fn weaker(given: Ack, asked: Ack) -> bool {
    given == Ack::Spool && asked == Ack::Delivered
}

/// Has the partitions counted of all topics whose records are compared: a route of few requests could not afford that
/// its first one asks.
fn count_partitions(config: &Config, running: &ByName) {
    for route in config.routes.iter().filter(|route| route.native.is_some()) {
        let Some(running) = route.kafka.as_ref().and_then(|cluster| running.get(&cluster.name)) else {
            continue;
        };
        for effect in route.shadow.effects() {
            // The first question has no answer, but has it found out.
            running.producer.partition_of(effect.topic(), None);
        }
    }
}

#[cfg(test)]
mod against_kafka;
#[cfg(test)]
mod against_network;
#[cfg(test)]
mod against_secrets;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod under_load;
