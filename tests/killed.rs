//! The whole proxy is killed (`kill -9`) again and again under load, the broker for a while, too: what a 2xx called kept
//! is in the topic, in order by key, and twice only under the same event id.
//!
//! `HANDOVER_PROXY_KILLS` says how often; `make chaos` has two hundred.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use handover_parts::http::{self, Client};
use handover_parts::{Handover, Kafka, Record, process};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");
const TOPIC: &str = "flights";
const KEYS: usize = 8;
/// How long a process lives.
const LIFE: Duration = Duration::from_millis(600);

/// Kafka takes what the route says, and the route is never legacy's.
const PIPELINE: &str = r#"
[[step]]
decode = { as = ["json"], into = "body" }
[step.schema]
of = "body"
is = { type = "object", required = ["key", "run", "n"], properties = { key = { type = "string" }, run = { type = "integer" }, n = { type = "integer" } } }

[[record]]
topic = "flights"
key = "{body.key}"
json = "{'run': body.run, 'n': body.n}"

[response.pass]
status = 202
text = "kept"

[response.fail]
status = 422
text = "no"
"#;

/// What names a request, and its record: the life of the process that took it, and the client's count.
type Name = (usize, usize);

fn kills() -> usize {
    std::env::var("HANDOVER_PROXY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

fn routes(bootstrap: &str, pipeline: &str) -> String {
    format!(
        "[legacy.none]\nhttp = 'http://127.0.0.1:1'\n[spool]\n[kafka.main]\nbootstrap = '{bootstrap}'\nack = 'spool'\n\
         ack_header = true\n[[route]]\nname = 'flights'\nmatch = 'POST /flights'\nstage = 'retired'\n\
         native = {{ pipeline = '{pipeline}' }}\n"
    )
}

/// Sends one request behind the other over whatever connection there is, and gives those that were kept.
fn client(address: SocketAddr, key: usize, life: &AtomicUsize, over: &AtomicBool) -> Vec<Name> {
    let (mut kept, mut connection) = (Vec::new(), None);
    for n in 0.. {
        if over.load(SeqCst) {
            break;
        }
        let Some(mut client) = connection.take().or_else(|| Client::connect(address).ok()) else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        // Read behind connecting: a process of an earlier life can't answer any more.
        let run = life.load(SeqCst);
        let body = format!(r#"{{"key":"{key}","run":{run},"n":{n}}}"#);
        let fields = [("Host", "intake.example"), ("Content-Type", "application/json")];
        let Ok(answer) = client.exchange(&http::request("POST", "/flights", &fields, body.as_bytes())) else {
            continue;
        };
        assert_eq!(
            (answer.status, answer.field("handover-ack").as_deref()),
            (202, Some("spool")),
            "{}",
            answer.text()
        );
        kept.push((run, n));
        connection = Some(client);
        std::thread::sleep(Duration::from_millis(2));
    }
    kept
}

/// The names of a key's records in the order of their first coming, and all their event ids.
#[derive(Default)]
struct Found {
    order: Vec<Name>,
    ids: BTreeMap<Name, BTreeSet<Vec<u8>>>,
}

/// What is in the topic, by key.
fn found(records: &[Record]) -> BTreeMap<usize, Found> {
    let mut by_key = BTreeMap::<usize, Found>::new();
    for record in records {
        let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text(&record.value)).unwrap();
        let number = |name: &str| usize::try_from(value[name].as_u64().unwrap()).unwrap();
        let name = (number("run"), number("n"));
        let id = record.headers.iter().find(|(name, _)| name == "handover-event-id").unwrap().1.clone();
        let of_key = by_key.entry(text(&record.key).parse().unwrap()).or_default();
        if of_key.ids.entry(name).or_default().insert(id.unwrap()) {
            of_key.order.push(name);
        }
    }
    by_key
}

#[test]
fn what_was_kept_outlives_any_number_of_kills() {
    let folder = process::folder("pipeline");
    let file = folder.path().join("flights.toml");
    process::write(&file, PIPELINE);
    let mut kafka = Kafka::start();
    kafka.create_topic(TOPIC, 4);
    let mut proxy = Handover::start(BINARY, &routes(&kafka.bootstrap(), &file.display().to_string()));
    let (life, over, kills) = (AtomicUsize::new(0), AtomicBool::new(false), kills());
    let address = proxy.http();

    let kept: Vec<Vec<Name>> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..KEYS)
            .map(|key| {
                scope.spawn({
                    let (life, over) = (&life, &over);
                    move || client(address, key, life, over)
                })
            })
            .collect();
        for kill in 0..kills {
            std::thread::sleep(LIFE);
            // Two lives in four begin without a broker, and one of them ends so.
            match kill % 4 {
                0 => kafka.kill(),
                2 => kafka.restart(),
                _ => {}
            }
            proxy.kill();
            life.fetch_add(1, SeqCst);
            proxy.restart();
        }
        std::thread::sleep(LIFE);
        over.store(true, SeqCst);
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    if kills % 4 == 1 || kills % 4 == 2 {
        kafka.restart();
    }

    let drained = Command::new(BINARY)
        .args(["spool", "drain", "--within", "120s"])
        .current_dir(proxy.folder())
        .output();
    let drained = drained.expect("it runs");
    assert!(drained.status.success(), "{}", String::from_utf8_lossy(&drained.stdout));
    let total: usize = kept.iter().map(Vec::len).sum();
    assert!(total > 50 * kills, "{total} are no load");
    let records = kafka.records(TOPIC);
    let found = found(&records);
    let mut names = 0;
    for (key, kept) in kept.iter().enumerate() {
        let Found { order, ids } = &found[&key];
        let there: BTreeSet<_> = kept.iter().collect();
        assert!(ids.values().all(|ids| ids.len() == 1), "key {key}: twice under different event ids");
        for run in 0..=kills {
            let of_run = |(of, _): &&Name| *of == run;
            let order: Vec<_> = order.iter().filter(|name| there.contains(name)).filter(of_run).collect();
            let kept: Vec<_> = kept.iter().filter(of_run).collect();
            assert_eq!(order, kept, "key {key}, life {run}: each there, in order");
        }
        names += ids.len();
    }
    println!(
        "{kills} kills of the whole proxy: {total} kept, none lost, all in order by key and life; {} more were not answered \
         any more and are there, {} came more than once, each under its event id",
        names - total,
        records.len() - names
    );
}

#[test]
fn whoever_takes_a_route_back_is_told_what_still_lies_in_the_spool() {
    let folder = process::folder("pipeline");
    let file = folder.path().join("flights.toml");
    process::write(&file, PIPELINE);
    // Nobody is there.
    let proxy = Handover::start(BINARY, &routes("127.0.0.1:1", &file.display().to_string()));
    let set = || {
        let mut command = Command::new(BINARY);
        command.args(["set", "flights", "legacy", "--yes"]).current_dir(proxy.folder());
        let output = command.output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let mut client = Client::connect(proxy.http()).unwrap();
    for n in 0..3 {
        let body = format!(r#"{{"key":"UA","run":0,"n":{n}}}"#);
        let fields = [("Host", "intake.example"), ("Content-Type", "application/json")];
        let answer = client.exchange(&http::request("POST", "/flights", &fields, body.as_bytes())).unwrap();
        assert_eq!(answer.status, 202);
    }
    let said = set();
    assert!(said.contains("3 answers of flights lie in the spool"), "{said}");
    assert!(!set().contains("lie in the spool"), "it is at legacy already");
}
