//! What a scrape gets of the spool.

use std::fmt::Write as _;

use handover_spool::{SYNC_BOUNDS_US, Stats};

use crate::commit::calls::CallStats;
use crate::control::Control;
use crate::observe::prometheus::single;

/// Writes the spool's metrics, if there is one.
pub(super) fn write(text: &mut String, control: &Control) {
    let Some(spooler) = control.process.producers.spooler() else { return };
    let stats = spooler.stats();
    let oldest = stats.oldest.map_or(0.0, |age| age.as_secs_f64());
    let poisoned = u8::from(stats.poisoned.is_some());
    let mut gauge = |name, help, value: f64| single(text, name, "gauge", help, value);
    gauge("handover_spool_frames", "Answers whose records wait in the spool.", stats.frames as f64);
    gauge("handover_spool_disk_bytes", "Bytes of the spool on disk.", stats.disk_bytes as f64);
    gauge(
        "handover_spool_waiting_bytes",
        "Bytes promised to answers or waiting for the disk.",
        stats.waiting_bytes as f64,
    );
    gauge("handover_spool_oldest_seconds", "Age of the oldest answer in the spool.", oldest);
    gauge("handover_spool_poisoned", "1 once the disk has failed, until a restart.", f64::from(poisoned));
    let help = "Folders taken over from processes that had ended.";
    single(text, "handover_spool_adopted_total", "counter", help, spooler.adopted());
    let _ = writeln!(
        text,
        "# HELP handover_spool_frames_total Answers by what became of them at the spool.\n\
         # TYPE handover_spool_frames_total counter"
    );
    let outcomes = [
        ("appended", stats.appended),
        ("refused", stats.refused),
        ("unknown", stats.unknown),
        ("lost", stats.lost),
        ("set_aside", stats.set_aside),
    ];
    for (outcome, count) in outcomes {
        let _ = writeln!(text, "handover_spool_frames_total{{outcome=\"{outcome}\"}} {count}");
    }
    syncs(text, &stats);
    calls(text, spooler.calls());
}

fn calls(text: &mut String, stats: CallStats) {
    single(text, "handover_calls_waiting", "gauge", "HTTP calls that wait or are under way.", stats.waiting);
    let _ = writeln!(
        text,
        "# HELP handover_calls_total HTTP calls by what became of a try.\n# TYPE handover_calls_total counter"
    );
    let outcomes =
        [("taken", stats.taken), ("tried_again", stats.tried_again), ("set_aside", stats.set_aside)];
    for (outcome, count) in outcomes {
        let _ = writeln!(text, "handover_calls_total{{outcome=\"{outcome}\"}} {count}");
    }
}

fn syncs(text: &mut String, stats: &Stats) {
    const NAME: &str = "handover_spool_sync_seconds";
    let _ = writeln!(
        text,
        "# HELP {NAME} How long the disk took for each write and sync.\n# TYPE {NAME} histogram"
    );
    let mut below = 0;
    for (bound, count) in SYNC_BOUNDS_US.iter().zip(stats.sync_buckets) {
        below += count;
        let _ = writeln!(text, "{NAME}_bucket{{le=\"{}\"}} {below}", *bound as f64 / 1e6);
    }
    let (count, sum) = (stats.syncs, stats.sync_us as f64 / 1e6);
    let _ = writeln!(text, "{NAME}_bucket{{le=\"+Inf\"}} {count}\n{NAME}_sum {sum}\n{NAME}_count {count}");
}
