//! Beside the crates that one would take where PHP's behaviour did not matter: `cargo bench -p legacy-compat`.
//!
//! The JSON is a record as the demo's clients send it, a page of such, one long text, and many numbers.

use std::collections::HashMap;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use legacy_compat::call::Ctx;
use legacy_compat::{Php, Value, Version, json, request};

const RECORD: &str = r#"{"carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR","dest":"IAH","dep_time":"2013-01-01T05:17:00","dep_delay":2.5,"arr_delay":11,"distance":1400,"cancelled":false,"notes":null,"extras":{"gate":"B42","tags":["on time","no\u00ebl"]}}"#;
const QUERY: &str = "carrier=UA&flight=1545&origin=EWR&dest=IAH&page=2&q=late+flights%20today&sort=dep_delay";

fn main() {
    divan::main();
}

fn php() -> Php {
    Php::new(Version::V8_2)
}

const DOCUMENTS: [&str; 4] = ["record", "page", "text", "numbers"];

fn document(name: &str) -> String {
    match name {
        "record" => RECORD.to_owned(),
        "page" => format!("[{}]", vec![RECORD; 100].join(",")),
        "text" => format!("[{:?}]", "a line of text that is not short, ".repeat(300)),
        _ => {
            let numbers: Vec<String> =
                (0..2000).map(|i| format!("{},{}", i * 7919, f64::from(i) / 7.0)).collect();
            format!("[{}]", numbers.join(","))
        }
    }
}

#[divan::bench(args = DOCUMENTS)]
fn json_decode_ours(bencher: Bencher<'_, '_>, name: &str) {
    let (php, text) = (php(), document(name));
    bencher
        .counter(BytesCount::new(text.len()))
        .bench(|| json::decode(&php, black_box(text.as_bytes()), json::Decode::assoc()));
}

#[divan::bench(args = DOCUMENTS)]
fn json_decode_serde_json(bencher: Bencher<'_, '_>, name: &str) {
    let text = document(name);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench(|| serde_json::from_slice::<serde_json::Value>(black_box(text.as_bytes())));
}

#[divan::bench(args = DOCUMENTS)]
fn json_encode_ours(bencher: Bencher<'_, '_>, name: &str) {
    let (php, text) = (php(), document(name));
    let value = json::decode(&php, text.as_bytes(), json::Decode::assoc()).expect("valid JSON");
    bencher.counter(BytesCount::new(text.len())).bench(|| json::encode(&php, black_box(&value), 0));
}

#[divan::bench(args = DOCUMENTS)]
fn json_encode_serde_json(bencher: Bencher<'_, '_>, name: &str) {
    let text = document(name);
    let value: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
    bencher.counter(BytesCount::new(text.len())).bench(|| serde_json::to_vec(black_box(&value)));
}

#[divan::bench]
fn query_ours(bencher: Bencher<'_, '_>) {
    let php = php();
    bencher
        .counter(BytesCount::new(QUERY.len()))
        .bench(|| request::parse_str(&php, black_box(QUERY.as_bytes())));
}

#[divan::bench]
fn query_form_urlencoded(bencher: Bencher<'_, '_>) {
    bencher.counter(BytesCount::new(QUERY.len())).bench(|| {
        let pairs = form_urlencoded::parse(black_box(QUERY.as_bytes()));
        pairs.into_owned().collect::<HashMap<_, _>>()
    });
}

/// What `preg_match` searches, and where: a time, and a word far along in a text.
const PATTERNS: [(&str, &str); 2] = [
    (r"^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})", "2013-01-01T05:17:00"),
    (r"(cancel+ed|divert(ed)?)\b", ""),
];

fn subject(index: usize) -> String {
    match PATTERNS[index].1 {
        "" => "the flight left on time and landed early, ".repeat(50) + "or was diverted",
        text => text.to_owned(),
    }
}

#[divan::bench(args = [0, 1])]
fn preg_match_ours(bencher: Bencher<'_, '_>, index: usize) {
    let (php, subject) = (php(), Value::from(subject(index)));
    let pattern = Value::from(format!("/{}/", PATTERNS[index].0));
    bencher.bench_local(|| {
        let mut args = vec![pattern.clone(), black_box(&subject).clone(), Value::Null];
        Ctx::new(&php).call("preg_match", &mut args).expect("a pattern");
        args
    });
}

/// The groups as texts of their own, as `preg_match` hands them on.
#[divan::bench(args = [0, 1])]
fn preg_match_regex(bencher: Bencher<'_, '_>, index: usize) {
    let regex = regex::bytes::RegexBuilder::new(PATTERNS[index].0).unicode(false).build().expect("a pattern");
    let subject = subject(index);
    bencher.bench(|| {
        let captures = regex.captures(black_box(subject.as_bytes())).expect("it matches");
        let text = |group: Option<regex::bytes::Match<'_>>| group.map(|group| group.as_bytes().to_vec());
        captures.iter().map(text).collect::<Vec<_>>()
    });
}
