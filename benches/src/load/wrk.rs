//! HTTP/1.1, in the clear and by TLS: one run of wrk, and what it says.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use handover_parts::{process, tools};

use super::Seen;
use crate::contender::{Contender, Protocol};
use crate::servers::COUNTED;

/// The last line that the script prints, for us.
const MARK: &str = "figures:";

/// As [`drive_pausing`](super::drive_pausing).
pub(super) fn drive(contender: &Contender, connections: usize, each: Duration, pause: Duration) -> Seen {
    let folder = process::folder("wrk");
    let script = folder.path().join("request.lua");
    process::write(&script, lua(contender, pause));
    let mut wrk = Command::new(tools::program(&["wrk"]));
    wrk.args(["--threads", "1", "--timeout", "20s", "--latency", "--connections", &connections.to_string()]);
    wrk.args(["--duration", &format!("{}s", each.as_secs().max(1)), "--script"]).arg(script);
    let scheme = if contender.protocol == Protocol::Plain { "http" } else { "https" };
    wrk.arg(format!("{scheme}://{}{}", contender.address, contender.request.path));
    let output = wrk.output().expect("wrk can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures = text.lines().find_map(|line| line.strip_prefix(MARK)).and_then(figures);
    figures.unwrap_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!(
            "{} was not measured, since answers failed or had another status:\n{text}{errors}",
            contender.name
        )
    })
}

fn figures(line: &str) -> Option<Seen> {
    let numbers: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let [requests, took, p50, p99, errors] = numbers[..] else { return None };
    let micros = Duration::from_micros;
    (errors == 0 && requests > 0).then(|| Seen {
        requests,
        took: micros(took),
        p50: micros(p50),
        p99: micros(p99),
    })
}

/// The request as wrk's script has it, and what it prints at the end.
fn lua(contender: &Contender, pause: Duration) -> String {
    let request = &contender.request;
    let mut script =
        format!("wrk.method = \"{}\"\nwrk.headers[\"Host\"] = \"bench.example\"\n", request.method);
    for (name, value) in &request.fields {
        let _ = writeln!(script, "wrk.headers[\"{name}\"] = \"{value}\"");
    }
    if !request.body.is_empty() {
        let escaped: String = request.body.iter().map(|byte| format!("\\{byte:03}")).collect();
        let _ = writeln!(script, "wrk.body = \"{escaped}\"");
    }
    if String::from_utf8_lossy(&request.body).contains(COUNTED) {
        let _ = writeln!(
            script,
            "local body, count = wrk.body, 0\n\
             function request() count = count + 1\n\
             return wrk.format(nil, nil, nil, (body:gsub(\"{COUNTED}\", string.format(\"%012d\", count)))) end"
        );
    }
    if !pause.is_zero() {
        // In turn a millisecond less and more, so that connections do not come together.
        let pause = pause.as_millis();
        let _ = writeln!(script, "function delay() return {pause} + math.random(-1, 1) end");
    }
    // `errors.status` counts answers of 400 and above.
    let _ = write!(
        script,
        "done = function(summary, latency)\n\
         local errors = summary.errors\n\
         local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status\n\
         io.write(string.format(\"{MARK} %d %d %d %d %d\\n\", summary.requests, summary.duration,\n\
         latency:percentile(50), latency:percentile(99), failed))\n\
         end\n",
    );
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_with_errors_measures_nothing() {
        assert!(figures("100 4000000 120 900 1").is_none());
        let seen = figures("100 4000000 120 900 0").unwrap();
        assert_eq!((seen.requests, seen.p99), (100, Duration::from_micros(900)));
    }
}
