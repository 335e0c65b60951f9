//! The producers that run, by cluster: one for answers, and one for what comes from the spool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use foldhash::fast::RandomState;
use handover_kafka::{Producer, ProducerConfig};
use tokio::sync::watch;

use super::PrepareError;
use super::access::{self, Access, AccessError};
use super::renew::Retiring;
use crate::config::valid::Kafka;
use crate::observe::chain;

/// Says when a producer has settled all that it held.
pub(super) type Settled = watch::Receiver<bool>;

/// One cluster with its producers.
pub(super) struct Running {
    /// What it was started from.
    pub spec: Arc<Kafka>,
    /// How it is reached.
    pub access: Arc<Access>,
    /// Takes answers' records, and gives them up in time.
    pub producer: Arc<Producer>,
    /// Takes the spool's, never gives one up, and is started when the spool first has some: a setting of the whole
    /// native producer makes it another one.
    replaying: Mutex<Option<Arc<Producer>>>,
    /// The producer in whose place this one stands, until it has settled what it holds.
    before: ArcSwapOption<Settled>,
}

impl Running {
    /// Starts the producer of a cluster, with that access or, without one, with secrets that are read now.
    pub(super) fn start(spec: &Arc<Kafka>, access: Option<Arc<Access>>) -> Result<Self, PrepareError> {
        let fault = |source: AccessError| PrepareError { cluster: spec.name.clone(), source: source.into() };
        let access = access.map_or_else(|| Access::new(spec).map(Arc::new).map_err(fault), Ok)?;
        let producer = Arc::new(start(spec, &access, false)?);
        let (replaying, before) = (Mutex::default(), ArcSwapOption::empty());
        Ok(Self { spec: Arc::clone(spec), access, producer, replaying, before })
    }

    /// Has this one's records wait for those that the other holds, which it lets go of once it retires.
    pub(super) fn comes_after(&self, before: &Arc<Self>) -> Retiring {
        let retiring = Retiring::of(before);
        self.before.store(Some(Arc::new(retiring.settled())));
        retiring
    }

    /// Waits until the producer before this one has settled what it holds: what is handed over earlier could overtake.
    pub(super) async fn in_turn(&self) {
        let Some(before) = self.before.load_full() else { return };
        // An error is a producer that is gone.
        let _ = Settled::clone(&before).wait_for(|settled| *settled).await;
        self.before.store(None);
    }

    fn replaying(&self) -> Result<Arc<Producer>, PrepareError> {
        let mut replaying = self.replaying.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = &*replaying {
            return Ok(Arc::clone(producer));
        }
        let producer = Arc::new(start(&self.spec, &self.access, true)?);
        Ok(Arc::clone(replaying.insert(producer)))
    }

    /// All producers that were started, the one for answers first.
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

fn start(spec: &Kafka, access: &Access, gapless: bool) -> Result<Producer, PrepareError> {
    let config = ProducerConfig { gapless, ..access::producer(spec, access) };
    Producer::start(config)
        .map_err(|source| PrepareError { cluster: spec.name.clone(), source: source.into() })
}
