//! Secrets that are replaced while records flow, against a real broker that asks for them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use handover_api::Record;
use handover_parts::{Identity, Secured};
use tokio::runtime::Handle;

use super::Producers;
use super::parts::Parts;
use super::tests::{config_with, route};
use crate::observe::chain;
use crate::route::Route;

const PATIENCE: Duration = Duration::from_secs(60);
const KEYS: usize = 8;

fn broker() -> Secured {
    let broker = Secured::start();
    broker.create_topic("flights", 4);
    broker
}

/// Puts a certificate where the configuration expects it.
fn place(identity: &Identity, folder: &Path) {
    std::fs::copy(&identity.key_file, folder.join("client.key")).unwrap();
    std::fs::copy(&identity.cert_file, folder.join("client.pem")).unwrap();
}

async fn commit(producers: &Producers, route: &Route, key: usize, number: u64) -> Result<(), String> {
    let record = Record::new("flights", number.to_string()).key(key.to_string());
    let parts = Parts { records: vec![record], ..Parts::default() };
    let committed = producers.commit(route, parts, None).await;
    committed.map(|_| ()).map_err(|error| chain(&error))
}

/// Until a record is committed.
async fn delivers(producers: &Producers, route: &Route) {
    let since = Instant::now();
    while let Err(error) = commit(producers, route, KEYS, 0).await {
        assert!(since.elapsed() < PATIENCE, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Until a commit fails and says that.
async fn fails_with(producers: &Producers, route: &Route, words: &str) {
    let since = Instant::now();
    while !commit(producers, route, KEYS, 0).await.is_err_and(|error| error.contains(words)) {
        assert!(since.elapsed() < PATIENCE, "it does not say `{words}`");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Commits numbered records of one key until it is over, and gives how many. None may be refused.
async fn client(producers: Arc<Producers>, route: Arc<Route>, key: usize, over: Arc<AtomicBool>) -> u64 {
    let mut number = 0;
    while !over.load(Relaxed) {
        commit(&producers, &route, key, number).await.unwrap_or_else(|error| panic!("{number}: {error}"));
        number += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    number
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_shown_by_a_second_producer_and_the_order_of_keys_is_kept() {
    let broker = tokio::task::spawn_blocking(broker).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    place(broker.client(), folder.path());
    let (ca, at) = (broker.authority().ca_file(), folder.path().display());
    let cluster = format!(
        "ca_file = '{}'\nauth = {{ mtls = {{ cert_file = '{at}/client.pem', key_file = '{at}/client.key' }} }}",
        ca.display()
    );
    let config = config_with(&broker.mtls(), folder.path(), "", &cluster);
    let producers = Arc::<Producers>::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let (memory, delivered) = (route(&config, "memory"), route(&config, "delivered"));
    delivers(&producers, &delivered).await;

    let over = Arc::<AtomicBool>::default();
    let clients: Vec<_> = (0..KEYS)
        .map(|key| {
            let route = if key % 2 == 0 { &memory } else { &delivered };
            tokio::spawn(client(Arc::clone(&producers), Arc::clone(route), key, Arc::clone(&over)))
        })
        .collect();
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let before = producers.running()[0].1.clone();
        place(&broker.authority().sign("client"), folder.path());
        producers.renew_secrets(&Handle::current());
        assert!(!Arc::ptr_eq(&before, &producers.running()[0].1), "a second producer");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    over.store(true, Relaxed);
    let mut committed = BTreeMap::new();
    for (key, client) in clients.into_iter().enumerate() {
        committed.insert(key, client.await.unwrap());
    }

    // Of a key that goes nowhere the brokers would say so: it is the new certificate that they see.
    place(&broker.authority().sign("nobody"), folder.path());
    producers.renew_secrets(&Handle::current());
    fails_with(&producers, &delivered, "uthorization failed").await;
    place(&broker.authority().sign("client"), folder.path());
    producers.renew_secrets(&Handle::current());
    delivers(&producers, &delivered).await;

    let records = tokio::task::spawn_blocking(move || broker.records("flights")).await.unwrap();
    let mut found = BTreeMap::<usize, Vec<u64>>::new();
    let number = |bytes: &Option<Vec<u8>>| {
        std::str::from_utf8(bytes.as_deref().unwrap()).unwrap().parse::<u64>().unwrap()
    };
    for record in &records {
        found.entry(number(&record.key) as usize).or_default().push(number(&record.value));
    }
    for (key, committed) in committed {
        println!("key {key}: {committed} records over five certificates");
        assert_eq!(found[&key], (0..committed).collect::<Vec<_>>(), "key {key}: each once, in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_a_pair_changes_nothing() {
    let broker = tokio::task::spawn_blocking(broker).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    place(broker.client(), folder.path());
    let at = folder.path().display();
    let cluster = format!(
        "ca_file = '{}'\nauth = {{ mtls = {{ cert_file = '{at}/client.pem', key_file = '{at}/client.key' }} }}",
        broker.authority().ca_file().display()
    );
    let config = config_with(&broker.mtls(), folder.path(), "", &cluster);
    let producers = Producers::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let route = route(&config, "delivered");
    delivers(&producers, &route).await;
    let before = producers.running()[0].1.clone();
    let other = broker.authority().sign("client");
    std::fs::copy(&other.key_file, folder.path().join("client.key")).unwrap();
    producers.renew_secrets(&Handle::current());
    assert!(Arc::ptr_eq(&before, &producers.running()[0].1));
    commit(&producers, &route, 0, 1).await.unwrap();
    std::fs::copy(&other.cert_file, folder.path().join("client.pem")).unwrap();
    producers.renew_secrets(&Handle::current());
    assert!(!Arc::ptr_eq(&before, &producers.running()[0].1));
    delivers(&producers, &route).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_another_file_is_taken_up_in_place() {
    let broker = tokio::task::spawn_blocking(broker).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{}\n", Secured::PASSWORD)).unwrap();
    let cluster = format!(
        "timeout = '1s'\nca_file = '{}'\nauth = {{ scram-sha-512 = {{ user = '{}', password_file = '{}' }} }}",
        broker.authority().ca_file().display(),
        Secured::USER,
        file.display()
    );
    let config = config_with(&broker.scram(), folder.path(), "", &cluster);
    let producers = Producers::default();
    producers.prepare(&config, &Handle::current()).unwrap();
    let route = route(&config, "delivered");
    delivers(&producers, &route).await;
    let before = producers.running()[0].1.clone();
    let broker = tokio::task::spawn_blocking(move || {
        broker.set_password("another one");
        broker
    });
    let _broker = broker.await.unwrap();
    // The broker asks again every 3 s.
    fails_with(&producers, &route, "`password_file`").await;
    std::fs::write(&file, "another one\n").unwrap();
    producers.renew_secrets(&Handle::current());
    delivers(&producers, &route).await;
    assert!(Arc::ptr_eq(&before, &producers.running()[0].1), "it is the same producer");
}
