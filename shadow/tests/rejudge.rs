//! Ignore rules re-judge what was counted: a new one takes effect without any traffic, a withdrawn one brings back what
//! it set aside.

mod world;

use std::sync::Arc;

use handover_shadow::{
    Decider, Effects, Experiment, Limits, Parity, Policy, RedactionKey, State, Store, Verb, judge,
};
use serde_json::{Value, json};
use world::gated::*;
use world::*;

/// A table with rules that ignore these places.
fn ignoring(rules: Value) -> Policy {
    let mut rules = rules;
    for rule in rules.as_array_mut().unwrap() {
        (rule["author"], rule["reason"]) = (json!("ann"), json!("agreed"));
    }
    policy(json!({ "ignore": rules }))
}

fn took(at: usize) -> Experiment {
    asking(at, pair(0, r#"{"took":1}"#, r#"{"took":2}"#))
}

fn stands(world: &World) -> (u64, u64, u64) {
    let said = world.standing().parity;
    (said.matched, said.ignored, said.mismatched)
}

#[test]
fn a_new_rule_takes_effect_on_what_was_counted() {
    let mut world = World::new();
    world.matches(60);
    (0..5).for_each(|at| world.put(took(100 + at)));
    assert_eq!(shut_by(&world.ask(&gate(json!({})))), ["mismatches", "clusters"]);

    world.policy = Arc::new(ignoring(json!([{ "name": "took", "path": "body:/took" }])));
    let said = world.ask(&gate(json!({})));
    assert!(said.open && said.mismatches == 0 && said.samples == 65, "{said:#?}");
    let parity = world.standing().parity;
    assert_eq!((parity.ignored, parity.ignored_by_rule["took"]), (5, 5));
    let cluster = &world.clusters()[0];
    assert_eq!((cluster.state, cluster.rule.as_deref(), cluster.count), (State::Ignored, Some("took"), 5));
    assert!(cluster.decision.is_none());
}

#[test]
fn a_withdrawn_rule_brings_back_what_it_set_aside() {
    let mut world = World::with(ignoring(json!([{ "path": "body:/took" }, { "path": "body:/at" }])));
    world.matches(60);
    (0..5).for_each(|at| world.put(took(100 + at)));
    world.put(asking(200, pair(0, r#"{"took":1,"at":1}"#, r#"{"took":2,"at":2}"#)));
    assert!(world.ask(&gate(json!({}))).open);
    assert_eq!(stands(&world), (60, 6, 0));

    world.policy = Arc::new(ignoring(json!([{ "path": "body:/at" }])));
    assert_eq!(stands(&world), (60, 0, 6), "one of them differs in both places");
    let said = world.ask(&gate(json!({})));
    assert_eq!((shut_by(&said), said.mismatches), (vec!["mismatches", "clusters"], 6));
    world.accept_all();
    assert_eq!(stands(&world), (60, 6, 0), "it can be decided like any other");
}

#[test]
fn a_rule_that_names_places_within_a_cluster_holds_for_as_long_as_it_is_there() {
    let first = json!({ "path": "body:/n/0/t" });
    let mut world = World::with(ignoring(json!([first])));
    let n = |at, control, candidate| asking(at, pair(0, control, candidate));
    world.put(n(1, r#"{"n":[{"t":1},{"t":1}]}"#, r#"{"n":[{"t":2},{"t":1}]}"#));
    world.put(n(2, r#"{"n":[{"t":1},{"t":1}]}"#, r#"{"n":[{"t":2},{"t":2}]}"#));
    assert_eq!(stands(&world), (0, 1, 1));
    let states = |world: &World| world.clusters().iter().map(|c| c.state).collect::<Vec<_>>();
    assert_eq!(states(&world), [State::Unreviewed], "something of it stands");
    let mut renamed = first.clone();
    renamed["name"] = json!("the first");
    world.policy = Arc::new(ignoring(json!([renamed])));
    assert_eq!(stands(&world), (0, 1, 1));
    world.policy = Arc::new(Policy::default());
    assert_eq!(stands(&world), (0, 0, 2));
    world.policy = Arc::new(ignoring(json!([{ "path": "body:/n/*/t" }])));
    assert_eq!(stands(&world), (0, 2, 0));

    let mut alone = World::with(ignoring(json!([first])));
    alone.put(n(1, r#"{"n":[{"t":1},{"t":1}]}"#, r#"{"n":[{"t":2},{"t":1}]}"#));
    assert_eq!(
        (stands(&alone), states(&alone)),
        ((0, 1, 0), vec![State::Ignored]),
        "nobody has to decide it"
    );
    alone.policy = Arc::new(Policy::default());
    assert_eq!((stands(&alone), states(&alone)), ((0, 0, 1), vec![State::Unreviewed]));
    alone.accept_all();
    alone.policy = Arc::new(Policy::default());
    assert_eq!((stands(&alone), states(&alone)), ((0, 1, 0), vec![State::Accepted]));
}

#[test]
fn no_rule_makes_a_sample_of_what_was_not_compared() {
    let mut world = World::with(ignoring(json!([{ "path": "body:/took" }])));
    let unseen = |at| {
        let mut experiment = took(at);
        experiment.control.effects = Effects::NotComparable("read late".to_owned());
        experiment
    };
    (0..3).for_each(|at| world.put(unseen(at)));
    let parity = world.standing().parity;
    assert_eq!((parity.samples(), parity.not_comparable["read late"]), (0, 3));
    world.policy = Arc::new(Policy::default());
    let parity = world.standing().parity;
    assert_eq!((parity.samples(), parity.mismatched, parity.not_comparable.len()), (3, 3, 0));
}

#[test]
fn what_a_rule_sets_aside_counts_again_when_it_expires() {
    let rule = |expires: &str| ignoring(json!([{ "path": "body:/took", "expires": expires }]));
    let mut world = World::with(rule("2026-01-03"));
    world.put(took(1));
    assert_eq!(stands(&world), (0, 1, 0));
    world.policy = Arc::new(rule("2026-01-02"));
    assert_eq!(stands(&world), (0, 0, 1));
}

#[test]
fn a_rule_only_of_a_kind_covers_that_kind() {
    let mut world = World::new();
    world.put(took(1));
    world.put(asking(2, pair(0, r#"{"took":1}"#, r#"{"took":"1"}"#)));
    world.policy = Arc::new(ignoring(json!([{ "path": "body:/took", "kind": "type" }])));
    assert_eq!(stands(&world), (0, 1, 1));
}

#[test]
fn the_file_is_stronger_than_what_was_decided_before() {
    let mut world = World::new();
    world.put(took(1));
    let cluster = world.parity().clusters[0].id;
    Decider::open(&world.path).unwrap().decide(cluster, &Verb::Bug, "bob", "wrong unit").unwrap();
    assert_eq!(world.clusters()[0].state, State::Bug);
    world.policy = Arc::new(ignoring(json!([{ "path": "body:/took" }])));
    assert_eq!((stands(&world), world.clusters()[0].state), ((0, 1, 0), State::Ignored));
}

#[test]
fn whoever_brings_no_rules_reads_by_those_of_the_newest_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shadow.db");
    let store = Store::open(&path, &RedactionKey::new([7; 32]), Limits::default()).unwrap();
    let put = |minute: i64, policy: &Policy| {
        let mut experiment = took(minute as usize);
        experiment.id = handover_shadow::ExperimentId(minute as u128);
        experiment.at += jiff::SignedDuration::from_mins(minute);
        let policy = Arc::new(policy.clone());
        let judgement = judge(&experiment, &policy);
        store.recorder().record(experiment, judgement, &policy);
        store.recorder().flush();
        let parity = Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap();
        (parity.ignored, parity.mismatched)
    };
    let (old, new) = (Policy::default(), ignoring(json!([{ "path": "body:/took" }])));
    assert_eq!(put(1, &old), (0, 1));
    assert_eq!(put(3, &new), (2, 0));
    assert_eq!(put(2, &old), (3, 0), "one that waited for its effects comes late");
    assert_eq!(put(4, &old), (0, 4));
}

#[test]
fn what_rules_set_aside_leaves_room_for_what_they_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shadow.db");
    let limits = Limits { clusters: 4, ..Limits::default() };
    let store = Store::open(&path, &RedactionKey::new([7; 32]), limits).unwrap();
    let policy = Arc::new(ignoring(json!([{ "path": "body:/noise" }])));
    let put = |id: u128, name: &str| {
        let body =
            |value: u32| format!(r#"{{"{}":{{"{name}":{value}}}}}"#, if id < 10 { "noise" } else { "x" });
        let experiment = pair(id, &body(1), &body(2));
        let judgement = judge(&experiment, &policy);
        store.recorder().record(experiment, judgement, &policy);
    };
    ["a", "b", "c", "d", "e", "f"].iter().enumerate().for_each(|(id, name)| put(id as u128, name));
    ["a", "b"].iter().enumerate().for_each(|(id, name)| put(10 + id as u128, name));
    store.recorder().flush();
    let read = || -> Parity { Store::read(&path).unwrap().unwrap().parity("create").unwrap().unwrap() };
    let parity = read();
    assert_eq!((parity.ignored, parity.mismatched, parity.unclustered), (6, 2, 0));
    assert_eq!(parity.clusters.len(), 4);
}
