//! One cluster's registry: the schemas of its topics as they are now, those that records were by, and who asks for them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use handover_schemas::{Kind, Schema, Source, Unusable, frame};
use tokio::sync::{Notify, watch};

use super::client::{AskError, Client, ClientError};
use super::known::KnownIds;
use super::topic::{Current, Topic, TopicStats};
use super::{NotWritten, Purpose};
use crate::config::valid::{self, Kafka, WhichSchema};
use crate::observe::chain;
use crate::renewal::pause;
use crate::tables::LastGood;

/// How long making a schema ready may take.
const READY: Duration = Duration::from_secs(10);
/// The first wait after a failure; it doubles up to the registry's interval.
const BACK_OFF: Duration = Duration::from_secs(1);
/// By what share a wait is longer or shorter.
const JITTER: f64 = 0.1;

/// How a registry stands.
#[derive(Clone, Debug)]
pub(crate) struct RegistryStats {
    /// Its cluster.
    pub cluster: String,
    /// How often it gave what it was asked for.
    pub answered: u64,
    /// How often it did not.
    pub failed: u64,
    /// How often it gave a schema that no value can be written by.
    pub refused: u64,
    /// Its topics, by name in order.
    pub topics: Vec<TopicStats>,
}

/// A registry and what is known of it.
pub(super) struct Registry {
    kafka: Arc<Kafka>,
    purpose: Purpose,
    client: Client,
    refresh: Duration,
    topics: BTreeMap<String, Topic>,
    known: KnownIds,
    counts: Counts,
    wake: Notify,
    asked: watch::Sender<bool>,
}

#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
}

/// What asking for a topic's schema came to.
struct Asked {
    /// Another one than the current one.
    new: Option<Current>,
    /// Whether the registry has it.
    is_registered: bool,
}

/// A schema was not renewed.
#[derive(Debug, thiserror::Error)]
enum NotRenewed {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("schema {0} cannot be used")]
    Unusable(u32, #[source] Unusable),
    #[error("schema {0} cannot be used: making it ready takes more than {most:?}", most = READY)]
    TakesTooLong(u32),
    #[error("schema {0} was not made ready: the process ends")]
    Ending(u32),
    #[error("the schema that is to be registered cannot be read from {0}")]
    File(String, #[source] std::io::Error),
}

impl Registry {
    /// Has the schemas of a cluster's topics that the one before it has of the same registry, or that lie on disk, without
    /// asking.
    pub(super) fn new(
        (kafka, spec): (&Arc<Kafka>, &valid::Registry),
        state: &Path,
        purpose: Purpose,
        before: Option<&Self>,
    ) -> Result<Self, ClientError> {
        let client = Client::new(spec)?;
        let folder = state.join("schemas");
        let topics = kafka.schemas.iter().map(|(topic, of)| {
            let source = format!("{} {} {:?}", spec.url, of.subject, of.which);
            let last_good = LastGood::new(&folder, (&[&kafka.name, topic], "schema"), source);
            (topic.clone(), Topic::new(of.clone(), last_good, purpose))
        });
        let registry = Self {
            kafka: Arc::clone(kafka),
            purpose,
            client,
            refresh: spec.refresh,
            topics: topics.collect(),
            known: KnownIds::new(),
            counts: Counts::default(),
            wake: Notify::new(),
            asked: watch::Sender::new(false),
        };
        let before = before.filter(|before| before.url() == registry.url());
        for (name, topic) in &registry.topics {
            let same = before.and_then(|before| before.topics.get(name));
            if !same.is_some_and(|same| topic.continue_from(same)) {
                topic.load(name);
            }
        }
        Ok(registry)
    }

    fn url(&self) -> Option<&reqwest::Url> {
        self.kafka.registry.as_ref().map(|registry| &registry.url)
    }

    pub(super) fn is_of(&self, kafka: &Kafka, purpose: Purpose) -> bool {
        self.purpose == purpose
            && self.kafka.registry == kafka.registry
            && self.kafka.schemas == kafka.schemas
    }

    /// Whether some topic has no schema.
    pub(super) fn lacks_one(&self) -> bool {
        self.topics.values().any(|topic| topic.current().is_none())
    }

    pub(super) async fn asked_once(&self) {
        // An error is an end of the process.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    pub(super) fn ask_now(&self) {
        self.wake.notify_one();
    }

    /// Asks at intervals, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let mut failures = 0_u32;
        loop {
            let mut all_well = true;
            for (name, topic) in &self.topics {
                all_well &= self.renew(name, topic).await;
            }
            self.asked.send_replace(true);
            failures = if all_well { 0 } else { failures.saturating_add(1) };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause(failures, BACK_OFF, self.refresh, JITTER)) => {}
            }
        }
    }

    /// Has the registry confirm or replace a topic's schema; whether it answered.
    async fn renew(&self, name: &str, topic: &Topic) -> bool {
        match self.asked_for(topic).await {
            Ok(asked) => {
                self.counts.answered.fetch_add(1, Relaxed);
                let Some(current) = asked.new else {
                    topic.stays(asked.is_registered).await;
                    return true;
                };
                tracing::info!(
                    cluster = self.kafka.name,
                    topic = name,
                    subject = topic.spec.subject,
                    id = current.schema.id(),
                    "took over a schema"
                );
                topic.take(current, asked.is_registered).await;
                true
            }
            Err(error) => {
                let count = if matches!(error, NotRenewed::Unusable(..)) {
                    &self.counts.refused
                } else {
                    &self.counts.failed
                };
                count.fetch_add(1, Relaxed);
                let why = chain(&error);
                if topic.failed(&why) {
                    tracing::warn!(
                        cluster = self.kafka.name,
                        topic = name,
                        subject = topic.spec.subject,
                        "a schema was not renewed: {why}"
                    );
                }
                false
            }
        }
    }

    /// Asks for a topic's schema. Also where it cannot have changed: who is not asked has confirmed nothing.
    async fn asked_for(&self, topic: &Topic) -> Result<Asked, NotRenewed> {
        let current = topic.current();
        let (id, source) = match &topic.spec.which {
            WhichSchema::Latest => {
                let (id, source) = self.client.latest(&topic.spec.subject).await?;
                (Some(id), source)
            }
            WhichSchema::Id(id) => (Some(*id), self.client.by_id(*id).await?),
            WhichSchema::Registered { file, kind } => {
                let text = tokio::fs::read_to_string(file).await;
                let text = text.map_err(|why| NotRenewed::File(file.display().to_string(), why))?;
                let source = Source::new(*kind, text);
                if current.as_ref().is_none_or(|current| current.source != source) {
                    // One that can't be used is nobody's to find.
                    ready(0, source.clone(), None).await?;
                }
                (self.found(&topic.spec.subject, &source).await?, source)
            }
        };
        let is_registered = id.is_some();
        // By id 0 it can be seen what values would be.
        let id = id.unwrap_or(0);
        if current.is_some_and(|current| current.schema.id() == id && current.source == source) {
            return Ok(Asked { new: None, is_registered });
        }
        let schema = ready(id, source.clone(), topic.spec.message.clone()).await?;
        Ok(Asked { new: Some(Current { schema, source }), is_registered })
    }

    /// The id of a schema that is to be registered; `None` where it is not, and is not to be by us.
    async fn found(&self, subject: &str, source: &Source) -> Result<Option<u32>, AskError> {
        match (self.client.find(subject, source).await?, self.purpose) {
            (None, Purpose::Send) => self.client.register(subject, source).await.map(Some),
            (found, _) => Ok(found),
        }
    }

    /// Writes a value by the schema of its topic; gives the schema, too.
    pub(super) fn write(&self, name: &str, value: &[u8]) -> Result<(Arc<Schema>, Vec<u8>), NotWritten> {
        let no_schema = |subject: &str, why: Option<String>| NotWritten::NoSchema {
            cluster: self.kafka.name.clone(),
            topic: name.to_owned(),
            subject: subject.to_owned(),
            why: why.unwrap_or_else(|| "its registry has not answered yet".to_owned()),
        };
        let topic = self.topics.get(name).ok_or_else(|| no_schema("", None))?;
        let subject = &topic.spec.subject;
        let current = topic.current().ok_or_else(|| no_schema(subject, topic.failure()))?;
        let written = current.schema.encode(value).map_err(|source| {
            topic.count_unfit();
            let (topic, id, subject) = (name.to_owned(), current.schema.id(), subject.clone());
            NotWritten::Unfit { topic, id, subject, source }
        })?;
        Ok((Arc::clone(&current.schema), written))
    }

    /// Reads a value by whatever schema it says it is by; or says why that cannot be.
    pub(super) async fn read(&self, value: &[u8]) -> Result<(u32, Vec<u8>), String> {
        let (id, _) = frame::split(value).map_err(|why| why.to_string())?;
        let schema = self.schema(id).await.map_err(|why| why.to_string())?;
        let json = schema.decode(value).map_err(|why| why.to_string())?;
        Ok((id, json))
    }

    /// The schema of that id, where a topic's current one is it.
    fn current(&self, id: u32) -> Option<Arc<Schema>> {
        let mut schemas = self.topics.values().filter_map(|topic| Some(Arc::clone(&topic.current()?.schema)));
        schemas.find(|schema| schema.id() == id)
    }

    async fn schema(&self, id: u32) -> Result<Arc<Schema>, Arc<str>> {
        if let Some(schema) = self.current(id) {
            return Ok(schema);
        }
        if let Some(known) = self.known.get(id) {
            return known;
        }
        let asked = async { ready(id, self.client.by_id(id).await?, None).await };
        match asked.await {
            Ok(schema) => {
                self.counts.answered.fetch_add(1, Relaxed);
                self.known.is(id, &schema);
                Ok(schema)
            }
            Err(error) => {
                self.counts.failed.fetch_add(1, Relaxed);
                let why: Arc<str> = format!("its schema {id} cannot be had: {}", chain(&error)).into();
                match error {
                    NotRenewed::Ask(AskError::Unreachable(_)) => self.known.is_down(&why),
                    _ => self.known.is_not(id, &why),
                }
                Err(why)
            }
        }
    }

    pub(super) fn stats(&self) -> RegistryStats {
        let topics = self.topics.iter().map(|(name, topic)| topic.stats(name));
        RegistryStats {
            cluster: self.kafka.name.clone(),
            answered: self.counts.answered.load(Relaxed),
            failed: self.counts.failed.load(Relaxed),
            refused: self.counts.refused.load(Relaxed),
            topics: topics.collect(),
        }
    }
}

/// A schema that is ready to be used, made off the runtime's threads: a large one takes a while. One that takes too long goes on
/// being made, within its bounds, and is thrown away.
async fn ready(id: u32, source: Source, message: Option<String>) -> Result<Arc<Schema>, NotRenewed> {
    let made = tokio::task::spawn_blocking(move || Schema::new(id, &source, message.as_deref()));
    let made = tokio::time::timeout(READY, made).await.map_err(|_| NotRenewed::TakesTooLong(id))?;
    let made = made.map_err(|_| NotRenewed::Ending(id))?;
    made.map(Arc::new).map_err(|why| NotRenewed::Unusable(id, why))
}

/// How a file's schema is to be read, by its ending.
pub(crate) fn kind_of(file: &Path) -> Option<Kind> {
    match file.extension()?.to_str()? {
        "avsc" => Some(Kind::Avro),
        "json" => Some(Kind::Json),
        "proto" => Some(Kind::Protobuf),
        _ => None,
    }
}
