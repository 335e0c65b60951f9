//! Each stage answers as nginx and PHP do, and does the same to the world.

use std::net::SocketAddr;
use std::time::Duration;

use handover_demo::clients::Request;
use handover_parts::load::send_all;

use crate::compare::{Effects, Shown, effects, shown};
use crate::world::{CONNECTIONS, World, bytes, demo, requests};

/// Of each kind: real records, old clients' requests.
const EACH: usize = 5_000;

/// What came back of one way.
struct Leg {
    shown: Vec<Shown>,
    effects: Effects,
}

#[test]
fn each_stage_answers_as_nginx_and_php_do_and_sends_the_same_records() {
    let world = World::start();
    let requests = requests(EACH);
    let nginx = world.nginx();
    let expected = leg(&world, nginx.address(), &requests);
    let accepted = expected.effects.len();
    assert!(
        accepted > EACH / 2 && accepted < 2 * EACH,
        "{accepted} accepted: both kinds of answers are there"
    );

    for stage in ["legacy", "shadow", "canary", "native"] {
        let mut proxy = world.proxy(&demo(), stage);
        let seen = leg(&world, proxy.http(), &requests);
        compare(stage, &requests, &expected, &seen);
        if stage == "shadow" {
            every_pair_matched(&mut proxy, requests.len());
        }
        assert_eq!(proxy.stop(), Some(0), "an orderly end; its log:\n{}", proxy.log());
    }
}

fn leg(world: &World, address: SocketAddr, requests: &[Request]) -> Leg {
    let before = world.records();
    let outcomes = send_all(address, CONNECTIONS, &requests.iter().map(bytes).collect::<Vec<_>>());
    let records = world.records_since(&before);
    Leg {
        shown: outcomes.iter().map(|outcome| shown(outcome.response())).collect(),
        effects: effects(&outcomes, &records),
    }
}

fn compare(stage: &str, requests: &[Request], expected: &Leg, seen: &Leg) {
    for (index, request) in requests.iter().enumerate() {
        let asked = || format!("{stage}, request {index}: {}", String::from_utf8_lossy(&bytes(request)));
        assert_eq!(expected.shown[index], seen.shown[index], "{}", asked());
        assert_eq!(expected.effects.get(&index), seen.effects.get(&index), "{}", asked());
    }
}

/// In shadow the judge has seen all that the test has seen, and found no difference either.
fn every_pair_matched(proxy: &mut handover_parts::Handover, requests: usize) {
    let admin = proxy.admin();
    let parity = || -> serde_json::Value {
        let answer = handover_parts::http::get(admin, "/api/parity").expect("the admin answers");
        serde_json::from_slice::<Vec<_>>(&answer.body).expect("JSON").into_iter().next().unwrap_or_default()
    };
    proxy.wait_until("all pairs are judged", Duration::from_secs(90), || {
        let parity = parity();
        let count = |member: &str| parity[member].as_u64().unwrap_or(0);
        let reasons = |member: &str| -> u64 {
            parity[member]
                .as_object()
                .map_or(0, |reasons| reasons.values().filter_map(serde_json::Value::as_u64).sum())
        };
        assert_eq!(count("mismatched"), 0, "{parity:#}");
        count("matched") + reasons("not_comparable") + reasons("dropped") >= requests as u64
    });
    let parity = parity();
    let matched = parity["matched"].as_u64().unwrap_or(0);
    assert!(matched * 100 >= requests as u64 * 99, "99 % of {requests} are matched: {parity:#}");
}
