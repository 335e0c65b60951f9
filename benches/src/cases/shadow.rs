//! What full shadowing costs the process and its clients: every request judged, against none; and what a shadow side
//! that hangs costs the clients.

use crate::contender::{Contender, Request};
use crate::report::{Row, Spread, Verdict};
use crate::rounds::{OWN, P99, Pace, measure};
use crate::servers::{application, event, handover};

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let application = application();
    let root = application.path().display();
    // A php-fpm each: idle connections of one would keep the children from the others.
    let proxy = |stage: &str, native: &str| {
        handover(&format!(
            r#"
[legacy.php]
version = "1"
[legacy.php.managed]
root = "{root}"
children = 4
[table.campaigns]
source = "file:{root}/campaigns.csv"
key = "id"
[[route]]
name = "events"
match = "POST /events"
stage = "{stage}"
native = "{native}"
"#
        ))
    };
    let shadow = proxy("shadow", "events");
    let hung = proxy("shadow", "hangs");
    let legacy = proxy("legacy", "events");
    let native = proxy("native", "events");
    let request = Request::post("/events", event(), 202);
    let contenders = [("shadow", &shadow), ("shadow, hung", &hung), ("legacy", &legacy), ("native", &native)]
        .map(|(stage, proxy)| Contender::new(stage, proxy.http(), proxy.id().expect("it runs"), &request));
    let mut rows = measure("PHP, POST of 40 rules", &contenders, 64, pace);
    let [shadow, hung, legacy, native] = &mut rows[..] else { unreachable!("a row a contender") };
    shadow.verdicts = vec![cost(shadow, legacy, native), p99(shadow, legacy)];
    hung.verdicts = vec![p99(hung, legacy)];
    rows
}

fn cost(shadow: &Row, legacy: &Row, native: &Row) -> Verdict {
    let cost = |row: &Row| row.figure(OWN).spread().median;
    Verdict {
        against: "legacy's own CPU and 1.2 times native's".to_owned(),
        ratio: cost(shadow) / (cost(legacy) + 1.2 * cost(native)),
        at_most: 1.0,
    }
}

/// Rounds are paired: what both met in the same round is compared.
fn p99(shadow: &Row, legacy: &Row) -> Verdict {
    let pairs = shadow.figure(P99).rounds.iter().zip(&legacy.figure(P99).rounds);
    let p99 = Spread::of(pairs.map(|(shadow, legacy)| shadow / legacy));
    Verdict {
        against: format!("legacy's p99, pair by pair ({:.3} to {:.3})", p99.min, p99.max),
        ratio: p99.median,
        at_most: 1.01,
    }
}
