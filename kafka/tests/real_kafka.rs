//! Producer and tap against a real Apache Kafka that is killed, hung and restarted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use handover_api::Record;
use handover_kafka::{
    CommitError, Connection, Frame, Producer, ProducerConfig, Receipt, Start, Tap, TapConfig, Tapped,
};
use handover_parts::Kafka;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};

const KEYS: usize = 8;

fn producer(kafka: &Kafka, message_timeout: Duration) -> Arc<Producer> {
    let config = ProducerConfig::new(Connection::plaintext(kafka.bootstrap()));
    Arc::new(Producer::start(ProducerConfig { message_timeout, ..config }).unwrap())
}

async fn commit(producer: &Producer, record: &Record) -> Result<Receipt, CommitError> {
    producer.commit(&Frame { records: &[record], headers: &[] }).await
}

/// Commits numbered records of one key one after the other until it is over, and gives the numbers that were
/// acknowledged.
async fn produce(producer: Arc<Producer>, topic: String, key: usize, over: Arc<AtomicBool>) -> BTreeSet<u64> {
    let mut acknowledged = BTreeSet::new();
    for number in 0.. {
        if over.load(Relaxed) {
            break;
        }
        let record = Record::new(&topic, number.to_string()).key(key.to_string());
        if commit(&producer, &record).await.is_ok() {
            acknowledged.insert(number);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    acknowledged
}

/// All numbers in the topic, by key, in the order of their partition. Ends when it has caught up with now.
async fn in_topic(kafka: &Kafka, topic: &str) -> BTreeMap<String, Vec<u64>> {
    let config = TapConfig::new(Connection::plaintext(kafka.bootstrap()), [topic]);
    let mut tap = Tap::start(TapConfig { start: Start::Beginning, ..config }).unwrap();
    let (now, mut found) = (SystemTime::now(), BTreeMap::<String, Vec<u64>>::new());
    let text = |bytes: Option<bytes::Bytes>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
    loop {
        match tap.next().await.unwrap() {
            Tapped::Record(record) => {
                let number = text(record.value).parse().unwrap();
                found.entry(text(record.key)).or_default().push(number);
            }
            Tapped::CaughtUp { at, .. } if at > now => return found,
            Tapped::CaughtUp { .. } | Tapped::Gap { .. } => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_loses_and_reorders_nothing_that_was_acknowledged() {
    let mut kafka = Kafka::start();
    kafka.create_topic("flights", 4);
    let producer = producer(&kafka, Duration::from_millis(800));
    let over = Arc::new(AtomicBool::new(false));
    let run = |key| tokio::spawn(produce(Arc::clone(&producer), "flights".into(), key, Arc::clone(&over)));
    let keys: Vec<_> = (0..KEYS).map(run).collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    kafka.kill();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let restart = move || {
        kafka.restart();
        kafka
    };
    let kafka = tokio::task::spawn_blocking(restart).await.unwrap();
    while commit(&producer, &Record::new("flights", "0").key("after")).await.is_err() {}
    tokio::time::sleep(Duration::from_secs(1)).await;
    over.store(true, Relaxed);
    let mut acknowledged = Vec::new();
    for key in keys {
        acknowledged.push(key.await.unwrap());
    }
    let found = in_topic(&kafka, "flights").await;
    for (key, acknowledged) in acknowledged.iter().enumerate() {
        assert!(acknowledged.len() > 10, "key {key}: only {} acknowledged", acknowledged.len());
        assert!(
            (acknowledged.len() as u64) <= *acknowledged.last().unwrap(),
            "key {key}: no outage was felt"
        );
        let found = &found[&key.to_string()];
        let of_these: Vec<_> = found.iter().copied().filter(|number| acknowledged.contains(number)).collect();
        assert!(of_these.iter().eq(acknowledged), "key {key}: each once, in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_broker_leaves_what_was_sent_ambiguous_and_then_goes_on() {
    let kafka = Kafka::start();
    kafka.create_topic("flights", 1);
    let producer = producer(&kafka, Duration::from_millis(800));
    let record = Record::new("flights", "1").key("1");
    while commit(&producer, &record).await.is_err() {}
    kafka.pause();
    let error = commit(&producer, &record).await.unwrap_err();
    assert!(matches!(error, CommitError::Ambiguous(_)), "{error:?}");
    kafka.resume();
    let since = Instant::now();
    while let Err(error) = commit(&producer, &record).await {
        assert!(since.elapsed() < Duration::from_secs(20), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_not_there_takes_nothing_and_is_named() {
    let producer = producer(Kafka::shared(), Duration::from_secs(2));
    let error = commit(&producer, &Record::new("misspelt", "x")).await.unwrap_err();
    assert!(error.nothing_persisted(), "{error:?}");
    let chain = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(chain.contains("misspelt"), "{chain}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_that_are_added_are_read_from_their_beginning_before_anything_counts_as_missing() {
    let kafka = Kafka::shared();
    let topic = kafka.fresh_topic("growing", 1);
    let producer = producer(kafka, Duration::from_secs(10));
    let mut tap =
        Tap::start(TapConfig::new(Connection::plaintext(kafka.bootstrap()), [topic.as_str()])).unwrap();
    while !matches!(tap.next().await, Some(Tapped::CaughtUp { .. })) {}
    add_partitions(kafka, &topic, 4).await;
    let added = SystemTime::now();
    let record = Record { partition: Some(3), ..Record::new(&topic, "first") };
    // It takes a moment until the brokers, and then the producer, know of it.
    while commit(&producer, &record).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (committed, mut gap, mut brought) = (SystemTime::now(), None, 0);
    loop {
        match tap.next().await.unwrap() {
            Tapped::Gap { at, .. } => gap = Some(at),
            Tapped::Record(record) => {
                assert_eq!((record.partition, record.offset), (3, brought));
                brought += 1;
            }
            Tapped::CaughtUp { at, .. } if at >= committed => break,
            Tapped::CaughtUp { .. } => {}
        }
    }
    assert!(brought > 0, "it says that it has caught up with what it has not read");
    assert!(gap.is_some_and(|gap| gap > added), "what was sent until it knew is not to be judged");
    assert_eq!(tap.monitor().stats().partitions, 4);
}

async fn add_partitions(kafka: &Kafka, topic: &str, to: usize) {
    let admin: AdminClient<_> =
        ClientConfig::new().set("bootstrap.servers", kafka.bootstrap()).create().unwrap();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    let added = admin.create_partitions([&NewPartitions::new(topic, to)], &options).await.unwrap();
    assert!(added.iter().all(Result::is_ok), "{added:?}");
}
