//! Redaction: what is kept is a choice, secrets are none.

mod world;

use handover_api::PortRead;
use handover_shadow::{
    Body, Effects, Experiment, Judgement, Outcome, Policy, RedactionKey, Redactor, StoredOutcome, StoredPair,
    judge,
};
use serde_json::{Value, json};
use world::*;

fn redacted(experiment: &Experiment, policy: &Policy) -> StoredPair {
    let judgement: Judgement = judge(experiment, policy);
    Redactor::new(&RedactionKey::new([7; 32])).pair(experiment, &judgement, policy)
}

#[test]
fn no_line_of_a_recording_says_who_it_was() {
    let why = || "no account ann@example.org".to_owned();
    let redactor = Redactor::new(&RedactionKey::new([7; 32]));
    let mut coded = pair(1, "{}", "{}");
    let coding = [("Content-Type", "text/plain"), ("Content-Encoding", "br")];
    coded.control.outcome = Outcome::Answered(answer(200, &coding, "as if ann@example.org were encoded"));
    for experiment in [
        experiment(1, answered("{}"), Outcome::Failed(why())),
        experiment(1, answered("{}"), Outcome::Declined(why())),
        pair(1, r#"{"ann@example.org":{"pin":"1234"}}"#, "{}"),
        coded,
    ] {
        let line = serde_json::to_string(&redactor.record(&experiment)).unwrap();
        assert!(!line.contains("ann@example") && !line.contains("as if"), "{line}");
    }
}

fn body(outcome: &StoredOutcome) -> Value {
    match outcome {
        StoredOutcome::Answered { body, .. } => serde_json::from_str(body).unwrap(),
        other => panic!("{other:?}"),
    }
}

const CONTROL: &str = r#"{"id":7,"name":"Ann","mail":"ann@example.org","ok":true,"none":null,"n":[1,2]}"#;
const CANDIDATE: &str = r#"{"id":8,"name":"Ann","mail":"ann@example.org","ok":true,"none":null,"n":[1,2]}"#;

#[test]
fn what_is_kept_is_a_choice() {
    let mail = "<string 15>";
    for (store, id, name) in
        [("shapes", json!("<number 1>"), "<string 3>"), ("differences", json!(7), "<string 3>")]
    {
        let pair = redacted(&pair(1, CONTROL, CANDIDATE), &policy(json!({ "store": store })));
        let expected = json!({ "id": id, "name": name, "mail": mail, "ok": "<bool>", "none": null,
            "n": ["<number 1>", "<number 1>"] });
        assert_eq!(body(&pair.control.outcome), expected, "{store}");
    }
    let full =
        body(&redacted(&pair(1, CONTROL, CANDIDATE), &policy(json!({ "store": "full" }))).control.outcome);
    assert_eq!((&full["name"], &full["n"]), (&json!("Ann"), &json!([1, 2])));
    assert!(full["mail"].as_str().unwrap().ends_with("@redacted.example"), "{full}");
    let revealed = policy(json!({ "reveal": ["body:/mail", "request:/carrier"] }));
    let pair = redacted(&pair(1, CONTROL, CANDIDATE), &revealed);
    assert_eq!(body(&pair.control.outcome)["mail"], "ann@example.org", "someone allowed it");
    assert_eq!(pair.request.body, r#"{"carrier":"UA","mail":"<string 15>"}"#);
}

#[test]
fn secrets_are_never_stored_whatever_the_policy_says() {
    let all = policy(json!({ "store": "full", "reveal": ["header:set-cookie", "header:x-api-key", "body"] }));
    let fields = [("Set-Cookie", "sid=topsecret1; Path=/"), ("X-Api-Key", "topsecret2")];
    let other = [("Set-Cookie", "sid=topsecret3; Path=/"), ("X-Api-Key", "topsecret4")];
    let mut pair = experiment(
        1,
        Outcome::Answered(answer(200, &fields, r#"{"password":"topsecret5"}"#)),
        Outcome::Answered(answer(200, &other, r#"{"password":"topsecret6"}"#)),
    );
    pair.request.fields.append("Content-Type", "application/x-www-form-urlencoded").unwrap();
    pair.request.body = Body::Whole("user=ann&password=topsecret7".into());
    pair.request.target = "/login?access_token=topsecret8".into();
    let stored = redacted(&pair, &all);
    let text = serde_json::to_string(&stored).unwrap();
    assert!(!text.contains("topsecret"), "{text}");
    assert!(!text.contains("s3cr3t") && !text.contains("Bearer"), "{text}");
    assert_eq!(stored.request.body, "user=ann&password=<10>");
    let StoredOutcome::Answered { fields, .. } = &stored.control.outcome else { panic!() };
    assert_eq!(fields[0].1, "sid=<never stored 10>; Path=/", "names and attributes stay");
    let paths: Vec<_> = stored.differences.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(
        paths,
        ["body:/password", "header:set-cookie/sid", "header:x-api-key"],
        "that they differ is seen"
    );
}

#[test]
fn form_and_query_keep_their_names() {
    let mut pair = pair(1, "{}", "[]");
    pair.request.fields.append("Content-Type", "application/x-www-form-urlencoded; charset=utf-8").unwrap();
    pair.request.body = Body::Whole("name=Ann&tags[]=1&tags[]=&x".into());
    let stored = redacted(&pair, &Policy::default());
    assert_eq!(stored.request.body, "name=<3>&tags[]=<1>&tags[]=&x=");
    assert_eq!(stored.request.target, "/v1/flights?page=<1>");
}

#[test]
fn records_and_reads_are_stored_for_review_and_replay() {
    let mut pair = pair(1, "{}", "{}");
    pair.control.effects = Effects::Known(vec![record("t", "k1", r#"{"id":"a","name":"Ann"}"#)]);
    pair.candidate.effects = Effects::Known(vec![record("t", "k1", r#"{"id":"b","name":"Ann"}"#)]);
    pair.candidate.reads = vec![
        PortRead::Now("received".to_owned(), "2026-01-01T00:00:00Z".parse().unwrap()),
        PortRead::Id("id".to_owned(), "F7".to_owned()),
    ];
    let stored = serde_json::to_value(redacted(&pair, &Policy::default())).unwrap();
    assert_eq!(stored["control"]["effects"]["known"][0]["value"], r#"{"id":"a","name":"<string 3>"}"#);
    assert_eq!(stored["control"]["effects"]["known"][0]["key"], "<text 2>");
    assert_eq!(stored["candidate"]["reads"][1], json!({ "id": ["id", "F7"] }));
    assert_eq!(serde_json::from_value::<StoredPair>(stored.clone()).unwrap().route, "create");
    assert_eq!(stored["differences"][0]["path"], "effect:t/id");
}

#[test]
fn a_set_aside_difference_says_by_which_rule() {
    let policy = policy(json!({
        "ignore": [{ "name": "ids", "path": "body:/id", "author": "ann", "reason": "random" }]
    }));
    let stored = redacted(&pair(1, CONTROL, CANDIDATE), &policy);
    assert_eq!(stored.differences[0].set_aside_by.as_deref(), Some("ids"));
}

#[test]
fn a_huge_document_is_stored_in_part_and_still_json() {
    let list = |last: u32| format!("[{}{last}]", "\"aaaaaaaaaaaaaaaaaaaa\",".repeat(20_000));
    let stored = redacted(&pair(1, &list(1), &list(2)), &Policy::default());
    let StoredOutcome::Answered { body, .. } = &stored.control.outcome else { panic!() };
    assert!(body.len() < 70_000, "{}", body.len());
    assert!(serde_json::from_str::<Value>(body).unwrap().as_array().unwrap().last().unwrap() == "…");
}
