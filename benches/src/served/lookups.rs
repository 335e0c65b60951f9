//! Looks up in a table, and tells what that took.

use std::time::Instant;

use handover_api::{Answer, Context, Handler, HandlerError, Outcome, Request, Response};
use serde_json::json;

/// Look-ups that are timed together, so that asking the clock does not count.
const TOGETHER: usize = 16;
/// How often.
const TIMES: usize = 50_000;
/// Rows of the table.
const ROWS: usize = 1_000_000;

/// Looks up keys at random, each of which is there.
pub(crate) struct LookUps;

impl Handler for LookUps {
    const BLOCKING: bool = true;

    async fn handle(&self, _: &Request, cx: &Context) -> Outcome {
        let mut took = Vec::with_capacity(TIMES);
        let mut at = 1_usize;
        let mut keys: Vec<String> = Vec::with_capacity(TOGETHER);
        for _ in 0..TIMES {
            keys.clear();
            keys.extend((0..TOGETHER).map(|_| {
                at = next(at);
                format!("N{:07}UA", (at >> 33) % ROWS)
            }));
            let began = Instant::now();
            // As a handler does: the current version, then its row.
            let found = keys.iter().filter(|key| {
                let row = |key: &str| Some(cx.table("rows").ok()?.get(key.as_bytes())?.get("maker")?.len());
                row(key).is_some()
            });
            let found = found.count();
            took.push(began.elapsed().as_nanos() as f64 / TOGETHER as f64);
            if found < TOGETHER {
                return Err(HandlerError::new(std::io::Error::other("a row is missing")));
            }
        }
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
        let seen = json!({ "median_ns": at(0.5), "p999_ns": at(0.999), "memory_ns": two_reads() });
        Answer::new(Response::text(200, seen.to_string())).into()
    }
}

/// What this machine's memory takes for two reads of which each needs the one before, in the middle, in nanoseconds: in as
/// much as the slots and the rows of such a table are. Less than that takes no look-up whose slot and row no cache has.
fn two_reads() -> f64 {
    let slots: Vec<u64> = (0..ROWS + ROWS / 4).map(|slot| next(slot) as u64).collect();
    let rows: Vec<[u64; 8]> = (0..ROWS).map(|row| [next(row) as u64; 8]).collect();
    let (mut took, mut at) = (Vec::with_capacity(TIMES), 1);
    for _ in 0..TIMES {
        let began = Instant::now();
        for _ in 0..TOGETHER {
            let row = slots[(at >> 33) % slots.len()] as usize;
            at = next(at ^ rows[(row >> 33) % rows.len()][0] as usize);
        }
        took.push(began.elapsed().as_nanos() as f64 / TOGETHER as f64);
    }
    std::hint::black_box(at);
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

/// Knuth's linear congruential generator (MMIX).
fn next(at: usize) -> usize {
    at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407)
}
