//! A hot table of a million rows of five columns: what a look-up takes, also while a new version is read, what the table
//! takes of memory, and how long reading it takes.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use handover_parts::http::{self, Client};
use handover_parts::{Handover, process};
use serde::Deserialize;

use crate::report::{Figure, Row, Verdict};
use crate::rounds::Pace;
use crate::servers::{Origin, handover};

const ROWS: usize = 1_000_000;
/// What a look-up may take in the middle, in nanoseconds.
const LOOK_UP_NS: f64 = 100.0;
/// What the table may take of memory, as a share of its raw bytes.
const OF_RAW: f64 = 1.5;
const PATIENCE: Duration = Duration::from_secs(120);

/// What the handler `lookups` answers.
#[derive(Debug, Deserialize)]
struct LookUps {
    median_ns: f64,
    p999_ns: f64,
    /// Two reads of memory, one after the other, without a table.
    memory_ns: f64,
}

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let (folder, origin) = (process::folder("rows"), Origin::start());
    let file = folder.path().join("rows.csv");
    let raw = write(&file, 0);
    let mut ours = handover(&format!(
        "[legacy.origin]\nhttp = \"http://{}\"\n[table.rows]\nsource = \"file:{}\"\nkey = \"id\"\nsize_max = \"1GiB\"\n\
         [[route]]\nname = \"lookups\"\nmatch = \"GET /lookups\"\nstage = \"native\"\nnative = \"lookups\"\n\
         timeout = \"60s\"\n",
        origin.address(),
        file.display()
    ));
    let mut loaded = 1;
    wait_for(&mut ours, loaded);
    let bytes = metric(ours.admin(), "handover_table_bytes{table=\"rows\"}");
    let (mut calm, mut busy, mut refreshes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=pace.rounds {
        calm.push(look_up(ours.http()));
        write(&file, round);
        let began = Instant::now();
        refresh(ours.admin());
        busy.push(look_up(ours.http()));
        loaded += 1;
        wait_for(&mut ours, loaded);
        refreshes.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let figure = |name, rounds: Vec<f64>| Figure { name, rounds };
    let of = |seen: &[LookUps], of: fn(&LookUps) -> f64| seen.iter().map(of).collect::<Vec<_>>();
    let row = |who: &str, figures, verdicts| Row {
        work: "a million rows".to_owned(),
        who: who.to_owned(),
        figures,
        verdicts,
    };
    let looked = |seen: &[LookUps]| {
        vec![
            figure("p50 of the mean of 16, ns", of(seen, |seen| seen.median_ns)),
            figure("p99.9 of the mean of 16, ns", of(seen, |seen| seen.p999_ns)),
        ]
    };
    let median = figure("", of(&calm, |seen| seen.median_ns)).spread().median;
    let memory = of(&calm, |seen| seen.memory_ns);
    let against =
        |against: &str, ratio, at_most| vec![Verdict { against: against.to_owned(), ratio, at_most }];
    vec![
        row("a look-up", looked(&calm), against("100 ns", median / LOOK_UP_NS, 1.0)),
        row(
            "two reads, each needing the one before",
            vec![figure("p50 of the mean of 16, ns", memory)],
            Vec::new(),
        ),
        row("a look-up while a version is read", looked(&busy), Vec::new()),
        row(
            "its memory",
            vec![figure("MiB", vec![bytes / f64::from(1 << 20)])],
            against("its raw bytes", bytes / raw as f64, OF_RAW),
        ),
        row("a refresh", vec![figure("ms", refreshes)], Vec::new()),
    ]
}

/// Writes a version of the table, and gives its bytes. Rows are as long as they are in such tables.
fn write(file: &std::path::Path, version: usize) -> usize {
    let mut text = String::with_capacity(ROWS * 64);
    text.push_str("id,year,maker,model,version\n");
    for n in 0..ROWS {
        let _ =
            writeln!(text, "N{n:07}UA,{},BOEING,737-824 Fixed wing multi engine,{version}", 1990 + n % 30);
    }
    let aside = file.with_extension("new");
    process::write(&aside, &text);
    std::fs::rename(&aside, file).expect("a rename within a folder of ours");
    text.len()
}

fn look_up(address: SocketAddr) -> LookUps {
    let answer = http::get(address, "/lookups").expect("it answers");
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn refresh(admin: SocketAddr) {
    let host = admin.to_string();
    let fields = [("Host", host.as_str()), ("Content-Type", "application/json")];
    let request = http::request("POST", "/api/tables/rows/refresh", &fields, b"{}");
    let answer = Client::connect(admin).and_then(|mut client| client.exchange(&request)).expect("it answers");
    assert!(answer.status < 300, "{}", answer.text());
}

fn wait_for(proxy: &mut Handover, loaded: u64) {
    let admin = proxy.admin();
    proxy.wait_until("the table is read", PATIENCE, || {
        metric(admin, "handover_table_refreshes_total{table=\"rows\",outcome=\"loaded\"}") >= loaded as f64
    });
}

fn metric(admin: SocketAddr, name: &str) -> f64 {
    let text = http::get(admin, "/metrics").expect("it answers").text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or(0.0)
}
