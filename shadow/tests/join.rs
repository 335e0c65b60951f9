//! The join: what legacy sent finds its experiment, within bounds, and a tap that lags is no mismatch.

mod world;

use std::sync::Arc;
use std::time::Duration;

use handover_shadow::{
    Class, EffectRecord, Effects, Experiment, Join, JoinLimits, Joined, Origin, Outcome, Policy,
    Unattributed, judge,
};
use jiff::Timestamp;
use serde_json::json;
use world::*;

const WINDOW: f64 = 5.02;

/// Seconds after the experiment's request.
fn at(seconds: f64) -> Timestamp {
    let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    start + Duration::from_secs_f64(seconds)
}

fn waiting(id: u128, flight: &str) -> Experiment {
    let body = format!(r#"{{"id":"{flight}"}}"#);
    let mut experiment = pair(id, &body, &body);
    experiment.control.effects = Effects::Pending;
    experiment.candidate.effects = Effects::Known(vec![of(flight)]);
    experiment
}

fn of(flight: &str) -> EffectRecord {
    record("t", "k", format!(r#"{{"id":"{flight}","n":1}}"#))
}

fn expect(join: &mut Join, experiment: Experiment) -> Option<Joined> {
    join.expect(experiment, Arc::new(tapping()))
}

fn class(joined: &Joined) -> Class {
    judge(&joined.experiment, &joined.policy).verdict.class()
}

fn reason(joined: &Joined) -> String {
    match &joined.experiment.control.effects {
        Effects::NotComparable(reason) => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_find_their_experiment_whichever_comes_first() {
    let mut join = Join::new(JoinLimits::default());
    join.record(of("early"), Origin::Legacy, at(0.0));
    assert!(expect(&mut join, waiting(1, "early")).is_none());
    assert!(expect(&mut join, waiting(2, "late")).is_none());
    join.record(of("late"), Origin::Legacy, at(1.0));
    join.caught_up("t", at(WINDOW - 0.01));
    assert!(join.tick(at(6.0)).is_empty(), "more may come until the window ends");
    join.caught_up("t", at(WINDOW));
    let done = join.tick(at(6.0));
    assert_eq!(done.iter().map(class).collect::<Vec<_>>(), [Class::Matched, Class::Matched]);
    assert_eq!((join.waiting(), join.take_unattributed().len()), (0, 0));
}

#[test]
fn legacys_silence_and_its_doubled_records_are_mismatches() {
    let mut join = Join::new(JoinLimits::default());
    expect(&mut join, waiting(1, "silent"));
    expect(&mut join, waiting(2, "double"));
    join.record(of("double"), Origin::Legacy, at(1.0));
    join.record(of("double"), Origin::Legacy, at(2.0));
    join.caught_up("t", at(WINDOW));
    let done = join.tick(at(6.0));
    assert_eq!(done[0].experiment.control.effects, Effects::Known(Vec::new()));
    assert_eq!(done.iter().map(class).collect::<Vec<_>>(), [Class::Mismatched, Class::Mismatched]);
}

#[test]
fn a_tap_that_lags_or_lost_its_place_is_not_comparable() {
    let mut join = Join::new(JoinLimits { patience: Duration::from_secs(60), ..JoinLimits::default() });
    expect(&mut join, waiting(1, "a"));
    assert!(join.tick(at(WINDOW + 59.9)).is_empty());
    let done = join.tick(at(WINDOW + 60.0));
    assert_eq!(
        (reason(&done[0]).as_str(), class(&done[0])),
        ("the tap of `t` did not keep up", Class::NotComparable)
    );

    expect(&mut join, waiting(2, "b"));
    join.gap("t", at(1.0));
    assert_eq!(reason(&join.tick(at(2.0))[0]), "the tap of `t` lost its place");
    let mut later = waiting(3, "c");
    later.at = at(1.1);
    assert!(expect(&mut join, later).is_none());
    assert!(join.tick(at(2.0)).is_empty(), "what was asked after the gap is not touched by it");
}

#[test]
fn records_that_no_request_explains_are_counted() {
    let mut join = Join::new(JoinLimits { hold: Duration::from_secs(30), ..JoinLimits::default() });
    expect(&mut join, waiting(1, "a"));
    join.record(of("a"), Origin::Legacy, at(0.1));
    join.record(of("cron"), Origin::Legacy, at(0.1));
    join.record(record("t", "k", "not json"), Origin::Legacy, at(0.1));
    join.record(of("ours"), Origin::Native, at(0.1));
    join.tick(at(30.0));
    assert!(join.take_unattributed().is_empty());
    join.tick(at(30.2));
    let of_route = |count| Unattributed { route: "create".to_owned(), topic: "t".to_owned(), count };
    assert_eq!(join.take_unattributed(), [of_route(2)]);
    assert!(join.take_unattributed().is_empty(), "each is counted once");
    assert_eq!(join.native(), 1);
}

#[test]
fn what_needs_no_waiting_comes_back_at_once() {
    let mut join = Join::new(JoinLimits::default());
    let refused = || Outcome::Answered(json_answer(422, r#"{"errors":[]}"#));
    let mut refusal = experiment(1, refused(), refused());
    refusal.control.effects = Effects::Pending;
    let joined = expect(&mut join, refusal).unwrap();
    assert_eq!(
        (&joined.experiment.control.effects, class(&joined)),
        (&Effects::Known(Vec::new()), Class::Matched)
    );

    let mut without_id = pair(2, "{}", "{}");
    without_id.control.effects = Effects::Pending;
    let joined = expect(&mut join, without_id).unwrap();
    assert!(reason(&joined).contains("nothing at `/id`"), "a success without its id can't be joined");

    let mut untapped = waiting(3, "a");
    untapped.candidate.effects = Effects::Known(Vec::new());
    let joined = join.expect(untapped, Arc::new(Policy::default())).unwrap();
    assert_eq!(class(&joined), Class::Matched);
    assert!(expect(&mut join, pair(4, "{}", "{}")).is_some(), "nothing is pending");
    assert_eq!(join.waiting(), 0);
}

#[test]
fn two_requests_that_claim_the_same_records_are_not_comparable() {
    let mut join = Join::new(JoinLimits::default());
    expect(&mut join, waiting(1, "same"));
    expect(&mut join, waiting(2, "same"));
    join.record(of("same"), Origin::Legacy, at(1.0));
    join.caught_up("t", at(WINDOW));
    let done = join.tick(at(6.0));
    assert_eq!(done.len(), 2);
    assert!(done.iter().all(|joined| reason(joined).contains("claim the same records")));
}

#[test]
fn every_bound_fails_closed() {
    let mut join = Join::new(JoinLimits { waiting: 1, records: 2, effects: 2, ..JoinLimits::default() });
    assert!(expect(&mut join, waiting(1, "a")).is_none());
    let joined = expect(&mut join, waiting(2, "b")).unwrap();
    assert!(reason(&joined).contains("too many experiments"));
    for _ in 0..3 {
        join.record(of("a"), Origin::Legacy, at(0.5));
    }
    join.caught_up("t", at(WINDOW));
    assert!(reason(&join.tick(at(6.0))[0]).contains("more records than one"));

    for n in 0..3 {
        join.record(of(&format!("n{n}")), Origin::Legacy, at(0.5));
    }
    assert_eq!(join.take_unattributed()[0].count, 1, "the oldest went");
    expect(&mut join, waiting(3, "n0"));
    assert_eq!(
        reason(&join.tick(at(6.0))[0]),
        "the tap of `t` lost its place",
        "its record may have been that one"
    );
}

#[test]
fn records_are_found_by_key_header_or_pointer() {
    let answer = r#"{"id":"7"}"#;
    let mut by_header = record("t", "k", "1");
    by_header.headers.push(("Event-Id".to_owned(), "7".into()));
    for (correlate, record) in [
        (json!({ "record": "key", "answer": "json:/id" }), record("t", "7", "1")),
        (json!({ "record": "header:event-id", "answer": "json:/id" }), by_header),
        (json!({ "record": "json:/a/0", "answer": "json:/id" }), record("t", "k", r#"{"a":[7]}"#)),
        (json!({ "record": "key", "request": "header:Host" }), record("t", "h", "1")),
    ] {
        let policy = Arc::new(policy(json!({ "effects": [{ "topic": "t", "correlate": correlate }] })));
        let mut experiment = pair(1, answer, answer);
        experiment.control.effects = Effects::Pending;
        experiment.candidate.effects = Effects::Known(vec![record.clone()]);
        let mut join = Join::new(JoinLimits::default());
        join.record(record, Origin::Legacy, at(0.0));
        assert!(join.expect(experiment, policy).is_none());
        join.caught_up("t", at(WINDOW));
        assert_eq!(class(&join.tick(at(6.0))[0]), Class::Matched, "{correlate}");
    }
}

#[test]
fn at_the_end_of_the_process_what_waits_is_pending() {
    let mut join = Join::new(JoinLimits::default());
    expect(&mut join, waiting(1, "a"));
    assert_eq!(join.drain().iter().map(class).collect::<Vec<_>>(), [Class::Pending]);
    assert_eq!(join.waiting(), 0);
}

#[test]
fn a_record_that_nobody_can_read_makes_its_experiment_not_comparable() {
    let mut join = Join::new(JoinLimits::default());
    assert!(expect(&mut join, waiting(1, "broken")).is_none());
    let why = "a record in `t` cannot be read: it ends within the registry's frame";
    let broken = EffectRecord { unreadable: Some(why.to_owned()), ..of("broken") };
    join.record(broken, Origin::Legacy, at(1.0));
    join.caught_up("t", at(WINDOW));
    let joined = join.tick(at(6.0)).remove(0);
    assert_eq!((class(&joined), reason(&joined)), (Class::NotComparable, why.to_owned()));
}
