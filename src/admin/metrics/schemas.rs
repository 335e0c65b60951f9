//! How the schemas of registries stand.

use std::fmt::Write as _;

use super::family;
use crate::control::Control;

pub(super) fn write(text: &mut String, control: &Control) {
    let all = control.process.producers.schemas().stats();
    if all.is_empty() {
        return;
    }
    const ASKED: &str = "handover_schema_registry_asked_total";
    family(text, ASKED, "counter", "Questions to schema registries by outcome.");
    for registry in &all {
        let cluster = &registry.cluster;
        let outcomes =
            [("answered", registry.answered), ("failed", registry.failed), ("refused", registry.refused)];
        for (outcome, count) in outcomes {
            let _ = writeln!(text, "{ASKED}{{cluster=\"{cluster}\",outcome=\"{outcome}\"}} {count}");
        }
    }
    let topics = || all.iter().flat_map(|of| of.topics.iter().map(move |topic| (&of.cluster, topic)));
    let mut each = |name, kind, help, value: fn(&crate::schemas::TopicStats) -> Option<u64>| {
        family(text, name, kind, help);
        for (cluster, topic) in topics() {
            if let Some(value) = value(topic) {
                let topic = &topic.topic;
                let _ = writeln!(text, "{name}{{cluster=\"{cluster}\",topic=\"{topic}\"}} {value}");
            }
        }
    };
    let id = "The schema that values are written by.";
    each("handover_schema_id", "gauge", id, |topic| topic.id.map(u64::from));
    let age = "Since a topic's registry last confirmed its schema.";
    each("handover_schema_age_seconds", "gauge", age, |topic| topic.age.map(|age| age.as_secs()));
    let unfit = "Values that did not fit their schema.";
    each("handover_schema_unfit_total", "counter", unfit, |topic| Some(topic.unfit));
}
