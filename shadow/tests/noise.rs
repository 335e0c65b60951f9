//! Legacy asked twice: what it changes itself as often is set aside, and nothing else.

mod world;

use handover_shadow::{ClusterKey, Decider, Experiment, Noise, Outcome, State, Verb, differs_from_itself};
use serde_json::json;
use world::gated::*;
use world::*;

/// An experiment with what the two sides answer, and what legacy answers once more.
fn twice(at: usize, legacy: &str, native: &str, again: &str) -> Experiment {
    let mut experiment = asking(at, pair(0, legacy, native));
    let (Outcome::Answered(first), Outcome::Answered(second)) = (answered(legacy), answered(again)) else {
        unreachable!()
    };
    experiment.again = differs_from_itself("create", &first, &second, &policy(json!({})));
    experiment
}

/// A lottery number, another each time.
fn drawn(at: usize, which: usize, rest: &str) -> String {
    format!(r#"{{"drawn":{}{rest}}}"#, 3 * at + which + 1)
}

fn put(world: &mut World, n: usize) {
    for at in 0..n {
        world.put(twice(at, &drawn(at, 0, ""), &drawn(at, 1, ""), &drawn(at, 2, "")));
    }
}

#[test]
fn what_legacy_changes_itself_is_noise_once_there_is_enough_of_it() {
    let mut world = World::new();
    put(&mut world, 49);
    let parity = world.parity();
    assert_eq!((parity.noise, parity.mismatched, parity.asked_twice), (0, 49, 49));
    assert_eq!(parity.clusters[0].state, State::Unreviewed);

    world.put(twice(50, &drawn(50, 0, ""), &drawn(50, 1, ""), &drawn(50, 2, "")));
    let parity = world.parity();
    assert_eq!((parity.noise, parity.mismatched, parity.samples()), (50, 0, 50));
    assert_eq!(parity.clusters[0].noise, Some(Noise { of: 50, sides: 50, legacy: 50 }));
    // What was not asked twice counts as it does, too.
    world.put(asking(60, pair(0, &drawn(60, 0, ""), &drawn(60, 1, ""))));
    assert_eq!(world.parity().noise, 51);
    // Nobody has to decide it, and it is set aside for the gate.
    assert_eq!(shut_by(&world.ask(&gate(json!({})))), ["ignored"]);
    assert!(world.ask(&gate(json!({ "ignored": 1.0 }))).open);
}

#[test]
fn another_difference_in_the_same_pairs_stands() {
    let mut world = World::new();
    put(&mut world, 60);
    for at in 60..64 {
        let (legacy, native) = (drawn(at, 0, r#","n":1"#), drawn(at, 1, r#","n":2"#));
        world.put(twice(at, &legacy, &native, &drawn(at, 2, r#","n":1"#)));
    }
    let parity = world.parity();
    assert_eq!((parity.noise, parity.mismatched), (60, 4));
    let state = |path: &str| parity.clusters.iter().find(|c| c.key.path == path).unwrap().state;
    assert_eq!((state("body:/drawn"), state("body:/n")), (State::Noise, State::Unreviewed));
}

#[test]
fn another_kind_of_difference_at_the_same_place_is_no_noise() {
    let mut world = World::new();
    put(&mut world, 60);
    for at in 60..64 {
        world.put(twice(at, &drawn(at, 0, ""), r#"{"drawn":"7"}"#, &drawn(at, 2, "")));
    }
    let parity = world.parity();
    assert_eq!((parity.noise, parity.mismatched), (60, 4), "{parity:#?}");
}

#[test]
fn what_people_decide_is_stronger() {
    let mut world = World::new();
    put(&mut world, 60);
    let cluster = world.parity().clusters[0].id;
    Decider::open(&world.path).unwrap().decide(cluster, &Verb::Bug, "ann", "it must not be drawn").unwrap();
    let parity = world.parity();
    assert_eq!((parity.noise, parity.mismatched, parity.clusters[0].state), (0, 60, State::Bug));
}

#[test]
fn what_a_matcher_accepts_is_no_difference_of_legacy_s_either() {
    let alike = policy(json!({ "alike": [{ "path": "body:/drawn", "both": "number" }] }));
    let keys = |one: &str, other: &str| -> Vec<ClusterKey> {
        differs_from_itself("create", &json_answer(200, one), &json_answer(200, other), &alike).unwrap()
    };
    assert!(keys(r#"{"drawn":1}"#, r#"{"drawn":2}"#).is_empty());
    assert_eq!(keys(r#"{"drawn":1,"n":1}"#, r#"{"drawn":2,"n":2}"#).len(), 1);
}
