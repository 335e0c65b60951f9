//! Both durable modes against a real broker that is killed, restarted and hung under load.
//!
//! What was acknowledged is in the topic, in order by key, and comes twice only under the same event id.
//! `HANDOVER_OUTAGE` says how many seconds each outage takes; `make chaos` has ten minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use handover_api::{Effect, Record};
use handover_parts::Kafka;
use tokio::runtime::Handle;

use super::event::EVENT_ID;
use super::tests::{config, route};
use super::{NotCommitted, Producers};
use crate::route::Route;

const KEYS: usize = 8;

/// What one key's client saw.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<u64>,
    refused: usize,
    unknown: usize,
    took: Vec<Duration>,
}

/// Commits numbered records of one key one after the other, until it is over.
async fn client(
    producers: Arc<Producers>,
    route: Arc<Route>,
    topic: String,
    key: usize,
    over: Arc<AtomicBool>,
) -> Seen {
    let mut seen = Seen::default();
    for number in 0.. {
        if over.load(Relaxed) {
            break;
        }
        let record = Record::new(&topic, number.to_string()).key(key.to_string());
        let began = Instant::now();
        match producers.commit(&route, vec![Effect::from(record)]).await {
            Ok(_) => seen.acknowledged.push(number),
            Err(NotCommitted::Before(_)) => seen.refused += 1,
            Err(NotCommitted::Unknown(_)) => seen.unknown += 1,
            Err(error @ NotCommitted::OnlyRecords(_)) => panic!("there is no session: {error}"),
        }
        seen.took.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    seen
}

async fn outages(mode: &str) {
    let outage = std::env::var("HANDOVER_OUTAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let outage = Duration::from_secs(outage);
    let kafka = tokio::task::spawn_blocking(Kafka::start).await.unwrap();
    kafka.create_topic("flights", 4);
    let state = tempfile::tempdir().unwrap();
    let config = config(&kafka.bootstrap(), state.path(), "[spool]");
    let producers = Arc::<Producers>::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let (route, over) = (route(&config, mode), Arc::<AtomicBool>::default());
    let clients: Vec<_> = (0..KEYS)
        .map(|key| {
            let client =
                client(Arc::clone(&producers), Arc::clone(&route), "flights".into(), key, Arc::clone(&over));
            tokio::spawn(client)
        })
        .collect();
    let faults = move || {
        let mut kafka = kafka;
        std::thread::sleep(Duration::from_secs(2));
        kafka.kill();
        std::thread::sleep(outage);
        kafka.restart();
        std::thread::sleep(Duration::from_secs(2));
        kafka.pause();
        std::thread::sleep(outage);
        kafka.resume();
        std::thread::sleep(Duration::from_secs(2));
        kafka
    };
    let kafka = tokio::task::spawn_blocking(faults).await.unwrap();
    over.store(true, Relaxed);
    let mut seen = Vec::new();
    for client in clients {
        seen.push(client.await.unwrap());
    }
    let spooler = producers.spooler().unwrap();
    let since = Instant::now();
    while !spooler.is_drained() {
        assert!(
            since.elapsed() < Duration::from_secs(60) + outage,
            "the spool is not emptied: {:?}",
            spooler.stats()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let records = tokio::task::spawn_blocking(move || kafka.records("flights")).await.unwrap();
    report(mode, &seen);
    check(&seen, &records);
}

/// The event ids of each number.
type Ids = BTreeMap<u64, BTreeSet<Vec<u8>>>;

fn check(seen: &[Seen], records: &[handover_parts::Record]) {
    let mut by_key: BTreeMap<usize, (Vec<u64>, Ids)> = BTreeMap::new();
    let number =
        |bytes: &Option<Vec<u8>>| std::str::from_utf8(bytes.as_deref().unwrap()).unwrap().parse().unwrap();
    // By partition and offset; a key has one partition.
    for record in records {
        let (order, ids) = by_key.entry(number(&record.key) as usize).or_default();
        let value = number(&record.value);
        let id = record.headers.iter().find(|(name, _)| name == EVENT_ID).unwrap().1.clone().unwrap();
        let of_it = ids.entry(value).or_default();
        if of_it.is_empty() {
            order.push(value);
        }
        of_it.insert(id);
    }
    for (key, seen) in seen.iter().enumerate() {
        let (order, ids) = &by_key[&key];
        let acknowledged: BTreeSet<_> = seen.acknowledged.iter().copied().collect();
        assert!(acknowledged.len() > 100, "key {key}: only {} acknowledged", acknowledged.len());
        let order: Vec<_> = order.iter().copied().filter(|number| acknowledged.contains(number)).collect();
        assert_eq!(order, seen.acknowledged, "key {key}: each once, in order");
        assert!(ids.values().all(|ids| ids.len() == 1), "key {key}: twice under different event ids");
    }
}

/// What operators would want to know of it.
fn report(mode: &str, seen: &[Seen]) {
    let mut took: Vec<_> = seen.iter().flat_map(|seen| seen.took.iter().copied()).collect();
    took.sort_unstable();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    let sum = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    println!(
        "{mode}: {} acknowledged, {} refused before the commit, {} unknown; took {:?} in the middle, {:?} at the 99th \
         percentile, {:?} at most",
        sum(|seen| seen.acknowledged.len()),
        sum(|seen| seen.refused),
        sum(|seen| seen.unknown),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spool_loses_and_reorders_nothing_while_the_broker_is_killed_and_hung() {
    outages("spool").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivered_loses_and_reorders_nothing_while_the_broker_is_killed_and_hung() {
    outages("delivered").await;
}
