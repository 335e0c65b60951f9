//! A frame: all records of one answer, settled together.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use handover_api::Record;
use tokio::sync::oneshot;

use super::shared::Room;
use crate::{CommitError, Fault, Refused};

/// Bytes that a record may take beside key, value and headers: librdkafka reckons with less than 48.
const RECORD_OVERHEAD: usize = 48;
/// Two lengths as variable-length integers.
const HEADER_OVERHEAD: usize = 20;

/// All records of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The records, in their order.
    pub records: &'a [&'a Record],
    /// Headers that each of them gets beside its own: the event id, the origin.
    pub headers: &'a [(&'a str, &'a [u8])],
}

impl Frame<'_> {
    /// Its size in bytes, when each record could be taken.
    pub(super) fn checked_bytes(&self, limit: usize) -> Result<usize, Refused> {
        let common: usize = self.headers.iter().map(|(name, value)| header_bytes(name, value)).sum();
        self.records.iter().try_fold(0, |sum, record| {
            if !is_topic(&record.topic) {
                return Err(Refused::InvalidTopic(record.topic.clone()));
            }
            let bytes = common + record_bytes(record);
            if bytes > limit {
                return Err(Refused::TooLarge { topic: record.topic.clone(), bytes, limit });
            }
            Ok(sum + bytes)
        })
    }
}

fn record_bytes(record: &Record) -> usize {
    let length = |bytes: &Option<bytes::Bytes>| bytes.as_ref().map_or(0, bytes::Bytes::len);
    let headers: usize = record.headers.iter().map(|(name, value)| header_bytes(name, value)).sum();
    RECORD_OVERHEAD + length(&record.key) + length(&record.value) + headers
}

fn header_bytes(name: &str, value: &[u8]) -> usize {
    HEADER_OVERHEAD + name.len() + value.len()
}

/// Whether that may be a topic's name: Kafka's own rule (`org.apache.kafka.common.internals.Topic`).
pub fn is_topic(name: &str) -> bool {
    (1..=249).contains(&name.len())
        && !matches!(name, "." | "..")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// What a committed frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// How many records the brokers have acknowledged.
    pub records: usize,
}

/// A frame on its way. Await it, or drop it: the records go on either way.
#[derive(Debug)]
pub struct Delivery(oneshot::Receiver<Result<Receipt, CommitError>>);

impl Future for Delivery {
    type Output = Result<Receipt, CommitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let gone = |_| {
            let reason = "the producer went away before the record was settled".to_owned();
            Err(CommitError::Ambiguous(Fault { topic: String::new(), reason, never: false, hint: None }))
        };
        Poll::Ready(ready!(Pin::new(&mut self.0).poll(cx)).unwrap_or_else(gone))
    }
}

/// How one record ended.
pub(super) enum Settled {
    /// The brokers have it.
    Delivered,
    /// They certainly do not.
    NotPersisted(Fault),
    /// They may.
    PossiblyPersisted(Fault),
}

/// The books of one frame, shared by its records: each carries a reference through librdkafka.
pub(super) struct InFlight(Mutex<Books>);

struct Books {
    left: usize,
    records: usize,
    any_persisted: bool,
    first_fault: Option<Fault>,
    /// Gone once it has told.
    done: Option<oneshot::Sender<Result<Receipt, CommitError>>>,
    /// Given back when the last record is settled or the frame is dropped.
    room: Option<Room>,
}

impl InFlight {
    pub(super) fn new(records: usize, room: Room) -> (Arc<Self>, Delivery) {
        let (done, delivery) = oneshot::channel();
        let mut books = Books {
            left: records,
            records,
            any_persisted: false,
            first_fault: None,
            done: Some(done),
            room: Some(room),
        };
        if records == 0 {
            books.finish();
        }
        (Arc::new(Self(Mutex::new(books))), Delivery(delivery))
    }

    /// Settles one record. Called once for each that was handed over, by the poll thread.
    pub(super) fn settle(&self, settled: Settled) {
        self.with(|books| books.settle(1, settled));
    }

    /// Settles the last `records`, which librdkafka did not take.
    pub(super) fn give_up(&self, records: usize, topic: &str, refused: &Refused) {
        let fault = Fault { topic: topic.to_owned(), reason: refused.to_string(), never: false, hint: None };
        self.with(|books| books.settle(records, Settled::NotPersisted(fault)));
    }

    fn with(&self, change: impl FnOnce(&mut Books)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Books {
    fn settle(&mut self, records: usize, settled: Settled) {
        match settled {
            Settled::Delivered => self.any_persisted = true,
            Settled::NotPersisted(fault) => {
                self.first_fault.get_or_insert(fault);
            }
            Settled::PossiblyPersisted(fault) => {
                self.any_persisted = true;
                self.first_fault.get_or_insert(fault);
            }
        }
        self.left = self.left.saturating_sub(records);
        if self.left == 0 {
            self.finish();
        }
    }

    fn finish(&mut self) {
        self.room = None;
        let outcome = match self.first_fault.take() {
            None => Ok(Receipt { records: self.records }),
            Some(fault) if self.any_persisted => Err(CommitError::Ambiguous(fault)),
            Some(fault) => Err(CommitError::NotPersisted(fault)),
        };
        if let Some(done) = self.done.take() {
            // Nobody waits in mode `memory`.
            let _ = done.send(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shared::Shared;
    use super::*;

    fn fault() -> Fault {
        Fault { topic: "t".into(), reason: "broken".into(), never: false, hint: None }
    }

    fn in_flight(records: usize) -> (Arc<InFlight>, Delivery, Arc<Shared>) {
        let shared = Arc::new(Shared::new(10, 1000));
        let room = shared.reserve(records, 100).unwrap();
        let (in_flight, delivery) = InFlight::new(records, room);
        (in_flight, delivery, shared)
    }

    #[tokio::test]
    async fn a_frame_is_committed_when_its_last_record_is() {
        let (frame, mut delivery, shared) = in_flight(2);
        frame.settle(Settled::Delivered);
        assert!(delivery.0.try_recv().is_err(), "one record is still on its way");
        assert_eq!(shared.stats().queued_bytes, 100);
        frame.settle(Settled::Delivered);
        assert_eq!(delivery.await.unwrap().records, 2);
        assert_eq!((shared.stats().queued_records, shared.stats().queued_bytes), (0, 0));
    }

    #[tokio::test]
    async fn only_a_frame_of_which_nothing_arrived_may_be_answered_otherwise() {
        use Settled::{Delivered, NotPersisted, PossiblyPersisted};
        for (records, nothing_persisted) in [
            ([NotPersisted(fault()), NotPersisted(fault())], true),
            ([NotPersisted(fault()), Delivered], false),
            ([Delivered, NotPersisted(fault())], false),
            ([PossiblyPersisted(fault()), NotPersisted(fault())], false),
        ] {
            let (frame, delivery, _) = in_flight(2);
            records.into_iter().for_each(|record| frame.settle(record));
            assert_eq!(delivery.await.unwrap_err().nothing_persisted(), nothing_persisted);
        }
    }

    #[tokio::test]
    async fn a_frame_that_is_dropped_unsettled_counts_as_ambiguous_and_gives_its_room_back() {
        let (frame, delivery, shared) = in_flight(1);
        drop(frame);
        assert!(matches!(delivery.await, Err(CommitError::Ambiguous(_))));
        assert_eq!(shared.stats().queued_records, 0);
    }

    #[test]
    fn what_no_broker_would_take_is_refused_before_anything_is_handed_over() {
        let frame = |topic: &str, value: usize| {
            let record = Record::new(topic, vec![b'x'; value]);
            Frame { records: &[&record], headers: &[("event-id", b"1")] }.checked_bytes(1000)
        };
        assert!(frame("flights", 900).is_ok());
        assert!(matches!(frame("flights", 1000), Err(Refused::TooLarge { limit: 1000, .. })));
        for topic in ["", ".", "..", "a b", "a\0", "ä", &"x".repeat(250)] {
            assert!(matches!(frame(topic, 1), Err(Refused::InvalidTopic(_))), "{topic:?}");
        }
    }
}
