//! Schemas of registries: fetched beside the clients' path, kept on disk, used by whoever writes or reads records.
//!
//! A schema goes this way: its registry is asked ([`client`]) at intervals ([`registry`]), what comes is made ready, swapped
//! in ([`topic`]) and kept on disk for the next start. A request takes what is there and never waits: where nothing is, its record
//! cannot be written, and legacy answers. A tap's record may be by any schema of the registry: it waits for that one.

#[cfg(test)]
mod against_registry;
mod client;
mod known;
mod registry;
mod topic;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use foldhash::fast::RandomState;
use handover_api::Record;
use handover_schemas::Misfit;
use handover_shadow::EffectRecord;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

pub(crate) use self::client::ClientError;
use self::registry::Registry;
pub(crate) use self::registry::{RegistryStats, kind_of};
pub(crate) use self::topic::TopicStats;
use crate::config::valid::{Config, Kafka};

/// Tells which schema a compared record was by: beside its value, which is compared as JSON.
pub(crate) const SCHEMA_ID: &str = "handover-schema-id";

/// A record's value cannot be written by its topic's schema. Nothing has happened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotWritten {
    /// There is no schema yet, or no more.
    #[error("there is no schema of `{subject}` for topic `{topic}` of Kafka cluster `{cluster}`: {why}")]
    NoSchema {
        /// The cluster.
        cluster: String,
        /// The topic.
        topic: String,
        /// Where the registry should have it.
        subject: String,
        /// Why.
        why: String,
    },
    /// The value does not fit.
    #[error("the value for topic `{topic}` does not fit schema {id} of `{subject}`")]
    Unfit {
        /// The topic.
        topic: String,
        /// The schema.
        id: u32,
        /// Where the registry has it.
        subject: String,
        /// Which field, and why.
        source: Misfit,
    },
}

/// What schemas are wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To send records: schemas are kept on disk, and those are registered that files have for that.
    Send,
    /// To look: what lies on disk is used, and nothing is changed, there or in a registry.
    Look,
}

/// The registries of the process, one a cluster at most.
#[derive(Default)]
pub(crate) struct Schemas {
    running: ArcSwap<HashMap<String, Arc<Running>, RandomState>>,
}

/// A registry that is asked for as long as this is there.
struct Running {
    registry: Arc<Registry>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The registries of a configuration: they are asked already, and nobody writes or reads by them until they are
/// [put in place](Schemas::put). Dropped, those are asked no more that only it has.
#[must_use = "nobody writes or reads by them before they are put in place"]
pub(crate) struct Prepared(HashMap<String, Arc<Running>, RandomState>);

impl Prepared {
    /// Waits, where a topic has no schema, until its registry was asked once, for that long at most.
    pub(crate) async fn asked_once(&self, within: Duration) {
        let all = async {
            for running in self.0.values().filter(|running| running.registry.lacks_one()) {
                running.registry.asked_once().await;
            }
        };
        // Whatever comes of it: without a schema the routes fall back, and legacy answers.
        let _ = tokio::time::timeout(within, all).await;
    }
}

impl Schemas {
    /// Has the schemas that the configuration names: at once those that its topics have now or that lie on disk; registries
    /// are asked beside that, on `side`. Those that are asked already are asked again now.
    ///
    /// # Errors
    /// When a registry's certificates cannot be read.
    pub(crate) fn prepare(
        &self,
        config: &Config,
        purpose: Purpose,
        side: &Handle,
    ) -> Result<Prepared, ClientError> {
        let before = self.running.load();
        let mut after = HashMap::default();
        let with_one = config.kafka.iter().filter_map(|kafka| Some((kafka, kafka.registry.as_ref()?)));
        for (kafka, spec) in with_one {
            let before = before.get(&kafka.name);
            let running = match before.filter(|running| running.registry.is_of(kafka, purpose)) {
                Some(same) => {
                    same.registry.ask_now();
                    Arc::clone(same)
                }
                None => {
                    let before = before.map(|running| &*running.registry);
                    let registry = Registry::new((kafka, spec), &config.state, purpose, before)?;
                    let registry = Arc::new(registry);
                    let task = side.spawn(Arc::clone(&registry).run()).abort_handle();
                    Arc::new(Running { registry, task })
                }
            };
            after.insert(kafka.name.clone(), running);
        }
        Ok(Prepared(after))
    }

    /// Has who writes and reads do so by these from now on.
    pub(crate) fn put(&self, prepared: Prepared) {
        self.running.store(Arc::new(prepared.0));
    }

    /// Writes the values of an answer's records by their topics' schemas; those of other topics stay as they are. Never
    /// waits.
    pub(crate) fn write(&self, kafka: &Kafka, records: &mut [Record]) -> Result<(), NotWritten> {
        for record in records.iter_mut() {
            let Some((registry, value)) = self.concerned(kafka, &record.topic, record.value.as_ref())? else {
                continue;
            };
            let (_, written) = registry.write(&record.topic, value)?;
            record.value = Some(written.into());
        }
        Ok(())
    }

    /// A record of a dry run as a tap would show it, had it been written.
    pub(crate) fn seen(&self, kafka: &Kafka, record: EffectRecord) -> Result<EffectRecord, NotWritten> {
        let Some((registry, value)) = self.concerned(kafka, &record.topic, record.value.as_ref())? else {
            return Ok(record);
        };
        let (schema, written) = registry.write(&record.topic, value)?;
        Ok(match schema.decode(&written) {
            Ok(json) => by_schema(record, schema.id(), json),
            Err(why) => EffectRecord { unreadable: Some(why.to_string()), ..record },
        })
    }

    /// A record that a tap brought, its value as JSON where its topic's are by a schema. Waits for the registry where the
    /// schema is not known yet.
    pub(crate) async fn read(&self, kafka: &Kafka, record: EffectRecord) -> EffectRecord {
        let registry = match self.concerned(kafka, &record.topic, record.value.as_ref()) {
            Ok(None) => return record,
            Ok(Some((registry, _))) => Ok(registry),
            Err(why) => Err(why.to_string()),
        };
        let value = record.value.clone().unwrap_or_default();
        let read = match registry {
            Ok(registry) => registry.read(&value).await,
            Err(why) => Err(why),
        };
        match read {
            Ok((id, json)) => by_schema(record, id, json),
            Err(why) => {
                let why = format!("a record in `{}` cannot be read: {why}", record.topic);
                EffectRecord { unreadable: Some(why), ..record }
            }
        }
    }

    /// The registry that a record is for, and its value; `None` for one without a schema, or without a value.
    fn concerned<'v>(
        &self,
        kafka: &Kafka,
        topic: &str,
        value: Option<&'v Bytes>,
    ) -> Result<Option<(Arc<Registry>, &'v Bytes)>, NotWritten> {
        let (Some(value), Some(of)) = (value, kafka.schemas.get(topic)) else { return Ok(None) };
        let running = self.running.load();
        let running = running.get(&kafka.name).ok_or_else(|| NotWritten::NoSchema {
            cluster: kafka.name.clone(),
            topic: topic.to_owned(),
            subject: of.subject.clone(),
            why: "its registry is not asked here".to_owned(),
        })?;
        Ok(Some((Arc::clone(&running.registry), value)))
    }

    /// How each registry stands, by cluster in order.
    pub(crate) fn stats(&self) -> Vec<RegistryStats> {
        let mut all: Vec<_> = self.running.load().values().map(|running| running.registry.stats()).collect();
        all.sort_by(|a, b| a.cluster.cmp(&b.cluster));
        all
    }
}

fn by_schema(record: EffectRecord, id: u32, json: Vec<u8>) -> EffectRecord {
    let mut headers = record.headers;
    headers.push((SCHEMA_ID.to_owned(), id.to_string().into()));
    EffectRecord { value: Some(json.into()), headers, ..record }
}

/// What topics of a configuration have no schema, neither on disk nor from their registries, which are asked now.
pub(crate) fn lacking(config: &Config) -> Vec<String> {
    const WITHIN: Duration = Duration::from_secs(3);
    if config.kafka.iter().all(|kafka| kafka.schemas.is_empty()) {
        return Vec::new();
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let schemas = Schemas::default();
    match schemas.prepare(config, Purpose::Look, runtime.handle()) {
        Ok(prepared) => {
            runtime.block_on(prepared.asked_once(WITHIN));
            schemas.put(prepared);
        }
        Err(error) => return vec![crate::observe::chain(&error)],
    }
    let of = |registry: RegistryStats| {
        let cluster = registry.cluster;
        let topics = registry.topics.into_iter().filter(|topic| topic.id.is_none());
        topics.map(move |topic| {
            let why =
                topic.failure.unwrap_or_else(|| format!("the registry did not answer within {WITHIN:?}"));
            format!("there is no schema for topic `{}` of Kafka cluster `{cluster}`: {why}", topic.topic)
        })
    };
    schemas.stats().into_iter().flat_map(of).collect()
}
