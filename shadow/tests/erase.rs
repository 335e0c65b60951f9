//! What is erased is gone, also from the disk, and nothing else is.

mod world;

use std::sync::Arc;

use handover_shadow::{Decider, Erased, Eraser, Limits, RedactionKey, Store, Verb, judge};
use serde_json::json;
use world::{pair, policy};

#[test]
fn a_person_s_pairs_are_taken_out_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.sqlite");
    let key = RedactionKey::new([7; 32]);
    let policy = Arc::new(policy(json!({ "store": "full" })));
    let store = Store::open(&path, &key, Limits::default()).unwrap();
    // One with a mail, which gets a placeholder; one with a name that redaction does not know.
    let of = [
        (1, r#"{"mail":"eve@example.org","n":1}"#, r#"{"mail":"eve@example.org","n":2}"#),
        (2, r#"{"name":"Eve \"Ev\" O'Hara","n":1}"#, r#"{"name":"Eve \"Ev\" O'Hara","n":2}"#),
        (3, r#"{"name":"Bob","n":1}"#, r#"{"name":"Bob","n":2}"#),
    ];
    for (id, control, candidate) in of {
        let experiment = pair(id, control, candidate);
        let judgement = judge(&experiment, &policy);
        store.recorder().record(experiment, judgement, &policy);
    }
    store.recorder().flush();
    Decider::open(&path).unwrap().decide(1, &Verb::Bug, "ann", "eve@example.org complained").unwrap();

    let mut eraser = Eraser::open(&path, &key).unwrap();
    let mail = Erased { pairs: 1, clusters: 0, decisions: 1 };
    assert_eq!(eraser.find("eve@example.org").unwrap(), mail);
    assert_eq!(eraser.erase("eve@example.org").unwrap(), mail);
    assert_eq!(eraser.find("eve@example.org").unwrap(), Erased::default());
    let name = r#"Eve "Ev" O'Hara"#;
    assert_eq!(eraser.erase(name).unwrap(), Erased { pairs: 1, ..Erased::default() });
    assert_eq!(eraser.erase("nobody's").unwrap(), Erased::default());

    let reader = Store::read(&path).unwrap().unwrap();
    let left = reader.sample("create").unwrap();
    assert_eq!(left.len(), 1, "Bob's");
    assert_eq!(reader.parity("create").unwrap().unwrap().mismatched, 3, "what was counted stays counted");
    assert!(reader.decisions(1).unwrap().iter().all(|decision| decision.why == "<erased>"));
    for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("O'Hara") && !text.contains("complained"), "{} has it", file.path().display());
    }
}
