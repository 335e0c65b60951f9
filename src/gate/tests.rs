//! The file asks, the gate answers.

use std::sync::Arc;
use std::time::Duration;

use handover_api::Fields;
use handover_shadow::{
    Answer, Body, Effects, Experiment, ExperimentId, Limits, Outcome, OwnEffects, Policy, RecordedRequest,
    RedactionKey, SessionState, Side, Store, Who, judge,
};
use jiff::Timestamp;

use super::ledger::Entry;
use crate::config::reload::tests::{Started, World, at, stage};
use crate::config::reload::{Reloader, note};
use crate::route::Stage;
use crate::route::override_store::OverrideStore;
use crate::route::overrides::StageOverride;
use crate::serve::EVIDENCE;

const GATE: &str =
    "gate = { samples = 30, age = '0s', mismatches = 0.2, statuses = [], waive = { effects = 'none' } }\n";

/// The file with route `a` at that stage, behind a gate.
fn gated(stage: Stage, more: &str) -> String {
    format!("{}canary = {{ share = 0.5, sticky = 'ip' }}\n{GATE}{more}", at(stage))
}

fn side(who: Who) -> Side {
    let answer = Answer { status: 200, fields: Fields::new(), body: Body::from("ok") };
    let (outcome, effects) = (Outcome::Answered(answer), Effects::Known(Vec::new()));
    Side {
        who,
        outcome,
        effects,
        own: OwnEffects::new(),
        session: SessionState::Unobserved,
        latency: Duration::from_millis(1),
        reads: Vec::new(),
        rules: None,
    }
}

/// That many different requests that both sides answered alike.
fn evidence(reloader: &Reloader, fingerprint: &str, n: usize) {
    std::fs::create_dir_all(reloader.state()).unwrap();
    let key = RedactionKey::new([1; 32]);
    let store = Store::open(&reloader.state().join(EVIDENCE), &key, Limits::default()).unwrap();
    let policy = Arc::new(Policy::default());
    for at in 0..n {
        let target = format!("/a?x={at}").into();
        let body = Body::from("");
        let experiment = Experiment {
            id: ExperimentId(at as u128),
            route: "a".to_owned(),
            at: Timestamp::now(),
            request: RecordedRequest {
                method: "GET".to_owned(),
                target,
                fields: Fields::new(),
                body,
                params: Vec::new(),
            },
            control: side(Who::Legacy { version: Some("1".to_owned()) }),
            again: None,
            candidate: side(Who::Native { fingerprint: fingerprint.to_owned() }),
        };
        let judgement = judge(&experiment, &policy);
        store.recorder().record(experiment, judgement, &policy);
    }
}

fn entries(reloader: &Started) -> Vec<Entry> {
    reloader.gate().ledger().read().unwrap().unwrap()
}

fn why(reloader: &Started) -> String {
    let generation = reloader.shared.load();
    generation.route("a").unwrap().overridden.as_ref().map_or_else(String::new, ToString::to_string)
}

#[test]
fn a_raise_whose_gate_is_shut_leaves_the_route_where_it_was_and_applies_the_rest() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    let other = "[[route]]\nname = 'b'\nmatch = 'GET /b'\nnative = 'list'\nstage = 'native'\n";
    world.write(&gated(Stage::Native, other));
    assert!(reloader.reload().unwrap().changed);
    assert_eq!(stage(&reloader), Stage::Shadow);
    assert!(why(&reloader).contains("the gate to native is shut"), "{}", why(&reloader));
    assert_eq!(reloader.shared.load().route("b").unwrap().stage, Stage::Native, "it has no gate");
    assert_eq!(stage(&world.start().unwrap()), Stage::Shadow, "a restart is no way around it");
}

#[test]
fn a_raise_whose_gate_is_open_applies_with_its_evidence_frozen_and_is_not_asked_again() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    evidence(&reloader, "f1", 40);
    reloader.gate().forget();
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Native, "what was shut is asked again: {}", why(&reloader));
    let entries = entries(&reloader);
    let last = &entries.last().unwrap().moved;
    assert_eq!((last.from, last.to, last.who.as_str()), (Some(Stage::Shadow), Stage::Native, "gate"));
    assert_eq!(last.evidence.as_ref().unwrap().samples, 40);
    std::fs::remove_file(reloader.state().join(EVIDENCE)).unwrap();
    let again = world.start().unwrap();
    assert_eq!((stage(&again), why(&again).as_str()), (Stage::Native, ""));
    assert_eq!(super::tests::entries(&again).len(), entries.len(), "a restart is no move");
}

#[test]
fn evidence_of_another_handler_opens_nothing() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    evidence(&reloader, "f0", 40);
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Shadow);
}

#[test]
fn force_needs_a_reason_and_the_ledger_keeps_it() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    world.write(&gated(Stage::Native, "force = ' '\n"));
    assert!(reloader.reload().is_err());
    world.write(&gated(Stage::Native, "force = 'the old server is on fire'\n"));
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Native);
    let entries = entries(&reloader);
    let last = &entries.last().unwrap().moved;
    assert_eq!(
        (last.who.as_str(), last.why.as_str()),
        ("force in the file", "forced: the old server is on fire")
    );
    assert!(last.evidence.as_ref().is_some_and(|said| !said.open), "what the gate said is kept, too");
}

#[test]
fn what_was_lowered_is_asked_again() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    evidence(&reloader, "f1", 40);
    for (file, is) in [(Stage::Native, Stage::Native), (Stage::Canary, Stage::Canary)] {
        world.write(&gated(file, ""));
        reloader.reload().unwrap();
        assert_eq!(stage(&reloader), is);
    }
    std::fs::remove_file(reloader.state().join(EVIDENCE)).unwrap();
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Canary);
}

#[test]
fn a_gate_that_is_added_to_a_native_route_does_not_move_it() {
    let world = World::new(&at(Stage::Native));
    let reloader = world.start().unwrap();
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Native);

    let world = World::new(&at(Stage::Native));
    drop(world.start().unwrap());
    world.write(&gated(Stage::Native, ""));
    assert_eq!(stage(&world.start().unwrap()), Stage::Native, "the ledger knows where it was");
}

#[test]
fn a_route_that_is_first_seen_native_is_not_native_before_its_gate_says_so() {
    let world = World::new(&gated(Stage::Native, ""));
    let reloader = world.start().unwrap();
    assert_eq!(stage(&reloader), Stage::Shadow);
}

#[test]
fn what_a_changed_handler_does_to_a_native_route_says_on_change() {
    for (on_change, expected) in
        [("keep", Stage::Native), ("canary", Stage::Canary), ("shadow", Stage::Shadow)]
    {
        let text =
            |stage| gated(stage, "").replace("samples", &format!("on_change = '{on_change}', samples"));
        let world = World::new(&text(Stage::Shadow));
        let reloader = world.start().unwrap();
        evidence(&reloader, "f1", 40);
        world.write(&text(Stage::Native));
        reloader.reload().unwrap();
        assert_eq!(stage(&reloader), Stage::Native);
        let changed = world.start_as("f2").unwrap();
        assert_eq!(stage(&changed), expected, "{on_change}");
        assert!(why(&changed).contains("has changed"), "{}", why(&changed));
        let verify = changed.shared.load().route("a").unwrap().verify.get();
        assert_eq!(verify, 0.1, "more of it is compared");
        evidence(&changed, "f2", 40);
        changed.gate().forget();
        changed.reload().unwrap();
        assert_eq!((stage(&changed), why(&changed).as_str()), (Stage::Native, ""));
    }
}

#[test]
fn a_route_that_was_taken_back_has_to_meet_its_gate_again() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    evidence(&reloader, "f1", 40);
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    std::fs::remove_file(reloader.state().join(EVIDENCE)).unwrap();
    reloader.gate().taken_back("a", Stage::Shadow);
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Shadow);
}

#[test]
fn a_route_that_is_kept_back_is_granted_nothing_before_its_override_ends() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    evidence(&reloader, "f1", 40);
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    reloader.take_back("a", StageOverride { stage: Stage::Shadow, note: note("ann", "looks odd") }).unwrap();
    reloader.gate().forget();
    reloader.reload().unwrap();
    let last = || entries(&reloader).pop().unwrap().moved;
    assert_eq!(
        (last().to, last().why.as_str()),
        (Stage::Shadow, "looks odd"),
        "its gate is open, but it did not move"
    );
    // Another process may have ended it, without a word to the gate.
    OverrideStore::new(reloader.state().to_owned()).clear_stage("a").unwrap();
    reloader.reload().unwrap();
    assert_eq!((stage(&reloader), last().why.as_str()), (Stage::Native, "the gate is open"));
}

#[test]
fn a_grant_that_cannot_be_kept_is_none() {
    let world = World::new(&gated(Stage::Shadow, ""));
    let reloader = world.start().unwrap();
    evidence(&reloader, "f1", 40);
    std::fs::remove_file(reloader.state().join("grants.json")).unwrap();
    std::fs::create_dir(reloader.state().join("grants.json")).unwrap();
    world.write(&gated(Stage::Native, ""));
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Shadow);
}
