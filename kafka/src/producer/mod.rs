//! The producer: one a process and cluster, made once, handed whole frames.
//!
//! A frame goes this way:
//! 1. checked whole: names, sizes, whether the client is let in;
//! 2. room reserved for all of it, at once or not at all: a full queue refuses, it never waits;
//! 3. its records handed to librdkafka one by one. The first one is the point of no return;
//! 4. each delivery report settles one record, on the poll thread; the last one wakes whoever awaits the frame.

mod context;
mod counts;
mod frame;
mod line;
mod shared;
mod status;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use frame::{Delivery, Frame, Receipt, is_topic};
pub use shared::{LastError, Stats};

use self::counts::PartitionCounts;
use self::frame::InFlight;
use self::line::Line;
use self::shared::Shared;
use crate::{CommitError, Partitioner, ProducerConfig, Refused, StartError};

/// One persistent, idempotent producer. Share it by reference or in an `Arc`.
///
/// Dropping it gives up what is still queued; [`close`](Self::close) does not.
pub struct Producer {
    config: ProducerConfig,
    shared: Arc<Shared>,
    /// One native producer for each partitioner in use, since that is a setting of the whole native producer. All
    /// but the rarest of set-ups have one. A topic is always of the same line, so its order is kept.
    lines: BTreeMap<Partitioner, Line>,
    counts: PartitionCounts,
}

impl Producer {
    /// Makes the producer and begins to connect. Returns at once, whether or not a broker can be reached.
    pub fn start(config: ProducerConfig) -> Result<Self, StartError> {
        let shared = Arc::new(Shared::new(config.max_queued_records, config.max_queued_bytes));
        let in_use: BTreeSet<_> =
            config.topic_partitioners.values().copied().chain([config.partitioner]).collect();
        let lines = in_use
            .into_iter()
            .map(|partitioner| Ok((partitioner, Line::start(&config, partitioner, Arc::clone(&shared))?)))
            .collect::<Result<_, StartError>>()?;
        let counts = PartitionCounts::start(&config.connection)?;
        Ok(Self { config, shared, lines, counts })
    }

    /// Hands a frame over and returns at once. The records go on their way whether or not the [`Delivery`] is
    /// awaited: dropping it is acknowledgement mode `memory`.
    ///
    /// `Err` means that nothing was handed over.
    pub fn hand_over(&self, frame: &Frame<'_>) -> Result<Delivery, Refused> {
        self.try_hand_over(frame).inspect_err(|_| self.shared.count_refused())
    }

    /// Whether each record of a frame could be taken, whatever the brokers say: names and sizes.
    pub fn check(&self, frame: &Frame<'_>) -> Result<(), Refused> {
        frame.checked_bytes(self.config.max_record_bytes).map(|_| ())
    }

    /// Hands a frame over and waits until the brokers have acknowledged all of it, or it has failed. The hand-over
    /// happens at the first poll; from then on, dropping the future changes nothing for the records.
    pub async fn commit(&self, frame: &Frame<'_>) -> Result<Receipt, CommitError> {
        self.hand_over(frame)?.await
    }

    /// The partition where a record with that key would go, had it none of its own. `None` where that is left to
    /// chance, or the topic's partitions are not known: at the first question, which has them counted; of a topic that
    /// is not there; and for five minutes after they were added to, while clients differ in it.
    ///
    /// Never waits, sends nothing, and has no broker create the topic.
    pub fn partition_of(&self, topic: &str, key: Option<&[u8]>) -> Option<i32> {
        let partitions = self.counts.of(topic)?;
        self.config.partitioner_of(topic).partition_of(key, partitions)
    }

    /// What the producer has done so far and how it stands.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Takes no more frames, waits up to `within` until all that was taken is settled, and gives up the rest: whoever
    /// awaits those is told, and they are counted in the answer.
    pub async fn close(&self, within: Duration) -> Closed {
        self.shared.close();
        let before = self.stats();
        let closing: Vec<_> = self.lines.values().map(|line| line.close(within)).collect();
        for line in closing {
            // An error is a line whose thread had already ended.
            let _ = line.await;
        }
        let after = self.stats();
        Closed {
            not_persisted: after.not_persisted - before.not_persisted,
            possibly_persisted: after.possibly_persisted - before.possibly_persisted,
        }
    }

    fn try_hand_over(&self, frame: &Frame<'_>) -> Result<Delivery, Refused> {
        // 1
        self.shared.check_open()?;
        let bytes = frame.checked_bytes(self.config.max_record_bytes)?;
        // 2
        let room = self.shared.reserve(frame.records.len(), bytes)?;
        // 3
        let (in_flight, delivery) = InFlight::new(frame.records.len(), room);
        for (index, record) in frame.records.iter().enumerate() {
            let line = self.line_of(&record.topic);
            match line.send(record, frame.headers, &in_flight) {
                Ok(()) => {}
                Err(refused) if index == 0 => return Err(refused),
                // Earlier ones are on their way and cannot be called back: the frame is committed in part.
                Err(refused) => {
                    in_flight.give_up(frame.records.len() - index, &record.topic, &refused);
                    break;
                }
            }
        }
        Ok(delivery)
    }

    fn line_of(&self, topic: &str) -> &Line {
        &self.lines[&self.config.partitioner_of(topic)]
    }
}

/// What a closed producer leaves behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Records that failed while closing, or were given up at its deadline, and are certainly not in their topic.
    pub not_persisted: u64,
    /// Such records that may be.
    pub possibly_persisted: u64,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").field("cluster", &self.config.connection.bootstrap).finish_non_exhaustive()
    }
}
