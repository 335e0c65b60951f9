//! Faults of the native handler, one at a time: each is found on recorded traffic, at the place where it is, and in one
//! cluster; and nothing is found where there is none.
//!
//! Every fortieth departure of January is recorded, and as many old clients' requests; `EVERY=1` records all.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use handover_demo::clients::{OldClients, records, tidy};
use handover_parts::load::send_all;
use handover_parts::{Handover, process};
use serde_json::Value;

use crate::review::parity;
use crate::world::{CONNECTIONS, World, bytes, data, requests, sabotaged};

/// Each fault with the place and the kind of what it makes differ.
const FAULTS: [(&str, &str, &str); 27] = [
    ("type", "effect:flights.v1/flight", "type"),
    ("rounding", "effect:flights.v1/distance_km", "value"),
    ("number-form", "effect:flights.v1/distance", "number-form"),
    ("order", "effect:flights.v1", "key-order"),
    ("missing-rule", "body:/warnings/*", "missing"),
    ("missing-header", "header:cache-control", "missing"),
    ("other-type", "header:content-type", "value"),
    ("another-header", "header:vary", "extra"),
    ("cookie", "header:set-cookie/seen", "extra"),
    ("doubled-effect", "effect:flights.v1", "extra"),
    ("missing-effect", "effect:flights.v1", "missing"),
    ("wrong-key", "effect-key:flights.v1", "value"),
    ("wrong-partition", "effect-partition:flights.v1", "value"),
    ("status", "status", "value"),
    ("missing-null", "effect:flights.v1/gate", "missing"),
    ("empty-map", "body:/warnings", "empty-list-or-map"),
    ("flag", "effect:flights.v1/cancelled", "type"),
    ("time-zone", "effect:flights.v1/scheduled/arrival/local", "value"),
    ("off-by-one", "effect:flights.v1/scheduled/departure/unix", "value"),
    ("weekday", "effect:flights.v1/weekday", "value"),
    ("case", "effect:flights.v1/carrier/name", "value"),
    ("cut-off", "effect:flights.v1/plane/maker", "value"),
    ("null-is-zero", "effect:flights.v1/air_time", "type"),
    ("encoding", "body:/links/airport", "spelling"),
    ("clock", "body:/received_at", "value"),
    ("message", "body:/warnings/*/message", "value"),
    ("line-end", "body", "spelling"),
];

/// The same of those that make ids differ. An id is recorded as what stands for it, and no such place is judged again: these
/// are found while legacy answers.
const OF_IDS: [(&str, &str, &str); 3] = [
    ("missing-effect-header", "effect-header:flights.v1/event-id", "missing"),
    ("effect-header", "effect-header:flights.v1/event-id", "value"),
    ("other-id", "body:/id", "value"),
];

/// Sent between two looks at whether the recorder keeps up: fewer than wait for it at most.
const BATCH: usize = 200;

/// The seed of the old clients' requests.
const SEED: u64 = 15;

#[test]
fn each_fault_is_found_in_one_cluster_at_its_place_and_nothing_where_there_is_none() {
    let world = World::start();
    let folder = process::folder("recording");
    let recording = folder.path().join("january.recording");
    record(&world, &recording);
    let clean = replay(&world, folder.path(), &recording, "create_flight");
    assert_eq!((clean.status, clean.clusters()), (Some(0), vec![]), "{:#}", clean.said);
    let mut wrong = Vec::new();
    for (fault, path, kind) in FAULTS {
        let replayed = replay(&world, folder.path(), &recording, fault);
        let found = replayed.clusters();
        println!("{fault:22} {} × {found:?}", replayed.said["parity"][0]["mismatched"]);
        if replayed.status != Some(3) || found != [(path.to_owned(), kind.to_owned())] {
            wrong.push(format!("{fault}: {path} ({kind}) is to be found, not {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn faults_of_ids_are_found_while_legacy_answers() {
    let world = World::start();
    let requests: Vec<_> = requests(100).iter().map(bytes).collect();
    for (fault, path, kind) in OF_IDS {
        let mut proxy = world.proxy_with(&sabotaged(), &world.routes("shadow", fault));
        let (clients, admin) = (proxy.http(), proxy.admin());
        proxy.wait_until("it is compared", Duration::from_secs(60), || {
            let _ = send_all(clients, CONNECTIONS, &requests);
            std::thread::sleep(Duration::from_millis(500));
            parity(admin)["mismatched"].as_u64() > Some(0)
        });
        assert_eq!(clusters(&parity(admin)), [(path.to_owned(), kind.to_owned())], "{fault}");
    }
}

/// Records what shadow sees.
fn record(world: &World, to: &Path) {
    let all = records(&data().join("flights-2013-01.csv.gz")).expect("the demo's data");
    let every = std::env::var("EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let real: Vec<_> = all.iter().step_by(every).map(tidy).collect();
    let old = OldClients::new(SEED, &all).take(real.len());
    let requests: Vec<_> = real.iter().cloned().chain(old).map(|request| bytes(&request)).collect();
    let mut proxy = world.proxy_with(&sabotaged(), &world.routes("shadow", "create_flight"));
    let mut recorder = recorder(&proxy, to, requests.len());
    proxy.wait_until("it is recorded", Duration::from_secs(60), || to.exists());
    let mut sent = 0;
    for some in requests.chunks(BATCH) {
        let outcomes = send_all(proxy.http(), CONNECTIONS, some);
        assert!(outcomes.iter().all(|outcome| outcome.response().status < 500));
        sent += some.len();
        // A recorder that is slower than the clients would leave some out.
        let enough = sent * 94 / 100;
        proxy.wait_until("it keeps up", Duration::from_secs(60), || lines(to) >= enough);
    }
    let ended = wait(&mut recorder, Duration::from_secs(300));
    assert!(ended, "{} of {} requests were recorded", lines(to), requests.len());
}

/// Nearly all of them: what comes while the mirror has no room is left out, and counted.
pub(crate) fn recorder(proxy: &Handover, to: &Path, requests: usize) -> Child {
    let max = (requests * 95 / 100).to_string();
    let mut command = Command::new(sabotaged());
    command
        .args(["record", "create-flight", "--for", "1h", "--size", "4GiB", "--max", &max, "--out"])
        .arg(to);
    command.arg("--admin").arg(proxy.admin().to_string()).stdout(Stdio::null());
    command.spawn().expect("it can be started")
}

pub(crate) fn wait(child: &mut Child, within: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < within {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

fn lines(file: &Path) -> usize {
    std::fs::read(file)
        .map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count().saturating_sub(1))
}

/// What a replay said.
struct Replayed {
    status: Option<i32>,
    said: Value,
}

impl Replayed {
    /// Where it found differences, and of which kind.
    fn clusters(&self) -> Vec<(String, String)> {
        clusters(&self.said["parity"][0])
    }
}

fn clusters(parity: &Value) -> Vec<(String, String)> {
    let clusters = parity["clusters"].as_array().cloned().unwrap_or_default();
    let text = |cluster: &Value, key: &str| cluster[key].as_str().unwrap_or_default().to_owned();
    clusters.iter().map(|cluster| (text(cluster, "path"), text(cluster, "kind"))).collect()
}

fn replay(world: &World, folder: &Path, recording: &Path, handler: &str) -> Replayed {
    let routes: PathBuf = folder.join("routes.toml");
    process::write(&routes, world.routes("shadow", handler));
    let mut command = Command::new(sabotaged());
    command.args(["replay", "--json", "--config"]).arg(&routes).arg(recording).current_dir(folder);
    let output = command.output().expect("it runs");
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|_| panic!("{handler}: {}", String::from_utf8_lossy(&output.stderr)));
    Replayed { status: output.status.code(), said }
}
