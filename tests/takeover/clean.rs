//! With no fault planted shadow finds none: zero mismatches, nothing set aside, no noise.
//!
//! Every fortieth departure of January and February and as many old clients' requests; `EVERY=1` takes all of them and 50,000
//! of the old clients'.

use std::time::Duration;

use handover_demo::clients::{OldClients, records, tidy};
use handover_parts::load::send_all;

use crate::review::{counted, metric, parity, sum};
use crate::world::{CONNECTIONS, World, bytes, data, demo};

/// The seed of the old clients' requests.
const SEED: u64 = 2013;

/// How many of theirs there are, of all.
const OLD: usize = 50_000;

/// Sent between two looks at whether the evidence keeps up: fewer than may be under way, so that each has room.
const BATCH: usize = 200;

#[test]
fn no_record_of_two_months_and_no_old_client_s_request_differs() {
    let every = std::env::var("EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let months = ["flights-2013-01.csv.gz", "flights-2013-02.csv.gz"];
    let all: Vec<_> =
        months.iter().flat_map(|month| records(&data().join(month)).expect("the demo's data")).collect();
    let real = all.iter().step_by(every).map(tidy);
    let old = OldClients::new(SEED, &all).take(OLD / every);
    let requests: Vec<_> = real.chain(old).map(|request| bytes(&request)).collect();
    let world = World::start();
    let mut proxy = world.proxy(&demo(), "shadow");
    let (clients, admin) = (proxy.http(), proxy.admin());
    // What was sent before the tap began is not comparable.
    let mut sent = 0;
    proxy.wait_until("it is compared", Duration::from_secs(60), || {
        sent += send_all(clients, 1, &requests[..1]).len() as u64;
        std::thread::sleep(Duration::from_millis(200));
        parity(admin)["matched"].as_u64() > Some(0)
    });
    proxy.wait_until("these are judged", Duration::from_secs(120), || counted(&parity(admin)) >= sent);
    let before = parity(admin);
    for some in requests.chunks(BATCH) {
        let outcomes = send_all(clients, CONNECTIONS, some);
        assert!(outcomes.iter().all(|outcome| outcome.response().status < 500));
        sent += some.len() as u64;
        proxy.wait_until("it is judged", Duration::from_secs(120), || counted(&parity(admin)) >= sent);
    }
    let after = parity(admin);
    println!("{after:#}");
    // Each request once: what is lost in silence would be missing, what is counted twice too much.
    assert_eq!(counted(&after), sent, "{after:#}");
    assert_eq!(metric(proxy.admin(), "handover_experiments_total"), sent, "{after:#}");
    let of = |class: &str| after[class].as_u64().unwrap_or_default();
    assert_eq!((of("mismatched"), of("ignored"), of("pending")), (0, 0, 0), "{after:#}");
    for loss in ["not_comparable", "declined", "dropped"] {
        assert_eq!(after[loss], before[loss], "{loss}: {after:#}");
    }
    // A record that waited in vain for its experiment is counted late. Only those of the first requests, whose experiments the
    // tap came too late for, may be nobody's.
    assert!(sum(&after["unattributed"]) <= sum(&before["not_comparable"]), "{after:#}");
    let matched = of("matched") - before["matched"].as_u64().unwrap_or_default();
    assert_eq!(matched, requests.len() as u64, "{after:#}");
}
