//! What a scrape gets.

mod cache;
mod own;
mod schemas;
mod spool;
mod upstreams;

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::commit::once::OnceStats;
use crate::control::Control;
use crate::native::blocking::PoolStats;
use crate::observe::prometheus::{escaped, requests, single};

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
    clients(&mut text, control);
    family(
        &mut text,
        "handover_tolerated_total",
        "counter",
        "Unusual requests that were passed on, by reason.",
    );
    for (reason, count) in process.tolerated.all() {
        let _ = writeln!(text, "handover_tolerated_total{{reason=\"{reason}\"}} {count}");
    }
    if let Some(log) = &process.access {
        let help =
            "Lines of the access log that were dropped: whoever reads it is too slow, or the disk is full.";
        single(&mut text, "handover_access_log_dropped_total", "counter", help, log.dropped());
    }
    if let Some(spans) = &process.spans {
        const NAME: &str = "handover_spans_total";
        family(&mut text, NAME, "counter", "Spans by what became of them.");
        let counts = spans.counts();
        for (outcome, count) in [("exported", &counts.exported), ("dropped", &counts.dropped)] {
            let _ = writeln!(text, "{NAME}{{outcome=\"{outcome}\"}} {}", count.load(Ordering::Relaxed));
        }
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
    let under_way = process.mirror.under_way() as u64;
    single(&mut text, "handover_experiments_under_way", "gauge", "Experiments that take room.", under_way);
    let missed = process.recordings.missed();
    let help = "Experiments that a recording was too slow for.";
    single(&mut text, "handover_recordings_missed_total", "counter", help, missed);
    if let Some((sent, unsent)) = process.sender.as_ref().map(|sender| sender.counts()) {
        let help = "Experiments and counts of lost ones that were sent to the review.";
        single(&mut text, "handover_review_sent_total", "counter", help, sent);
        let help = "Those that could not be sent, or did not arrive.";
        single(&mut text, "handover_review_unsent_total", "counter", help, unsent);
    }
    family(&mut text, "handover_rollbacks_total", "counter", "Routes taken back by themselves.");
    for (route, count) in control.rollbacks.all() {
        let _ = writeln!(text, "handover_rollbacks_total{{http_route=\"{route}\"}} {count}");
    }
    cores(&mut text, control);
    limits(&mut text, control);
    legacies(&mut text, control);
    upstreams::write(&mut text, control);
    cache::write(&mut text, control);
    kafka(&mut text, control);
    schemas::write(&mut text, control);
    once(&mut text, control);
    tables(&mut text, control);
    spool::write(&mut text, control);
    own::write(&mut text, control);
    super::rules::metrics(&mut text, process);
    text
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn cores(text: &mut String, control: &Control) {
    family(
        text,
        "handover_core_stalls_total",
        "counter",
        "Cores seen standing still, by the route they were in.",
    );
    for (route, count) in control.process.watchdog.stalls() {
        let _ = writeln!(text, "handover_core_stalls_total{{http_route=\"{route}\"}} {count}");
    }
    let PoolStats { running, waiting, refused } = control.process.blocking.stats();
    single(text, "handover_blocking_running", "gauge", "Threads that run a handler that blocks.", running);
    single(text, "handover_blocking_waiting", "gauge", "Requests that wait for such a thread.", waiting);
    single(
        text,
        "handover_blocking_refused_total",
        "counter",
        "Requests without room to wait for one.",
        refused,
    );
}

fn clients(text: &mut String, control: &Control) {
    let process = &control.process;
    let counts = &process.clients;
    let http2 = &counts.http2;
    single(text, "handover_http2_connections", "gauge", "Clients' HTTP/2 connections.", http2.now());
    single(text, "handover_http2_connections_total", "counter", "HTTP/2 connections ever.", http2.total());
    let tunnels = &counts.tunnels;
    single(text, "handover_tunnels", "gauge", "Connections whose protocol was switched.", tunnels.now());
    single(text, "handover_tunnels_total", "counter", "Tunnels ever.", tunnels.total());
    family(
        text,
        "handover_tunnel_bytes_total",
        "counter",
        "Bytes through tunnels, from clients (up) and to them.",
    );
    for (way, bytes) in [("up", &counts.tunnelled_up), ("down", &counts.tunnelled_down)] {
        let _ = writeln!(text, "handover_tunnel_bytes_total{{direction=\"{way}\"}} {}", bytes.get());
    }
    let Some(tls) = &process.tls else { return };
    let under_way = counts.handshakes.now();
    single(text, "handover_tls_handshakes", "gauge", "TLS handshakes under way.", under_way);
    family(text, "handover_tls_handshakes_total", "counter", "TLS handshakes by outcome.");
    let outcomes =
        [("done", &counts.secured), ("failed", &counts.not_secured), ("too_slow", &counts.too_slow)];
    for (outcome, count) in outcomes {
        let _ = writeln!(text, "handover_tls_handshakes_total{{outcome=\"{outcome}\"}} {}", count.get());
    }
    const ENDS: &str = "handover_tls_certificate_expiry_timestamp_seconds";
    family(text, ENDS, "gauge", "When each certificate in use ends.");
    for (file, end) in tls.ends().iter() {
        let file = escaped(&file.display().to_string());
        let _ = writeln!(text, "{ENDS}{{file=\"{file}\"}} {end}");
    }
    family(text, "handover_tls_reloads_total", "counter", "Changed TLS files, by what came of them.");
    for (outcome, count) in [("replaced", &tls.replaced), ("refused", &tls.refused)] {
        let _ = writeln!(text, "handover_tls_reloads_total{{outcome=\"{outcome}\"}} {}", count.get());
    }
}

fn limits(text: &mut String, control: &Control) {
    const NAME: &str = "handover_limited_total";
    let generation = control.process.generations.load();
    let mut limited = generation
        .routes()
        .iter()
        .filter_map(|route| Some((route.name(), route.limiter.as_ref()?)))
        .peekable();
    if limited.peek().is_some() {
        family(text, NAME, "counter", "Requests refused by a route's limits.");
    }
    for (route, limiter) in limited {
        for (limit, count) in [("concurrency", &limiter.refused.busy), ("rate", &limiter.refused.too_many)] {
            let count = count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{NAME}{{http_route=\"{route}\",limit=\"{limit}\"}} {count}");
        }
    }
}

fn legacies(text: &mut String, control: &Control) {
    const NAME: &str = "handover_legacy_connections";
    family(text, NAME, "gauge", "Connections to each legacy by state, and requests that wait for one.");
    for (address, load) in control.process.legacies.loads() {
        let states =
            [("max", load.max), ("busy", load.busy), ("idle", load.parked), ("waiting", load.waiting)];
        for (state, count) in states {
            let _ = writeln!(text, "{NAME}{{address=\"{address}\",state=\"{state}\"}} {count}");
        }
    }
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

fn once(text: &mut String, control: &Control) {
    let stats = control.process.producers.marks().stats();
    let mut each = |name, kind, help, of: fn(&OnceStats) -> u64| {
        family(text, name, kind, help);
        for (route, stats) in &stats {
            let _ = writeln!(text, "{name}{{http_route=\"{route}\"}} {}", of(stats));
        }
    };
    each("handover_once_keys", "gauge", "Events that are answered alike.", |stats| stats.keys as u64);
    each("handover_once_bytes", "gauge", "Bytes of their answers.", |stats| stats.bytes as u64);
    let repeated = "Requests answered by an earlier one's answer.";
    each("handover_once_repeated_total", "counter", repeated, |stats| stats.repeated);
    let forgotten = "Events forgotten before their window was over, for want of room.";
    each("handover_once_forgotten_total", "counter", forgotten, |stats| stats.forgotten);
}

fn tables(text: &mut String, control: &Control) {
    let stats = control.process.tables.stats();
    family(text, "handover_table_rows", "gauge", "Rows of each hot table.");
    for table in &stats {
        let (name, rows) = (&table.name, table.rows.unwrap_or(0));
        let _ = writeln!(text, "handover_table_rows{{table=\"{name}\",source=\"{}\"}} {rows}", table.source);
    }
    family(text, "handover_table_bytes", "gauge", "Memory of each hot table.");
    for table in &stats {
        let _ = writeln!(text, "handover_table_bytes{{table=\"{}\"}} {}", table.name, table.bytes);
    }
    family(text, "handover_table_reading_rows", "gauge", "Rows read so far of a version that is being read.");
    for table in &stats {
        let _ = writeln!(text, "handover_table_reading_rows{{table=\"{}\"}} {}", table.name, table.reading);
    }
    family(text, "handover_table_age_seconds", "gauge", "Since a table's source last confirmed it.");
    for table in &stats {
        if let Some(age) = table.age {
            let _ =
                writeln!(text, "handover_table_age_seconds{{table=\"{}\"}} {}", table.name, age.as_secs());
        }
    }
    family(text, "handover_table_refreshes_total", "counter", "Refreshes of each hot table by outcome.");
    for table in &stats {
        let outcomes = [
            ("loaded", table.loaded),
            ("unchanged", table.unchanged),
            ("unreachable", table.unreachable),
            ("refused", table.refused),
        ];
        for (outcome, count) in outcomes {
            let name = &table.name;
            let _ = writeln!(
                text,
                "handover_table_refreshes_total{{table=\"{name}\",outcome=\"{outcome}\"}} {count}"
            );
        }
    }
}
