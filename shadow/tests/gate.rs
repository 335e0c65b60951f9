//! The gate: shut by silence, by repetition, by change; open when everything it asks for is there.

mod world;

use std::sync::Arc;

use handover_api::{Own, RuleOutcome, RuleRun};
use handover_shadow::{
    Decider, EffectRecord, Effects, Estimate, Gate, Loss, NeedState, Of, Other, Outcome, Rehearsed, State,
    Store, Verb, Who,
};
use serde_json::json;
use world::gated::*;
use world::*;

#[test]
fn it_opens_when_everything_is_there() {
    let mut world = World::new();
    world.matches(60);
    let said = world.ask(&gate(json!({})));
    assert_eq!(shut_by(&said), [""; 0], "{said:#?}");
    assert!(said.open && said.estimate == Estimate::Open && said.bound < 0.1);
    assert_eq!((said.samples, said.mismatches), (60, 0));
}

#[test]
fn it_stays_shut_without_traffic() {
    let world = World::new();
    let said = world.ask(&gate(json!({})));
    assert_eq!((shut_by(&said), said.needs[0].state), (vec!["evidence"], NeedState::Unmeasurable));
    assert!(matches!(said.estimate, Estimate::Unknown(_)));
}

#[test]
fn it_stays_shut_with_too_few_samples_and_says_when_it_would_open() {
    let mut world = World::new();
    for at in 0..10 {
        let mut experiment = asking(at, pair(0, "{}", "{}"));
        experiment.at = experiment.at.checked_add(jiff::SignedDuration::from_mins(at as i64)).unwrap();
        world.put(experiment);
    }
    let said = world.ask(&gate(json!({ "samples": 20, "age": "2h" })));
    assert_eq!(shut_by(&said), ["samples", "age", "mismatches"]);
    // Ten different requests in the hour since the first; about 33 are needed in all.
    let Estimate::In(seconds) = said.estimate else { panic!("{said:?}") };
    assert!((7_500..9_500).contains(&seconds), "{seconds}");
}

#[test]
fn one_request_repeated_a_hundred_thousand_times_counts_once() {
    let mut world = World::new();
    (0..100_000).for_each(|_| world.put(pair(0, "{}", "{}")));
    let said = world.ask(&gate(json!({})));
    assert_eq!((said.counted, shut_by(&said)), (1, vec!["mismatches"]));
    assert!(said.samples >= 99_000, "{}", said.samples);
    for per_shape in [5, 500] {
        let never = world.ask(&gate(json!({ "per_shape": per_shape }))).estimate;
        assert!(matches!(&never, Estimate::Unknown(why) if why.contains("`repeats`")), "{never:?}");
    }
    let how = |gate: &Gate| world.ask(gate).needs.into_iter().find_map(|need| need.how).unwrap();
    assert!(
        how(&gate(json!({})))
            .contains("more different requests; one shape counts 50 times at most, a request once")
    );
    let alike = world.ask(&gate(json!({ "repeats": "there is no input" })));
    assert!(alike.open, "{alike:#?}");
    let strict = gate(json!({ "repeats": "there is no input", "mismatches": 0.000_001 }));
    assert!(how(&strict).ends_with(" more requests"), "any will do: {}", how(&strict));
}

#[test]
fn one_shape_counts_so_often_at_most() {
    let mut world = World::new();
    world.matches(300);
    let said = world.ask(&gate(json!({ "per_shape": 20 })));
    assert_eq!((said.counted, shut_by(&said)), (20, vec!["mismatches"]));
}

#[test]
fn a_mismatch_counts_however_often_its_request_came_before() {
    let mut world = World::new();
    world.matches(300);
    (0..30).for_each(|_| world.put(asking(1, pair(0, r#"{"a":1}"#, r#"{"a":2}"#))));
    let said = world.ask(&gate(json!({})));
    assert_eq!((said.counted, said.mismatches), (50, 30));
    assert_eq!(shut_by(&said), ["mismatches", "clusters"]);
}

#[test]
fn it_stays_shut_when_native_declines_everything() {
    let mut world = World::new();
    (0..100).for_each(|at| {
        world.put(asking(at, experiment(0, answered("{}"), Outcome::Declined("not mine".to_owned()))));
    });
    let said = world.ask(&gate(json!({})));
    let shut = shut_by(&said);
    assert!(
        ["samples", "mismatches", "declined", "statuses"].iter().all(|what| shut.contains(what)),
        "{shut:?}"
    );
}

#[test]
fn it_stays_shut_when_native_emits_nothing() {
    let mut world = World::with(tapping());
    for at in 0..100 {
        let mut experiment = asking(at, pair(0, "{}", "{}"));
        experiment.control.effects = Effects::Known(vec![record("t", "k", "{}")]);
        experiment.candidate.effects = Effects::Known(Vec::new());
        world.put(experiment);
    }
    let said = world.ask(&gate(json!({ "waive": {} })));
    assert_eq!(shut_by(&said), ["mismatches", "clusters"], "a lost effect is a mismatch, never silence");
}

#[test]
fn it_stays_shut_when_nobody_looks_at_effects_or_none_was_seen() {
    let mut world = World::new();
    world.matches(60);
    let said = world.ask(&gate(json!({ "waive": {} })));
    let effects = said.needs.iter().find(|need| need.what == "effects").unwrap();
    assert_eq!((shut_by(&said), effects.state), (vec!["effects"], NeedState::Unmeasurable));

    let mut world = World::with(tapping());
    for at in 0..60 {
        let mut experiment = asking(at, pair(0, "{}", "{}"));
        experiment.control.effects = Effects::Known(Vec::new());
        world.put(experiment);
    }
    assert_eq!(shut_by(&world.ask(&gate(json!({ "waive": {} })))), ["effects"]);
}

#[test]
fn a_kind_of_the_application_s_own_that_is_observed_must_have_been_compared() {
    let mut world = World::with(policy(json!({ "observe": ["reports"] })));
    let with = |at: usize, effects: &[Own]| {
        let mut experiment = asking(at, pair(0, "{}", "{}"));
        let effects = Effects::Known(effects.iter().map(EffectRecord::from).collect());
        for side in [&mut experiment.control, &mut experiment.candidate] {
            side.own.insert("reports".to_owned(), effects.clone());
        }
        experiment
    };
    (0..60).for_each(|at| world.put(with(at, &[])));
    let said = world.ask(&gate(json!({ "waive": {} })));
    let effects = said.needs.iter().find(|need| need.what == "effects").unwrap();
    assert_eq!(shut_by(&said), ["effects"]);
    assert!(effects.found.contains("own:reports"), "{}", effects.found);
    world.put(with(60, &[Own::new("reports", "{}")]));
    // What of records nobody explains is not outweighed by what is no record.
    world.store.recorder().lost("create", Loss::Unattributed, "t", 1);
    assert_eq!(shut_by(&world.ask(&gate(json!({ "waive": {} })))), ["unattributed"]);
}

#[test]
fn it_stays_shut_while_a_status_or_a_type_was_never_compared() {
    let mut world = World::new();
    world.matches(60);
    let refused = Outcome::Answered(answer(422, &[("Content-Type", "text/csv")], ""));
    world.put(experiment(0, refused, Outcome::Declined("csv".to_owned())));
    let said = world.ask(&gate(json!({ "statuses": ["2xx", "5xx"] })));
    assert_eq!(shut_by(&said), ["statuses", "types"]);
    let waive = json!({ "4xx": "x", "5xx": "y", "text/csv": "z", "effects": "e" });
    assert!(world.ask(&gate(json!({ "statuses": ["2xx", "5xx"], "waive": waive }))).open);
}

#[test]
fn it_stays_shut_while_a_rule_did_not_come_out_both_ways() {
    let mut world = World::new();
    let names: Arc<[Arc<str>]> = ["carrier", "tail"].map(Arc::from).into();
    let with = |world: &mut World, at: usize, broken: [bool; 2]| {
        let mut experiment = asking(at, pair(0, "{}", "{}"));
        let outcomes = broken.map(|broken| RuleOutcome { held: !broken, broken }).into();
        experiment.candidate.rules = Some(RuleRun { names: Arc::clone(&names), outcomes });
        world.put(experiment);
    };
    (0..60).for_each(|at| with(&mut world, at, [at == 3, false]));
    let said = world.ask(&gate(json!({})));
    let rules = said.needs.iter().find(|need| need.what == "rules").unwrap();
    assert_eq!(shut_by(&said), ["rules"]);
    assert!(
        rules.found.contains("tail (never broken)") && !rules.found.contains("carrier"),
        "{}",
        rules.found
    );
    with(&mut world, 61, [false, true]);
    assert!(world.ask(&gate(json!({}))).open);
}

#[test]
fn each_other_class_has_a_largest_share() {
    let mut world = World::new();
    world.matches(60);
    (0..7).for_each(|_| {
        let mut unknown = pair(0, "{}", "{}");
        unknown.candidate.effects = Effects::NotComparable("read late".to_owned());
        world.put(unknown);
    });
    world.store.recorder().lost("create", Loss::Dropped, "budget", 30);
    world.store.recorder().lost("create", Loss::Unattributed, "t", 5);
    let shut = world.ask(&gate(json!({})));
    assert_eq!(shut_by(&shut), ["dropped", "not-comparable", "unattributed"]);
    let wide = json!({ "dropped": 0.5, "not_comparable": 0.5, "unattributed": 1.0 });
    assert!(world.ask(&gate(wide)).open);
}

#[test]
fn a_changed_handler_and_a_changed_legacy_begin_anew() {
    let mut world = World::new();
    world.matches(60);
    assert!(world.ask(&gate(json!({}))).open);
    assert_eq!(shut_by(&world.ask_for(&gate(json!({})), "f2")), ["evidence"]);
    let mut newer = asking(1, pair(0, "{}", "{}"));
    newer.control.who = Who::Legacy { version: Some("7.1".to_owned()) };
    newer.at = newer.at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    world.put(newer);
    let said = world.ask(&gate(json!({})));
    assert_eq!((shut_by(&said), said.samples), (vec!["samples", "mismatches"], 1));
}

#[test]
fn a_cluster_is_decided_once_and_what_it_covers_is_derived() {
    let mut world = World::new();
    world.matches(120);
    let gate = |_| gate(json!({ "per_shape": 500 }));
    (0..5).for_each(|at| world.put(asking(100 + at, pair(0, r#"{"took":1}"#, r#"{"took":"2"}"#))));
    let said = world.ask(&gate(()));
    assert_eq!((shut_by(&said), said.mismatches), (vec!["mismatches", "clusters"], 5));

    let cluster = world.clusters()[0].id;
    let mut decider = Decider::open(&world.path).unwrap();
    decider.decide(cluster, &Verb::Accept, "ann", "a measurement").unwrap();
    let said = world.ask(&gate(()));
    assert!(said.open && said.mismatches == 0, "{said:#?}");
    let after = world.standing().parity;
    assert_eq!((after.mismatched, after.ignored), (0, 5));
    assert_eq!(after.ignored_by_rule.into_iter().collect::<Vec<_>>(), [("accepted #1".to_owned(), 5)]);
    assert_eq!(world.clusters()[0].state, State::Accepted);

    world.put(asking(200, pair(0, r#"{"took":1}"#, r#"{"took":null}"#)));
    let said = world.ask(&gate(()));
    assert_eq!((shut_by(&said), said.mismatches), (vec!["clusters"], 1), "a new shape is a new cluster");
    decider.decide(cluster, &Verb::Ignore { kind: None }, "bob", "nobody reads it").unwrap();
    assert!(world.ask(&gate(())).open, "a rule covers its place in every shape");

    decider.undo(cluster, "cid").unwrap();
    decider.undo(cluster, "cid").unwrap();
    assert_eq!(world.ask(&gate(())).mismatches, 6);
    let history = Store::read(&world.path).unwrap().unwrap().decisions(cluster).unwrap();
    assert_eq!(history.iter().map(|d| d.who.as_str()).collect::<Vec<_>>(), ["bob", "ann"]);
    assert!(history.iter().all(|decision| decision.undone.as_ref().is_some_and(|(who, _)| who == "cid")));
}

#[test]
fn a_decision_has_an_author_and_a_reason_and_cannot_hide_a_failure() {
    let mut world = World::new();
    world.put(experiment(0, answered("{}"), Outcome::TimedOut));
    world.put(pair(0, r#"{"a":1}"#, r#"{"a":2}"#));
    world.store.recorder().flush();
    let reader = Store::read(&world.path).unwrap().unwrap();
    let clusters = reader.parity("create").unwrap().unwrap().clusters;
    let mut decider = Decider::open(&world.path).unwrap();
    let mut refused = |cluster: i64, verb: Verb, who: &str, why: &str| {
        decider.decide(cluster, &verb, who, why).map(drop).unwrap_err().to_string()
    };
    assert!(refused(clusters[0].id, Verb::Accept, "ann", "slow").contains("always a mismatch"));
    assert!(refused(clusters[1].id, Verb::Accept, "ann", " ").contains("reason"));
    assert!(refused(clusters[1].id, Verb::Accept, "", "why").contains("name"));
    assert!(refused(999, Verb::Accept, "ann", "why").contains("no cluster 999"));
    decider.decide(clusters[0].id, &Verb::Bug, "ann", "hangs on empty lists").unwrap();
    decider.decide(clusters[0].id, &Verb::Comment, "bob", "also seen in May").unwrap();
    assert!(decider.undo(clusters[1].id, "ann").unwrap_err().to_string().contains("no decision to undo"));
    let clusters = reader.parity("create").unwrap().unwrap().clusters;
    assert_eq!((clusters[0].state, clusters[1].state), (State::Bug, State::Unreviewed));
}

#[test]
fn a_decision_outlives_the_evidence_that_it_was_made_on() {
    let mut world = World::new();
    world.put(asking(1, pair(0, r#"{"took":1}"#, r#"{"took":"2"}"#)));
    world.store.recorder().flush();
    let cluster =
        Store::read(&world.path).unwrap().unwrap().parity("create").unwrap().unwrap().clusters[0].id;
    Decider::open(&world.path).unwrap().decide(cluster, &Verb::Accept, "ann", "a measurement").unwrap();
    let mut newer = asking(1, pair(0, r#"{"took":1}"#, r#"{"took":"2"}"#));
    newer.candidate.who = Who::Native { fingerprint: "f2".to_owned() };
    world.put(newer);
    let said = world.ask_for(&gate(json!({ "ignored": 1.0 })), "f2");
    assert_eq!((said.samples, said.mismatches), (1, 0));
}

fn others(legacy: &str, seen: &[(&str, bool)]) -> Rehearsed {
    let other = |(what, compared): &(&str, bool)| Other { what: (*what).to_owned(), compared: *compared };
    let of = Of { legacy: Some(legacy.to_owned()), seen: seen.iter().map(other).collect() };
    Rehearsed { others: Some(of), ..Rehearsed::default() }
}

#[test]
fn what_legacy_does_beside_answering_is_compared_or_waived_or_keeps_it_shut() {
    let mut world = World::new();
    world.matches(60);
    let legacy = world.ask(&gate(json!({}))).evidence.unwrap().legacy;
    world.rehearsed = others(&legacy, &[("talks kafka", true), ("starts /usr/sbin/sendmail", false)]);
    let said = world.ask(&gate(json!({})));
    assert_eq!(shut_by(&said), ["other-effects"]);
    assert!(said.missing().contains("starts /usr/sbin/sendmail"), "{}", said.missing());
    let waive = json!({ "effects": "it only reads", "starts */sendmail": "the new service mails" });
    assert!(world.ask(&gate(json!({ "waive": waive }))).open);
    world.rehearsed = others("another", &[]);
    assert_eq!(shut_by(&world.ask(&gate(json!({})))), ["other-effects"], "another legacy was looked at");
}

#[test]
fn a_critical_route_asks_somebody_to_look_at_what_else_legacy_does() {
    let mut world = World::new();
    world.matches(60);
    let figures = json!({ "profile": "critical", "confidence": 0.95 });
    let shut = |world: &World| {
        world
            .ask(&gate(figures.clone()))
            .needs
            .iter()
            .any(|need| need.what == "other-effects" && need.state == NeedState::Unmeasurable)
    };
    assert!(shut(&world));
    let legacy = world.ask(&gate(json!({}))).evidence.unwrap().legacy;
    world.rehearsed = others(&legacy, &[]);
    assert!(!shut(&world));
}

#[test]
fn lines_of_legacy_that_nothing_has_reached_keep_it_shut_where_the_gate_names_their_source() {
    let mut world = World::new();
    world.matches(60);
    let named = |waive: serde_json::Value| gate(json!({ "lines": ["rules/*"], "waive": waive }));
    let waive = json!({ "effects": "it only reads" });
    assert_eq!(shut_by(&world.ask(&named(waive.clone()))), ["lines"], "nobody has looked");
    let legacy = world.ask(&gate(json!({}))).evidence.unwrap().legacy;
    let mut look = |seen: &[(&str, &[u32])]| {
        let seen = seen.iter().map(|(source, lines)| ((*source).to_owned(), lines.to_vec())).collect();
        world.rehearsed.unreached = Some(Of { legacy: Some(legacy.clone()), seen });
        world.ask(&named(waive.clone()))
    };
    assert!(look(&[("rules/a.php", &[]), ("index.php", &[7])]).open);
    let said = look(&[("rules/a.php", &[3, 9])]);
    assert!(said.missing().contains("rules/a.php:3, rules/a.php:9"), "{}", said.missing());
    assert_eq!(shut_by(&look(&[("index.php", &[])])), ["lines"], "there is no such source");
    look(&[("rules/a.php", &[3, 9])]);
    let waived = json!({ "effects": "it only reads", "line:rules/a.php:*": "a debug switch" });
    assert!(world.ask(&named(waived)).open);
}
