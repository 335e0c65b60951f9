//! What the rules of the pipelines have seen: `GET /api/rules`, and the metrics.

use std::fmt::Write as _;

use serde::Serialize;

use crate::observe::prometheus::escaped;
use crate::process::Process;

/// The rules of one route, since its pipeline was loaded.
#[derive(Serialize)]
pub(super) struct RouteRules {
    route: String,
    /// The file.
    pipeline: Option<String>,
    generation: u64,
    rules: Vec<Rule>,
}

/// What one rule has seen.
#[derive(Serialize)]
struct Rule {
    id: String,
    /// Requests that it was asked about: one that no request could need by its guards stays at 0.
    evaluated: u64,
    passed: u64,
    failed: u64,
}

/// The rules of all routes that have a pipeline.
pub(super) fn all(process: &Process) -> Vec<RouteRules> {
    let generation = process.generations.load();
    let routes = generation.routes().iter().filter_map(|route| {
        let pipeline = route.spec.pipeline.as_ref()?;
        let rules = pipeline.handler.rule_counts();
        let rules = rules.into_iter().map(|count| Rule {
            evaluated: count.evaluated(),
            id: count.id.to_string(),
            passed: count.passed,
            failed: count.failed,
        });
        Some(RouteRules {
            route: route.name().to_owned(),
            pipeline: route.spec.native.clone(),
            generation: generation.number,
            rules: rules.collect(),
        })
    });
    routes.collect()
}

/// The rules of a route's pipeline that no request has needed yet; none where it has no pipeline.
pub(super) fn untouched(process: &Process, route: &str) -> Vec<String> {
    let seen = all(process).into_iter().find(|seen| seen.route == route);
    let rules = seen.into_iter().flat_map(|seen| seen.rules);
    rules.filter(|rule| rule.evaluated == 0).map(|rule| rule.id).collect()
}

/// The same as counters.
pub(super) fn metrics(text: &mut String, process: &Process) {
    const NAME: &str = "handover_rules_total";
    let routes = all(process);
    if routes.is_empty() {
        return;
    }
    let _ =
        writeln!(text, "# HELP {NAME} Requests that a rule passed or failed, since its pipeline was loaded.");
    let _ = writeln!(text, "# TYPE {NAME} counter");
    for route in &routes {
        for rule in &route.rules {
            for (outcome, count) in [("passed", rule.passed), ("failed", rule.failed)] {
                let (name, id) = (escaped(&route.route), escaped(&rule.id));
                let _ =
                    writeln!(text, "{NAME}{{route=\"{name}\",rule=\"{id}\",outcome=\"{outcome}\"}} {count}");
            }
        }
    }
}
