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
                at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
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
        let seen = json!({ "median_ns": at(0.5), "p999_ns": at(0.999) });
        Answer::new(Response::text(200, seen.to_string())).into()
    }
}
