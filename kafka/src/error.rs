//! What can go wrong, by the one question that matters: may the broker hold any of it?

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The producer or the tap could not be made. A broker that cannot be reached is no such reason.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Librdkafka refuses a setting, or cannot read a file that one names.
    #[error("the Kafka client of `{bootstrap}` cannot be made from its settings")]
    Settings {
        /// The cluster.
        bootstrap: String,
        /// What librdkafka says.
        #[source]
        source: KafkaError,
    },
    /// The system gives no thread.
    #[error("no thread for the Kafka client")]
    Thread(#[source] std::io::Error),
}

/// A frame was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was handed over: whoever asked may answer otherwise.
    #[error("nothing was handed to Kafka")]
    BeforeCommit(#[from] Refused),
    /// It was handed over, and for certain no record of it is in any topic: giving it to someone else doubles nothing.
    #[error("Kafka took none of the records")]
    NotPersisted(#[source] Fault),
    /// A part of it, or all, is or may be in its topic. It may only be sent again under the same event id.
    #[error("Kafka may hold some of the records")]
    Ambiguous(#[source] Fault),
}

impl CommitError {
    /// Whether it is certain that no record reached a topic.
    pub fn nothing_persisted(&self) -> bool {
        !matches!(self, Self::Ambiguous(_))
    }
}

/// Why a frame was not even handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The producer's own bounds are reached.
    #[error(
        "the producer's queue is full ({records} records, {bytes} bytes wait): Kafka takes less than what \
         comes; see `max_queued_records` and `max_queued_bytes`"
    )]
    QueueFull {
        /// Records that wait.
        records: usize,
        /// Their bytes.
        bytes: usize,
    },
    /// A record is larger than `max_record_bytes`.
    #[error(
        "a record for topic `{topic}` has {bytes} bytes with its headers, `max_record_bytes` allows {limit}"
    )]
    TooLarge {
        /// The topic.
        topic: String,
        /// Its size, framing included.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not a topic's name.
    #[error("`{0}` is no topic name: 1 to 249 of a-z A-Z 0-9 . _ -")]
    InvalidTopic(String),
    /// The cluster has no such topic.
    #[error("the cluster has no topic `{0}`, or this client may not see it")]
    UnknownTopic(String),
    /// The topic has no such partition.
    #[error("topic `{topic}` has no partition {partition}")]
    UnknownPartition {
        /// The topic.
        topic: String,
        /// The partition asked for.
        partition: i32,
    },
    /// The brokers do not accept who we say we are.
    #[error("Kafka refuses this client: {0}")]
    NotAuthenticated(String),
    /// The producer met an error that it cannot recover from, and is being replaced.
    #[error("the producer is being replaced after a fatal error: {0}")]
    Replacing(String),
    /// The producer is closing.
    #[error("the producer is closing")]
    Closing,
    /// Librdkafka refuses for another reason.
    #[error("librdkafka refuses the record: {0}")]
    Other(String),
}

impl Refused {
    /// Whether it is the record that is wrong, so that no later attempt would end otherwise.
    pub fn never(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::InvalidTopic(_) | Self::UnknownPartition { .. })
    }

    pub(crate) fn from_send(error: &KafkaError, topic: &str, partition: Option<i32>) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                Self::UnknownTopic(topic.to_owned())
            }
            Some(RDKafkaErrorCode::UnknownPartition) => {
                Self::UnknownPartition { topic: topic.to_owned(), partition: partition.unwrap_or(-1) }
            }
            Some(RDKafkaErrorCode::Fatal) => Self::Replacing(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }
}

/// The first record of a frame that failed after it was handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("topic `{topic}`: {reason}{}", hint.as_ref().map(|h| format!(" (last seen: {h})")).unwrap_or_default())]
pub struct Fault {
    /// Its topic.
    pub topic: String,
    /// Librdkafka's words.
    pub reason: String,
    /// Whether it is the record that is wrong, so that no later attempt would end otherwise.
    pub never: bool,
    /// The client's last error: of a time-out it says why, such as a refused password.
    pub hint: Option<String>,
}
