//! Policies: faults are named with their fields, hashes change with what is judged, values are injected.

mod world;

use handover_shadow::{ExperimentId, Injected, PolicyRaw, injected};
use serde_json::{Value, json};
use world::*;

fn faults(raw: Value) -> Vec<String> {
    let raw: PolicyRaw = serde_json::from_value(raw).unwrap();
    raw.validate().unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn every_fault_is_found_at_once_with_its_field_and_what_to_write() {
    let found = faults(json!({
        "sample": 1.5,
        "effects": { "topic": "", "correlate": "key", "window": "soon" },
        "inject": { "id": "jsn:/id", "at": { "from": "json:/at", "time": "when", "zone": "Mars/Olympus" } },
        "ignore": [
            { "path": "bdy:/id", "author": "", "reason": " ", "expires": "31.12.2026" },
            { "path": "outcome", "author": "ann", "reason": "no" },
        ],
        "alike": [
            { "path": "body:/x" },
            { "path": "body:/x", "both": "guid" },
            { "path": "request:/x", "matches": "(" },
        ],
        "reveal": ["body:id"],
        "unseen_calls": " ",
        "observe": ["reports", "mails", "reports"],
        "unseen_effects": { "mails": "they are sent by a cron job", "files": "" },
    }));
    for (field, advice) in [
        ("`sample`", "from 0 to 1"),
        ("`effects.topic`", "empty"),
        ("`effects.correlate`", "an answer has no key"),
        ("`effects.window`", "5s"),
        ("`inject.id`", "json:/POINTER"),
        ("`inject.at.time`", "rfc3339"),
        ("`inject.at.zone`", "Mars/Olympus"),
        ("`ignore[0].author`", "who decided"),
        ("`ignore[0].reason`", "why"),
        ("`ignore[0].expires`", "2026-03-31"),
        ("`ignore[0].path`", "begins with one of"),
        ("`ignore[1].path`", "always a mismatch"),
        ("`alike[0]`", "exactly one"),
        ("`alike[1].both`", "uuid, timestamp or number"),
        ("`alike[2].path`", "requests are not compared"),
        ("`alike[2].matches`", "unclosed group"),
        ("`reveal[0]`", "slash"),
        ("`unseen_calls`", "say why"),
        ("`observe[1]`", "seen or it is not"),
        ("`observe[2]`", "twice"),
        ("`unseen_effects.files`", "say why"),
    ] {
        assert!(
            found.iter().any(|fault| fault.starts_with(&format!("{field}: ")) && fault.contains(advice)),
            "{field} … {advice} in {found:#?}"
        );
    }
    assert_eq!(found.len(), 21, "{found:#?}");
}

#[test]
fn an_unknown_key_is_a_fault_and_a_wrong_type_says_what_is_wanted() {
    for (raw, advice) in [
        (json!({ "smaple": 1.0 }), "unknown field `smaple`"),
        (json!({ "effects": 7 }), "a list of tables"),
        (json!({ "alike": [{ "path": "body", "within": [] }] }), "a duration such as"),
        (
            json!({ "ignore": [{ "path": "body", "author": "a", "reason": "r", "kind": "tpye" }] }),
            "unknown variant",
        ),
    ] {
        let fault = serde_json::from_value::<PolicyRaw>(raw).unwrap_err().to_string();
        assert!(fault.contains(advice), "{fault}");
    }
}

#[test]
fn the_hash_changes_with_what_is_compared_and_with_nothing_else() {
    let rule =
        |author: &str, path: &str| json!([{ "path": path, "author": author, "reason": "r", "name": author }]);
    let base = policy(json!({ "ignore": rule("ann", "body:/a") }));
    let unseen = |reason: &str| policy(json!({ "unseen_calls": reason })).hash().to_owned();
    assert_eq!(unseen("for one reason"), unseen("for another"));
    let unseen = |reason: &str| policy(json!({ "unseen_effects": { "mails": reason } })).hash().to_owned();
    assert_eq!(unseen("for one reason"), unseen("for another"));
    for (raw, same) in [
        (json!({ "ignore": rule("bob", "body:/a") }), true),
        (
            json!({ "ignore": rule("ann", "body:/a"), "sample": 0.1, "store": "full", "reveal": ["body:/b"] }),
            true,
        ),
        (json!({ "ignore": rule("ann", "body:/b") }), true),
        (json!({}), true),
        (json!({ "alike": [{ "path": "body:/a", "both": "uuid" }] }), false),
        (json!({ "ignore": rule("ann", "body:/a"), "unseen_calls": "r" }), false),
        (json!({ "ignore": rule("ann", "body:/a"), "unseen_effects": { "mails": "r" } }), false),
        (json!({ "ignore": rule("ann", "body:/a"), "observe": ["reports"] }), false),
        (json!({ "ignore": rule("ann", "body:/a"), "inject": { "id": "json:/id" } }), false),
    ] {
        assert_eq!(policy(raw.clone()).hash() == base.hash(), same, "{raw}");
    }
    assert_eq!(base.hash(), "c9c9b70a740a1618", "stable across processes and versions");
}

#[test]
fn a_dry_run_is_given_what_legacy_chose() {
    let policy = policy(json!({ "inject": {
        "id": "json:/data/id",
        "trace": "header:X-Trace",
        "rfc": { "from": "json:/rfc", "time": "rfc3339" },
        "unix": { "from": "json:/unix", "time": "unix" },
        "local": { "from": "json:/local", "time": "%Y-%m-%d %H:%M:%S", "zone": "America/New_York" },
        "day": { "from": "json:/day", "time": "%Y-%m-%d" },
        "http": { "from": "header:Last-Modified", "time": "http" },
        "none": "json:/none",
        "bad": { "from": "json:/data/id", "time": "rfc3339" },
    }}));
    let body = r#"{"data":{"id":"F\u002d7"},"rfc":"2026-01-01T10:00:00+00:00","unix":1767261600.5,
        "local":"2026-01-01 05:00:00","day":"2026-01-01"}"#;
    let fields = [("x-trace", "t1"), ("Last-Modified", "Thu, 01 Jan 2026 10:00:00 GMT")];
    let values = injected(&policy, &answer(201, &fields, body));
    let time = |text: &str| Injected::Time(text.parse().unwrap());
    for (port, expected) in [
        ("id", Injected::Text("F-7".to_owned())),
        ("trace", Injected::Text("t1".to_owned())),
        ("rfc", time("2026-01-01T10:00:00Z")),
        ("unix", time("2026-01-01T10:00:00.5Z")),
        ("local", time("2026-01-01T10:00:00Z")),
        ("day", time("2026-01-01T00:00:00Z")),
        ("http", time("2026-01-01T10:00:00Z")),
    ] {
        assert_eq!(values[port].as_ref(), Ok(&expected), "{port}");
    }
    for (port, why) in [("none", "nothing at `/none`"), ("bad", "no time in form rfc3339")] {
        let fault = values[port].as_ref().unwrap_err().to_string();
        assert!(fault.contains(why), "{fault}");
    }
}

#[test]
fn samples_are_nested() {
    let at = |share: f64| policy(json!({ "sample": share }));
    let (none, five, ten, all) = (at(0.0), at(0.05), at(0.1), at(1.0));
    let ids =
        (0..20_000_u128).map(|n| ExperimentId(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)));
    let (mut fives, mut tens) = (0, 0);
    for id in ids {
        assert!(!none.picks(id) && all.picks(id));
        assert!(!five.picks(id) || ten.picks(id), "who is picked at 5 % is picked at 10 %");
        fives += u32::from(five.picks(id));
        tens += u32::from(ten.picks(id));
    }
    assert!((900..1_100).contains(&fives) && (1_800..2_200).contains(&tens), "{fives} {tens}");
}
