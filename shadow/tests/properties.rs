//! For any document: compared with itself it matches, and a single change is found at its place.

mod world;

use handover_shadow::{Class, Policy, RedactionKey, Redactor, answers, judge};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use world::*;

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z/~*]{0,4}", inner, 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place of a document that holds a scalar.
fn scalars(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, v)| scalars(v, format!("{at}/{n}"), found))
        }
        Value::Object(map) => map.iter().for_each(|(key, v)| {
            scalars(v, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => found.push(at),
    }
}

fn shown(pointer: &str) -> String {
    if pointer.is_empty() { "body".to_owned() } else { format!("body:{pointer}") }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_matches_itself_and_its_pretty_self_but_for_spelling(document in documents()) {
        let (compact, pretty) = (document.to_string(), serde_json::to_string_pretty(&document).unwrap());
        prop_assert!(answers(&json_answer(200, &compact), &json_answer(200, &compact)).is_empty());
        let found = answers(&json_answer(200, &compact), &json_answer(200, &pretty)).into_sorted();
        let expected: &[&str] = if compact == pretty { &[] } else { &["spelling"] };
        prop_assert_eq!(found.iter().map(|d| d.kind.name()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_single_change_is_found_at_its_place(document in documents(), pick in any::<prop::sample::Index>()) {
        let mut places = Vec::new();
        scalars(&document, String::new(), &mut places);
        prop_assume!(!places.is_empty());
        let place = &places[pick.index(places.len())];
        let mut changed = document.clone();
        *changed.pointer_mut(place).unwrap() = json!("another value than any");
        let found = answers(&json_answer(200, document.to_string()), &json_answer(200, changed.to_string())).into_sorted();
        prop_assert_eq!(found.iter().map(|d| d.path.to_string()).collect::<Vec<_>>(), [shown(place)]);
    }

    #[test]
    fn a_lost_element_is_one_difference(list in prop::collection::vec(0..50_u32, 1..40), pick in any::<prop::sample::Index>()) {
        let at = pick.index(list.len());
        let mut shorter = list.clone();
        shorter.remove(at);
        let found = answers(&json_answer(200, json!(list).to_string()), &json_answer(200, json!(shorter).to_string()));
        let kinds: Vec<_> = found.into_sorted().iter().map(|d| d.kind.name()).collect();
        prop_assert_eq!(kinds, ["missing"]);
    }

    #[test]
    fn no_bytes_make_the_judge_panic_or_call_different_bytes_equal(
        a in prop::collection::vec(any::<u8>(), 0..80),
        b in prop::collection::vec(any::<u8>(), 0..80),
        json in any::<bool>(),
    ) {
        let content_type = if json { "application/json" } else { "text/html" };
        let answer = |body: &[u8]| answer(200, &[("Content-Type", content_type)], body);
        prop_assert_eq!(answers(&answer(&a), &answer(&b)).is_empty(), a == b);
    }

    #[test]
    fn redaction_stores_no_value_that_is_equal_on_both_sides(document in documents()) {
        let secret = json!({ "kept": "Ann Lee of Elm Street", "rest": document });
        let (mut other, key) = (secret.clone(), RedactionKey::new([1; 32]));
        other["rest"] = json!("changed");
        let pair = pair(1, &secret.to_string(), &other.to_string());
        let judgement = judge(&pair, &Policy::default());
        prop_assume!(judgement.verdict.class() == Class::Mismatched);
        let stored = Redactor::new(&key).pair(&pair, &judgement, &Policy::default());
        prop_assert!(!serde_json::to_string(&stored).unwrap().contains("Elm Street"));
    }
}
