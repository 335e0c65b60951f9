//! Against `apache-avro`'s own reader and writer, and against bytes that nobody should send.

use std::time::{Duration, Instant};

use apache_avro::Schema as Theirs;
use serde_json::{Value as Json, json};

use super::Avro;
use crate::place::Misfit;
use crate::source::{Kind, Source};

const FLIGHT: &str = r#"{
  "type": "record", "name": "Flight", "namespace": "acme",
  "fields": [
    {"name": "carrier", "type": "string"},
    {"name": "number", "type": "int"},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "distance", "type": "double"},
    {"name": "weight", "type": "float"},
    {"name": "cancelled", "type": "boolean", "default": false},
    {"name": "delay", "type": ["null", "int"], "default": null},
    {"name": "raw", "type": "bytes"},
    {"name": "tail", "type": {"type": "fixed", "name": "Tail", "size": 3}},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["PLANNED", "GONE"]}, "default": "PLANNED"},
    {"name": "stops", "type": {"type": "array", "items": {"type": "record", "name": "Stop", "fields": [
      {"name": "faa", "type": "string"}, {"name": "next", "type": ["null", "Stop"], "default": null}]}}},
    {"name": "seats", "type": {"type": "map", "values": "int"}},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
    {"name": "any", "type": ["null", "string", "long", "double", "Stop", "Tail", {"type": "array", "items": "long"}]}
  ]
}"#;

fn avro(text: &str) -> Avro {
    Avro::new(&Source::new(Kind::Avro, text)).unwrap()
}

fn flight() -> Json {
    json!({
        "carrier": "UÄ", "number": 1545, "at": 1_357_034_400_000_i64, "distance": 1400.5, "weight": 0.1, "cancelled": true,
        "delay": -3, "raw": "\u{0}\u{ff}", "tail": "abc", "state": "GONE",
        "stops": [{"faa": "EWR", "next": {"faa": "IAH", "next": null}}], "seats": {"first": 12, "second": 100},
        "price": "-12.34", "any": {"acme.Stop": {"faa": "LGA", "next": null}},
    })
}

fn encoded(avro: &Avro, json: &Json) -> Vec<u8> {
    encode(avro, json).unwrap_or_else(|misfit| panic!("{misfit}"))
}

fn encode(avro: &Avro, json: &Json) -> Result<Vec<u8>, Misfit> {
    let mut out = Vec::new();
    avro.encode(json, json.to_string().len(), &mut out).map(|()| out)
}

#[test]
fn a_value_is_read_as_it_was_written_and_their_reader_reads_it_too() {
    let ours = avro(FLIGHT);
    let bytes = encoded(&ours, &flight());
    let mut read = flight();
    // A float of 32 bits.
    read["weight"] = json!(f64::from(0.1_f32));
    assert_eq!(ours.decode(&bytes).unwrap(), read);

    let theirs = Theirs::parse_str(FLIGHT).unwrap();
    let mut rest = &bytes[..];
    let value = apache_avro::reader::datum::GenericDatumReader::builder(&theirs).build().unwrap();
    let value = value.read_value(&mut rest).unwrap();
    assert!(rest.is_empty());
    // What they write of it has another order of maps at most.
    let again = apache_avro::writer::datum::GenericDatumWriter::builder(&theirs).build().unwrap();
    let again = again.write_value_to_vec(value).unwrap();
    assert_eq!(ours.decode(&again).unwrap(), read);
}

#[test]
fn what_is_left_out_is_the_schema_s_default() {
    let ours = avro(FLIGHT);
    let mut short = flight();
    for name in ["cancelled", "delay", "state"] {
        short.as_object_mut().unwrap().remove(name);
    }
    let read = ours.decode(&encoded(&ours, &short)).unwrap();
    assert_eq!(
        (&read["cancelled"], &read["delay"], &read["state"]),
        (&json!(false), &json!(null), &json!("PLANNED"))
    );
}

#[test]
fn a_misfit_names_its_field_and_nothing_of_the_value() {
    let ours = avro(FLIGHT);
    for (at, value, said) in [
        ("/carrier", json!(7), "`carrier`: an integer is no string"),
        ("/number", json!(3_000_000_000_i64), "`number`: the integer is too large for an int"),
        ("/number", json!(1.5), "`number`: a number with a fraction is no int"),
        ("/number", json!("secret"), "`number`: a text is no int"),
        ("/delay", json!("secret"), "`delay`: a text is no int"),
        ("/tail", json!("abcd"), "`tail`: it has 4 bytes instead of 3"),
        ("/raw", json!("€"), "`raw`: a text is no text of bytes (U+0000 to U+00FF)"),
        ("/state", json!("secret"), "`state`: it is none of the enum's symbols"),
        ("/stops/0/next", json!({"faa": 1, "next": null}), "`stops[0].next.faa`: an integer is no string"),
        ("/stops/0", json!({"next": null}), "`stops[0].faa`: it is missing, and the schema has no default"),
        ("/stops/0", json!({"faa": "x", "more": 1}), "`stops[0].more`: the schema has no such field"),
        ("/seats/first", json!(true), "`seats.*`: a boolean is no int"),
        ("/price", json!("1.234"), "`price`: it has 3 digits behind its point, and the schema 2"),
        (
            "/any",
            json!(true),
            "`any`: a boolean is none of null, string, long, double, acme.Stop, acme.Tail, array",
        ),
        ("/any", json!([1, "secret"]), "`any[1]`: a text is no long"),
    ] {
        let mut json = flight();
        *json.pointer_mut(at).unwrap() = value;
        let misfit = encode(&ours, &json).unwrap_err();
        assert_eq!(misfit.to_string(), said);
    }
    assert_eq!(encode(&ours, &json!([])).unwrap_err().to_string(), "`.`: a list is no record");
}

#[test]
fn of_a_union_the_first_branch_is_taken_that_a_value_looks_like() {
    let ours = avro(FLIGHT);
    for (given, read) in [
        (json!(null), json!(null)),
        (json!("abc"), json!({"string": "abc"})),
        (json!({"acme.Tail": "abc"}), json!({"acme.Tail": "abc"})),
        (json!(7), json!({"long": 7})),
        (json!(7.5), json!({"double": 7.5})),
        (json!({"double": 7}), json!({"double": 7.0})),
        (json!({"faa": "LGA"}), json!({"acme.Stop": {"faa": "LGA", "next": null}})),
        (json!([1]), json!({"array": [1]})),
    ] {
        let json = Json::Object(
            flight()
                .as_object()
                .unwrap()
                .clone()
                .into_iter()
                .chain([("any".to_owned(), given.clone())])
                .collect(),
        );
        assert_eq!(ours.decode(&encoded(&ours, &json)).unwrap()["any"], read, "{given}");
    }
}

#[test]
fn schemas_that_refer_to_others_are_one() {
    let mut source = Source::new(
        Kind::Avro,
        r#"{"type": "record", "name": "Trip", "fields": [{"name": "from", "type": "acme.Place"}]}"#,
    );
    assert!(Avro::new(&source).is_err());
    let place = r#"{"type": "record", "name": "acme.Place", "fields": [{"name": "faa", "type": "string"}]}"#;
    source.references = vec![crate::Reference { name: "acme.Place".into(), text: place.into() }];
    let trip = Avro::new(&source).unwrap();
    let json = json!({"from": {"faa": "JFK"}});
    assert_eq!(trip.decode(&encoded(&trip, &json)).unwrap(), json);
    let wrong =
        r#"{"type": "record", "name": "T", "fields": [{"name": "a", "type": "int", "default": "x"}]}"#;
    assert!(Avro::new(&Source::new(Kind::Avro, wrong)).is_err(), "a default that is no value");
}

#[test]
fn a_decimal_that_cannot_be_read_or_written_makes_a_schema_useless() {
    let decimal = |kind: &str, scale: u64| {
        let text = format!(r#"{{{kind}, "logicalType": "decimal", "precision": {scale}, "scale": {scale}}}"#);
        Avro::new(&Source::new(Kind::Avro, text)).map(|_| ()).map_err(|why| why.to_string())
    };
    let fixed = |size: u64| format!(r#""type": "fixed", "name": "D", "size": {size}"#);
    for (kind, scale, said) in [
        (r#""type": "bytes""#.to_owned(), 39, "the scale 39"),
        (r#""type": "bytes""#.to_owned(), 65_536, "the scale 65536"),
        (fixed(1 << 40), u64::MAX, "the scale 18446744073709551615"),
        (fixed(1 << 40), 2, "1099511627776 bytes"),
    ] {
        let why = decimal(&kind, scale).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    assert_eq!((decimal(r#""type": "bytes""#, 38), decimal(&fixed(1024), 2)), (Ok(()), Ok(())));
}

/// Records that each have two fields of the one before, which are that one's defaults when nobody gives them; the first has
/// a default of that kind and length.
fn doubling(records: usize, (kind, default): (&str, Json)) -> String {
    let first =
        json!({"type": "record", "name": "R0", "fields": [{"name": "a", "type": kind, "default": default}]});
    let field = |name: &str, of: Json| json!({"name": name, "type": of, "default": {}});
    let nested = (1..records).fold(first, |inner, at| {
        let before = json!(format!("R{}", at - 1));
        json!({"type": "record", "name": format!("R{at}"), "fields": [field("a", inner), field("b", before)]})
    });
    nested.to_string()
}

#[test]
fn defaults_of_defaults_end_before_they_are_more_than_a_value_can_be() {
    let made = |records, default| {
        let since = Instant::now();
        let made = Avro::new(&Source::new(Kind::Avro, doubling(records, default)));
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
        made
    };
    for default in [("null", json!(null)), ("int", json!(7)), ("string", json!("x".repeat(100_000)))] {
        let why = made(30, default).map(|_| ()).unwrap_err().to_string();
        assert!(why.contains("make far more of it than was given"), "{why}");
    }
    let few = made(5, ("int", json!(7))).unwrap();
    assert_eq!(encoded(&few, &json!({})), [14; 16]);
    // Each is little enough, but not all of them.
    let item = doubling(2, ("string", json!("x".repeat(10_000))));
    let items = avro(&format!(r#"{{"type": "array", "items": {item}}}"#));
    assert!(encode(&items, &json!(vec![json!({}); 20])).is_ok());
    let misfit = encode(&items, &json!(vec![json!({}); 1000])).unwrap_err();
    assert!(misfit.why.contains("than was given") && misfit.place.starts_with('['), "{misfit}");
}

#[test]
fn a_schema_that_the_library_would_copy_too_often_is_refused() {
    let field = |at: usize| json!({"name": format!("f{at}"), "type": "int"});
    let nested = |fields: usize, depth: usize| {
        let inner =
            json!({"type": "record", "name": "R", "fields": (0..fields).map(field).collect::<Vec<_>>()});
        let nested = (0..depth).fold(inner, |inner, at| {
            json!({"type": "record", "name": format!("R{at}"), "fields": [{"name": "a", "type": inner}]})
        });
        Avro::new(&Source::new(Kind::Avro, nested.to_string())).map(|_| ())
    };
    assert_eq!((nested(2_000, 4), nested(10, 25)), (Ok(()), Ok(())));
    let why = nested(10_000, 25).unwrap_err().to_string();
    assert!(why.contains("too many, nested too deeply"), "{why}");
}

/// A list that is linked by itself.
const LINKED: &str =
    r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#;

/// Values of which most take no byte.
const NULLS: &str = r#"{"type": "array", "items": {"type": "record", "name": "N", "fields": [
  {"name": "a", "type": "null"}, {"name": "b", "type": "null"}]}}"#;

fn long(number: i64) -> Vec<u8> {
    let mut out = Vec::new();
    crate::varint::put(&mut out, number);
    out
}

#[test]
fn hostile_bytes_are_refused_within_bounds() {
    let of = |schema: &str| avro(schema);
    let nulls = of(r#"{"type": "array", "items": "null"}"#);
    let longs = of(r#"{"type": "array", "items": "long"}"#);
    let empty = of(r#"{"type": "map", "values": {"type": "record", "name": "E", "fields": []}}"#);
    for (avro, bytes, said) in [
        (&of(LINKED), vec![2; 100_000], "nested more than"),
        (&of(r#""string""#), long(i64::MAX), "it ends within"),
        (&of(r#""bytes""#), long(-5), "a length of -5"),
        (&of(r#""string""#), [long(2), vec![0xff, 0xfe]].concat(), "not UTF-8"),
        (&longs, long(1 << 40), "more items than its length"),
        (&longs, [long(i64::MIN), long(i64::MAX)].concat(), "ends behind its value"),
        (&longs, [long(i64::MIN), long(0)].concat(), "more items than its length"),
        (&nulls, long(1 << 40), "more items than its length"),
        (&nulls, [long(1000), long(1000), vec![0]].concat(), "more items than its length"),
        (&of(NULLS), [long(1000), vec![0]].concat(), "more values than its length"),
        (&empty, [long(2), long(1), b"a".to_vec(), long(1), b"a".to_vec(), vec![0]].concat(), "a key twice"),
        (&of(r#"["null", "int"]"#), long(2), "no branch 2"),
        (&of(r#"["null", "int"]"#), long(-1), "no branch -1"),
        (&of(r#""int""#), long(1 << 40), "too large"),
        (&of(r#""boolean""#), vec![2], "neither 0 nor 1"),
        (&of(r#""int""#), vec![2, 2], "left over"),
        (&of(r#""int""#), vec![], "no whole number"),
    ] {
        let why = avro.decode(&bytes).unwrap_err();
        assert!(why.contains(said), "{why} instead of {said}");
    }
    let deep = (0..2 * crate::DEPTH_MAX).fold(json!({"next": null}), |inner, _| json!({"next": inner}));
    let misfit = encode(&of(LINKED), &deep).unwrap_err();
    assert!(misfit.why.contains("nested more than"), "{misfit}");
    let flights = avro(FLIGHT);
    let whole = encoded(&flights, &flight());
    for at in 0..whole.len() {
        assert!(flights.decode(&whole[..at]).is_err(), "cut off at {at}");
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            // Whatever it comes to, but no panic.
            let _ = flights.decode(&flipped);
        }
    }
}

#[test]
fn a_short_value_does_not_become_a_long_text() {
    let name = "x".repeat(100_000);
    let record =
        format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "{name}", "type": "boolean"}}]}}"#);
    let symbol = format!(r#"{{"type": "enum", "name": "E", "symbols": ["{name}"]}}"#);
    let union = format!(r#"["int", {{"type": "fixed", "name": "{name}", "size": 1}}]"#);
    for (items, item) in [(record, &[1_u8][..]), (symbol, &[0]), (union, &[2, 0])] {
        let avro = avro(&format!(r#"{{"type": "array", "items": {items}}}"#));
        let list = |of: usize| [long(of as i64), item.repeat(of), vec![0]].concat();
        assert!(avro.decode(&list(10)).is_ok());
        let why = avro.decode(&list(1000)).unwrap_err();
        assert!(why.contains("longer than its length"), "{why}");
    }
    // Records inside each other, with a name each and many more behind it, of which none is reached.
    let names: Vec<Json> = (0..30_000).map(|at| json!({"name": format!("f{at}"), "type": "null"})).collect();
    let next = json!({"name": "next", "type": ["null", "N"]});
    let fields: Vec<Json> = [next].into_iter().chain(names).collect();
    let nested = avro(&json!({"type": "record", "name": "N", "fields": fields}).to_string());
    let why = nested.decode(&[2; 90]).unwrap_err();
    assert!(why.contains("longer than its length"), "{why}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        for schema in [FLIGHT, LINKED] {
            let _ = avro(schema).decode(&bytes);
        }
    }
}
