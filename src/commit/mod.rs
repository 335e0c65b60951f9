//! Commits an answer's effects: one frame to its Kafka cluster, through one persistent producer.

pub(crate) mod cluster;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use handover_api::{Effect, Record};
use handover_kafka::{CommitError, Frame, Producer};

use crate::config::valid::{Ack, Config, Kafka};
use crate::route::Route;

/// Tells native's records from legacy's.
pub(crate) const ORIGIN: (&str, &[u8]) = ("handover-origin", b"native");

/// How long a producer that the configuration no longer names may take to settle what it holds.
const RETIRING: Duration = Duration::from_secs(60);

/// Effects were not committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCommitted {
    /// Nothing has happened: legacy may answer.
    #[error("nothing was committed")]
    Before(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The records may or may not be in their topics.
    #[error("it is unknown whether the records were persisted")]
    Unknown(#[source] CommitError),
}

/// A producer could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the producer of Kafka cluster `{cluster}` cannot be started")]
pub(crate) struct PrepareError {
    cluster: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The route's configuration asks for what is not there.
#[derive(Debug, thiserror::Error)]
#[error("route `{0}` returned a record, but names no `kafka` cluster that is running")]
struct NoCluster(Arc<str>);

type ByName = HashMap<String, (Arc<Kafka>, Arc<Producer>), RandomState>;

/// The producers of the process, one a cluster.
#[derive(Default)]
pub(crate) struct Producers {
    running: ArcSwap<ByName>,
    changing: Mutex<()>,
}

impl Producers {
    /// Starts what the configuration newly names, keeps what is unchanged, and retires the rest: a retired producer
    /// settles what it holds, on `side`.
    pub(crate) fn prepare(&self, config: &Config, side: &tokio::runtime::Handle) -> Result<(), PrepareError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.running.load_full();
        let mut after = ByName::default();
        for spec in &config.kafka {
            let running = before.get(&spec.name).filter(|(running, _)| running == spec).cloned();
            let entry = match running {
                Some(entry) => entry,
                None => (Arc::clone(spec), Arc::new(start(spec)?)),
            };
            after.insert(spec.name.clone(), entry);
        }
        for (name, (_, producer)) in before.iter() {
            let kept = after.get(name).is_some_and(|(_, running)| Arc::ptr_eq(running, producer));
            if !kept {
                retire(name.clone(), Arc::clone(producer), side);
            }
        }
        count_partitions(config, &after);
        self.running.store(Arc::new(after));
        Ok(())
    }

    /// Where a record of that route would go; `None` where that is left to chance or not known. Never waits.
    pub(crate) fn partition_of(&self, route: &Route, record: &Record) -> Option<i32> {
        let chosen = || self.of(route)?.partition_of(&record.topic, record.key.as_deref());
        record.partition.or_else(chosen)
    }

    /// Commits the effects of one answer as the route's acknowledgement mode says.
    pub(crate) async fn commit(&self, route: &Route, effects: &[Effect]) -> Result<(), NotCommitted> {
        let records: Vec<&Record> = effects.iter().filter_map(record).collect();
        if records.is_empty() {
            return Ok(());
        }
        let producer = self.of(route).ok_or_else(|| before(NoCluster(Arc::clone(&route.spec.name))))?;
        let frame = Frame { records: &records, headers: &[ORIGIN] };
        let delivery = producer.hand_over(&frame).map_err(before)?;
        match route.spec.ack {
            Ack::Memory => Ok(()),
            Ack::Delivered => match delivery.await {
                Ok(_) => Ok(()),
                Err(error) if error.nothing_persisted() => Err(before(error)),
                Err(error) => Err(NotCommitted::Unknown(error)),
            },
        }
    }

    /// All running producers, by cluster name.
    pub(crate) fn running(&self) -> Vec<(String, Arc<Producer>)> {
        self.running.load().iter().map(|(name, (_, producer))| (name.clone(), Arc::clone(producer))).collect()
    }

    fn of(&self, route: &Route) -> Option<Arc<Producer>> {
        let cluster = route.spec.kafka.as_ref()?;
        self.running.load().get(&cluster.name).map(|(_, producer)| Arc::clone(producer))
    }
}

/// Has the partitions counted of all topics whose records are compared: a route of few requests could not afford that
/// its first one asks.
fn count_partitions(config: &Config, running: &ByName) {
    for route in config.routes.iter().filter(|route| route.native.is_some()) {
        let Some((_, producer)) = route.kafka.as_ref().and_then(|cluster| running.get(&cluster.name)) else {
            continue;
        };
        for effect in route.shadow.effects() {
            // The first question has no answer, but has it found out.
            producer.partition_of(effect.topic(), None);
        }
    }
}

fn start(spec: &Kafka) -> Result<Producer, PrepareError> {
    let fault = |source| PrepareError { cluster: spec.name.clone(), source };
    let config = cluster::producer(spec).map_err(|error| fault(error.into()))?;
    Producer::start(config).map_err(|error| fault(error.into()))
}

fn record(effect: &Effect) -> Option<&Record> {
    match effect {
        Effect::Record(record) => Some(record),
        _ => None,
    }
}

fn before(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> NotCommitted {
    NotCommitted::Before(error.into())
}

fn retire(name: String, producer: Arc<Producer>, side: &tokio::runtime::Handle) {
    side.spawn(async move {
        let left = producer.close(RETIRING).await;
        tracing::info!(
            cluster = name,
            not_persisted = left.not_persisted,
            possibly_persisted = left.possibly_persisted,
            "a producer that the configuration no longer names has settled what it held"
        );
    });
}
