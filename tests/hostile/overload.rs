//! Three times what legacy can do: it goes on doing what it can, the rest is told at once, and shadow work goes first.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use handover_parts::{http, process};

use super::legacy::{Protocol, Recorder};
use super::world::World;

/// Legacy answers four requests at a time in 100 ms, and eight may wait.
const LIMITS: &str = "connections_max = 4\nqueue_max = 8\n";
const TAKES: Duration = Duration::from_millis(100);

/// How long each load lasts.
const LASTS: Duration = Duration::from_secs(5);

/// As many as legacy can just serve, with half of the queue taken.
const PEAK: usize = 8;

/// All of them have a place, and more than half of the queue is taken.
const BUSY: usize = 11;

/// Of whom most are turned away and come again.
const TOO_MANY: usize = 36;

/// What became of a load's requests.
struct Load {
    answered: usize,
    refused: usize,
}

#[test]
fn goodput_under_three_times_the_load_is_nine_tenths_of_the_peak() {
    for protocol in [Protocol::Http, Protocol::FastCgi] {
        let world = World::around(Recorder::start(protocol, TAKES), LIMITS, "");
        holds_up(&world, &load(&world, PEAK));
    }
}

#[test]
fn shadow_work_is_shed_before_any_client_is_turned_away() {
    let folder = process::folder("pipeline");
    let pipeline = folder.path().join("ok.toml");
    let fail = "[response.fail]\nstatus = 422\njson = \"errors\"\n";
    process::write(&pipeline, format!("[response.pass]\nstatus = 200\njson = \"{{'ok': true}}\"\n{fail}"));
    let route = format!(
        "[[route]]\nname = 'shadowed'\nmatch = 'GET /'\nstage = 'shadow'\nnative = {{ pipeline = '{}' }}\n",
        pipeline.display()
    );
    let world = World::around(Recorder::start(Protocol::Http, TAKES), LIMITS, &route);
    let experiments = || ["begun", "dropped"].map(|kind| count(&world, kind));
    let peak = load(&world, PEAK);
    let [begun, dropped] = experiments();
    assert_eq!((begun, dropped), (peak.answered as u64, 0), "there is room for all of it");
    let busy = load(&world, BUSY);
    let [_, dropped] = experiments();
    assert_eq!(busy.refused, 0, "all clients have a place");
    assert!(dropped > 0, "and no experiment has");
    let [begun, _] = experiments();
    holds_up(&world, &peak);
    let [later, _] = experiments();
    assert!(later - begun < peak.answered as u64 / 4, "{} experiments under overload", later - begun);
}

/// Loads it with more than three times its `peak`: goodput stays.
fn holds_up(world: &World, peak: &Load) {
    assert_eq!(peak.refused, 0, "all of them have a place");
    let Load { answered, refused } = load(world, TOO_MANY);
    let protocol = world.legacy.protocol;
    println!(
        "{protocol:?}: {} answers at the peak, {answered} of {} under load",
        peak.answered,
        answered + refused
    );
    assert!(
        answered + refused >= peak.answered * 3,
        "{protocol:?}: only {refused} beside {answered} answers"
    );
    assert!(answered * 10 >= peak.answered * 9, "{protocol:?}: {answered} answers of {}", peak.answered);
}

fn count(world: &World, kind: &str) -> u64 {
    let text = http::get(world.proxy.admin(), "/metrics").unwrap().text();
    let name =
        if kind == "begun" { "handover_experiments_total " } else { "handover_experiments_dropped_total " };
    text.lines().find_map(|line| line.strip_prefix(name)?.parse().ok()).expect("the metric is there")
}

/// So many clients, each with one request at a time.
fn load(world: &World, clients: usize) -> Load {
    let (answered, refused, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut client = http::Client::connect(world.proxy.http()).unwrap();
                while !over.load(Ordering::Relaxed) {
                    let answer = client.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
                    match answer.status {
                        200 => answered.fetch_add(1, Ordering::Relaxed),
                        503 => {
                            assert!(answer.field("Retry-After").is_some());
                            std::thread::sleep(TAKES * 2);
                            refused.fetch_add(1, Ordering::Relaxed)
                        }
                        status => panic!("{status}"),
                    };
                }
            });
        }
        let began = Instant::now();
        std::thread::sleep(LASTS.saturating_sub(began.elapsed()));
        over.store(true, Ordering::Relaxed);
    });
    Load { answered: answered.into_inner(), refused: refused.into_inner() }
}
