//! The tap: reads topics beside everyone else, without joining a consumer group, and says how far it has come.
//!
//! It goes on through outages, finds partitions that are added, and never leaves out a record in silence: where
//! records may be missing, a [`Tapped::Gap`] stands in their place.

mod places;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rdkafka::ClientConfig;
use tokio::sync::{mpsc, oneshot};

use crate::{Connection, LastError, StartError};

/// Where a tap begins in the partitions that exist when it starts. Later ones it reads from their beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what is produced from now on.
    End,
    /// With the oldest record that the broker still has.
    Beginning,
    /// With the given offset of each topic and partition; those not given, of which nothing was read yet, as at
    /// [`Beginning`](Self::Beginning).
    At(BTreeMap<(String, i32), i64>),
}

/// The tap's settings.
#[derive(Clone, Debug)]
pub struct TapConfig {
    /// The cluster.
    pub connection: Connection,
    /// The topics.
    pub topics: Vec<String>,
    /// Where to begin.
    pub start: Start,
    /// How much may wait for the reader, in records; then the tap stops fetching.
    pub buffer: usize,
    /// How often to look for new partitions and for the topics' ends, for [`Tapped::CaughtUp`].
    pub look: Duration,
}

impl TapConfig {
    /// The defaults: from now on, 1,000 records waiting at most, a look four times a second.
    pub fn new(connection: Connection, topics: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            connection,
            topics: topics.into_iter().map(Into::into).collect(),
            start: Start::End,
            buffer: 1000,
            look: Duration::from_millis(250),
        }
    }

    /// Librdkafka wants a group's name even where none is joined; nothing is ever committed under it.
    fn client(&self) -> ClientConfig {
        let mut client = self.connection.client();
        client.set("group.id", format!("{}-tap", self.connection.client_id));
        client.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        client.set("allow.auto.create.topics", "false").set("auto.offset.reset", "error");
        client.set("max.poll.interval.ms", "86400000");
        client.set("queued.max.messages.kbytes", "16384").set("fetch.wait.max.ms", "100");
        client
    }
}

/// What a tap brings, in this order for each topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tapped {
    /// A record. Those of one partition come in their order.
    Record(TappedRecord),
    /// Every record that stood in the topic at that time has been brought, of partitions that were new then too.
    CaughtUp {
        /// The topic.
        topic: Arc<str>,
        /// The time, by this machine's clock.
        at: SystemTime,
    },
    /// Nothing follows from records that were not brought before that time, and some may never be: the tap begins; the
    /// broker threw records away before the tap had read them; or the topic got partitions, so that until now clients
    /// differed in where they put a key. Those are read from their beginning.
    Gap {
        /// The topic.
        topic: Arc<str>,
        /// The time, by this machine's clock.
        at: SystemTime,
    },
}

/// A record as it lies in its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TappedRecord {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// When it was produced or appended, as the topic is set; milliseconds since 1970.
    pub timestamp: Option<i64>,
    /// The key; `None` is null.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers, in order; a value of `None` is null.
    pub headers: Vec<(String, Option<Bytes>)>,
}

/// A tap's counters since its start, and its state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TapStats {
    /// Partitions that it reads.
    pub partitions: usize,
    /// Records brought.
    pub records: u64,
    /// Gaps reported.
    pub gaps: u64,
    /// The last error that the client reported.
    pub last_error: Option<LastError>,
}

/// A running tap. Dropping it stops it.
pub struct Tap {
    brought: mpsc::Receiver<Tapped>,
    state: Arc<State>,
    ended: oneshot::Receiver<()>,
}

impl Tap {
    /// Starts reading on a thread of its own. Needs no broker to be there.
    pub fn start(config: TapConfig) -> Result<Self, StartError> {
        let (bring, brought) = mpsc::channel(config.buffer.max(1));
        let (end, ended) = oneshot::channel();
        let state = Arc::new(State::default());
        let bootstrap = config.connection.bootstrap.clone();
        let reader = reader::Reader::new(config, bring, Arc::clone(&state))
            .map_err(|source| StartError::Settings { bootstrap, source })?;
        let run = move || {
            reader.run();
            let _ = end.send(());
        };
        thread::Builder::new().name("kafka-tap".into()).spawn(run).map_err(StartError::Thread)?;
        Ok(Self { brought, state, ended })
    }

    /// What comes next; `None` when the tap has stopped.
    pub async fn next(&mut self) -> Option<Tapped> {
        self.brought.recv().await
    }

    /// A handle that tells how the tap is doing, while someone else reads from it.
    pub fn monitor(&self) -> TapMonitor {
        TapMonitor(Arc::clone(&self.state))
    }

    /// Stops it and waits until its connections are closed.
    pub async fn stop(self) {
        drop(self.brought);
        let _ = self.ended.await;
    }
}

/// Tells how a tap is doing.
#[derive(Clone)]
pub struct TapMonitor(Arc<State>);

impl TapMonitor {
    /// Its counters and state.
    pub fn stats(&self) -> TapStats {
        TapStats {
            partitions: self.0.partitions.load(Relaxed),
            records: self.0.records.load(Relaxed),
            gaps: self.0.gaps.load(Relaxed),
            last_error: self.0.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

#[derive(Default)]
struct State {
    partitions: AtomicUsize,
    records: AtomicU64,
    gaps: AtomicU64,
    last_error: Mutex<Option<LastError>>,
}

impl State {
    /// Notes an error, and logs it when it is another than the last one.
    fn note_error(&self, text: &str) {
        let mut last = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|last| last.text != text) {
            tracing::warn!("Kafka, the tap: {text}");
        }
        *last = Some(LastError { text: text.to_owned(), at: SystemTime::now() });
    }
}
