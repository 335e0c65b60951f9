//! The POST of forty rules with a record to a real Kafka, in each way to acknowledge it.

use std::time::Duration;

use handover_parts::{Handover, Kafka, Nginx, PhpFpm};

use crate::contender::{Contender, Goal, Request};
use crate::cpu::Processes;
use crate::load;
use crate::report::{Figure, Row, Verdict};
use crate::rounds::{P99, Pace, measure};
use crate::servers::{application, event, handover};

const CONNECTIONS: usize = 64;
/// What `spool` may take at half load, 99 times of 100.
const SPOOL_P99: Duration = Duration::from_millis(10);
/// Swoole and rdkafka have no packages here. Where they were measured, they took 92 µs for this work and a record, and
/// nginx with php-fpm 133 + 276 µs for the work alone.
const SWOOLE_OF_PHP: f64 = 92.0 / (133.0 + 276.0);

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let application = application();
    let php = PhpFpm::serving(application.path()).children(4).start();
    let (nginx, kafka) = (Nginx::in_front_of(&php), Kafka::start());
    kafka.create_topic("events.v1", 4);
    // A process a mode: what one does behind its answers is not another's.
    let proxies = ["memory", "delivered", "spool"].map(|mode| (mode, proxy(&php, &kafka, mode)));
    let post = Request::post("/events", event(), 202);
    let contender = |(mode, proxy): &(&'static str, Handover), share: f64| {
        Contender::new(mode, proxy.http(), proxy.id().expect("it runs"), &post).goal(
            Goal::whole(&["nginx + php-fpm, no record"], SWOOLE_OF_PHP * share)
                .standing_for("Swoole with rdkafka, by its ratio to php-fpm"),
        )
    };
    let [memory, delivered, spool] = &proxies;
    let contenders = [
        contender(memory, 1.0 / 5.0),
        contender(delivered, 1.0 / 3.0),
        contender(spool, 1.0 / 3.0),
        Contender::new("nginx + php-fpm, no record", nginx.address(), nginx.id(), &post)
            .with(Processes::of_groups(php.id())),
    ];
    let mut rows = measure("POST of 40 rules, a record", &contenders, CONNECTIONS, pace);
    let row = at_half_load(&contenders[2], &rows[2], pace);
    rows.insert(3, row);
    rows
}

fn proxy(php: &PhpFpm, kafka: &Kafka, mode: &str) -> Handover {
    handover(&format!(
        r#"
[legacy.php]
fastcgi = "{php}"
root = "{root}"
[spool]
[kafka.main]
bootstrap = "{bootstrap}"
ack = "{mode}"
[table.campaigns]
source = "file:{root}/campaigns.csv"
key = "id"
[[route]]
name = "events"
match = "POST /events"
stage = "native"
native = "events_recorded"
"#,
        php = php.address(),
        root = php.root().display(),
        bootstrap = kafka.bootstrap(),
    ))
}

/// What clients see where each pauses for so long that about half as many requests come as can be answered.
fn at_half_load(contender: &Contender, full: &Row, pace: &Pace) -> Row {
    let rate = full.figure("a second").spread().median;
    let drive = |pause: Duration| {
        load::drive_pausing(contender, CONNECTIONS, pace.each, pause.max(Duration::from_millis(1)))
    };
    // From a connection's request to its next. An answer takes less of that than at full load: how much a first run says.
    let between = Duration::from_secs_f64(2.0 * CONNECTIONS as f64 / rate);
    let pause = between.saturating_sub(drive(between / 2).p50);
    let seen: Vec<_> = (0..pace.rounds).map(|_| drive(pause)).collect();
    let figure = |name, of: fn(&load::Seen) -> f64| Figure { name, rounds: seen.iter().map(of).collect() };
    let mut row = Row {
        work: "the same at half load".to_owned(),
        who: contender.name.to_owned(),
        figures: vec![
            figure("a second", |seen| seen.requests as f64 / seen.took.as_secs_f64()),
            figure("p50, µs", |seen| seen.p50.as_secs_f64() * 1e6),
            figure(P99, |seen| seen.p99.as_secs_f64() * 1e6),
        ],
        verdicts: Vec::new(),
    };
    let p99 = row.figure(P99).spread().median / 1e6;
    row.verdicts.push(Verdict {
        against: format!("a p99 of {SPOOL_P99:?}"),
        ratio: p99 / SPOOL_P99.as_secs_f64(),
        at_most: 1.0,
    });
    row
}
