//! Counts the instructions that a request costs, by callgrind: the same on a noisy machine as on a quiet one.
//!
//! For each of the four main ways a process is run twice, with few requests and with many; what lies between is the
//! requests' alone, whatever starting and stopping cost. Only the threads that a request passes through are counted: the
//! others work by the clock, so that a machine that has other work to do would be counted, too. A way that has grown by more than [`GROWTH`] beyond what
//! `counted.json` holds fails; `--update` writes that file.
//!
//! The build is the profile `counted`: what runs on a request's way is optimised as in a release, the rest is not, so
//! that it is quick to build.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use handover_parts::http::{self, Client};
use handover_parts::{Handover, PhpFpm, process};

use crate::contender::Request;
use crate::servers::{Origin, application, event, served};

/// Requests of the short run and of the long one.
const FEW: usize = 200;
const MANY: usize = 2_200;

/// How long a request is judged, under callgrind.
const JUDGED_WITHIN: Duration = Duration::from_millis(20);

/// Whose thread serves clients, by a part of the names of functions that run on it alone.
const SERVES: &str = "accept::core::";

/// The same of the threads that judge.
const JUDGES: &str = "mirror::court::";

/// What a way may grow by.
const GROWTH: f64 = 0.05;

/// How often a way is counted that seems to have grown. Where others take the machine, what PHP writes in two pieces arrives as
/// two, which wakes us twice: that only ever adds, so the least counts.
const TRIES: usize = 3;

/// Instructions a request, by way.
type Counts = BTreeMap<String, u64>;

/// One way of a request.
struct Way {
    name: &'static str,
    routes: String,
    request: Request,
    /// Whether each request is judged beside its answer, which is waited for.
    judged: bool,
}

/// Counts all ways, and holds them against what they came to before.
pub(crate) fn run(path: &Path, update: bool) -> anyhow::Result<bool> {
    let (origin, application) = (Origin::start(), application());
    let php = PhpFpm::serving(application.path()).children(2).start();
    let before = if update { Counts::new() } else { read(path)? };
    let mut counts = Counts::new();
    for way in ways(&origin, &php) {
        let count = least(&way, before.get(way.name).copied())?;
        counts.insert(way.name.to_owned(), count);
    }
    if update {
        fs::write(path, serde_json::to_string_pretty(&counts)? + "\n")?;
    }
    Ok(compare(&read(path)?, &counts))
}

fn read(path: &Path) -> anyhow::Result<Counts> {
    let text = fs::read(path).with_context(|| {
        format!("{} cannot be read; `make count UPDATE=--update` writes it", path.display())
    })?;
    Ok(serde_json::from_slice(&text)?)
}

/// The instructions of one request: the least of as many counts as it takes to see that it has not grown.
fn least(way: &Way, before: Option<u64>) -> anyhow::Result<u64> {
    let mut least = u64::MAX;
    for _ in 0..TRIES {
        let count = (total(way, MANY)? - total(way, FEW)?) / (MANY - FEW) as u64;
        least = least.min(count);
        if before.is_some_and(|before| growth(before, least) <= GROWTH) {
            break;
        }
    }
    Ok(least)
}

fn growth(before: u64, count: u64) -> f64 {
    count as f64 / before as f64 - 1.0
}

/// Prints both, and whether none has grown too much.
fn compare(before: &Counts, counts: &Counts) -> bool {
    let mut holds = true;
    for (way, count) in counts {
        let known = before.get(way).copied().unwrap_or(0);
        let growth = growth(known, *count);
        let fine = growth <= GROWTH;
        let verdict = if fine {
            ""
        } else {
            "  GROWN: make it cheaper, or say in the commit why it is worth it and run `make count UPDATE=--update`"
        };
        println!(
            "{way:<10} {count:>8} instructions a request, {known:>8} before ({:+.1} %){verdict}",
            100.0 * growth
        );
        holds &= fine;
    }
    holds
}

fn ways(origin: &Origin, php: &PhpFpm) -> [Way; 4] {
    let fastcgi = format!(
        "[legacy.php]\nfastcgi = \"{}\"\nroot = \"{}\"\nconnections_max = 1\nkeep_alive = true\nversion = \"1\"\n",
        php.address(),
        php.root().display()
    );
    let events = |stage: &str| {
        format!(
            "{fastcgi}[table.campaigns]\nsource = \"file:{}/campaigns.csv\"\nkey = \"id\"\n[[route]]\nname = \"events\"\n\
             match = \"POST /events\"\nstage = \"{stage}\"\nnative = \"events\"\n",
            php.root().display()
        )
    };
    let proxy = format!(
        "[legacy.origin]\nhttp = \"http://{}\"\n[[route]]\nname = \"all\"\nmatch = \"GET /{{*path}}\"\n",
        origin.address()
    );
    let post = || Request::post("/events", event(), 202);
    [
        Way { name: "proxy", routes: proxy, request: Request::get("/1k"), judged: false },
        Way { name: "fastcgi", routes: fastcgi.clone(), request: Request::get("/healthz"), judged: false },
        Way { name: "native", routes: events("native"), request: post(), judged: false },
        Way { name: "shadow", routes: events("shadow"), request: post(), judged: true },
    ]
}

/// The instructions of a process that serves that many requests, from its start to its end, on the requests' threads.
fn total(way: &Way, requests: usize) -> anyhow::Result<u64> {
    eprintln!("  {}: {requests} requests", way.name);
    let (folder, profiles) = (process::folder("served"), process::folder("callgrind"));
    let script = folder.path().join("served");
    let command = format!(
        "exec valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file={}/of",
        profiles.path().display()
    );
    process::write(&script, format!("#!/bin/sh\n{command} {} \"$@\"\n", served().display()));
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    let mut proxy = Handover::start(&script, &format!("workers = 1\n{}", way.routes));
    tables_are_there(&mut proxy);
    let mut client = Client::connect(proxy.http())?;
    for _ in 0..requests {
        let answer = client.exchange(&way.request.bytes())?;
        ensure!(answer.status == way.request.status, "{}: {answer:?}", way.name);
        if way.judged {
            // What has no room is not judged; to ask whether there is some would be counted.
            std::thread::sleep(JUDGED_WITHIN);
        }
    }
    if way.judged {
        all_judged(&mut proxy, requests);
    }
    proxy.stop();
    let of: &[&str] = if way.judged { &[SERVES, JUDGES] } else { &[SERVES] };
    of.iter()
        .map(|part| counted(profiles.path(), part))
        .sum::<anyhow::Result<_>>()
        .with_context(|| proxy.log())
}

/// The instructions of the threads on which functions run whose names have that part, by the files that callgrind has
/// written, one a thread.
fn counted(folder: &Path, part: &str) -> anyhow::Result<u64> {
    let mut total = None;
    for file in fs::read_dir(folder)? {
        let profile = String::from_utf8_lossy(&fs::read(file?.path())?).into_owned();
        // A name stands where its function is told of first, be it as one that is called.
        let is_function = |line: &str| line.starts_with("fn=") || line.starts_with("cfn=");
        if profile.lines().any(|line| is_function(line) && line.contains(part)) {
            let number = profile.lines().find_map(|line| line.strip_prefix("totals: "));
            *total.get_or_insert(0) += number.context("callgrind's file has no totals")?.parse::<u64>()?;
        }
    }
    total.with_context(|| format!("callgrind saw no function of {part}"))
}

/// Until then native leaves requests to legacy, and what is counted would be another way.
fn tables_are_there(proxy: &mut Handover) {
    let admin = proxy.admin();
    proxy.wait_until("all tables are loaded", Duration::from_secs(60), || {
        let answer = http::get(admin, "/metrics").expect("the admin answers");
        let metrics = String::from_utf8_lossy(&answer.body).into_owned();
        let mut rows = metrics.lines().filter(|line| line.starts_with("handover_table_rows{"));
        rows.all(|line| !line.ends_with(" 0"))
    });
}

fn all_judged(proxy: &mut Handover, requests: usize) {
    let admin = proxy.admin();
    proxy.wait_until("all pairs are judged", Duration::from_secs(60), || {
        let answer = http::get(admin, "/api/parity").expect("the admin answers");
        let parity: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        parity[0]["matched"].as_u64() == Some(requests as u64)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_that_has_grown_too_much_fails() {
        let counts = |native| Counts::from([("native".to_owned(), native)]);
        assert!(compare(&counts(1000), &counts(1040)));
        assert!(!compare(&counts(1000), &counts(1060)));
        assert!(!compare(&Counts::new(), &counts(1000)), "a new way has to be written down first");
    }
}
