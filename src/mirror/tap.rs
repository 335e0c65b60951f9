//! Reads what legacy really sent: a tap for each cluster, on the topics that some route's policy names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use handover_kafka::{Tap, TapConfig, TappedRecord};
use handover_shadow::{EffectRecord, Origin};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::court::Tapped;
use crate::commit::{Access, ORIGIN, Producers};
use crate::config::valid::{Config, Kafka};
use crate::schemas::Schemas;

/// How long a tap that ended by itself is waited with, until it begins anew.
const AGAIN: Duration = Duration::from_secs(1);

/// A tap could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the topics of Kafka cluster `{cluster}` cannot be tapped")]
pub(crate) struct TapError {
    cluster: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The running taps.
pub(crate) struct Taps {
    court: mpsc::Sender<Tapped>,
    running: Mutex<Vec<Running>>,
}

struct Running {
    cluster: Arc<Kafka>,
    topics: BTreeSet<String>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The tap goes with its task.
        self.task.abort();
    }
}

impl Taps {
    /// No taps yet. What they bring goes to the court.
    pub(crate) fn new(court: mpsc::Sender<Tapped>) -> Self {
        Self { court, running: Mutex::default() }
    }

    /// Taps what the configuration names, goes on where nothing changed, and ends the rest.
    /// Clusters are reached as their producers reach them, which were prepared before.
    pub(crate) fn prepare(
        &self,
        config: &Config,
        producers: &Producers,
        side: &Handle,
    ) -> Result<(), TapError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = std::mem::take(&mut *running);
        for (cluster, topics) in wanted(config) {
            let same = |tap: &Running| tap.cluster == cluster && tap.topics == topics;
            match before.iter().position(same) {
                Some(at) => running.push(before.swap_remove(at)),
                None => {
                    let access = producers.access(&cluster.name);
                    let schemas = Arc::clone(producers.schemas());
                    running.push(start(cluster, topics, access, (schemas, self.court.clone()), side)?);
                }
            }
        }
        Ok(())
    }

    /// Ends all taps.
    pub(crate) fn stop(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The topics of each cluster that legacy's records are looked for in.
fn wanted(config: &Config) -> Vec<(Arc<Kafka>, BTreeSet<String>)> {
    let mut wanted: BTreeMap<&str, (Arc<Kafka>, BTreeSet<String>)> = BTreeMap::new();
    for route in config.routes.iter().filter(|route| route.native.is_some()) {
        let (Some(cluster), effects) = (&route.kafka, route.shadow.effects()) else { continue };
        if !effects.is_empty() {
            let entry = wanted.entry(&cluster.name).or_insert_with(|| (Arc::clone(cluster), BTreeSet::new()));
            entry.1.extend(effects.iter().map(|effect| effect.topic().to_owned()));
        }
    }
    wanted.into_values().collect()
}

fn start(
    cluster: Arc<Kafka>,
    topics: BTreeSet<String>,
    access: Option<Arc<Access>>,
    (schemas, court): (Arc<Schemas>, mpsc::Sender<Tapped>),
    side: &Handle,
) -> Result<Running, TapError> {
    let fault = |source| TapError { cluster: cluster.name.clone(), source };
    // Who only reviews has no producers.
    let own = || Access::watched(&cluster, side).map_err(|error| fault(error.into()));
    let access = access.map_or_else(own, Ok)?;
    let mut renewals = access.renewals();
    let tap = {
        let topics = topics.clone();
        move || Tap::start(TapConfig::new(access.connection().clone(), topics.clone()))
    };
    let mut running = tap().map_err(|error| fault(error.into()))?;
    let of = Arc::clone(&cluster);
    let task = side.spawn(async move {
        loop {
            tokio::select! {
                tapped = running.next() => {
                    let Some(tapped) = tapped else {
                        tracing::error!(
                            cluster = of.name,
                            "the tap has ended by itself and begins anew: what legacy sends meanwhile is not judged"
                        );
                        tokio::time::sleep(AGAIN).await;
                        match tap() {
                            Ok(anew) => running = anew,
                            Err(error) => tracing::warn!(cluster = of.name, %error, "the tap cannot begin anew yet"),
                        }
                        continue;
                    };
                    if court.send(told(tapped, Some(&of), &schemas).await).await.is_err() {
                        break;
                    }
                }
                // A new certificate. What comes until the new tap has begun is a gap, and is not judged.
                Ok(()) = renewals.changed() => match tap() {
                    Ok(renewed) => running = renewed,
                    Err(error) => tracing::warn!(%error, "the tap goes on with the certificate that it has"),
                },
            }
        }
    });
    Ok(Running { cluster, topics, task: task.abort_handle() })
}

/// What the court is told of what a tap of that cluster brought.
pub(crate) async fn told(
    tapped: handover_kafka::Tapped,
    cluster: Option<&Kafka>,
    schemas: &Schemas,
) -> Tapped {
    match tapped {
        handover_kafka::Tapped::Record(record) => match (origin(&record), cluster) {
            (Origin::Legacy, Some(cluster)) => {
                Tapped::Record(schemas.read(cluster, effect(record)).await, Origin::Legacy)
            }
            // Native's are counted, and looked at no further.
            (origin, _) => Tapped::Record(effect(record), origin),
        },
        handover_kafka::Tapped::CaughtUp { topic, at } => Tapped::CaughtUp(topic.to_string(), timestamp(at)),
        handover_kafka::Tapped::Gap { topic, at } => Tapped::Gap(topic.to_string(), timestamp(at)),
    }
}

fn origin(record: &TappedRecord) -> Origin {
    let (name, native) = ORIGIN;
    let ours = |(key, value): &(String, Option<Bytes>)| key == name && value.as_deref() == Some(native);
    if record.headers.iter().any(ours) { Origin::Native } else { Origin::Legacy }
}

fn effect(record: TappedRecord) -> EffectRecord {
    EffectRecord {
        topic: record.topic.to_string(),
        partition: Some(record.partition),
        key: record.key,
        value: record.value,
        headers: record.headers.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect(),
        unreadable: None,
    }
}

fn timestamp(at: SystemTime) -> Timestamp {
    Timestamp::try_from(at).unwrap_or(Timestamp::UNIX_EPOCH)
}
