//! The store: what is recorded is read back; every bound holds; no file can stop the proxy.

mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use handover_shadow::{
    Class, ClusterSummary, Effects, Experiment, Limits, Loss, Outcome, Policy, RedactionKey, Store,
    StoredOutcome, judge,
};
use serde_json::json;
use world::*;

fn key() -> RedactionKey {
    RedactionKey::new([7; 32])
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shadow.db");
    (folder, path)
}

fn open(path: &Path, limits: Limits) -> Store {
    Store::open(path, &key(), limits).unwrap()
}

fn put(store: &Store, experiment: Experiment, policy: &Arc<Policy>) {
    let judgement = judge(&experiment, policy);
    store.recorder().record(experiment, judgement, policy);
}

#[test]
fn counts_every_verdict_under_its_name() {
    let (_folder, path) = file();
    let store = open(&path, Limits::default());
    let policy = Arc::new(policy(json!({
        "ignore": [{ "name": "took", "path": "body:/took", "author": "ann", "reason": "a measurement" }]
    })));
    put(&store, pair(1, "{}", "{}"), &policy);
    put(&store, pair(2, "{}", "{}"), &policy);
    put(&store, pair(3, r#"{"took":1}"#, r#"{"took":2}"#), &policy);
    put(&store, pair(4, r#"{"a":1}"#, r#"{"a":"1"}"#), &policy);
    put(&store, experiment(5, answered("{}"), Outcome::Declined("not json".to_owned())), &policy);
    put(&store, experiment(6, answered("{}"), Outcome::TimedOut), &policy);
    put(&store, experiment(7, Outcome::TimedOut, answered("{}")), &policy);
    let mut waiting = pair(8, "{}", "{}");
    waiting.control.effects = Effects::Pending;
    put(&store, waiting, &policy);
    store.recorder().lost("create", Loss::Dropped, "budget", 3);
    store.recorder().lost("create", Loss::Unattributed, "t", 2);
    store.recorder().flush();

    let parity = Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap();
    assert_eq!((parity.matched, parity.ignored, parity.mismatched, parity.failed), (2, 1, 2, 1));
    assert_eq!(parity.ignored_by_rule["took"], 1);
    assert_eq!(parity.declined["not json"], 1);
    assert_eq!(parity.not_comparable["the other side gave no answer"], 1);
    assert_eq!((parity.pending, parity.dropped["budget"], parity.unattributed["t"]), (1, 3, 2));
    assert_eq!((parity.samples(), parity.share()), (5, Some(0.6)));
    let of = |c: &ClusterSummary| (c.key.path.clone(), c.key.shape.clone(), c.count, c.rule.clone());
    let clusters: Vec<_> = parity.clusters.iter().map(of).collect();
    let expected = |path: &str, shape: &str, rule: Option<&str>| {
        (path.to_owned(), shape.to_owned(), 1, rule.map(str::to_owned))
    };
    let expected = [
        expected("outcome", "nothing → no answer in time", None),
        expected("body:/a", "number → string", None),
        expected("body:/took", "number → number", Some("took")),
    ];
    assert_eq!(clusters, expected);
}

#[test]
fn a_clusters_pairs_show_what_differs_and_nothing_secret() {
    let (_folder, path) = file();
    let store = open(&path, Limits::default());
    let control = r#"{"id":7,"mail":"ann@example.org","name":"Ann Lee"}"#;
    let candidate = r#"{"id":8,"mail":"bob@example.org","name":"Ann Lee"}"#;
    put(&store, pair(1, control, candidate), &Arc::new(Policy::default()));
    drop(store);

    let reader = Store::read(&path).unwrap().unwrap();
    let cluster = reader.parity("create").unwrap().unwrap().clusters[0].id;
    let pairs = reader.pairs(cluster).unwrap();
    let StoredOutcome::Answered { body, .. } = &pairs[0].control.outcome else { panic!("{pairs:?}") };
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["id"], &body["name"]), (&json!(7), &json!("<string 7>")));
    assert!(body["mail"].as_str().unwrap().ends_with("@redacted.example"));
    let id = &pairs[0].differences[0];
    let texts = (id.control.as_ref().unwrap().text.as_str(), id.candidate.as_ref().unwrap().text.as_str());
    assert_eq!((id.path.as_str(), texts), ("body:/id", ("7", "8")));
    let bytes = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    for secret in ["s3cr3t", "Bearer", "ann@example", "Ann Lee"] {
        assert!(!bytes.contains(secret), "{secret} was stored");
    }
}

#[test]
fn evidence_is_told_apart_by_handler_legacy_and_policy() {
    let (_folder, path) = file();
    let store = open(&path, Limits::default());
    let one = Arc::new(Policy::default());
    let other = Arc::new(policy(json!({ "alike": [{ "path": "body:/id", "both": "uuid" }] })));
    put(&store, pair(1, "{}", "{}"), &one);
    put(&store, pair(2, "{}", "{}"), &other);
    let mut changed = pair(3, "{}", "{}");
    changed.at += Duration::from_secs(1);
    changed.candidate.who = handover_shadow::Who::Native { fingerprint: "f2".to_owned() };
    put(&store, changed, &one);
    store.recorder().flush();

    let parities = Store::read(&path).unwrap().unwrap().parities("create").unwrap();
    assert_eq!(parities.iter().map(|p| p.matched).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(parities[0].evidence.on_trial, "f2", "the newest first");
}

#[test]
fn every_table_stays_within_its_bound() {
    let (_folder, path) = file();
    let limits = Limits { sample: 10, exemplars: 3, clusters: 4, ..Limits::default() };
    let store = open(&path, limits);
    let policy = Arc::new(Policy::default());
    for n in 0..200_u128 {
        let name = ["a", "b", "c", "d", "e", "f"][n as usize % 6];
        let padding = "x".repeat(200 - n as usize);
        let body = |value: u32| format!(r#"{{"{name}":{value},"p":"{padding}"}}"#);
        put(&store, pair(n, &body(1), &body(2)), &policy);
    }
    store.recorder().flush();

    let reader = Store::read(&path).unwrap().unwrap();
    let parity = reader.parity("create").unwrap().unwrap();
    assert_eq!((parity.mismatched, parity.clusters.len()), (200, 4));
    assert_eq!(parity.unclustered, 200 - parity.clusters.iter().map(|c| c.count).sum::<u64>());
    assert!(parity.clusters.iter().all(|c| c.exemplars == 3));
    let shown = reader.pairs(parity.clusters[0].id).unwrap();
    let ids: Vec<_> = shown.iter().map(|pair| u128::from_str_radix(&pair.id, 16).unwrap()).collect();
    assert_eq!(ids, [198, 192, 186], "the smallest three of them, the smallest first");
    assert_eq!(reader.sample("create").unwrap().len(), 10);
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let pairs: i64 = connection.query_row("SELECT count(*) FROM pairs", [], |row| row.get(0)).unwrap();
    assert!(pairs <= 10 + 4 * 3, "{pairs} pairs: those that nothing needs go");
}

#[test]
fn the_sample_is_uniform_whatever_the_verdict_and_the_order() {
    let sampled = |ids: &[u128]| {
        let (_folder, path) = file();
        let store = open(&path, Limits { sample: 20, exemplars: 0, ..Limits::default() });
        let policy = Arc::new(Policy::default());
        for id in ids {
            let candidate = if id % 2 == 0 { "{}" } else { "[]" };
            put(&store, pair(*id, "{}", candidate), &policy);
        }
        store.recorder().flush();
        let pairs = Store::read(&path).unwrap().unwrap().sample("create").unwrap();
        let matched = pairs.iter().filter(|pair| pair.verdict == Class::Matched).count();
        (pairs.into_iter().map(|pair| pair.id).collect::<Vec<_>>(), matched)
    };
    let ids: Vec<u128> = (0..400).collect();
    let back: Vec<u128> = ids.iter().rev().copied().collect();
    let (sample, matched) = sampled(&ids);
    assert_eq!(sampled(&back).0, sample, "the order in which they came plays no part");
    assert_eq!(sample.len(), 20);
    assert!((4..=16).contains(&matched), "{matched} of 20 matched, of half of all");
}

#[test]
fn a_full_queue_drops_and_counts() {
    let (_folder, path) = file();
    let store = open(&path, Limits { queue_bytes: 1, ..Limits::default() });
    let policy = Arc::new(Policy::default());
    for id in 0..10 {
        put(&store, pair(id, "{}", "{}"), &policy);
    }
    store.recorder().flush();
    let parity = Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap();
    assert_eq!((parity.matched, parity.dropped["store-queue-full"]), (0, 10));
}

#[test]
fn what_cannot_be_used_is_set_aside_not_overwritten() {
    for (name, content) in
        [("garbage", b"not a database, but long enough to look at".repeat(100)), ("newer", Vec::new())]
    {
        let (_folder, path) = file();
        if name == "newer" {
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.execute_batch("CREATE TABLE theirs (x); PRAGMA user_version = 99;").unwrap();
        } else {
            std::fs::write(&path, &content).unwrap();
        }
        let before = std::fs::read(&path).unwrap();
        let store = open(&path, Limits::default());
        let aside = store.set_aside().unwrap_or_else(|| panic!("{name} was used")).to_owned();
        put(&store, pair(1, "{}", "{}"), &Arc::new(Policy::default()));
        store.recorder().flush();
        assert_eq!(Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap().matched, 1);
        assert!(std::fs::read(aside).unwrap() == before, "{name} was changed");
    }
}

#[test]
fn evidence_outlives_a_restart() {
    let (_folder, path) = file();
    for round in 1..=3 {
        let store = open(&path, Limits::default());
        assert!(store.set_aside().is_none());
        put(&store, pair(round, "{}", "{}"), &Arc::new(Policy::default()));
        drop(store);
        let parity = Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap();
        assert_eq!(u128::from(parity.matched), round);
    }
}

#[test]
fn nothing_is_read_where_nothing_was_written() {
    let (_folder, path) = file();
    assert!(Store::read(&path).unwrap().is_none());
    let _store = open(&path, Limits::default());
    let reader = Store::read(&path).unwrap().unwrap();
    assert!(reader.routes().unwrap().is_empty());
    assert!(reader.parity("create").unwrap().is_none());
}

#[test]
fn what_cannot_be_written_is_dropped_and_counted_until_it_can_be_again() {
    let (_folder, path) = file();
    let store = open(&path, Limits::default());
    let policy = Arc::new(Policy::default());
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("ALTER TABLE counts RENAME TO away").unwrap();
    put(&store, pair(1, "{}", "{}"), &policy);
    put(&store, pair(2, "{}", "{}"), &policy);
    store.recorder().flush();
    other.execute_batch("ALTER TABLE away RENAME TO counts").unwrap();
    put(&store, pair(3, "{}", "{}"), &policy);
    store.recorder().flush();
    let parity = Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap();
    assert_eq!((parity.matched, parity.dropped["store-failed"]), (1, 2));
}

#[test]
fn a_file_that_breaks_while_it_is_written_is_set_aside() {
    let (folder, path) = file();
    let store = open(&path, Limits::default());
    let policy = Arc::new(Policy::default());
    put(&store, pair(1, "{}", "{}"), &policy);
    store.recorder().flush();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    let mut broken = std::fs::read(&path).unwrap();
    broken[4096..].fill(0xa5);
    std::fs::write(&path, &broken).unwrap();
    assert!(length > 4096);
    // Another writer's commit makes the first one look at the file again.
    other.execute_batch("PRAGMA user_version = 2").unwrap();
    drop(other);
    for round in 2..6 {
        put(&store, pair(round, "{}", "[]"), &policy);
        store.recorder().flush();
    }
    assert!(folder.path().join("shadow.db.aside-1").exists());
    let parity = Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap();
    assert!(parity.mismatched >= 3 && parity.dropped["store-failed"] >= 1, "{parity:?}");
}

#[test]
fn a_reader_sees_what_a_writer_commits_beside_it() {
    let (_folder, path) = file();
    let store = open(&path, Limits::default());
    let policy = Arc::new(Policy::default());
    put(&store, pair(0, "{}", "{}"), &policy);
    store.recorder().flush();
    let reader = Store::read(&path).unwrap().unwrap();
    for id in 1..=20 {
        put(&store, pair(id, "{}", "[]"), &policy);
        store.recorder().flush();
        let parity = reader.parity("create").unwrap().unwrap();
        assert_eq!((u128::from(parity.mismatched), parity.matched), (id, 1));
        assert!(!reader.pairs(parity.clusters[0].id).unwrap().is_empty());
    }
}

#[test]
fn what_an_older_process_began_can_be_looked_at_before_a_newer_one_has_written_it() {
    let (_folder, path) = file();
    let store = open(&path, Limits::default());
    put(&store, pair(1, "{}", "[]"), &Arc::new(Policy::default()));
    drop(store);
    let older = rusqlite::Connection::open(&path).unwrap();
    older
        .execute_batch("DROP TABLE noise; DROP TABLE policies; DROP TABLE cluster_hours; DROP TABLE places;")
        .unwrap();
    let reader = Store::read(&path).unwrap().unwrap();
    let parity = reader.parity("create").unwrap().unwrap();
    assert_eq!((parity.mismatched, reader.figures("create").unwrap().unwrap().clusters.unreviewed), (1, 1));
    reader.trend(parity.clusters[0].id, jiff::Timestamp::now()).unwrap();

    // Where nothing can be added it says what to do.
    older.execute_batch("DROP TABLE noise; DROP TABLE policies; BEGIN IMMEDIATE").unwrap();
    let why = Store::read(&path).err().map(|why| why.to_string()).unwrap_or_default();
    assert!(why.contains("serve with this version once"), "{why}");
}
