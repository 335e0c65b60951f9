//! What the number of routes costs a request: 10,000 beside 10, in front of the same origin.

use std::fmt::Write as _;

use crate::contender::{Contender, Request};
use crate::report::{Row, Verdict};
use crate::rounds::{OWN, Pace, measure};
use crate::servers::{Origin, handover};

/// How many there are.
const MANY: usize = 10_000;
const FEW: usize = 10;

/// What the many may add to a request, in microseconds.
const AT_MOST_US: f64 = 1.0;

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let origin = Origin::start();
    let proxy = |routes: usize| {
        let mut text = format!("[legacy.origin]\nhttp = \"http://{}\"\n", origin.address());
        for number in 0..routes - 1 {
            let _ = write!(
                text,
                "[[route]]\nname = \"r{number}\"\nmatch = \"GET /v{}/things{number}/{{id}}/parts/{{part}}\"\n",
                number % 7
            );
        }
        text.push_str("[[route]]\nname = \"asked\"\nmatch = \"GET /{file}\"\n");
        handover(&text)
    };
    let (few, many) = (proxy(FEW), proxy(MANY));
    let request = Request::get("/1k");
    let contenders = [("10,000 routes", &many), ("10 routes", &few)]
        .map(|(name, proxy)| Contender::new(name, proxy.http(), proxy.id().expect("it runs"), &request));
    let mut rows = measure("GET 1 KB, proxied", &contenders, 64, pace);
    let cost = |row: &Row| row.figure(OWN).spread().median;
    let more = cost(&rows[0]) - cost(&rows[1]);
    rows[0].verdicts = vec![Verdict {
        against: "a microsecond more than 10".to_owned(),
        ratio: more.max(0.0) / AT_MOST_US,
        at_most: 1.0,
    }];
    rows
}
