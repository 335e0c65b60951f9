//! Two proxies, one review: each request is counted once, through crashes of whoever counts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use handover_parts::load::send_all;
use handover_parts::{Handover, http, process};
use serde_json::Value;

use crate::faults::{recorder, wait};
use crate::world::{CONNECTIONS, World, bytes, demo, requests};

/// The topic that experiments are sent to.
const EXPERIMENTS: &str = "handover.experiments";

#[test]
fn two_proxies_feed_one_review_and_nothing_is_counted_twice() {
    let world = World::start();
    world.kafka.create_topic(EXPERIMENTS, 3);
    let folder = process::folder("review-key");
    let key = folder.path().join("key");
    process::write(&key, "a key that has thirty-two bytes.");
    let review = format!("\n[review]\ntopic = \"{EXPERIMENTS}\"\nkey_file = \"{}\"\n", key.display());
    let routes = world.routes("shadow", "create_flight") + &review;
    let mut reviewer = Handover::start_as("review", demo(), &routes, |_| {});
    let proxies = [world.proxy_with(&demo(), &routes), world.proxy_with(&demo(), &routes)];
    // A tap knows nothing of what was sent before it began.
    let requests: Vec<_> = requests(600).iter().map(bytes).collect();
    let admin = reviewer.admin();
    reviewer.wait_until("it reads what legacy sends", Duration::from_secs(60), || {
        let _ = send_all(proxies[0].http(), 1, &requests[..1]);
        std::thread::sleep(Duration::from_millis(200));
        parity(admin)["matched"].as_u64() > Some(0)
    });
    // What is judged elsewhere can be recorded here all the same.
    let recording = folder.path().join("some.recording");
    let mut recorder = recorder(&proxies[0], &recording, 100);
    reviewer.wait_until("it is recorded", Duration::from_secs(60), || recording.exists());
    let (first, second) = requests.split_at(requests.len() / 2);
    std::thread::scope(|scope| {
        let loads = proxies.iter().zip([first, second]);
        let loads: Vec<_> =
            loads.map(|(proxy, some)| scope.spawn(|| send_all(proxy.http(), CONNECTIONS, some))).collect();
        std::thread::sleep(Duration::from_millis(700));
        reviewer.kill();
        reviewer.restart();
        for load in loads {
            assert!(load.join().unwrap().iter().all(|outcome| outcome.response().status < 500));
        }
    });
    assert!(wait(&mut recorder, Duration::from_secs(60)), "{}", proxies[0].log());
    let all = |name: &str| proxies.iter().map(|proxy| metric(proxy.admin(), name)).sum::<u64>();
    let (begun, no_room) = (all("handover_experiments_total"), all("handover_experiments_dropped_total"));
    assert!(begun >= 1_000, "{begun} experiments were begun");
    let all = begun + no_room;
    reviewer
        .wait_until("all of them are judged", Duration::from_secs(180), || counted(&parity(admin)) >= all);
    // Nothing more comes, however long one waits, nor after another crash.
    reviewer.kill();
    reviewer.restart();
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        assert_eq!(counted(&parity(admin)), all, "{:#}", parity(admin));
        std::thread::sleep(Duration::from_millis(250));
    }
    let parity = parity(admin);
    assert_eq!(parity["mismatched"], 0, "{parity:#}");
    let matched = parity["matched"].as_u64().unwrap_or_default();
    assert!(matched > begun / 4, "what it was away for is not comparable, no more: {parity:#}");
    for proxy in &proxies {
        assert_eq!(metric(proxy.admin(), "handover_review_unsent_total"), 0);
        let own = http::get(proxy.admin(), "/api/parity").unwrap();
        assert_eq!(String::from_utf8_lossy(&own.body), "[]", "a proxy keeps no evidence of its own");
    }
}

/// What the evidence of the route comes to; null while nobody answers, or there is none.
pub(crate) fn parity(admin: SocketAddr) -> Value {
    let Ok(answer) = http::get(admin, "/api/parity") else { return Value::Null };
    let parities = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    parities.get(0).cloned().unwrap_or_default()
}

/// All experiments that it has a verdict of.
pub(crate) fn counted(parity: &Value) -> u64 {
    let plain = ["matched", "ignored", "mismatched", "pending"]
        .map(|class| parity[class].as_u64().unwrap_or_default());
    plain.iter().sum::<u64>()
        + ["not_comparable", "declined", "dropped"].map(|class| sum(&parity[class])).iter().sum::<u64>()
}

/// How many there are, whatever the reason.
pub(crate) fn sum(reasons: &Value) -> u64 {
    reasons.as_object().into_iter().flat_map(|by| by.values()).filter_map(Value::as_u64).sum()
}

pub(crate) fn metric(admin: SocketAddr, name: &str) -> u64 {
    let answer = http::get(admin, "/metrics").expect("the admin answers");
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")).map(str::to_owned));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name} is not in:\n{text}"))
}
