//! HTTP/2 by TLS: one run of h2load, and what it says.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use handover_parts::{process, tools};

use super::Seen;
use crate::contender::Contender;

/// Streams of a connection at once. Browsers have some connections with many, proxies many with some.
const STREAMS: usize = 4;

/// As [`drive`](super::drive).
pub(super) fn drive(contender: &Contender, under_way: usize, each: Duration) -> Seen {
    let folder = process::folder("h2load");
    let (log, body) = (folder.path().join("log"), folder.path().join("body"));
    let output = command(contender, under_way, each, &log, &body).output().expect("h2load can be started");
    let rows = fs::read_to_string(&log).unwrap_or_default();
    seen(&rows, contender.request.status, each).unwrap_or_else(|| {
        let (text, errors) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        panic!(
            "{} was not measured, since answers failed or had another status:\n{text}{errors}",
            contender.name
        )
    })
}

fn command(contender: &Contender, under_way: usize, each: Duration, log: &Path, body: &Path) -> Command {
    let request = &contender.request;
    let mut h2load = Command::new(tools::program(&["h2load"]));
    h2load.args(["--threads", "1", "--max-concurrent-streams", &STREAMS.to_string()]);
    h2load.args(["--clients", &under_way.div_ceil(STREAMS).to_string()]);
    h2load.args(["--duration", &each.as_secs().max(1).to_string()]).arg("--log-file").arg(log);
    h2load.args([
        "--header",
        &format!(":method: {}", request.method),
        "--header",
        ":authority: bench.example",
    ]);
    for (name, value) in &request.fields {
        h2load.args(["--header", &format!("{name}: {value}")]);
    }
    if !request.body.is_empty() {
        process::write(body, &request.body);
        h2load.arg("--data").arg(body);
    }
    h2load.arg(format!("https://{}{}", contender.address, request.path));
    h2load
}

/// Of the log: a line an answer, `microseconds since 1970, status, microseconds to its end`. `None` where an answer has
/// another status, or there is none. Those that the end of the time has cut off are not in it.
fn seen(rows: &str, status: u16, took: Duration) -> Option<Seen> {
    let mut times = Vec::new();
    for row in rows.lines() {
        let mut fields = row.split('\t').skip(1);
        let (answered, time) = (fields.next()?.parse::<i32>().ok()?, fields.next()?.parse::<u64>().ok()?);
        if answered != i32::from(status) {
            return None;
        }
        times.push(time);
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map(|time| Duration::from_micros(*time));
    Some(Seen { requests: times.len() as u64, took, p50: at(50)?, p99: at(99)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_another_status_measure_nothing() {
        let took = Duration::from_secs(1);
        let fine = seen("17\t200\t90\n18\t200\t110\n", 200, took).unwrap();
        assert_eq!((fine.requests, fine.p99), (2, Duration::from_micros(110)));
        assert!(seen("17\t200\t90\n18\t503\t110\n", 200, took).is_none());
        assert!(seen("17\t200\t90\n18\t-1\t110\n", 200, took).is_none(), "a failed stream");
        assert!(seen("", 200, took).is_none());
    }
}
