//! Drives the contenders of a case in turn, for a number of rounds, so that a noisy minute hits all of them.

use std::time::Duration;

use handover_parts::http::Client;

use crate::contender::{Contender, Goal, Protocol, Share};
use crate::load::{self, Seen};
use crate::report::{Figure, Row, Spread, Verdict};

/// How long is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Rounds in which every contender is driven once.
    pub rounds: usize,
    /// How long each is driven in a round.
    pub each: Duration,
}

/// How long a contender is driven before the first round, uncounted: pools fill, caches warm, PHP compiles.
const WARM_UP: Duration = Duration::from_secs(3);

/// The figure that counts.
pub(crate) const OWN: &str = "own CPU, µs a request";

/// 99 % of the answers came within.
pub(crate) const P99: &str = "p99, µs";

/// One contender in one round.
#[derive(Clone, Copy)]
struct Run {
    own_us: f64,
    whole_us: f64,
    seen: Seen,
}

/// Measures contenders beside each other.
///
/// # Panics
/// When one of them does not answer as it must.
pub(crate) fn measure(work: &str, contenders: &[Contender], connections: usize, pace: &Pace) -> Vec<Row> {
    for contender in contenders {
        if contender.protocol == Protocol::Plain {
            answers_as_it_must(contender);
        }
        load::drive(contender, connections, WARM_UP);
    }
    let mut runs: Vec<Vec<Run>> = vec![Vec::new(); contenders.len()];
    for round in 1..=pace.rounds {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            eprint!("\r\x1b[K  {work}, round {round} of {}: {}", pace.rounds, contender.name);
            runs.push(once(contender, connections, pace.each));
        }
    }
    eprint!("\r\x1b[K");
    let all: Vec<(&Contender, Vec<Run>)> = contenders.iter().zip(runs).collect();
    all.iter().map(|(contender, runs)| row(work, contender, runs, &all)).collect()
}

fn answers_as_it_must(contender: &Contender) {
    let request = &contender.request;
    let answer = Client::connect(contender.address).and_then(|mut client| client.exchange(&request.bytes()));
    let status = answer.as_ref().ok().map(|answer| answer.status);
    assert_eq!(
        status,
        Some(request.status),
        "{} answers {} otherwise: {answer:?}",
        contender.name,
        request.path
    );
}

fn once(contender: &Contender, connections: usize, each: Duration) -> Run {
    let before = (contender.own.cpu_ns(), contender.behind.cpu_ns());
    let seen = load::drive(contender, connections, each);
    let own = contender.own.cpu_ns() - before.0;
    let behind = contender.behind.cpu_ns() - before.1;
    let each_us = |ns: u64| ns as f64 / 1000.0 / seen.requests as f64;
    Run { own_us: each_us(own), whole_us: each_us(own + behind), seen }
}

fn row(work: &str, contender: &Contender, runs: &[Run], all: &[(&Contender, Vec<Run>)]) -> Row {
    let figure = |name, of: fn(&Run) -> f64| Figure { name, rounds: runs.iter().map(of).collect() };
    let mut figures = vec![figure(OWN, |run| run.own_us)];
    if !contender.behind.is_empty() {
        figures.push(figure("with its backend", |run| run.whole_us));
    }
    figures.extend([
        figure("a second", |run| run.seen.requests as f64 / run.seen.took.as_secs_f64()),
        figure("p50, µs", |run| run.seen.p50.as_secs_f64() * 1e6),
        figure(P99, |run| run.seen.p99.as_secs_f64() * 1e6),
        Figure { name: "MiB", rounds: vec![contender.own.rss() as f64 / f64::from(1 << 20)] },
    ]);
    let verdicts = contender.goals.iter().map(|goal| verdict(goal, runs, all)).collect();
    Row { work: work.to_owned(), who: contender.name.to_owned(), figures, verdicts }
}

fn verdict(goal: &Goal, runs: &[Run], all: &[(&Contender, Vec<Run>)]) -> Verdict {
    let cost = |runs: &[Run]| {
        let of = |run: &Run| if goal.share == Share::Own { run.own_us } else { run.whole_us };
        Spread::of(runs.iter().map(of)).median
    };
    let against = all.iter().filter(|(other, _)| goal.against.contains(&other.name));
    let best = against.map(|(_, runs)| cost(runs)).fold(f64::INFINITY, f64::min);
    let whom = goal.stands_for.map_or_else(|| goal.against.join(" and "), str::to_owned);
    let share = if goal.share == Share::Own { "" } else { ", backend included" };
    Verdict { against: format!("{whom}{share}"), ratio: cost(runs) / best, at_most: goal.at_most }
}
