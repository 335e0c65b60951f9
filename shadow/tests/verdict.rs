//! The judge: each outcome gets its verdict, rules and matchers set aside what they name and nothing else.

mod world;

use handover_api::Own;
use handover_shadow::{
    Answer, Body, Class, EffectRecord, Effects, EvidenceKey, Experiment, Kind, MAX_DIFFERENCES, Outcome,
    Policy, RedactionKey, Redactor, Sent, SessionState, Side, Verdict, Who, judge,
};
use serde_json::json;
use world::*;

fn class(experiment: &Experiment, policy: &Policy) -> Class {
    judge(experiment, policy).verdict.class()
}

fn verify(control: Outcome, candidate: Outcome) -> Experiment {
    let mut experiment = experiment(1, answered(""), answered(""));
    (experiment.control, experiment.candidate) = (native(control), legacy(candidate));
    experiment
}

#[test]
fn an_answer_that_is_missing_counts_against_the_side_on_trial() {
    let failed = || Outcome::Failed("a panic".to_owned());
    let declined = || Outcome::Declined("not json".to_owned());
    let ok = || answered("{}");
    for (experiment, expected) in [
        (experiment(1, ok(), ok()), Class::Matched),
        (experiment(1, ok(), failed()), Class::Mismatched),
        (experiment(1, ok(), Outcome::TimedOut), Class::Mismatched),
        (experiment(1, failed(), ok()), Class::NotComparable),
        (experiment(1, failed(), failed()), Class::NotComparable),
        (experiment(1, ok(), declined()), Class::Declined),
        (experiment(1, failed(), declined()), Class::Declined),
        (verify(failed(), ok()), Class::Mismatched),
        (verify(ok(), failed()), Class::NotComparable),
        (verify(declined(), ok()), Class::Declined),
    ] {
        assert_eq!(class(&experiment, &Policy::default()), expected, "{experiment:?}");
    }
}

#[test]
fn a_session_is_compared_here_and_by_whoever_it_is_sent_to() {
    let known = |json: &str| SessionState::Known(json.to_owned().into());
    let unknown = || SessionState::NotComparable("another request was under way".to_owned());
    for (control, candidate, expected) in [
        (known(r#"{"visits":1}"#), known(r#"{"visits":1}"#), Class::Matched),
        (known(r#"{"visits":1}"#), known(r#"{"visits":2}"#), Class::Mismatched),
        (known(r#"{"csrf":"abc123"}"#), known(r#"{"csrf":"abc124"}"#), Class::Mismatched),
        (known("{}"), unknown(), Class::NotComparable),
        (known("{}"), SessionState::Unobserved, Class::NotComparable),
        (SessionState::Unobserved, SessionState::Unobserved, Class::Matched),
    ] {
        let mut experiment = pair(1, "{}", "{}");
        (experiment.control.session, experiment.candidate.session) = (control, candidate);
        let redactor = Redactor::new(&RedactionKey::new([7; 32]));
        let sent = Sent::of(&experiment, &redactor).encode().unwrap();
        let Sent::Experiment(come) = Sent::decode(&sent).unwrap() else { panic!("it is an experiment") };
        let come = come.experiment().unwrap();
        let policy = Policy::default();
        assert_eq!(
            (class(&experiment, &policy), class(&come, &policy)),
            (expected, expected),
            "{experiment:?}"
        );
    }
}

#[test]
fn two_legacies_are_compared_with_the_candidate_on_trial() {
    let mut pair = experiment(1, answered("{}"), Outcome::TimedOut);
    pair.candidate.who = Who::Legacy { version: Some("8.2".to_owned()) };
    assert_eq!(class(&pair, &Policy::default()), Class::Mismatched);
}

#[test]
fn evidence_needs_to_know_which_legacy_it_was() {
    let mut pair = pair(1, "{}", "[]");
    pair.control.who = Who::Legacy { version: None };
    assert_eq!(class(&pair, &Policy::default()), Class::NotComparable);
}

#[test]
fn a_candidate_that_has_said_no_version_is_known_by_its_name_and_compared_with_nothing() {
    let pair_of =
        |who: Who| Experiment { candidate: Side { who, ..legacy(answered("{}")) }, ..pair(1, "{}", "{}") };
    let (policy, unknown) = (Policy::default(), pair_of(Who::unknown_candidate("new")));
    assert_eq!(class(&unknown, &policy), Class::NotComparable);
    let key = EvidenceKey::of(&unknown, &policy);
    assert_eq!((key.on_trial.as_str(), key.tried()), ("legacy new unknown", "new"));
    let said = pair_of(Who::Legacy { version: Some("new 2".to_owned()) });
    assert_eq!(class(&said, &policy), Class::Matched);
}

#[test]
fn a_cut_body_is_never_a_match() {
    let cut = |body: &'static str| {
        Outcome::Answered(Answer { body: Body::Cut(body.into()), ..json_answer(200, "") })
    };
    assert_eq!(class(&experiment(1, cut("abc"), cut("abc")), &Policy::default()), Class::NotComparable);
    assert_eq!(class(&experiment(1, cut("abc"), answered("abc")), &Policy::default()), Class::NotComparable);
}

#[test]
fn silence_about_effects_is_never_a_match_where_the_other_side_speaks() {
    let one = || Effects::Known(vec![record("t", "k", "1")]);
    let none = || Effects::Known(Vec::new());
    let unknown = || Effects::NotComparable("read late".to_owned());
    let with = |control: Effects, candidate: Effects, body: &str| {
        let mut pair = pair(1, "{}", body);
        (pair.control.effects, pair.candidate.effects) = (control, candidate);
        class(&pair, &Policy::default())
    };
    for (control, candidate, expected) in [
        (one(), one(), Class::Matched),
        (none(), none(), Class::Matched),
        (one(), none(), Class::Mismatched),
        (none(), one(), Class::Mismatched),
        (Effects::Unobserved, none(), Class::Matched),
        (Effects::Unobserved, one(), Class::NotComparable),
        (Effects::Pending, one(), Class::Pending),
        (unknown(), one(), Class::NotComparable),
    ] {
        assert_eq!(with(control.clone(), candidate.clone(), "{}"), expected, "{control:?} {candidate:?}");
        let differing = with(control.clone(), candidate.clone(), "[]");
        assert_eq!(differing, Class::Mismatched, "what stands, stands whatever else is unknown: {control:?}");
    }
}

/// An effect of the kind `reports`.
fn report(text: &str) -> EffectRecord {
    EffectRecord::from(&Own::new("reports", format!(r#"{{"text":"{text}"}}"#)).key("7"))
}

/// What both sides have of the kind `reports`; `None` where nobody looks.
fn reports(control: Option<Effects>, candidate: Option<Effects>) -> Experiment {
    let mut pair = pair(1, "{}", "{}");
    let of = |effects: Option<Effects>| effects.map(|effects| ("reports".to_owned(), effects));
    (pair.control.own, pair.candidate.own) =
        (of(control).into_iter().collect(), of(candidate).into_iter().collect());
    pair
}

#[test]
fn what_is_of_the_application_s_own_matches_only_where_both_sides_are_seen_alike() {
    let known = |effects: &[EffectRecord]| Some(Effects::Known(effects.to_vec()));
    let (one, two) = (|| known(&[report("late")]), || known(&[report("late"), report("early")]));
    let none = || known(&[]);
    let unknown = || Some(Effects::NotComparable("the row is gone".to_owned()));
    for (control, candidate, expected) in [
        (one(), one(), Class::Matched),
        (none(), none(), Class::Matched),
        (two(), known(&[report("early"), report("late")]), Class::Matched),
        (one(), none(), Class::Mismatched),
        (none(), one(), Class::Mismatched),
        (one(), two(), Class::Mismatched),
        (one(), known(&[report("early")]), Class::Mismatched),
        (None, one(), Class::NotComparable),
        (one(), None, Class::NotComparable),
        (None, none(), Class::Matched),
        (unknown(), none(), Class::NotComparable),
        (unknown(), one(), Class::NotComparable),
    ] {
        let pair = reports(control.clone(), candidate.clone());
        assert_eq!(class(&pair, &Policy::default()), expected, "{control:?} {candidate:?}");
        let waiving = policy(json!({ "unseen_effects": { "reports": "a cron job counts them" } }));
        assert_eq!(class(&pair, &waiving), Class::Matched, "waived: {control:?} {candidate:?}");
        let other = policy(json!({ "unseen_effects": { "mails": "nobody reads them" } }));
        assert_eq!(class(&pair, &other), expected, "{control:?} {candidate:?}");
    }
    let Verdict::Mismatched(differences) =
        judge(&reports(one(), known(&[report("early")])), &Policy::default()).verdict
    else {
        panic!("they differ");
    };
    assert_eq!(differences[0].path.to_string(), "effect:own:reports/text");
    let set_aside =
        json!({ "ignore": [{ "path": "effect:own:reports/text", "author": "ann", "reason": "r" }] });
    assert_eq!(class(&reports(one(), known(&[report("early")])), &policy(set_aside)), Class::Ignored);
}

#[test]
fn what_is_of_the_application_s_own_is_recorded_and_sent_with_its_pair() {
    let pair = reports(
        Some(Effects::Known(vec![report("ann@example.org")])),
        Some(Effects::NotComparable("the row is gone".to_owned())),
    );
    let redactor = Redactor::new(&RedactionKey::new([7; 32]));
    let sent = Sent::of(&pair, &redactor).encode().unwrap();
    let Sent::Experiment(sent) = Sent::decode(&sent).unwrap() else { panic!("an experiment was sent") };
    let came = sent.experiment().unwrap();
    assert_eq!(came.candidate.own, pair.candidate.own);
    let Some(Effects::Known(effects)) = came.control.own.get("reports") else { panic!("{came:?}") };
    let value = String::from_utf8(effects[0].value.clone().unwrap().to_vec()).unwrap();
    assert!(effects[0].topic == "own:reports" && effects[0].key.as_deref() == Some(&b"7"[..]), "{effects:?}");
    assert!(value.contains("@redacted.example") && !value.contains("ann@"), "{value}");
    let stored = redactor.pair(&pair, &judge(&pair, &Policy::default()), &Policy::default());
    let stored = serde_json::to_string(&stored).unwrap();
    assert!(stored.contains(r#""own":{"reports""#) && !stored.contains("ann@example.org"), "{stored}");
}

#[test]
fn a_rule_sets_aside_its_path_and_kind_until_it_expires() {
    let rule = |rule: serde_json::Value| {
        let mut full = json!({ "author": "ann", "reason": "agreed" });
        full.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
        policy(json!({ "ignore": [full] }))
    };
    let pair = pair(1, r#"{"id":1,"n":[{"t":1},{"t":1}]}"#, r#"{"id":1,"n":[{"t":2},{"t":3}]}"#);
    for (rule, expected) in [
        (rule(json!({ "path": "body:/n/*/t" })), Class::Ignored),
        (rule(json!({ "path": "body:/n" })), Class::Ignored),
        (rule(json!({ "path": "body:/n/0/t" })), Class::Mismatched),
        (rule(json!({ "path": "body:/n/*/t", "kind": "value" })), Class::Ignored),
        (rule(json!({ "path": "body:/n/*/t", "kind": "type" })), Class::Mismatched),
        (rule(json!({ "path": "body:/n", "expires": "2026-01-03" })), Class::Ignored),
        (rule(json!({ "path": "body:/n", "expires": "2026-01-02" })), Class::Mismatched),
    ] {
        assert_eq!(class(&pair, &rule), expected, "{:?}", rule);
    }
    let named = rule(json!({ "path": "body:/n", "name": "times" }));
    let judgement = judge(&pair, &named);
    assert_eq!(judgement.verdict, Verdict::Ignored(vec!["times".to_owned()]), "each rule once");
    assert_eq!(judgement.set_aside.len(), 2);
}

#[test]
fn matchers_accept_what_is_of_their_form_and_nothing_else() {
    let uuid = ["3f2504e0-4f89-11d3-9a0c-0305e82c3301", "9b2d7f1e-0000-4000-8000-000000000000"];
    for (matcher, a, b, expected) in [
        (json!({ "both": "uuid" }), json!(uuid[0]), json!(uuid[1]), Class::Matched),
        (json!({ "both": "uuid" }), json!(uuid[0]), json!("no"), Class::Mismatched),
        (json!({ "both": "uuid" }), json!(uuid[0]), json!(null), Class::Mismatched),
        (json!({ "both": "number" }), json!(1), json!(2.5), Class::Matched),
        (json!({ "both": "number" }), json!(1), json!("1"), Class::Mismatched),
        (
            json!({ "both": "timestamp" }),
            json!("2026-01-01T00:00:00Z"),
            json!("2020-01-01 00:00:00"),
            Class::Matched,
        ),
        (
            json!({ "within": "5s" }),
            json!("2026-01-01T00:00:00Z"),
            json!("2026-01-01T00:00:05+00:00"),
            Class::Matched,
        ),
        (
            json!({ "within": "5s" }),
            json!("2026-01-01T00:00:00Z"),
            json!("2026-01-01T00:00:06Z"),
            Class::Mismatched,
        ),
        (json!({ "within": "5s" }), json!(1_767_225_600), json!(1_767_225_602.5), Class::Matched),
        (json!({ "within": "5s" }), json!("soon"), json!("later"), Class::Mismatched),
        (json!({ "within": 0.01 }), json!(1.0), json!(1.005), Class::Matched),
        (json!({ "within": 0.01 }), json!(1.0), json!(1.02), Class::Mismatched),
        (json!({ "matches": "[A-Z]{6}" }), json!("ABCDEF"), json!("QWERTY"), Class::Matched),
        (json!({ "matches": "[A-Z]{6}" }), json!("ABCDEF"), json!("QWERTYU"), Class::Mismatched),
    ] {
        let mut alike = matcher.clone();
        alike["path"] = json!("body:/x");
        let policy = policy(json!({ "alike": [alike] }));
        let body = |value| json!({ "x": value }).to_string();
        let pair = pair(1, &body(a.clone()), &body(b.clone()));
        assert_eq!(class(&pair, &policy), expected, "{matcher} {a} {b}");
    }
    let policy = policy(json!({ "alike": [{ "path": "body:/x", "both": "uuid" }] }));
    let long = pair(1, &json!({ "x": "a" }).to_string(), &json!({}).to_string());
    assert_eq!(class(&long, &policy), Class::Mismatched, "a missing value is not alike");
}

#[test]
fn more_differences_than_are_kept_can_hide_none() {
    let list = |value: u32| json!(vec![value; MAX_DIFFERENCES + 1]).to_string();
    let policy = policy(json!({ "ignore": [{ "path": "body", "author": "ann", "reason": "all of it" }] }));
    let judgement = judge(&pair(1, &list(1), &list(2)), &policy);
    assert!(judgement.cut);
    assert_eq!(judgement.verdict.class(), Class::NotComparable);
}

#[test]
fn a_failure_says_why_and_where() {
    let failed = experiment(1, answered("{}"), Outcome::Failed("a panic: 7".to_owned()));
    let Verdict::Mismatched(differences) = judge(&failed, &Policy::default()).verdict else { panic!() };
    assert_eq!((differences[0].path.to_string(), differences[0].kind), ("outcome".to_owned(), Kind::Failed));
    assert_eq!(differences[0].candidate.as_ref().unwrap().text, "a panic: 7");
}
