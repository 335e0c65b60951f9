//! Every kind of difference is found, named and placed; what is alike is left alone.

mod world;

use handover_shadow::{Answer, Difference, EffectRecord, Severity, answers, effects};
use world::*;

fn named(differences: Vec<Difference>) -> Vec<String> {
    differences.iter().map(|d| format!("{} {}", d.path, d.kind.name())).collect()
}

fn compared(control: &Answer, candidate: &Answer) -> Vec<String> {
    named(answers(control, candidate).into_sorted())
}

#[test]
fn json_is_compared_by_its_structure() {
    for (control, candidate, expected) in [
        (r#"{"a":1}"#, r#"{"a":1}"#, &[][..]),
        (r#"{"a":1}"#, r#"{"a":2}"#, &["body:/a value"]),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, &["body:/a type"]),
        (r#"{"a":null}"#, r#"{"a":false}"#, &["body:/a type"]),
        (r#"{"a":1}"#, r#"{"a":1.0}"#, &["body:/a number-form"]),
        (r#"{"a":100}"#, r#"{"a":1e2}"#, &["body:/a number-form"]),
        (r#"{"a":10000000000000001}"#, r#"{"a":10000000000000002}"#, &["body:/a value"]),
        (r#"{"a":[]}"#, r#"{"a":{}}"#, &["body:/a empty-list-or-map"]),
        (r#"{"a":[1]}"#, r#"{"a":{"0":1}}"#, &["body:/a type"]),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, &["body key-order"]),
        (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, &["body:/b missing"]),
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#, &["body:/b extra"]),
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#, &["body:/a missing", "body:/a value"]),
        (r#"{"a":"x\/y"}"#, r#"{"a":"x/y"}"#, &["body:/a spelling"]),
        (r#"{"a":"\u00e9"}"#, r#"{"a":"é"}"#, &["body:/a spelling"]),
        (r#"{"a":1}"#, r#"{ "a": 1 }"#, &["body spelling"]),
        ("{}", "{}\n", &["body spelling"]),
        ("[1,2,3]", "[3,1,2]", &["body order"]),
        ("[1, 2]", "[1,2]", &["body spelling"]),
        (r#"[{"a":" \" "},{"b":2},3]"#, "[ {\"a\": \" \\\" \"}, 3 ]", &["body:/1 missing"]),
        ("[1,2,3,4]", "[1,3,4]", &["body:/1 missing"]),
        ("[1,3,4]", "[1,2,3,4]", &["body:/1 extra"]),
        (r#"[{"c":"x"},{"c":"y"}]"#, r#"[{"c":"x"},{"c":"z"}]"#, &["body:/1/c value"]),
        (r#"{"a/b":1}"#, r#"{"a/b":2}"#, &["body:/a~1b value"]),
    ] {
        assert_eq!(
            compared(&json_answer(200, control), &json_answer(200, candidate)),
            expected,
            "{control} {candidate}"
        );
    }
}

#[test]
fn what_php_printed_before_its_json_is_a_class_of_its_own() {
    let warning = "<br />\n<b>Warning</b>: Undefined index [x] in {main}<br />\n";
    for (control, candidate, expected) in [
        (format!("{warning}{{\"a\":1}}"), "{\"a\":1}".to_owned(), &["body legacy-polluted"][..]),
        (format!("{warning}{{\"a\":1}}"), "{\"a\":2}".to_owned(), &["body:/a value", "body legacy-polluted"]),
        ("\u{feff}{\"a\":1}".to_owned(), "{\"a\":1}".to_owned(), &["body legacy-polluted"]),
        (format!("{warning}{{}}"), format!("{warning}{{}}"), &[]),
        ("{}".to_owned(), format!("{warning}{{}}"), &["body value"]),
    ] {
        let found = compared(&json_answer(200, &control), &json_answer(200, &candidate));
        assert_eq!(found, expected, "{control} {candidate}");
    }
}

#[test]
fn json_is_known_by_its_type_or_by_its_looks() {
    let html = [("Content-Type", "text/html; charset=UTF-8")];
    assert_eq!(compared(&answer(200, &html, "[1]"), &answer(200, &html, "[2]")), ["body:/0 value"]);
    let problem = [("Content-Type", "application/problem+json")];
    assert_eq!(compared(&answer(200, &problem, "1"), &answer(200, &problem, "2")), ["body value"]);
    assert_eq!(
        compared(&answer(200, &html, "{a}"), &answer(200, &html, "{b}")),
        ["text:/1 value"],
        "it only looks like JSON"
    );
}

#[test]
fn text_is_compared_by_lines_and_other_bytes_as_a_whole() {
    let text = |body: &[u8]| answer(200, &[("Content-Type", "text/html")], body);
    for (control, candidate, expected) in [
        (&b"a\nb\nc\n"[..], &b"a\nb\nc\n"[..], &[][..]),
        (b"a\nb\nc\n", b"a\nx\nc\n", &["text:/2 value"]),
        (b"a\nb\nc\n", b"a\nc\n", &["text:/2 missing"]),
        (b"a\nc\n", b"a\nb\nc\n", &["text:/2 extra"]),
        (b"a\nb\n", b"a\r\nb\n", &["text:/1 value"]),
        (b"a\n", b"a", &["text:/1 value"]),
        (b"", b"a", &["text:/1 extra"]),
        (b"\xff\x00", b"\xff\x01", &["body value"]),
        (b"caf\xe9", b"caf\xc3\xa9", &["body value"]),
        (b"", b"\xff", &["body extra"]),
    ] {
        assert_eq!(compared(&text(control), &text(candidate)), expected);
    }
    let numbered = |n: usize| (0..n).map(|n| format!("{n}\n")).collect::<String>();
    let found =
        answers(&text(numbered(9_000).as_bytes()), &text(numbered(5_000).replace('7', "x").as_bytes()));
    assert!(found.is_cut(), "a page that is all different is bounded, in size and time");
}

#[test]
fn compressed_bodies_are_compared_decoded() {
    use std::io::Write;
    let gzip = |body: &str, level| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        encoder.write_all(body.as_bytes()).unwrap();
        answer(
            200,
            &[("Content-Encoding", "gzip"), ("Content-Type", "application/json")],
            encoder.finish().unwrap(),
        )
    };
    let long = format!("[1,\"{}\"]", "ab".repeat(500));
    assert_eq!(compared(&gzip(&long, 1), &gzip(&long, 9)), [""; 0]);
    assert_eq!(compared(&gzip("[1]", 6), &gzip("[2]", 6)), ["body:/0 value"]);
    assert_eq!(compared(&gzip("[1]", 6), &json_answer(200, "[1]")), ["header:content-encoding missing"]);
    let broken = answer(200, &[("Content-Encoding", "gzip")], "not gzip");
    assert_eq!(
        compared(&broken, &answer(200, &[("Content-Encoding", "gzip")], "nor this")),
        ["text:/1 value"]
    );
}

#[test]
fn header_fields_are_compared_by_meaning() {
    let same: &[&[(&str, &str)]] = &[
        &[("X-A", "1"), ("x-b", "2")],
        &[("X-B", "2"), ("x-a", "1")],
        &[("x-a", "1"), ("x-b", "2"), ("Date", "now"), ("Connection", "close"), ("Content-Length", "2")],
    ];
    for other in same {
        assert_eq!(compared(&answer(200, same[0], ""), &answer(200, other, "")), [""; 0]);
    }
    for (control, candidate, expected) in [
        (
            &[("Content-Type", "Text/HTML;charset=UTF-8")][..],
            &[("content-type", "text/html; charset=\"utf-8\"")][..],
            &[][..],
        ),
        (&[("Content-Type", "text/html")], &[("Content-Type", "text/plain")], &["header:content-type value"]),
        (
            &[("Content-Type", "text/html; charset=utf-8")],
            &[("Content-Type", "text/html")],
            &["header:content-type value"],
        ),
        (
            &[("Cache-Control", "no-store, no-cache")],
            &[("Cache-Control", "no-cache"), ("Cache-Control", "No-Store")],
            &[],
        ),
        (&[("Cache-Control", "no-store")], &[("Cache-Control", "no-cache")], &["header:cache-control value"]),
        (&[("Vary", "a")], &[], &["header:vary missing"]),
        (
            &[("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")],
            &[("Expires", "Thu, 01 Jan 1970 00:00:00 +0000")],
            &[],
        ),
        (
            &[("X-A", "1"), ("X-A", "2")],
            &[("X-A", "2"), ("X-A", "1")],
            &["header:x-a value", "header:x-a value"],
        ),
        (&[("X-A", "1"), ("X-A", "2")], &[("X-A", "1")], &["header:x-a missing"]),
        (&[("Set-Cookie", "a=1; path=/; HttpOnly")], &[("Set-Cookie", "a=1; httponly; Path=/")], &[]),
        (
            &[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")],
            &[("Set-Cookie", "b=2"), ("Set-Cookie", "a=1")],
            &[],
        ),
        (&[("Set-Cookie", "a=1")], &[("Set-Cookie", "a=2")], &["header:set-cookie/a value"]),
        (
            &[("Set-Cookie", "a=1; HttpOnly")],
            &[("Set-Cookie", "a=1")],
            &["header:set-cookie/a/httponly missing"],
        ),
        (&[("Set-Cookie", "a=1")], &[], &["header:set-cookie/a missing"]),
        (
            &[("Set-Cookie", "a=; expires=Thu, 01-Jan-1970 00:00:01 GMT")],
            &[("Set-Cookie", "a=; expires=Thu, 01 Jan 1970 00:00:01 GMT")],
            &[],
        ),
    ] {
        let (control, candidate) = (answer(200, control, ""), answer(200, candidate, ""));
        assert_eq!(compared(&control, &candidate), expected, "{:?} {:?}", control.fields, candidate.fields);
    }
}

fn sent(control: &[EffectRecord], candidate: &[EffectRecord]) -> Vec<String> {
    named(effects(control, candidate).into_sorted())
}

#[test]
fn effects_are_compared_as_multisets() {
    let r = record;
    let with = |mut record: EffectRecord, header: &str| {
        record.headers.push(("h".to_owned(), header.to_owned().into()));
        record
    };
    let at = |mut record: EffectRecord, partition| {
        record.partition = partition;
        record
    };
    for (control, candidate, expected) in [
        (vec![], vec![], &[][..]),
        (vec![r("t", "k", "1"), r("t", "j", "2")], vec![r("t", "j", "2"), r("t", "k", "1")], &[]),
        (vec![r("t", "k", "1")], vec![], &["effect:t missing"]),
        (vec![], vec![r("t", "k", "1")], &["effect:t extra"]),
        (vec![r("t", "k", "1")], vec![r("t", "k", "1"), r("t", "k", "1")], &["effect:t extra"]),
        (vec![r("t", "k", "1")], vec![r("u", "k", "1")], &["effect:t missing", "effect:u extra"]),
        (vec![r("t", "k", r#"{"a":1}"#)], vec![r("t", "k", r#"{"a":"1"}"#)], &["effect:t/a type"]),
        (vec![r("t", "k", "1")], vec![r("t", "j", "1")], &["effect-key:t value"]),
        (vec![r("t", "k", "plain")], vec![r("t", "k", "other")], &["effect:t value"]),
        (
            vec![at(r("t", "k", "1"), Some(1))],
            vec![at(r("t", "k", "1"), Some(2))],
            &["effect-partition:t value"],
        ),
        (vec![at(r("t", "k", "1"), Some(1))], vec![at(r("t", "k", "1"), None)], &[]),
        (vec![with(r("t", "k", "1"), "x")], vec![with(r("t", "k", "1"), "y")], &["effect-header:t/h value"]),
        (vec![with(r("t", "k", "1"), "x")], vec![r("t", "k", "1")], &["effect-header:t/h missing"]),
        (
            vec![r("t", "k", r#"{"id":1,"v":1}"#), r("t", "k", r#"{"id":2,"v":2}"#)],
            vec![r("t", "k", r#"{"id":2,"v":3}"#), r("t", "k", r#"{"id":1,"v":1}"#)],
            &["effect:t/v value"],
        ),
    ] {
        assert_eq!(sent(&control, &candidate), expected, "{control:?} {candidate:?}");
    }
    let mut tombstone = r("t", "k", "1");
    tombstone.value = None;
    assert_eq!(sent(&[r("t", "k", "1")], &[tombstone.clone()]), ["effect:t type"]);
    let (null, empty) =
        (EffectRecord { key: None, ..tombstone.clone() }, EffectRecord { key: Some("".into()), ..tombstone });
    assert_eq!(sent(&[null], &[empty]), ["effect-key:t value"], "the null key is not the empty one");
}

#[test]
fn the_worst_difference_comes_first() {
    let control = answer(200, &[("X-A", "1")], r#"{"v":1,"t":1,"n":1,"m":1}"#);
    let candidate = answer(404, &[("X-A", "2")], r#"{"v":2,"t":"1","n":1.0}"#);
    let mut found = answers(&control, &candidate);
    found.append(effects(&[record("t", "k", "1")], &[record("u", "k", "2")]));
    let severities: Vec<Severity> = found.into_sorted().iter().map(Difference::severity).collect();
    use Severity::*;
    assert_eq!(severities, [LostEffect, ExtraEffect, Status, Type, Type, Value, Order, Header]);
}
