//! A record goes to the partition where PHP's client would have put it: else the order of a key breaks when its route
//! moves.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use handover_api::Record;
use handover_kafka::{
    Connection, Embedded, Frame, Partitioner, Producer, ProducerConfig, Start, Tap, TapConfig, Tapped,
};

const PARTITIONS: i32 = 12;

/// Measured: where kcat with librdkafka 2.0.2 and `partitioner=consistent_random` (php-rdkafka's default) puts these
/// keys in a topic of 12 partitions. It is their CRC32 modulo 12.
const BY_CRC32: [(&str, i32); 9] = [
    ("UA", 4),
    ("DL", 5),
    ("B6", 5),
    ("AA", 9),
    ("N14228", 10),
    ("EWR-2013-01-01-1545", 11),
    ("1", 11),
    ("ü", 1),
    ("the quick brown fox jumps over the lazy dog", 4),
];

/// Where a producer with that partitioner puts records with these keys.
async fn placed(partitioner: Partitioner, keys: &[Option<&'static str>]) -> Vec<i32> {
    let kafka = Embedded::start(1).unwrap();
    kafka.create_topic("flights", PARTITIONS).unwrap();
    let connection = Connection::plaintext(kafka.bootstrap());
    let topic_partitioners = BTreeMap::from([("flights".to_owned(), partitioner)]);
    let config = ProducerConfig { topic_partitioners, ..ProducerConfig::new(connection.clone()) };
    let producer = Producer::start(config).unwrap();
    for (index, key) in keys.iter().enumerate() {
        let key = key.map(|key| bytes::Bytes::from_static(key.as_bytes()));
        let record = Record { key, ..Record::new("flights", index.to_string()) };
        producer.commit(&Frame { records: &[&record], headers: &[] }).await.unwrap();
    }
    let mut tap =
        Tap::start(TapConfig { start: Start::Beginning, ..TapConfig::new(connection, ["flights"]) }).unwrap();
    let mut placed = BTreeMap::new();
    while placed.len() < keys.len() {
        if let Tapped::Record(record) = tap.next().await.unwrap() {
            let index: usize = std::str::from_utf8(&record.value.unwrap()).unwrap().parse().unwrap();
            placed.insert(index, record.partition);
        }
    }
    placed.into_values().collect()
}

#[tokio::test]
async fn keys_go_where_php_puts_them() {
    let keys = BY_CRC32.map(|(key, _)| Some(key));
    assert_eq!(placed(Partitioner::ConsistentRandom, &keys).await, BY_CRC32.map(|(_, partition)| partition));
}

#[tokio::test]
async fn null_and_empty_keys_are_spread_as_in_php() {
    for key in [None, Some("")] {
        let partitions: BTreeSet<_> =
            placed(Partitioner::ConsistentRandom, &[key; 100]).await.into_iter().collect();
        assert!(partitions.len() > 1, "{key:?} always went to {partitions:?}");
    }
}

#[tokio::test]
async fn a_topic_with_a_partitioner_of_its_own_differs() {
    let keys = BY_CRC32.map(|(key, _)| Some(key));
    assert_ne!(placed(Partitioner::Murmur2Random, &keys).await, BY_CRC32.map(|(_, partition)| partition));
    let empty: BTreeSet<_> = placed(Partitioner::Consistent, &[Some(""); 100]).await.into_iter().collect();
    assert_eq!(empty.len(), 1, "`consistent` hashes the empty key too");
}

#[tokio::test]
async fn what_is_told_beforehand_is_where_records_go() {
    let keys = BY_CRC32.map(|(key, _)| Some(key)).into_iter().chain([Some(""), None]).collect::<Vec<_>>();
    let count = NonZeroU32::new(PARTITIONS.unsigned_abs()).unwrap();
    for (partitioner, left_to_chance) in [
        (Partitioner::ConsistentRandom, 2),
        (Partitioner::Consistent, 0),
        (Partitioner::Murmur2Random, 1),
        (Partitioner::Murmur2, 0),
        (Partitioner::Fnv1aRandom, 1),
        (Partitioner::Fnv1a, 0),
        (Partitioner::Random, keys.len()),
    ] {
        let told = |key: &Option<&str>| partitioner.partition_of(key.map(str::as_bytes), count);
        let told: Vec<_> = keys.iter().map(told).collect();
        assert_eq!(told.iter().filter(|told| told.is_none()).count(), left_to_chance, "{partitioner:?}");
        for ((key, told), placed) in keys.iter().zip(told).zip(placed(partitioner, &keys).await) {
            assert_eq!(told.unwrap_or(placed), placed, "{partitioner:?} {key:?}");
        }
    }
}
