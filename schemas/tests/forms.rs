//! JSON Schema and Protobuf values, in the registry's frame.

use handover_schemas::{Kind, Reference, Schema, Source, Unreadable, frame};
use serde_json::{Value as Json, json};

const FLIGHT: &str = r#"
syntax = "proto3";
package acme;
import "google/protobuf/timestamp.proto";
message Flight {
  string carrier = 1;
  int32 delay = 2;
  repeated Stop stops = 3;
  map<string, int64> seats = 4;
  google.protobuf.Timestamp at = 5;
  optional bool cancelled = 6;
  oneof how { string tail = 7; int64 number = 8; }
  Flight next = 9;
  map<string, Stop> named = 10;
  message Stop { string faa = 1; State state = 2; }
  enum State { PLANNED = 0; GONE = 1; }
}
message Crew { message Pilot { string name = 1; } Pilot pilot = 1; }
"#;

fn schema(kind: Kind, text: &str) -> Schema {
    Schema::new(7, &Source::new(kind, text), None).unwrap_or_else(|why| panic!("{why}"))
}

fn bytes(json: &Json) -> Vec<u8> {
    json.to_string().into_bytes()
}

fn read(schema: &Schema, value: &[u8]) -> Json {
    serde_json::from_slice(&schema.decode(value).unwrap_or_else(|why| panic!("{why}"))).unwrap()
}

fn flight() -> Json {
    json!({
        "carrier": "UA", "delay": -3, "stops": [{"faa": "EWR"}, {"faa": "IAH", "state": "GONE"}],
        "seats": {"second": 9_007_199_254_740_993_i64, "first": 12, "third": 0}, "at": "2013-01-01T05:00:00Z", "cancelled": false,
        "number": 1545, "next": {"carrier": "B6"}, "named": {"b": {"faa": "X"}, "a": {"faa": "Y"}},
    })
}

#[test]
fn a_protobuf_message_is_read_as_it_was_written() {
    let flights = schema(Kind::Protobuf, FLIGHT);
    let written = flights.encode(&bytes(&flight())).unwrap();
    assert_eq!(written[..6], [0, 0, 0, 0, 7, 0], "the frame, and the first message");
    assert_eq!(read(&flights, &written), json!({"acme.Flight": flight()}));
    // Names as in the file are taken, too, and maps have no order of their own.
    let again = json!({"seats": {"third": 0, "first": 12, "second": "9007199254740993"}});
    let once = flights.encode(&bytes(&again)).unwrap();
    for _ in 0..20 {
        assert_eq!(flights.encode(&bytes(&again)).unwrap(), once);
    }
}

#[test]
fn any_message_of_a_schema_can_be_written() {
    let source = Source::new(Kind::Protobuf, FLIGHT);
    let pilots = Schema::new(7, &source, Some("acme.Crew.Pilot")).unwrap();
    let written = pilots.encode(b"{\"name\": \"Amelia\"}").unwrap();
    // Two indexes: 1, then 0.
    assert_eq!(written[5..8], [4, 2, 0]);
    assert_eq!(read(&pilots, &written), json!({"acme.Crew.Pilot": {"name": "Amelia"}}));
    assert_eq!(
        read(&schema(Kind::Protobuf, FLIGHT), &written),
        json!({"acme.Crew.Pilot": {"name": "Amelia"}})
    );
    assert!(Schema::new(7, &source, Some("acme.Nobody")).is_err());
}

#[test]
fn a_message_is_named_wherever_there_are_several() {
    let of = |messages: &str| format!("syntax = \"proto3\"; package acme; {messages}");
    let outer = "message Outer { message Inner { string a = 1; } string a = 1; }";
    for (messages, message, read_as) in [
        ("message Only { string a = 1; map<string, string> b = 2; }", None, json!({"a": "x"})),
        ("message First { string a = 1; } message Second {}", None, json!({"acme.First": {"a": "x"}})),
        (outer, None, json!({"acme.Outer": {"a": "x"}})),
        // The same bytes.
        (outer, Some("acme.Outer.Inner"), json!({"acme.Outer.Inner": {"a": "x"}})),
    ] {
        let schema = Schema::new(7, &Source::new(Kind::Protobuf, of(messages)), message).unwrap();
        assert_eq!(read(&schema, &schema.encode(b"{\"a\":\"x\"}").unwrap()), read_as);
    }
}

#[test]
fn what_protobuf_has_no_room_for_names_its_field_and_nothing_of_the_value() {
    let flights = schema(Kind::Protobuf, FLIGHT);
    for (json, place, why) in [
        (json!({"delay": "secret"}), "delay", ""),
        (json!({"stops": [{"faa": "EWR"}, {"faa": 7}]}), "stops[1].faa", "expected a string"),
        (json!({"next": {"more": 1}}), "next", "unrecognized field name 'more'"),
        (json!({"stops": [{"state": "secret"}]}), "stops[0].state", "enum value"),
        (json!(["secret"]), ".", ""),
        (json!({"seats": {"secret": "x"}}), "seats.*", ""),
        (json!({"named": {"secret": {"faa": 7}}}), "named.*.faa", "expected a string"),
        (json!({"carrier": {"secret at line 1": 1}}), "carrier", "expected a string"),
        (json!({"cancelled": "\" at line secret"}), "cancelled", "expected"),
        (json!({"x".repeat(300): 1}), ".", "unrecognized field name 'xxx"),
    ] {
        let misfit = flights.encode(&bytes(&json)).unwrap_err();
        assert!(misfit.place == place && misfit.why.contains(why), "{misfit}");
        assert!(!misfit.to_string().contains("secret") && misfit.to_string().len() < 200, "{misfit}");
    }
    assert!(flights.encode(b"{} {}").is_err());
    assert!(flights.encode(b"").is_err());
}

#[test]
fn hostile_protobuf_is_refused() {
    let flights = schema(Kind::Protobuf, FLIGHT);
    let framed = |rest: &[u8]| [&[0, 0, 0, 0, 7][..], rest].concat();
    // Field 9 holds a message that holds a message…
    let deep = (0..200).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut length = Vec::new();
        let mut left = inner.len();
        while left >= 0x80 {
            length.push(left as u8 | 0x80);
            left >>= 7;
        }
        length.push(left as u8);
        [&[0x4a][..], &length, &inner].concat()
    });
    for (rest, said) in [
        (&b""[..], "no way to a message"),
        (&[2], "no way to a message"),
        (&[2, 20], "no message [10]"),
        (&[0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], ""),
        (&[0, 0xf8, 0x07, 1], "fields that its schema does not have"),
        (&[&[0][..], &deep].concat(), ""),
    ] {
        let why = flights.decode(&framed(rest)).unwrap_err().to_string();
        assert!(why.contains(said), "{why}");
    }
    let nested = format!("syntax = \"proto3\"; {}{}", "message A { ".repeat(10_000), "}".repeat(10_000));
    assert!(Schema::new(7, &Source::new(Kind::Protobuf, nested), None).is_err());
    let written = flights.encode(&bytes(&flight())).unwrap();
    for at in 5..written.len() {
        let mut flipped = written.clone();
        flipped[at] ^= 0x55;
        let _ = flights.decode(&flipped);
        let _ = flights.decode(&written[..at]);
    }
}

#[test]
fn a_protobuf_schema_that_can_hold_anything_is_refused() {
    let with = |rest: &str| {
        let text = format!("syntax = \"proto2\"; import \"google/protobuf/any.proto\"; {rest}");
        Schema::new(7, &Source::new(Kind::Protobuf, text), None)
    };
    for reaches in [
        "message A { optional google.protobuf.Any any = 1; }",
        "message A { optional B b = 1; } message B { map<string, google.protobuf.Any> any = 1; }",
        "message A { message B { repeated google.protobuf.Any any = 1; } }",
        "message A { extensions 100; } extend A { optional google.protobuf.Any any = 100; }",
        "message A {} message B { oneof any { google.protobuf.Any value = 1; } }",
    ] {
        let why = with(reaches).map(|_| ()).unwrap_err().to_string();
        assert!(why.contains("google.protobuf.Any") && why.contains("without a schema"), "{why}");
    }
    assert!(with("message A { extensions 100; }").is_ok(), "what it imports and does not use is no harm");
}

#[test]
fn a_short_message_does_not_become_a_long_text() {
    let text = format!(
        "syntax = \"proto3\"; message A {{ repeated E e = 1; }} enum E {{ {} = 0; }}",
        "x".repeat(100_000)
    );
    let schema = schema(Kind::Protobuf, &text);
    let list = |of: u8| [&[0, 0, 0, 0, 7, 0, 0x0a, of][..], &vec![0; of.into()]].concat();
    assert!(schema.decode(&list(5)).is_ok());
    let why = schema.decode(&list(100)).unwrap_err().to_string();
    assert!(why.contains("longer than its length"), "{why}");
}

#[test]
fn json_by_a_schema_is_itself_behind_the_frame() {
    let text = r#"{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["carrier"],
        "properties": {"carrier": {"type": "string"}, "to": {"$ref": "place.json"},
        "seats": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}}},
        "additionalProperties": false}"#;
    let mut source = Source::new(Kind::Json, text);
    assert!(Schema::new(7, &source, None).is_err(), "what it refers to is not fetched");
    let place = r#"{"type": "object", "properties": {"faa": {"type": "string", "maxLength": 3}}}"#;
    source.references = vec![Reference { name: "place.json".into(), text: place.into() }];
    let flights = Schema::new(7, &source, None).unwrap();
    let json = br#"{"to": {"faa":"JFK"}, "carrier" : "UA"}"#;
    let written = flights.encode(json).unwrap();
    assert_eq!(written, [&[0, 0, 0, 0, 7][..], json].concat());
    assert_eq!(flights.decode(&written).unwrap(), json);
    for (json, place, why) in [
        (&br#"{"carrier": "UA", "to": {"faa": "secret"}}"#[..], "/to/faa", "longer than 3"),
        (br#"{"carrier": "UA", "seats": {"secret": [1, "x"]}}"#, "/seats/*/1", "not of type \"integer\""),
        (br#"{"carrier": "UA", "more": 1}"#, ".", "more"),
        (br#"{"carrier": "secret"#, ".", "no JSON: line 1"),
    ] {
        let misfit = flights.encode(json).unwrap_err();
        assert!(misfit.place == place && misfit.why.contains(why), "{misfit}");
        assert!(!misfit.to_string().contains("secret"), "{misfit}");
    }
    assert!(matches!(flights.decode(&[0, 0, 0, 0, 7, b'{']), Err(Unreadable::Broken { id: 7, .. })));
}

#[test]
fn a_value_by_another_schema_or_none_is_told() {
    let text = schema(Kind::Avro, r#""string""#);
    assert_eq!(text.decode(&[0, 0, 0, 1, 0, 0]), Err(Unreadable::OfAnother(256)));
    assert_eq!(text.decode(b"{}"), Err(Unreadable::NoFrame(frame::NoFrame::Other(b'{'))));
    assert_eq!(frame::split(&text.encode(b"\"x\"").unwrap()), Ok((7, &b"\x02x"[..])));
    for kind in [Kind::Avro, Kind::Json, Kind::Protobuf] {
        assert!(Schema::new(7, &Source::new(kind, "{"), None).is_err(), "{kind:?}");
        assert!(Schema::new(7, &Source::new(kind, " ".repeat(5 << 20)), None).is_err(), "{kind:?}");
    }
}
