//! Both durable modes against a real broker that is killed, restarted and hung under load.

use std::time::{Duration, Instant};

use handover_api::Record;
use handover_parts::Kafka;
use tokio::runtime::Handle;

use super::Producers;
use super::parts::Parts;
use super::spool::replay::{DEAD_REASON, DEAD_TOPIC};
use super::tests::{config_with, route};
use super::under_load::{outage, survives};

const CALM: Duration = Duration::from_secs(2);

async fn outages(mode: &str) {
    let mut kafka = tokio::task::spawn_blocking(Kafka::start).await.unwrap();
    let bootstrap = kafka.bootstrap();
    survives(mode, &mut kafka, &bootstrap, |kafka, phases| {
        phases.lasts("at first", CALM, || {});
        phases.lasts("the broker killed", outage(), || kafka.kill());
        phases.lasts("the broker back", CALM, || kafka.restart());
        phases.lasts("the broker hung", outage(), || kafka.pause());
        phases.lasts("the broker awake", CALM, || kafka.resume());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spool_loses_and_reorders_nothing_while_the_broker_is_killed_and_hung() {
    outages("spool").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_loses_and_reorders_nothing_while_the_broker_is_killed_and_hung() {
    outages("delivered").await;
}

/// The records of a topic, until there are so many.
fn read(kafka: &Kafka, topic: &str, count: usize) -> Vec<handover_parts::Record> {
    kafka.wait_for_records(topic, count, Duration::from_secs(60))
}

/// Commits a record that its topic never takes, and one behind it, in mode `spool`.
async fn never_taken(cluster: &str, kafka: &Kafka) -> (tempfile::TempDir, Producers) {
    let state = tempfile::tempdir().unwrap();
    let config = config_with(&kafka.bootstrap(), state.path(), "[spool]", cluster);
    let producers = Producers::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let route = route(&config, "spool");
    let large = Record::new("narrow", vec![b'x'; 5000]).key("UA").header("kind", "large");
    for record in [Record::new("narrow", "before"), large, Record::new("narrow", "behind")] {
        let parts = Parts { records: vec![record], ..Parts::default() };
        producers.commit(&route, parts, None).await.unwrap();
    }
    (state, producers)
}

fn narrow() -> Kafka {
    let kafka = Kafka::start();
    kafka.create_topic_with("narrow", 1, &[("max.message.bytes", "2000")]);
    kafka.create_topic("dead", 1);
    kafka.create_topic_with("narrow-too", 1, &[("max.message.bytes", "2000")]);
    kafka
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_brokers_never_take_is_a_dead_letter_and_holds_nothing_up() {
    let kafka = tokio::task::spawn_blocking(narrow).await.unwrap();
    let (_state, _producers) = never_taken("dead_letter = 'dead'", &kafka).await;
    let (dead, taken) = tokio::task::block_in_place(|| (read(&kafka, "dead", 1), read(&kafka, "narrow", 2)));
    let header = |name: &str| {
        let found = dead[0].headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| String::from_utf8(value.clone().unwrap()).unwrap())
    };
    assert_eq!(
        (dead[0].key.as_deref(), dead[0].value.as_ref().map(Vec::len)),
        (Some(&b"UA"[..]), Some(5000))
    );
    assert_eq!(header(DEAD_TOPIC).as_deref(), Some("narrow"));
    assert_eq!(header("kind").as_deref(), Some("large"));
    assert!(header(DEAD_REASON).is_some_and(|why| why.contains("too large")), "{:?}", header(DEAD_REASON));
    assert!(header(super::event::EVENT_ID).is_some());
    assert!(taken.iter().any(|record| record.value.as_deref() == Some(b"behind")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_not_even_the_dead_letter_topic_takes_is_kept_in_a_file() {
    let kafka = tokio::task::spawn_blocking(narrow).await.unwrap();
    let (state, producers) = never_taken("dead_letter = 'narrow-too'", &kafka).await;
    let taken = tokio::task::block_in_place(|| read(&kafka, "narrow", 2));
    assert!(taken.iter().any(|record| record.value.as_deref() == Some(b"behind")));
    // The one behind it may have come before that, and comes again.
    let since = Instant::now();
    while producers.spooler().unwrap().stats().set_aside == 0 {
        assert!(since.elapsed() < Duration::from_secs(60), "{:?}", producers.spooler().unwrap().stats());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let folder = std::fs::read_dir(state.path().join("spool")).unwrap().next().unwrap().unwrap().path();
    let frames = std::fs::read_dir(folder)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "frame"));
    assert_eq!(frames.count(), 1);
}
