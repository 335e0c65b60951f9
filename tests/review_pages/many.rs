//! How the pages stand much: 100,000 experiments, 10,000 clusters of differences, twenty routes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use handover_api::Fields;
use handover_parts::{Browser, http};
use handover_shadow::{
    Answer, Body, Effects, Experiment, ExperimentId, Limits, Outcome, OwnEffects, Policy, PolicyRaw,
    RecordedRequest, RedactionKey, SessionState, Side, Store, Who, judge,
};
use serde_json::Value;

use crate::world::World;

/// Experiments of each route.
const EACH: usize = 5_000;

const ROUTES: usize = 20;

/// Clusters of each route: as many as the store keeps.
const CLUSTERS: usize = 500;

/// What a page may take: `cargo test --release --test review_pages many` asks for it. What is not optimised takes ten times
/// as long, and tests run beside others.
const ANSWERS_WITHIN: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2500 } else { 100 });
/// What it may weigh.
const WEIGHT_MAX: usize = 150 * 1024;

fn side(who: Who, body: String) -> Side {
    let mut fields = Fields::new();
    fields.append("Content-Type".to_owned(), "application/json".to_owned()).unwrap();
    let answer = Answer { status: 200, fields, body: Body::Whole(body.into()) };
    let effects = Effects::Known(Vec::new());
    let (session, latency) = (SessionState::Unobserved, Duration::from_millis(2));
    Side {
        who,
        outcome: Outcome::Answered(answer),
        effects,
        own: OwnEffects::new(),
        session,
        latency,
        reads: Vec::new(),
        rules: None,
    }
}

/// The nth of a route: one in ten differs, each time at another place.
fn experiment(route: &str, n: usize, native: &str) -> Experiment {
    let (control, candidate) = if n.is_multiple_of(10) {
        let place = (n / 10) % CLUSTERS;
        (format!(r#"{{"place{place}":1}}"#), format!(r#"{{"place{place}":"1"}}"#))
    } else {
        (format!(r#"{{"n":{n}}}"#), format!(r#"{{"n":{n}}}"#))
    };
    Experiment {
        id: ExperimentId(u128::from(fastrand::u64(..)) << 64 | n as u128),
        route: route.to_owned(),
        at: jiff::Timestamp::now(),
        request: RecordedRequest {
            method: "GET".to_owned(),
            target: format!("/{route}?n={n}").into(),
            fields: Fields::new(),
            body: Body::Whole(Default::default()),
            params: Vec::new(),
        },
        control: side(Who::Legacy { version: Some("1".to_owned()) }, control),
        candidate: side(Who::Native { fingerprint: native.to_owned() }, candidate),
        again: None,
    }
}

/// A proxy whose store has all that.
fn filled() -> World {
    let mut world = World::with_routes(ROUTES);
    world.ask("1");
    let folder = world.proxy.folder().join("handover-state");
    let admin = world.proxy.admin();
    let mut known = None;
    world.proxy.wait_until("one is judged", Duration::from_secs(30), || {
        let parity: Option<Value> =
            http::get(admin, "/api/parity").ok().and_then(|answer| serde_json::from_slice(&answer.body).ok());
        known = parity.and_then(|parity| parity[0]["evidence"]["on_trial"].as_str().map(str::to_owned));
        known.is_some()
    });
    world.proxy.stop();
    let native = known.expect("the native's identity");
    let policy: Arc<Policy> = Arc::new(PolicyRaw::default().validate().expect("the default"));
    let key = RedactionKey::load_or_create(&folder.join("redaction.key")).expect("the proxy's key");
    let store =
        Store::open(&folder.join("evidence.sqlite"), &key, Limits::default()).expect("the proxy's store");
    let recorder = store.recorder();
    for n in 0..EACH * ROUTES {
        let experiment = experiment(&format!("n{}", n % ROUTES), n / ROUTES, &native);
        let judgement = judge(&experiment, &policy);
        recorder.record(experiment, judgement, &policy);
        if n % 1000 == 999 {
            recorder.flush();
        }
    }
    drop(store);
    let now = jiff::Timestamp::now().as_second() / 3600;
    let hour = |n: i64| {
        format!("{{\"hour\":{},\"native\":{},\"total\":1000}}\n", now - 300 + n, (n - 20).max(0) * 3)
    };
    std::fs::write(folder.join("progress.jsonl"), (0..300).map(hour).collect::<String>())
        .expect("the state folder");
    world.proxy.restart();
    world
}

#[test]
fn every_page_is_quick_and_light_with_100_000_experiments_and_10_000_clusters() {
    let world = filled();
    let all: Value = serde_json::from_slice(&world.page("/api/clusters").body).unwrap();
    assert_eq!(all.as_array().map(Vec::len), Some(ROUTES * CLUSTERS));
    let compared =
        |parity: &Value| parity["matched"].as_u64().unwrap() + parity["mismatched"].as_u64().unwrap();
    let parities: Value = serde_json::from_slice(&world.page("/api/parity").body).unwrap();
    assert!(parities.as_array().unwrap().iter().map(compared).sum::<u64>() >= (EACH * ROUTES) as u64);

    let mut faults = Vec::new();
    for path in [
        "/",
        "/routes/n7",
        "/routes/n7/move?to=native",
        "/differences",
        "/differences?page=50",
        "/differences?route=n7",
        "/differences?state=accepted",
        "/differences/5000",
        concat!("/assets/", env!("CARGO_PKG_VERSION"), ".css"),
        concat!("/assets/", env!("CARGO_PKG_VERSION"), ".js"),
    ] {
        let mut times = Vec::new();
        let mut weight = 0;
        for _ in 0..7 {
            let began = Instant::now();
            let page = world.page(path);
            times.push(began.elapsed());
            assert_eq!(page.status, 200, "{path}");
            weight = page.body.len();
        }
        times.sort_unstable();
        println!("{path}: {:?}, {} KB", times[3], weight / 1024);
        if times[3] > ANSWERS_WITHIN || weight > WEIGHT_MAX {
            faults.push(format!("{path}: {:?}, {weight} bytes", times[3]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    let browser = Browser::start();
    let page = browser.somebody();
    page.open(&world.url("/differences"));
    page.shows("1 to 100 of 10000");
    page.picture("many");
    page.click("a[rel=next]");
    page.shows("101 to 200 of 10000");
    page.eval("document.querySelector('[name=route]').value = 'n7'").unwrap();
    page.click(".filters button");
    page.shows("1 to 100 of 500");
    for _ in 0..30 {
        page.press("j");
    }
    page.press("Enter");
    page.shows("Pair 1 of");
    page.open(&world.url("/"));
    page.wait("document.querySelector('.chart polyline')");
    page.picture("many-progress");
    assert!(page.errors().is_empty());
}
