//! How many partitions topics have: learnt on a thread of its own, so that asking never waits.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use tracing::{debug, warn};

use super::frame::is_topic;
use crate::auth::Feed;
use crate::{Connection, StartError};

/// How often what is known is asked for again.
const REFRESH: Duration = Duration::from_secs(1);
/// How long a question to the brokers may take.
const ANSWER: Duration = Duration::from_secs(2);
/// The most topics that are asked about. Of others nothing is known.
const TOPICS_MAX: usize = 256;
/// Topics that the thread has not taken note of yet. One more has to be asked for again.
const ASKED_MAX: usize = 64;
/// For how long after a change nothing is said: librdkafka looks for new partitions this often
/// (`topic.metadata.refresh.interval.ms`), so that until then clients differ in where they put a key.
const SETTLES: Duration = Duration::from_secs(300);

/// What is known of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    /// `None` where there is no answer yet, or no such topic.
    count: Option<NonZeroU32>,
    /// When it became another.
    changed: Option<Instant>,
}

impl Known {
    /// What an answer of the brokers makes of it. A topic that they do not list any more may only be hidden by a
    /// fault of theirs.
    fn updated(self, listed: Option<NonZeroU32>, now: Instant) -> Self {
        let changed = listed.is_some() && self.count.is_some() && listed != self.count;
        Self { count: listed.or(self.count), changed: if changed { Some(now) } else { self.changed } }
    }

    /// The count, where all clients have the same.
    fn settled(self) -> Option<NonZeroU32> {
        self.count.filter(|_| self.changed.is_none_or(|changed| changed.elapsed() > SETTLES))
    }
}

type ByTopic = HashMap<String, Known>;

/// The partition counts of those topics that were asked for.
pub(super) struct PartitionCounts {
    known: Arc<ArcSwap<ByTopic>>,
    ask: mpsc::SyncSender<String>,
}

impl PartitionCounts {
    /// Counts of that cluster's topics. No connection is made before the first question.
    pub(super) fn start(connection: &Connection) -> Result<Self, StartError> {
        let (ask, asked) = mpsc::sync_channel(ASKED_MAX);
        let known = Arc::<ArcSwap<ByTopic>>::default();
        let learner = Learner { connection: connection.clone(), asked, known: Arc::clone(&known) };
        thread::Builder::new()
            .name("kafka-counts".into())
            .spawn(move || learner.run())
            .map_err(StartError::Thread)?;
        Ok(Self { known, ask })
    }

    /// How many partitions a topic has. `None` at the first question, which has it found out, and where it is not
    /// known, or changed too lately for all clients to know. Never waits.
    pub(super) fn of(&self, topic: &str) -> Option<NonZeroU32> {
        let known = self.known.load();
        match known.get(topic) {
            Some(known) => known.settled(),
            None => {
                if known.len() < TOPICS_MAX && is_topic(topic) {
                    // When the thread is behind, the next question tells it.
                    let _ = self.ask.try_send(topic.to_owned());
                }
                None
            }
        }
    }
}

/// A consumer that consumes nothing: it asks without having the broker create the topic, as a producer would. Without
/// a group's name it joins none.
fn settings(connection: &Connection) -> ClientConfig {
    let mut client = connection.client();
    client.set("allow.auto.create.topics", "false").set("statistics.interval.ms", "0");
    client
}

/// The thread's side.
struct Learner {
    connection: Connection,
    asked: mpsc::Receiver<String>,
    known: Arc<ArcSwap<ByTopic>>,
}

impl Learner {
    /// Learns until nobody can ask any more.
    fn run(self) {
        let Ok(mut topic) = self.asked.recv().map(Some) else { return };
        let client: BaseConsumer<Quiet> = match settings(&self.connection).create_with_context(Quiet) {
            Ok(client) => client,
            Err(error) => return warn!("the partitions of Kafka's topics cannot be asked for: {error}"),
        };
        let mut secrets = Feed::new(&self.connection);
        loop {
            // The producer beside it tells of what is wrong with them.
            secrets.refresh(client.client());
            self.refresh(&client, topic);
            // Serves the callbacks, or they would pile up. There is never a message.
            while client.poll(Duration::ZERO).is_some() {}
            topic = match self.asked.recv_timeout(REFRESH) {
                Ok(topic) => Some(topic),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    /// Asks for what is known and for what is asked now. Without an answer all stays as it is: partitions seldom change.
    fn refresh(&self, client: &BaseConsumer<Quiet>, asked: Option<String>) {
        let before = self.known.load();
        let mut after = ByTopic::clone(&before);
        for topic in asked.into_iter().chain(self.asked.try_iter()) {
            if after.len() < TOPICS_MAX {
                after.entry(topic).or_default();
            }
        }
        for (topic, known) in &mut after {
            match count(client, topic) {
                Ok(count) => *known = known.updated(count, Instant::now()),
                Err(error) => {
                    debug!(%topic, "the topic's partitions cannot be counted: {error}");
                    break;
                }
            }
        }
        if after != **before {
            self.known.store(Arc::new(after));
        }
    }
}

/// How many partitions the brokers list; `None` where they have no such topic or do not show it to us.
fn count(client: &BaseConsumer<Quiet>, topic: &str) -> KafkaResult<Option<NonZeroU32>> {
    let metadata = client.fetch_metadata(Some(topic), ANSWER)?;
    let listed = metadata.topics().iter().find(|listed| listed.name() == topic);
    let partitions = listed.map_or(0, |listed| listed.partitions().len());
    Ok(u32::try_from(partitions).ok().and_then(NonZeroU32::new))
}

/// Callbacks that say little: the producer beside it tells of the same cluster's troubles.
struct Quiet;

impl ConsumerContext for Quiet {}

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        debug!("Kafka, counting partitions: {error}: {reason}");
    }

    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        debug!(target: "librdkafka", "{facility} {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(count: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(count)
    }

    #[test]
    fn a_count_that_changed_is_not_told_until_all_clients_can_know_it() {
        let (now, long_ago) = (Instant::now(), Instant::now() - SETTLES - Duration::from_secs(1));
        let first = Known::default().updated(partitions(4), now);
        assert_eq!(first.settled(), partitions(4), "the first answer is no change");
        assert_eq!(first.updated(partitions(4), now).settled(), partitions(4));
        assert_eq!(first.updated(None, now).settled(), partitions(4));
        assert_eq!(first.updated(partitions(8), now).settled(), None);
        assert_eq!(first.updated(None, now).updated(partitions(8), now).settled(), None);
        let settled = first.updated(partitions(8), long_ago);
        assert_eq!(settled.settled(), partitions(8));
        assert_eq!(settled.updated(partitions(8), now).settled(), partitions(8));
    }
}
