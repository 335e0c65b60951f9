//! The producer against a mock cluster that is made to misbehave.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use handover_api::Record;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::*;
use crate::{Connection, Embedded};

const SOON: Duration = Duration::from_millis(300);

fn kafka(partitions: i32) -> Embedded {
    let kafka = Embedded::start(1).unwrap();
    kafka.create_topic("flights", partitions).unwrap();
    kafka
}

fn config(kafka: &Embedded) -> ProducerConfig {
    ProducerConfig::new(Connection::plaintext(kafka.bootstrap()))
}

fn producer(kafka: &Embedded) -> Producer {
    Producer::start(config(kafka)).unwrap()
}

fn impatient(kafka: &Embedded) -> Producer {
    Producer::start(ProducerConfig { message_timeout: SOON, ..config(kafka) }).unwrap()
}

fn flight() -> Record {
    Record::new("flights", "{}").key("UA")
}

async fn commit(producer: &Producer, records: &[&Record]) -> Result<Receipt, CommitError> {
    producer.commit(&Frame { records, headers: &[] }).await
}

#[tokio::test]
async fn a_frame_is_committed_whole() {
    let kafka = kafka(4);
    let producer = producer(&kafka);
    let receipt = commit(&producer, &[&flight(), &flight().key("DL"), &flight()]).await.unwrap();
    assert_eq!(receipt.records, 3);
    assert_eq!(commit(&producer, &[]).await.unwrap().records, 0, "an answer without records");
    let stats = producer.stats();
    assert_eq!((stats.delivered, stats.queued_records, stats.queued_bytes), (3, 0, 0));
}

#[tokio::test]
async fn starting_needs_no_kafka_and_an_outage_ends_by_itself() {
    let kafka = kafka(1);
    kafka.outage(true).unwrap();
    let producer = impatient(&kafka);
    let error = commit(&producer, &[&flight()]).await.unwrap_err();
    assert!(matches!(error, CommitError::NotPersisted(_)), "it was never sent: {error:?}");
    kafka.outage(false).unwrap();
    eventually(&producer).await;
}

#[tokio::test]
async fn what_timed_out_in_flight_is_ambiguous() {
    let kafka = kafka(1);
    let producer = impatient(&kafka);
    eventually(&producer).await;
    kafka.delay(Duration::from_secs(3)).unwrap();
    let error = commit(&producer, &[&flight()]).await.unwrap_err();
    assert!(matches!(error, CommitError::Ambiguous(_)), "{error:?}");
    assert_eq!(producer.stats().possibly_persisted, 1);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let kafka = kafka(1);
    kafka.outage(true).unwrap();
    let producer = Producer::start(ProducerConfig { max_queued_records: 2, ..config(&kafka) }).unwrap();
    let flight = flight();
    let frame = Frame { records: &[&flight, &flight], headers: &[] };
    let _on_its_way = producer.hand_over(&frame).unwrap();
    let since = Instant::now();
    assert!(matches!(producer.hand_over(&frame), Err(Refused::QueueFull { records: 2, .. })));
    assert!(since.elapsed() < Duration::from_millis(20), "it waited {:?}", since.elapsed());
    assert_eq!(producer.stats().refused_frames, 1);
}

#[tokio::test]
async fn a_partition_that_is_not_there_is_refused_before_and_ambiguous_after_the_first_record() {
    let kafka = kafka(1);
    let producer = producer(&kafka);
    commit(&producer, &[&flight()]).await.unwrap();
    let nowhere = Record { partition: Some(7), ..flight() };
    let error = commit(&producer, &[&nowhere, &flight()]).await.unwrap_err();
    let expected = Refused::UnknownPartition { topic: "flights".into(), partition: 7 };
    assert!(matches!(error, CommitError::BeforeCommit(ref refused) if *refused == expected), "{error:?}");
    let error = commit(&producer, &[&flight(), &nowhere, &flight()]).await.unwrap_err();
    assert!(matches!(error, CommitError::Ambiguous(_)), "the first one is in the topic: {error:?}");
    assert_eq!(producer.stats().queued_records, 0);
}

#[tokio::test]
async fn a_topic_that_is_not_there_takes_nothing() {
    let kafka = kafka(1);
    let unknown = RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    kafka.ask(move |cluster| cluster.topic_error("nothing", unknown)).unwrap().unwrap();
    let producer = impatient(&kafka);
    let error = commit(&producer, &[&Record::new("nothing", "x")]).await.unwrap_err();
    assert!(error.nothing_persisted(), "{error:?}");
}

#[tokio::test]
async fn what_the_broker_says_it_did_not_write_is_not_persisted() {
    let kafka = kafka(1);
    let producer = producer(&kafka);
    commit(&producer, &[&flight()]).await.unwrap();
    let forbidden = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    kafka.ask(move |cluster| cluster.request_errors(RDKafkaApiKey::Produce, &[forbidden])).unwrap();
    let error = commit(&producer, &[&flight()]).await.unwrap_err();
    let CommitError::NotPersisted(fault) = error else { panic!("{error:?}") };
    assert_eq!(fault.topic, "flights");
    assert!(fault.reason.contains("authorization"), "{}", fault.reason);
}

#[tokio::test]
async fn a_fatal_error_replaces_the_native_producer() {
    let kafka = kafka(1);
    let forbidden = RDKafkaRespErr::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
    kafka.ask(move |cluster| cluster.request_errors(RDKafkaApiKey::InitProducerId, &[forbidden])).unwrap();
    let producer = producer(&kafka);
    let error = commit(&producer, &[&flight()]).await.unwrap_err();
    assert!(error.nothing_persisted(), "{error:?}");
    eventually(&producer).await;
    assert_eq!(producer.stats().replaced, 1);
    assert!(producer.stats().last_error.unwrap().text.contains("authorization"));
}

#[tokio::test]
async fn closing_delivers_what_is_queued_and_takes_no_more() {
    let kafka = kafka(1);
    // It has not connected yet, so the record waits.
    let producer = producer(&kafka);
    let flight = flight();
    let frame = Frame { records: &[&flight], headers: &[] };
    let waiting = producer.hand_over(&frame).unwrap();
    assert_eq!(producer.close(Duration::from_secs(5)).await, Closed::default());
    assert!(waiting.await.is_ok());
    assert!(matches!(producer.hand_over(&frame), Err(Refused::Closing)));
}

#[tokio::test]
async fn closing_tells_what_it_gave_up() {
    let kafka = kafka(1);
    kafka.outage(true).unwrap();
    let producer = producer(&kafka);
    let flight = flight();
    let given_up = producer.hand_over(&Frame { records: &[&flight, &flight], headers: &[] }).unwrap();
    let closed = producer.close(SOON).await;
    assert_eq!(closed, Closed { not_persisted: 2, possibly_persisted: 0 });
    assert!(matches!(given_up.await, Err(CommitError::NotPersisted(_))));
}

#[tokio::test]
async fn a_topic_may_have_a_partitioner_of_its_own() {
    let kafka = kafka(12);
    kafka.create_topic("java", 12).unwrap();
    let topic_partitioners = BTreeMap::from([("java".to_owned(), Partitioner::Murmur2Random)]);
    let producer = Producer::start(ProducerConfig { topic_partitioners, ..config(&kafka) }).unwrap();
    commit(&producer, &[&flight(), &Record::new("java", "{}").key("UA")]).await.unwrap();
    assert_eq!(producer.lines.len(), 2);
    assert_eq!(producer.close(SOON).await, Closed::default());
}

#[tokio::test]
async fn tells_the_partition_of_a_key_once_the_topic_is_counted() {
    let kafka = kafka(12);
    let producer = producer(&kafka);
    let since = Instant::now();
    assert_eq!(producer.partition_of("flights", Some(b"UA")), None, "nothing was asked yet");
    assert!(since.elapsed() < Duration::from_millis(20), "it waited {:?}", since.elapsed());
    assert_eq!(soon(&producer, "flights", "UA").await, Some(4));
    assert_eq!(producer.partition_of("flights", None), None);
    assert_eq!(producer.partition_of("flights", Some(b"")), None);
    kafka.outage(true).unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(producer.partition_of("flights", Some(b"UA")), Some(4), "an outage makes nothing forgotten");
}

#[tokio::test]
async fn asking_for_a_partition_does_not_create_the_topic() {
    let kafka = kafka(12);
    let producer = producer(&kafka);
    for topic in ["misspelt", "no such\0topic", "", "flights"] {
        producer.partition_of(topic, Some(b"UA"));
    }
    // The mock cluster creates what a producer asks for, with 4 partitions.
    assert_eq!(soon(&producer, "flights", "UA").await, Some(4));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(producer.partition_of("misspelt", Some(b"UA")), None);
    kafka.create_topic("misspelt", 12).expect("it is not there yet");
    assert_eq!(soon(&producer, "misspelt", "UA").await, Some(4), "it comes to be known when it is there");
}

/// The partition of a key, asked for again until it is known, for 10 s.
async fn soon(producer: &Producer, topic: &str, key: &str) -> Option<i32> {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(10) {
        if let Some(partition) = producer.partition_of(topic, Some(key.as_bytes())) {
            return Some(partition);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// Commits a flight, again until it succeeds, for 10 s.
async fn eventually(producer: &Producer) {
    let since = Instant::now();
    loop {
        match commit(producer, &[&flight()]).await {
            Ok(_) => return,
            Err(error) => assert!(since.elapsed() < Duration::from_secs(10), "still failing: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
