//! Reading a topic: what is in its log, exactly.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::{Kafka, PATIENCE};

/// One record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// The partition that it went to.
    pub partition: i32,
    /// Its offset in the partition.
    pub offset: i64,
    /// Its key; no key and an empty key are two things.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order; names may repeat.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Kafka {
    /// How many partitions the topic has.
    ///
    /// # Panics
    /// When the broker does not answer or the topic does not exist.
    #[must_use]
    pub fn partitions(&self, topic: &str) -> usize {
        self.ends(&self.consumer(), topic).len()
    }

    /// How many records the topic's partitions hold, all together.
    ///
    /// # Panics
    /// When the broker does not answer or the topic does not exist.
    #[must_use]
    pub fn count(&self, topic: &str) -> usize {
        let ends = self.ends(&self.consumer(), topic);
        ends.iter()
            .map(|(_, low, high)| usize::try_from(high - low).expect("an end is behind its beginning"))
            .sum()
    }

    /// All records of a topic up to now, by partition and offset.
    ///
    /// # Panics
    /// When they cannot all be read within a minute.
    #[must_use]
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let consumer = self.consumer();
        let ends = self.ends(&consumer, topic);
        let wanted: i64 = ends.iter().map(|(_, low, high)| high - low).sum();
        let wanted = usize::try_from(wanted).expect("an end is behind its beginning");

        let mut assignment = TopicPartitionList::new();
        for (partition, _, _) in &ends {
            assignment.add_partition_offset(topic, *partition, Offset::Beginning).expect("a valid offset");
        }
        consumer.assign(&assignment).expect("the partitions can be assigned");

        let began = Instant::now();
        let mut records = Vec::with_capacity(wanted);
        while records.len() < wanted {
            match consumer.poll(Duration::from_millis(200)) {
                // What was written meanwhile is not of this reading.
                Some(Ok(message)) if is_before_end(&ends, &message) => records.push(record(&message)),
                Some(Ok(_)) | None => {}
                Some(Err(error)) => self.process.fail(&format!("reading {topic}: {error}")),
            }
            if began.elapsed() > PATIENCE {
                self.process
                    .fail(&format!("{} of {wanted} records of {topic} read in {PATIENCE:?}", records.len()));
            }
        }
        records.sort();
        records
    }

    /// Waits until the topic holds `count` records or more, then reads all.
    ///
    /// # Panics
    /// When it holds fewer after `within`.
    #[must_use]
    pub fn wait_for_records(&self, topic: &str, count: usize, within: Duration) -> Vec<Record> {
        let began = Instant::now();
        loop {
            let there = self.count(topic);
            if there >= count {
                return self.records(topic);
            }
            if began.elapsed() > within {
                self.process.fail(&format!("{topic} holds {there} records after {within:?}, not {count}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Each partition with its first offset and the one behind its last.
    fn ends(&self, consumer: &BaseConsumer, topic: &str) -> Vec<(i32, i64, i64)> {
        let watermarks = |partition| consumer.fetch_watermarks(topic, partition, PATIENCE);
        let metadata = match consumer.fetch_metadata(Some(topic), PATIENCE) {
            Ok(metadata) => metadata,
            Err(error) => self.process.fail(&format!("no metadata of topic {topic}: {error}")),
        };
        let partitions = metadata.topics().first().map_or(&[][..], |topic| topic.partitions());
        if partitions.is_empty() {
            self.process.fail(&format!("there is no topic {topic}"));
        }
        let end = |partition: i32| match watermarks(partition) {
            Ok((low, high)) => (partition, low, high),
            Err(error) => self.process.fail(&format!("no watermarks of {topic}/{partition}: {error}")),
        };
        partitions.iter().map(|partition| end(partition.id())).collect()
    }
}

fn is_before_end(ends: &[(i32, i64, i64)], message: &rdkafka::message::BorrowedMessage<'_>) -> bool {
    ends.iter().any(|(partition, _, high)| *partition == message.partition() && message.offset() < *high)
}

fn record(message: &rdkafka::message::BorrowedMessage<'_>) -> Record {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    });
    Record {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers,
    }
}
