//! What a scrape gets.

use std::fmt::Write as _;

use crate::control::Control;
use crate::observe::prometheus::{requests, single};

/// All metrics, in Prometheus' text form.
pub(super) fn text(control: &Control) -> String {
    let process = &control.process;
    let mut text = requests(&process.metrics);
    text.push_str(
        "# HELP handover_refused_total Requests refused before they could be routed, by reason.\n\
         # TYPE handover_refused_total counter\n",
    );
    for (reason, count) in process.refusals.all() {
        let _ = writeln!(text, "handover_refused_total{{reason=\"{reason}\"}} {count}");
    }
    let generation = process.generations.load();
    let (begun, dropped) = process.mirror.counts();
    single(&mut text, "handover_generation", "gauge", "The current generation's number.", generation.number);
    single(
        &mut text,
        "handover_generations_live",
        "gauge",
        "Generations still held.",
        process.generations.live(),
    );
    single(&mut text, "handover_experiments_total", "counter", "Experiments begun.", begun);
    single(&mut text, "handover_experiments_dropped_total", "counter", "Experiments without room.", dropped);
    kafka(&mut text, control);
    tables(&mut text, control);
    text
}

fn kafka(text: &mut String, control: &Control) {
    text.push_str(
        "# HELP handover_kafka_records_total Records by cluster and outcome.\n\
         # TYPE handover_kafka_records_total counter\n",
    );
    for (cluster, producer) in control.process.producers.running() {
        let stats = producer.stats();
        let outcomes = [
            ("delivered", stats.delivered),
            ("not_persisted", stats.not_persisted),
            ("possibly_persisted", stats.possibly_persisted),
        ];
        for (outcome, count) in outcomes {
            let _ = writeln!(
                text,
                "handover_kafka_records_total{{cluster=\"{cluster}\",outcome=\"{outcome}\"}} {count}"
            );
        }
    }
}

fn tables(text: &mut String, control: &Control) {
    text.push_str("# HELP handover_table_rows Rows of each hot table.\n# TYPE handover_table_rows gauge\n");
    for table in control.process.tables.stats() {
        let rows = table.rows.unwrap_or(0);
        let _ = writeln!(text, "handover_table_rows{{table=\"{}\"}} {rows}", table.name);
    }
}
