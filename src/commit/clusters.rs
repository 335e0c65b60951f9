//! The producers that run, by cluster: one for answers, and one for what comes from the spool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use handover_kafka::{Producer, ProducerConfig};

use super::{PrepareError, cluster};
use crate::config::valid::Kafka;
use crate::observe::chain;

/// One cluster with its producers.
pub(super) struct Running {
    /// What it was started from.
    pub spec: Arc<Kafka>,
    /// Takes answers' records, and gives them up in time.
    pub producer: Arc<Producer>,
    /// Takes the spool's, never gives one up, and is started when the spool first has some: a setting of the whole
    /// native producer makes it another one.
    replaying: Mutex<Option<Arc<Producer>>>,
}

impl Running {
    /// Starts the producer of a cluster.
    pub(super) fn start(spec: &Arc<Kafka>) -> Result<Self, PrepareError> {
        let producer = Arc::new(start(spec, false)?);
        Ok(Self { spec: Arc::clone(spec), producer, replaying: Mutex::default() })
    }

    fn replaying(&self) -> Result<Arc<Producer>, PrepareError> {
        let mut replaying = self.replaying.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*replaying {
            return Ok(Arc::clone(producer));
        }
        let producer = Arc::new(start(&self.spec, true)?);
        Ok(Arc::clone(replaying.insert(producer)))
    }

    /// All producers that were started.
    pub(super) fn producers(&self) -> Vec<Arc<Producer>> {
        let replaying = self.replaying.lock().unwrap_or_else(PoisonError::into_inner);
        [Some(Arc::clone(&self.producer)), replaying.clone()].into_iter().flatten().collect()
    }
}

pub(super) type ByName = HashMap<String, Arc<Running>, RandomState>;

/// All clusters, as they are now. Clones see the same.
#[derive(Clone, Default)]
pub(super) struct Clusters(Arc<ArcSwap<ByName>>);

impl Clusters {
    /// All of them.
    pub(super) fn all(&self) -> Arc<ByName> {
        self.0.load_full()
    }

    /// Puts others in their place.
    pub(super) fn replace(&self, by_name: ByName) {
        self.0.store(Arc::new(by_name));
    }

    /// The one of that name.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Running>> {
        self.0.load().get(name).cloned()
    }

    /// Where the spool's records of a cluster go.
    pub(super) fn replaying(&self, name: &str) -> Result<Arc<Producer>, String> {
        let running =
            self.get(name).ok_or_else(|| format!("the configuration names no Kafka cluster `{name}`"))?;
        running.replaying().map_err(|error| chain(&error))
    }
}

fn start(spec: &Kafka, gapless: bool) -> Result<Producer, PrepareError> {
    let fault = |source| PrepareError { cluster: spec.name.clone(), source };
    let config = cluster::producer(spec).map_err(|error| fault(error.into()))?;
    Producer::start(ProducerConfig { gapless, ..config }).map_err(|error| fault(error.into()))
}
