//! A new binary takes over under load, with a php-fpm and a spool: no failed request, no lost record.
//!
//! `HANDOVER_UPGRADES` and `HANDOVER_RELOADS` say how often (3 and 60); `make upgrades` runs the long form.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use handover_parts::{Handover, Kafka, Record, http, process};
use nix::sys::signal::Signal;

use crate::world::{BINARY, PATIENCE, request, under_load};

const TOPIC: &str = "taken";

const PIPELINE: &str = r#"
semantics = "strict"
[[step]]
name = "read"
decode = { as = ["json"], into = "body", fail = "unreadable" }
[[step]]
name = "shape"
reject = true
[step.schema]
of = "body"
is = { type = "object", required = ["n"], properties = { n = { type = "integer" } } }
[[record]]
topic = "taken"
key = "{body.n}"
json = "{'n': body.n}"
[response.pass]
status = 202
json = "{'n': body.n}"
[response.fail]
status = 422
json = "{'errors': errors}"
[response.unreadable]
status = 400
json = "{'error': decode_error.message}"
"#;

/// An application for php-fpm, and a pipeline beside it.
fn application() -> tempfile::TempDir {
    let folder = process::folder("app");
    let page = "<?php usleep(random_int(0, 20000)); echo getmypid(), ' ', $_SERVER['REQUEST_URI'];";
    process::write(folder.path().join("public/index.php"), page);
    process::write(folder.path().join("take.toml"), PIPELINE);
    folder
}

fn legacy(app: &Path) -> String {
    let root = app.join("public");
    format!(
        "[legacy.app]\nmanaged = {{ root = '{}', children = 4 }}\n[shutdown]\ngrace = '5s'\n",
        root.display()
    )
}

fn with_kafka(app: &Path, kafka: &Kafka) -> String {
    format!(
        "{}[kafka.main]\nbootstrap = ['{}']\nack = 'spool'\n\
         [[route]]\nname = 'take'\nmatch = 'POST /take'\nstage = 'native'\nnative = {{ pipeline = '{}' }}\n",
        legacy(app),
        kafka.bootstrap(),
        app.join("take.toml").display()
    )
}

fn times(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// The master of the managed pool.
fn pool(proxy: &Handover) -> String {
    fs::read_to_string(proxy.folder().join("handover-state/php-fpm-app.pid")).expect("a pool runs")
}

#[test]
fn reloads_and_upgrades_under_load_fail_no_request_and_lose_no_record() {
    let (upgrades, reloads) = (times("HANDOVER_UPGRADES", 3), times("HANDOVER_RELOADS", 60));
    let (app, kafka) = (application(), Kafka::start());
    kafka.create_topic(TOPIC, 3);
    let routes = with_kafka(app.path(), &kafka);
    let mut proxy = Handover::start(BINARY, &routes);
    let master = pool(&proxy);
    let asked = |index: usize| match index % 3 {
        0 => request("GET", &format!("/page?n={index}"), ""),
        _ => request("POST", "/take", &format!("{{\"n\": {index}}}")),
    };
    let mut slowest = Duration::ZERO;
    let outcomes = under_load(&mut proxy, 12, Duration::from_millis(5), asked, |proxy| {
        let mut done = 0;
        for upgrade in 0..upgrades {
            // A backlog from the first half on, which the second half sends.
            match upgrade {
                0 => kafka.pause(),
                half if half == upgrades / 2 => kafka.resume(),
                _ => {}
            }
            while done < reloads * (upgrade + 1) / upgrades {
                reload(proxy, &routes, done);
                done += 1;
            }
            let began = Instant::now();
            assert_eq!(proxy.upgrade(PATIENCE), Some(0), "the former process ends in order");
            slowest = slowest.max(began.elapsed());
        }
    });

    assert_eq!(pool(&proxy), master, "the same php-fpm all the time");
    let failed: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !outcome.result.as_ref().is_ok_and(|response| matches!(response.status, 200 | 202)))
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {} failed; the first: {:?}\n{}",
        failed.len(),
        outcomes.len(),
        failed.first(),
        proxy.log()
    );
    let accepted: BTreeSet<usize> =
        outcomes.iter().map(|outcome| outcome.index).filter(|index| index % 3 != 0).collect();
    let began = Instant::now();
    let mut lost = accepted.clone();
    while !lost.is_empty() && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(500));
        let records = kafka.records(TOPIC);
        lost = accepted.difference(&records.iter().map(number).collect()).copied().collect();
    }
    assert!(
        lost.is_empty(),
        "{} of {} records are lost: {lost:?}\n{}",
        lost.len(),
        accepted.len(),
        proxy.log()
    );
    assert_eq!(proxy.stop(), Some(0), "{}", proxy.log());
    println!(
        "{} requests, none failed, {} records, none lost; {upgrades} upgrades, the slowest {slowest:?} to the former \
         process' end, {reloads} reloads",
        outcomes.len(),
        accepted.len(),
    );
}

/// Puts another text in the file's place, and has it read.
fn reload(proxy: &Handover, routes: &str, number: usize) {
    proxy.replace_routes(&format!("{routes}# {number}\n"));
    let mut admin = http::Client::connect(proxy.admin()).expect("the admin");
    let fields = [("Host", "localhost"), ("Content-Type", "application/json")];
    let asked = http::request("POST", "/api/reload", &fields, b"{}");
    let response = admin.exchange(&asked).expect("an answer");
    assert_eq!(response.status, 200, "{}", response.text());
}

fn number(record: &Record) -> usize {
    let json = record.value.as_deref().expect("a value");
    let value: serde_json::Value = serde_json::from_slice(json).expect("JSON");
    value["n"].as_u64().expect("a number") as usize
}

#[test]
fn a_new_binary_that_cannot_start_changes_nothing() {
    let app = application();
    let mut proxy = Handover::start(BINARY, &legacy(app.path()));
    let (before, master) = (proxy.id(), pool(&proxy));
    // A broken file would not do: the last good one would.
    let state = proxy.folder().join("handover-state/redaction.key");
    fs::write(&state, "no key").unwrap();
    proxy.signal(Signal::SIGUSR2);
    let log = proxy.folder().join("log");
    proxy.wait_until("it says that the upgrade has failed", PATIENCE, || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("the upgrade has failed"))
    });
    assert_eq!((proxy.id(), pool(&proxy)), (before, master));
    assert_eq!(http::get(proxy.http(), "/").unwrap().status, 200);
    assert_eq!(proxy.stop(), Some(0));
}

#[test]
fn the_pool_ends_with_the_last_of_all_processes() {
    let app = application();
    let mut proxy = Handover::start(BINARY, &legacy(app.path()));
    proxy.upgrade(PATIENCE);
    let master = pool(&proxy);
    assert!(Path::new("/proc").join(&master).exists());
    proxy.kill();
    let began = Instant::now();
    while fs::read_to_string(format!("/proc/{master}/stat")).is_ok_and(|stat| !stat.contains(") Z")) {
        assert!(began.elapsed() < PATIENCE, "php-fpm goes on");
        std::thread::sleep(Duration::from_millis(20));
    }
}
