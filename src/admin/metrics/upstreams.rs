//! What a scrape gets of HTTP upstreams.

use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use super::family;
use crate::control::Control;
use crate::observe::prometheus::escaped;

/// Writes what is known of each upstream, if there are any.
pub(super) fn write(text: &mut String, control: &Control) {
    let legacies = &control.process.legacies;
    let (answered, failed) = legacies.name_counts();
    if answered + failed > 0 {
        const NAME: &str = "handover_dns_lookups_total";
        family(text, NAME, "counter", "Questions what an upstream's name stands for, by outcome.");
        for (outcome, count) in [("answered", answered), ("failed", failed)] {
            let _ = writeln!(text, "{NAME}{{outcome=\"{outcome}\"}} {count}");
        }
    }
    let all = legacies.http_upstreams();
    if all.is_empty() {
        return;
    }
    let upstreams: Vec<_> = all
        .iter()
        .map(|((legacy, address), shared)| {
            let labels = format!("legacy=\"{legacy}\",upstream=\"{}\"", escaped(&address.to_string()));
            (labels, shared, shared.counts())
        })
        .collect();
    family(text, "handover_upstream_up", "gauge", "Whether requests go to an upstream.");
    for (labels, shared, _) in &upstreams {
        let _ = writeln!(text, "handover_upstream_up{{{labels}}} {}", u8::from(shared.health.is_up()));
    }
    family(
        text,
        "handover_upstream_requests",
        "gauge",
        "Requests under way at an upstream, tunnels included.",
    );
    for (labels, _, counts) in &upstreams {
        let _ = writeln!(text, "handover_upstream_requests{{{labels}}} {}", counts.in_flight);
    }
    family(text, "handover_upstream_requests_total", "counter", "Requests to an upstream by outcome.");
    for (labels, _, counts) in &upstreams {
        for (outcome, count) in [("answered", counts.answered), ("failed", counts.failed)] {
            let _ =
                writeln!(text, "handover_upstream_requests_total{{{labels},outcome=\"{outcome}\"}} {count}");
        }
    }
    family(
        text,
        "handover_upstream_retries_total",
        "counter",
        "Failed requests that were put to another upstream, or would have been within the budget.",
    );
    for (labels, _, counts) in &upstreams {
        for (outcome, count) in [("done", counts.repeated), ("over_budget", counts.unaffordable)] {
            let _ =
                writeln!(text, "handover_upstream_retries_total{{{labels},outcome=\"{outcome}\"}} {count}");
        }
    }
    family(
        text,
        "handover_upstream_openings_total",
        "counter",
        "How often the circuit breaker left one alone.",
    );
    for (labels, shared, _) in &upstreams {
        let _ = writeln!(text, "handover_upstream_openings_total{{{labels}}} {}", shared.health.openings());
    }
    family(text, "handover_upstream_checks_total", "counter", "Health checks by outcome.");
    for (labels, shared, _) in &upstreams {
        for (outcome, count) in [("well", &shared.checks_well), ("ill", &shared.checks_ill)] {
            let count = count.load(Relaxed);
            let _ =
                writeln!(text, "handover_upstream_checks_total{{{labels},outcome=\"{outcome}\"}} {count}");
        }
    }
}
