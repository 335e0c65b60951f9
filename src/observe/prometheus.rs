//! The metrics in Prometheus' text form (exposition format 0.0.4), with OpenTelemetry's names.

use std::fmt::Write as _;

use super::AnsweredBy;
use super::cells::{BUCKETS, Registry, Sums, bound_us};

/// All routes' request metrics.
pub(crate) fn requests(registry: &Registry) -> String {
    let sums = registry.sums();
    let mut text = String::from(
        "# HELP handover_requests_total Requests by route, by who answered and by the status' class.\n\
         # TYPE handover_requests_total counter\n",
    );
    for (route, sums) in &sums {
        write_counts(&mut text, route, sums);
    }
    text.push_str(
        "# HELP handover_broken_off_total Answers that broke off before their end, and not by the client's doing.\n\
         # TYPE handover_broken_off_total counter\n",
    );
    for (route, sums) in &sums {
        write_broken_off(&mut text, route, sums);
    }
    text.push_str(
        "# HELP http_server_request_duration_seconds From a request's last head byte to its answer's last byte.\n\
         # TYPE http_server_request_duration_seconds histogram\n",
    );
    for (route, sums) in &sums {
        write_latencies(&mut text, route, sums);
    }
    text
}

/// One metric without labels.
pub(crate) fn single(text: &mut String, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
}

fn write_counts(text: &mut String, route: &str, sums: &Sums) {
    for by in AnsweredBy::ALL {
        for (class, count) in sums.requests[by as usize].iter().enumerate().filter(|(_, count)| **count > 0) {
            let _ = writeln!(
                text,
                "handover_requests_total{{http_route=\"{}\",answered_by=\"{}\",status_class=\"{class}xx\"}} {count}",
                escaped(route),
                by.label(),
            );
        }
    }
}

fn write_broken_off(text: &mut String, route: &str, sums: &Sums) {
    for by in AnsweredBy::ALL.into_iter().filter(|by| sums.broken_off[*by as usize] > 0) {
        let (route, by, count) = (escaped(route), by.label(), sums.broken_off[by as usize]);
        let _ = writeln!(
            text,
            "handover_broken_off_total{{http_route=\"{route}\",answered_by=\"{by}\"}} {count}"
        );
    }
}

fn write_latencies(text: &mut String, route: &str, sums: &Sums) {
    const NAME: &str = "http_server_request_duration_seconds";
    for by in AnsweredBy::ALL.into_iter().filter(|by| sums.answered_by(*by) > 0) {
        let labels = format!("http_route=\"{}\",answered_by=\"{}\"", escaped(route), by.label());
        let mut below = 0;
        for bucket in 0..BUCKETS {
            below += sums.buckets[by as usize][bucket];
            let bound = bound_us(bucket) as f64 / 1e6;
            let _ = writeln!(text, "{NAME}_bucket{{{labels},le=\"{bound}\"}} {below}");
        }
        let count = sums.answered_by(by);
        let sum = sums.sum_us[by as usize] as f64 / 1e6;
        let _ = writeln!(
            text,
            "{NAME}_bucket{{{labels},le=\"+Inf\"}} {count}\n{NAME}_sum{{{labels}}} {sum}\n{NAME}_count{{{labels}}} {count}"
        );
    }
}

pub(crate) fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::observe::{Observation, cells::CoreCells};
    use crate::route::Stage;

    #[test]
    fn buckets_are_cumulative_and_labels_escaped() {
        let registry = Arc::new(Registry::default());
        let cells = CoreCells::new(Arc::clone(&registry));
        for (micros, broken_off) in [(40, false), (40, false), (100, true)] {
            cells.add(&Observation {
                route: Some("a\"b"),
                stage: Stage::Legacy,
                answered_by: AnsweredBy::Legacy,
                status: 200,
                broken_off,
                shared_fault: false,
                took: Duration::from_micros(micros),
            });
        }
        let text = requests(&registry);
        for line in [
            r#"handover_requests_total{http_route="a\"b",answered_by="legacy",status_class="2xx"} 3"#,
            r#"handover_broken_off_total{http_route="a\"b",answered_by="legacy"} 1"#,
            r#"http_server_request_duration_seconds_bucket{http_route="a\"b",answered_by="legacy",le="0.000064"} 2"#,
            r#"http_server_request_duration_seconds_bucket{http_route="a\"b",answered_by="legacy",le="0.000128"} 3"#,
            r#"http_server_request_duration_seconds_count{http_route="a\"b",answered_by="legacy"} 3"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
