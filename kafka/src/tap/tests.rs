//! The tap against a mock cluster.

use std::time::Instant;

use handover_api::Record;
use rdkafka::types::RDKafkaRespErr;

use super::*;
use crate::{Embedded, Frame, Producer, ProducerConfig};

struct World {
    kafka: Embedded,
    producer: Producer,
}

impl World {
    fn new(partitions: i32) -> Self {
        let kafka = Embedded::start(1).unwrap();
        kafka.create_topic("flights", partitions).unwrap();
        let producer =
            Producer::start(ProducerConfig::new(Connection::plaintext(kafka.bootstrap()))).unwrap();
        Self { kafka, producer }
    }

    async fn produce(&self, record: Record) {
        self.producer
            .commit(&Frame { records: &[&record], headers: &[("origin", b"native")] })
            .await
            .unwrap();
    }

    fn config(&self, start: Start) -> TapConfig {
        let look = Duration::from_millis(50);
        TapConfig {
            start,
            look,
            ..TapConfig::new(Connection::plaintext(self.kafka.bootstrap()), ["flights"])
        }
    }

    /// A tap that has begun.
    async fn tap(&self, start: Start) -> Tap {
        let mut tap = Tap::start(self.config(start)).unwrap();
        assert!(matches!(next(&mut tap).await, Tapped::Gap { .. }), "a tap that begins says so");
        tap
    }
}

async fn next(tap: &mut Tap) -> Tapped {
    tokio::time::timeout(Duration::from_secs(10), tap.next()).await.expect("it brings something").unwrap()
}

/// The next record, whatever comes between, within 10 s.
async fn record(tap: &mut Tap) -> TappedRecord {
    let since = Instant::now();
    loop {
        if let Tapped::Record(record) = next(tap).await {
            return record;
        }
        assert!(
            since.elapsed() < Duration::from_secs(10),
            "it says how far it has come, but brings no record"
        );
    }
}

async fn value(tap: &mut Tap) -> String {
    String::from_utf8(record(tap).await.value.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn brings_what_was_produced_as_it_was() {
    let world = World::new(1);
    world.produce(Record::new("flights", "before")).await;
    let mut tap = world.tap(Start::End).await;
    let tombstone = Record { value: None, ..Record::new("flights", "") };
    world.produce(Record::new("flights", "{}").key("UA").header("event-id", "17")).await;
    world.produce(Record::new("flights", "").key("")).await;
    world.produce(tombstone).await;
    let first = record(&mut tap).await;
    assert_eq!(
        (first.offset, first.key.as_deref(), first.value.as_deref()),
        (1, Some(b"UA".as_slice()), Some(b"{}".as_slice()))
    );
    let header =
        |name: &str, value: &'static str| (name.to_owned(), Some(Bytes::from_static(value.as_bytes())));
    assert_eq!(first.headers, [header("event-id", "17"), header("origin", "native")]);
    let empty = record(&mut tap).await;
    assert_eq!((empty.key.as_deref(), empty.value.as_deref()), (Some(b"".as_slice()), Some(b"".as_slice())));
    let null = record(&mut tap).await;
    assert_eq!((null.key, null.value), (None, None), "null is not empty");
    tap.stop().await;
}

#[tokio::test]
async fn begins_where_it_is_told() {
    let world = World::new(1);
    for value in ["a", "b", "c"] {
        world.produce(Record::new("flights", value)).await;
    }
    assert_eq!(value(&mut world.tap(Start::Beginning).await).await, "a");
    let at = BTreeMap::from([(("flights".to_owned(), 0), 2)]);
    assert_eq!(value(&mut world.tap(Start::At(at)).await).await, "c");
}

#[tokio::test]
async fn a_partition_of_which_nothing_was_read_yet_is_read_from_its_beginning() {
    let world = World::new(4);
    for n in 0..20 {
        world.produce(Record::new("flights", "{}").key(n.to_string())).await;
    }
    let at = BTreeMap::from([(("flights".to_owned(), 0), 0)]);
    let mut tap = world.tap(Start::At(at)).await;
    for _ in 0..20 {
        record(&mut tap).await;
    }
}

#[tokio::test]
async fn says_when_it_has_brought_all_there_was() {
    let world = World::new(4);
    let mut tap = world.tap(Start::End).await;
    for n in 0..20 {
        world.produce(Record::new("flights", "{}").key(n.to_string())).await;
    }
    let produced = SystemTime::now();
    let mut records = 0;
    loop {
        match next(&mut tap).await {
            Tapped::Record(_) => records += 1,
            Tapped::CaughtUp { at, .. } if at >= produced => break,
            Tapped::CaughtUp { .. } => {}
            gap @ Tapped::Gap { .. } => panic!("{gap:?}"),
        }
    }
    assert_eq!(records, 20);
    assert_eq!((tap.monitor().stats().records, tap.monitor().stats().partitions), (20, 4));
}

#[tokio::test]
async fn an_outage_loses_nothing() {
    let world = World::new(1);
    let mut tap = world.tap(Start::End).await;
    world.produce(Record::new("flights", "before")).await;
    assert_eq!(value(&mut tap).await, "before");
    world.kafka.outage(true).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.kafka.outage(false).unwrap();
    world.produce(Record::new("flights", "after")).await;
    assert_eq!(value(&mut tap).await, "after");
    assert_eq!(tap.monitor().stats().gaps, 1, "the one of its beginning");
}

#[tokio::test]
async fn starts_during_an_outage_and_without_its_topic() {
    let world = World::new(1);
    world.kafka.outage(true).unwrap();
    // It looks so seldom that the record is there before it finds the topic.
    let look = Duration::from_secs(1);
    let config = TapConfig { topics: vec!["later".into()], look, ..world.config(Start::End) };
    let mut tap = Tap::start(config).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    world.kafka.outage(false).unwrap();
    assert!(matches!(next(&mut tap).await, Tapped::Gap { .. }));
    let before = SystemTime::now();
    world.kafka.create_topic("later", 1).unwrap();
    world.produce(Record::new("later", "first")).await;
    let Tapped::Gap { at, .. } = next(&mut tap).await else { panic!("a topic that comes says so first") };
    assert!(at > before, "what waited for the topic cannot be told from what is missing");
    assert_eq!(value(&mut tap).await, "first", "a topic that comes later is read from its beginning");
    assert!(matches!(next(&mut tap).await, Tapped::CaughtUp { .. }));
}

#[tokio::test]
async fn a_topic_that_is_forbidden_keeps_no_other_from_being_read() {
    let world = World::new(1);
    let forbidden = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    world.kafka.create_topic("forbidden", 1).unwrap();
    world.kafka.ask(move |cluster| cluster.topic_error("forbidden", forbidden)).unwrap().unwrap();
    let topics = vec!["forbidden".into(), "flights".into()];
    let mut tap = Tap::start(TapConfig { topics, ..world.config(Start::End) }).unwrap();
    let Tapped::Gap { topic, .. } = next(&mut tap).await else { panic!("a tap that begins says so") };
    assert_eq!(&*topic, "flights");
    world.produce(Record::new("flights", "{}")).await;
    assert_eq!(value(&mut tap).await, "{}");
    assert!(matches!(next(&mut tap).await, Tapped::CaughtUp { .. }));
}

#[tokio::test]
async fn says_so_when_records_were_gone_before_it_read_them() {
    let world = World::new(1);
    // More than the mock cluster keeps of a partition, far more than a tap holds that nobody reads from.
    let large = Record::new("flights", vec![b'x'; 500_000]);
    let at = BTreeMap::from([(("flights".to_owned(), 0), 0)]);
    for _ in 0..20 {
        world.produce(large.clone()).await;
    }
    let mut tap = world.tap(Start::At(at)).await;
    let mut gaps = 0;
    let first = loop {
        match next(&mut tap).await {
            Tapped::Record(record) => break record,
            Tapped::Gap { .. } => gaps += 1,
            Tapped::CaughtUp { .. } => {}
        }
    };
    assert!(first.offset > 0, "the oldest that is left");
    assert_eq!(gaps, 1);
}

#[tokio::test]
async fn stops_although_nobody_reads() {
    let world = World::new(1);
    let tap = Tap::start(TapConfig { buffer: 1, ..world.config(Start::Beginning) }).unwrap();
    for _ in 0..10 {
        world.produce(Record::new("flights", "{}")).await;
    }
    tokio::time::timeout(Duration::from_secs(5), tap.stop()).await.expect("it stops");
}
