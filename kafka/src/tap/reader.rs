//! The tap's thread: finds partitions, reads them, tells how far it has come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, Statistics, TopicPartitionList};
use tokio::sync::mpsc;
use tracing::{debug, error, info, warn};

use super::places::Places;
use super::{Start, State, TapConfig, Tapped, TappedRecord};
use crate::auth::Feed;

/// How long a question to the brokers may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long to wait for the next record before something else gets its turn.
const POLL: Duration = Duration::from_millis(50);
/// How long to wait after a question that got no answer.
const AGAIN: Duration = Duration::from_millis(500);

type Client = BaseConsumer<Callbacks>;
/// The offset of each partition, by topic.
type Offsets = BTreeMap<Arc<str>, BTreeMap<i32, i64>>;

/// Whoever read from the tap has gone.
struct Gone;

pub(super) struct Reader {
    config: TapConfig,
    client: Client,
    places: Places,
    bring: mpsc::Sender<Tapped>,
    state: Arc<State>,
}

impl Reader {
    pub(super) fn new(
        config: TapConfig,
        bring: mpsc::Sender<Tapped>,
        state: Arc<State>,
    ) -> KafkaResult<Self> {
        let client = config.client().create_with_context(Callbacks(Arc::clone(&state)))?;
        let places = Places::new(&config.topics);
        Ok(Self { config, client, places, bring, state })
    }

    /// Reads until nobody wants to know any more.
    pub(super) fn run(mut self) {
        let mut look = Instant::now();
        let mut secrets = Feed::new(&self.config.connection);
        while !self.bring.is_closed() {
            if let Some(problem) = secrets.refresh(self.client.client()) {
                self.state.note_error(&problem);
            }
            if Instant::now() >= look {
                let looked = self.look();
                look = Instant::now() + if looked { self.config.look } else { AGAIN.max(self.config.look) };
            }
            if self.tell_caught_up().and_then(|()| self.read()).is_err() {
                return;
            }
        }
    }

    /// Begins with the partitions that are not read yet, and marks where the topics' ends are; whether there was an
    /// answer.
    ///
    /// In this order: a mark whose time is from before the brokers listed the partitions holds for all of them. Else
    /// the tap would say that it has caught up with a topic of which it does not know a part.
    fn look(&mut self) -> bool {
        let (at, mut whole) = (SystemTime::now(), Vec::new());
        for topic in self.config.topics.clone() {
            match self.discover(&topic) {
                Ok(()) => whole.push(topic),
                Err(error) if is_no_answer(&error) => return false,
                // The other topics go on.
                Err(error) => debug!(%topic, "the tap does not know all partitions of the topic: {error}"),
            }
        }
        self.state.partitions.store(self.places.partitions(), Relaxed);
        let is_whole = |topic: &str| whole.iter().any(|whole| whole == topic);
        let wanted: Vec<_> = self.places.all().into_iter().filter(|(topic, _)| is_whole(topic)).collect();
        let Ok(mut ends) = self.offsets(&wanted, Offset::End) else { return false };
        for topic in self.places.iter_mut() {
            if let Some(ends) = ends.remove(&topic.name) {
                topic.mark(at, ends);
            }
        }
        true
    }

    fn discover(&mut self, name: &str) -> KafkaResult<()> {
        let partitions = self.listed(name)?;
        let at = SystemTime::now();
        let Some(topic) = self.places.topic(name) else { return Ok(()) };
        if !topic.all_among(&partitions) {
            return Err(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownPartition));
        }
        let (first_time, unread) = (!topic.begun, topic.unread(partitions));
        if !first_time && unread.is_empty() {
            return Ok(());
        }
        let name = Arc::clone(&topic.name);
        let starts = self.starts(&name, &unread, first_time)?;
        let mut list = TopicPartitionList::new();
        for (partition, offset) in &starts {
            list.add_partition_offset(&name, *partition, Offset::Offset(*offset))?;
        }
        if !starts.is_empty() {
            self.client.incremental_assign(&list)?;
            info!(topic = %name, partitions = starts.len(), "the tap reads");
        }
        if let Some(topic) = self.places.topic(&name) {
            topic.begun = true;
            starts.into_iter().for_each(|(partition, offset)| topic.begin(partition, offset));
        }
        // Who has gone is noticed at the next turn.
        let _ = self.gap(&name, at);
        Ok(())
    }

    /// The topic's partitions. One that does not exist has none, and is read from its beginning when it does.
    fn listed(&self, name: &str) -> KafkaResult<Vec<i32>> {
        let metadata = self.client.fetch_metadata(Some(name), ANSWER)?;
        let listed = metadata.topics().iter().find(|topic| topic.name() == name);
        if let Some(error) = listed.and_then(|topic| topic.error()).map(RDKafkaErrorCode::from)
            && error != RDKafkaErrorCode::UnknownTopicOrPartition
        {
            return Err(KafkaError::MetadataFetch(error));
        }
        Ok(listed.map(|topic| topic.partitions().iter().map(|p| p.id()).collect()).unwrap_or_default())
    }

    /// Where to begin in those partitions.
    fn starts(&self, topic: &Arc<str>, unread: &[i32], first_time: bool) -> KafkaResult<BTreeMap<i32, i64>> {
        let wanted: Vec<_> = unread.iter().map(|partition| (Arc::clone(topic), *partition)).collect();
        let from = match (&self.config.start, first_time) {
            (Start::End, true) => Offset::End,
            (Start::Beginning | Start::At(_), _) | (_, false) => Offset::Beginning,
        };
        let mut starts = self.offsets(&wanted, from)?.remove(topic).unwrap_or_default();
        if let (Start::At(given), true) = (&self.config.start, first_time) {
            for (partition, offset) in &mut starts {
                *offset = given.get(&(topic.to_string(), *partition)).copied().unwrap_or(*offset);
            }
        }
        Ok(starts)
    }

    fn tell_caught_up(&mut self) -> Result<(), Gone> {
        for topic in self.places.iter_mut() {
            if let Some(at) = topic.caught_up() {
                let caught_up = Tapped::CaughtUp { topic: Arc::clone(&topic.name), at };
                self.bring.blocking_send(caught_up).map_err(|_| Gone)?;
            }
        }
        Ok(())
    }

    /// Brings what has come, or waits a moment for it.
    fn read(&mut self) -> Result<(), Gone> {
        let until = Instant::now() + POLL;
        while let Some(polled) = self.client.poll(until.saturating_duration_since(Instant::now())) {
            match polled {
                Ok(message) => {
                    let Some(topic) = self.places.topic(message.topic()) else { continue };
                    let record = tapped(&message, Arc::clone(&topic.name));
                    topic.brought(record.partition, record.offset);
                    self.bring.blocking_send(Tapped::Record(record)).map_err(|_| Gone)?;
                    self.state.records.fetch_add(1, Relaxed);
                }
                Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => {
                    self.regain()?;
                }
                // The client tries again by itself; the callback has noted why.
                Err(_) => {}
            }
            if Instant::now() >= until {
                break;
            }
        }
        Ok(())
    }

    /// The broker has not got what comes next: goes on with the oldest that it has, and says so.
    fn regain(&mut self) -> Result<(), Gone> {
        let (at, all) = (SystemTime::now(), self.places.all());
        let bounds =
            self.offsets(&all, Offset::Beginning).and_then(|b| Ok((b, self.offsets(&all, Offset::End)?)));
        let (beginnings, ends) = match bounds {
            Ok(bounds) => bounds,
            Err(error) => {
                // Librdkafka has let the partition go, so it would not be read again: begin anew with all of them.
                warn!("the tap lost its place and cannot ask for a new one: {error}");
                return self.begin_anew(at);
            }
        };
        let empty = BTreeMap::new();
        let mut moved = Vec::new();
        for topic in self.places.iter_mut() {
            let (from, to) =
                (beginnings.get(&topic.name).unwrap_or(&empty), ends.get(&topic.name).unwrap_or(&empty));
            let partitions = topic.regain(from, to);
            if !partitions.is_empty() {
                moved.push((Arc::clone(&topic.name), partitions));
            }
        }
        for (topic, partitions) in moved {
            warn!(%topic, ?partitions, "records were gone before the tap had read them");
            self.reassign(&topic, &partitions);
            self.gap(&topic, at)?;
        }
        Ok(())
    }

    fn reassign(&self, topic: &str, partitions: &[(i32, i64)]) {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in partitions {
            let _ = list.add_partition_offset(topic, *partition, Offset::Offset(*offset));
        }
        let moved =
            self.client.incremental_unassign(&list).and_then(|()| self.client.incremental_assign(&list));
        if let Err(error) = moved {
            error!(%topic, "the tap cannot move to its new place: {error}");
        }
    }

    /// Forgets all places; the next discovery begins as at the start.
    fn begin_anew(&mut self, at: SystemTime) -> Result<(), Gone> {
        if let Err(error) = self.client.unassign() {
            error!("the tap cannot begin anew: {error}");
        }
        self.places = Places::new(&self.config.topics);
        for topic in self.config.topics.clone() {
            self.gap(&topic.into(), at)?;
        }
        Ok(())
    }

    fn gap(&self, topic: &Arc<str>, at: SystemTime) -> Result<(), Gone> {
        self.state.gaps.fetch_add(1, Relaxed);
        self.bring.blocking_send(Tapped::Gap { topic: Arc::clone(topic), at }).map_err(|_| Gone)
    }

    /// The first or the next offset of each partition. One request a broker.
    fn offsets(&self, wanted: &[(Arc<str>, i32)], which: Offset) -> KafkaResult<Offsets> {
        let mut offsets = Offsets::new();
        if wanted.is_empty() {
            return Ok(offsets);
        }
        let mut list = TopicPartitionList::with_capacity(wanted.len());
        for (topic, partition) in wanted {
            // A "time" of -1 or -2 asks for the end or the beginning (Kafka protocol, ListOffsets).
            list.add_partition_offset(topic, *partition, which)?;
        }
        let answer = self.client.offsets_for_times(list, ANSWER)?;
        for (topic, partition) in wanted {
            let found = answer.find_partition(topic, *partition);
            let found = found.ok_or(KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition))?;
            found.error()?;
            match found.offset() {
                Offset::Offset(offset) => {
                    offsets.entry(Arc::clone(topic)).or_default().insert(*partition, offset);
                }
                _ => return Err(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset)),
            }
        }
        Ok(offsets)
    }
}

/// Whether nobody answered, so that asking about the next topic would only take as long again.
fn is_no_answer(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut};
    matches!(error.rdkafka_error_code(), Some(AllBrokersDown | BrokerTransportFailure | OperationTimedOut))
}

fn tapped(message: &BorrowedMessage<'_>, topic: Arc<str>) -> TappedRecord {
    let headers = message.headers().map(|headers| {
        let own = |header: rdkafka::message::Header<'_, &[u8]>| {
            (header.key.to_owned(), header.value.map(Bytes::copy_from_slice))
        };
        headers.iter().map(own).collect()
    });
    TappedRecord {
        topic,
        partition: message.partition(),
        offset: message.offset(),
        timestamp: message.timestamp().to_millis(),
        key: message.key().map(Bytes::copy_from_slice),
        value: message.payload().map(Bytes::copy_from_slice),
        headers: headers.unwrap_or_default(),
    }
}

/// Librdkafka's callbacks, all on the tap's thread.
struct Callbacks(Arc<State>);

impl ConsumerContext for Callbacks {}

impl ClientContext for Callbacks {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown) {
            // It follows the error that says why, and would hide it.
            return;
        }
        self.0.note_error(reason);
    }

    fn stats(&self, _statistics: Statistics) {}

    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        debug!(target: "librdkafka", "{facility} {line}");
    }
}
