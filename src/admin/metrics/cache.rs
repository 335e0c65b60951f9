//! What a scrape gets of the cache.

use std::fmt::Write as _;

use super::family;
use crate::control::Control;
use crate::observe::prometheus::single;

/// Writes the cache's metrics, if a route asks for one.
pub(super) fn write(text: &mut String, control: &Control) {
    if control.process.generations.load().config.cache.is_none() {
        return;
    }
    let stats = control.process.cache.stats();
    family(
        text,
        "handover_cache_lookups_total",
        "counter",
        "Requests of routes with a cache, by what came of it.",
    );
    for (outcome, count) in stats.lookups {
        let _ = writeln!(text, "handover_cache_lookups_total{{outcome=\"{outcome}\"}} {count}");
    }
    let mut counter = |name, help, value: u64| single(text, name, "counter", help, value);
    counter("handover_cache_waits_total", "Requests that waited for another's answer.", stats.waited);
    counter("handover_cache_purged_total", "Answers thrown out on purpose or by a change.", stats.purged);
    counter(
        "handover_cache_refreshes_dropped_total",
        "Refreshes of stale answers without room.",
        stats.refreshes_dropped,
    );
    let mut gauge = |name, help, value: u64| single(text, name, "gauge", help, value);
    gauge("handover_cache_keys", "What is kept, by key.", stats.keys as u64);
    gauge("handover_cache_bytes", "What is kept, in bytes.", stats.bytes);
    gauge("handover_cache_bytes_max", "What may be kept, in bytes.", stats.bytes_max);
}
