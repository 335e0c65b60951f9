//! Each stage answers as nginx and PHP do, and does the same to the world.

use std::net::SocketAddr;
use std::time::Duration;

use handover_demo::clients::Request;
use handover_parts::Handover;
use handover_parts::load::{Outcome, send_all};

use crate::compare::{Effects, Shown, effects, shown};
use crate::review::{counted, metric, parity, sum};
use crate::world::{CONNECTIONS, World, bytes, demo, requests};

/// Of each kind: real records, old clients' requests.
const EACH: usize = 5_000;

/// Sent between two looks at whether the evidence keeps up: fewer than may be under way, so that each has room.
const BATCH: usize = 200;

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
    let expected = leg(&world, nginx.address(), &requests, |_| {});
    let accepted = expected.effects.len();
    assert!(
        accepted > EACH / 2 && accepted < 2 * EACH,
        "{accepted} accepted: both kinds of answers are there"
    );

    for stage in ["legacy", "shadow", "canary", "native"] {
        let mut proxy = world.proxy(&demo(), stage);
        let (clients, admin) = (proxy.http(), proxy.admin());
        let seen = leg(&world, clients, &requests, |_| {
            proxy.wait_until("there is room again", Duration::from_secs(90), || {
                metric(admin, "handover_experiments_under_way") == 0
            });
        });
        compare(stage, &requests, &expected, &seen);
        if stage == "shadow" {
            all_are_judged(&mut proxy, requests.len());
            every_pair_matched(&proxy, requests.len());
        }
        assert_eq!(proxy.stop(), Some(0), "an orderly end; its log:\n{}", proxy.log());
    }
}

fn leg(world: &World, address: SocketAddr, requests: &[Request], mut then: impl FnMut(usize)) -> Leg {
    let before = world.records();
    let requests: Vec<_> = requests.iter().map(bytes).collect();
    let mut outcomes = Vec::with_capacity(requests.len());
    for some in requests.chunks(BATCH) {
        let first = outcomes.len();
        let sent = send_all(address, CONNECTIONS, some).into_iter();
        outcomes.extend(sent.map(|outcome| Outcome { index: first + outcome.index, ..outcome }));
        then(outcomes.len());
    }
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

fn all_are_judged(proxy: &mut Handover, requests: usize) {
    let admin = proxy.admin();
    proxy.wait_until("all pairs are judged", Duration::from_secs(90), || {
        counted(&parity(admin)) >= requests as u64
    });
}

/// In shadow the judge has seen all that the test has seen, and found no difference either.
fn every_pair_matched(proxy: &Handover, requests: usize) {
    let parity = parity(proxy.admin());
    assert_eq!(counted(&parity), requests as u64, "each is counted once: {parity:#}");
    assert_eq!((&parity["mismatched"], sum(&parity["dropped"])), (&0.into(), 0), "{parity:#}");
    let matched = parity["matched"].as_u64().unwrap_or(0);
    assert!(matched * 100 >= requests as u64 * 99, "99 % of {requests} are matched: {parity:#}");
}
