//! A native handler that is broken on purpose: shadow names the fault, clients never see it.

use std::process::Command;
use std::time::Duration;

use handover_parts::load::send_all;
use handover_parts::{Handover, http};

use crate::compare::{effects, shown};
use crate::world::{CONNECTIONS, World, bytes, requests, sabotaged};

#[test]
fn a_broken_rule_is_named_by_parity_with_the_pair_that_shows_it() {
    let world = World::start();
    let mut proxy = world.proxy_with(&sabotaged(), &world.routes("shadow", "rounds_the_distance"));
    let requests: Vec<_> = requests(200).iter().map(bytes).collect();
    let outcomes = send_all(proxy.http(), CONNECTIONS, &requests);
    assert!(outcomes.iter().all(|outcome| outcome.response().status < 500));

    let admin = proxy.admin();
    proxy.wait_until("a mismatch is judged", Duration::from_secs(60), || {
        let answer = http::get(admin, "/api/parity").expect("the admin answers");
        let parity: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        parity[0]["mismatched"].as_u64().is_some_and(|count| count > 10)
    });
    let shown = parity(&proxy);
    assert!(shown.contains("distance"), "the field is named:\n{shown}");
    assert!(shown.contains("/v1/flights"), "the pair is shown:\n{shown}");
}

#[test]
fn when_native_panics_clients_get_php_s_answers() {
    let world = World::start();
    let requests: Vec<_> = requests(300).iter().map(bytes).collect();
    let expected = send_all(world.nginx().address(), CONNECTIONS, &requests);
    let before = world.records();
    let proxy = world.proxy_with(&sabotaged(), &world.routes("native", "panics"));
    let seen = send_all(proxy.http(), CONNECTIONS, &requests);
    for (expected, seen) in expected.iter().zip(&seen) {
        assert_eq!(shown(expected.response()), shown(seen.response()));
    }
    let records = world.records_since(&before);
    assert!(!effects(&seen, &records).is_empty());
    let status = http::get(proxy.admin(), "/api/status").expect("the admin answers");
    let status: serde_json::Value = serde_json::from_slice(&status.body).expect("JSON");
    assert_eq!(
        status["routes"][0]["answered"]["fallback"].as_u64(),
        Some(requests.len() as u64),
        "{status:#}"
    );
}

/// What `handover parity` prints of the route.
fn parity(proxy: &Handover) -> String {
    let mut command = Command::new(sabotaged());
    command.args(["parity", "create-flight", "--config"]).arg(proxy.routes()).current_dir(proxy.folder());
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
