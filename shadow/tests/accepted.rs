//! A pair whose differences are accepted comes to what was compared of it, and to no more.

mod world;

use handover_shadow::{Decider, Effects, Experiment, SessionState};
use serde_json::json;
use world::gated::*;
use world::*;

/// A pair whose answers differ in a way that people accept.
fn differing(at: usize) -> Experiment {
    asking(at, pair(0, r#"{"took":1}"#, r#"{"took":"2"}"#))
}

/// The same, of which nobody knows yet what legacy sent.
fn awaited(at: usize) -> Experiment {
    let mut experiment = differing(at);
    experiment.control.effects = Effects::Pending;
    experiment
}

/// The same, of which nobody will know it.
fn unseen(at: usize) -> Experiment {
    let mut experiment = differing(at);
    experiment.control.effects = Effects::NotComparable("the tap lost its place".to_owned());
    experiment
}

/// The same, where the session cannot be compared.
fn read_late(at: usize) -> Experiment {
    let mut experiment = differing(at);
    experiment.candidate.session = SessionState::NotComparable("read late".to_owned());
    experiment
}

#[test]
fn what_was_not_compared_is_told_once_the_difference_is_accepted() {
    let mut world = World::new();
    world.matches(3);
    for (at, make) in [differing, awaited, unseen, unseen, read_late].into_iter().enumerate() {
        world.put(make(at));
    }
    let before = world.parity();
    assert_eq!((before.matched, before.mismatched, before.pending, before.samples()), (3, 5, 0, 8));
    assert!(before.not_comparable.is_empty(), "what stands, stands whatever else is unknown");

    world.accept_all();
    let after = world.parity();
    assert_eq!((after.matched, after.ignored, after.mismatched, after.pending), (3, 1, 0, 1));
    let reasons: Vec<_> = after.not_comparable.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
    assert_eq!(reasons, [("read late", 1), ("the tap lost its place", 2)]);
    assert_eq!(after.ignored_by_rule.values().sum::<u64>(), 1, "{:?}", after.ignored_by_rule);
    assert_eq!(after.samples(), 4);

    Decider::open(&world.path).unwrap().undo(after.clusters[0].id, "bob").unwrap();
    assert_eq!(world.parity(), {
        let mut back = before;
        back.clusters = world.parity().clusters;
        back
    });
}

#[test]
fn no_gate_opens_on_pairs_whose_effects_nobody_compared() {
    for (make, class) in [
        (awaited as fn(usize) -> Experiment, "pending"),
        (unseen, "not-comparable"),
        (read_late, "not-comparable"),
    ] {
        let mut world = World::new();
        (0..60).for_each(|at| world.put(make(at)));
        world.accept_all();
        let said = world.ask(&gate(json!({ "ignored": 1.0 })));
        assert_eq!((said.samples, said.counted, said.mismatches), (0, 0, 0), "{class}");
        let shut = shut_by(&said);
        for what in ["samples", "mismatches", class, "statuses", "types"] {
            assert!(shut.contains(&what), "{what} is met by what was never compared: {shut:?}");
        }
    }
}

#[test]
fn they_lend_no_different_requests_to_one_that_is_repeated() {
    let mut world = World::new();
    (0..60).for_each(|_| world.put(asking(1000, pair(0, "{}", "{}"))));
    (0..60).for_each(|at| world.put(unseen(at)));
    world.accept_all();
    let said = world.ask(&gate(json!({ "not_comparable": 1.0, "ignored": 1.0 })));
    assert_eq!((said.samples, said.counted, shut_by(&said)), (60, 1, vec!["mismatches"]));
}

#[test]
fn they_count_as_mismatches_for_as_long_as_nobody_accepts_them() {
    let mut world = World::new();
    world.matches(60);
    (0..30).for_each(|at| world.put(unseen(at)));
    let said = world.ask(&gate(json!({})));
    assert_eq!((said.samples, said.mismatches), (90, 30));
    assert_eq!(shut_by(&said), ["mismatches", "clusters"]);
}
