//! No function panics, whatever it is called with, in any version.

use std::time::{Duration, Instant};

use legacy_compat::call::{self, Ctx};
use legacy_compat::{Array, Key, Php, Value, Version, json, request};
use proptest::prelude::*;

const VERSIONS: [Version; 5] = [Version::V5_6, Version::V7_0, Version::V7_4, Version::V8_2, Version::V8_4];

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::from),
        "[ -~]{0,16}".prop_map(Value::from),
        "[+-]?[0-9]{0,20}(\\.[0-9]{0,3})?(e[+-]?[0-9]{1,4})?".prop_map(Value::from),
        "(/[a-z.*+?()|\\[\\]{}0-9^$]{0,10}/[imsxuDU]{0,2}|%[-+ 0'*.0-9$]{0,6}[sdfeguxXcob%])"
            .prop_map(Value::from),
        "(next |last |\\+1 |first )?(day|week|monday|month|year|weekday)( of)?( ago)?".prop_map(Value::from),
        "[0-9]{1,4}[-/.:T ][0-9]{1,2}[-/.: ][0-9]{1,4}([ T][0-9:]{1,8})?(Z|[+-][0-9:]{1,5}| UTC)?"
            .prop_map(Value::from),
        prop_oneof!["strlen", "strcmp", "intval", "usort", "array_map", "json_encode"].prop_map(Value::from),
        "[&<a-z;#0-9=\\[\\]%/?:@]{0,20}".prop_map(Value::from),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-40i64..600).prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        Just(Value::Int(i64::MIN)),
        Just(Value::Int(i64::MAX)),
        Just(Value::Float(f64::INFINITY)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text(),
        3 => number(),
        1 => prop_oneof![Just(Value::Null), Just(Value::TRUE), Just(Value::FALSE)],
    ];
    leaf.prop_recursive(2, 12, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|list| Value::Array(Array::from(list))),
            proptest::collection::vec((text(), inner.clone()), 0..4).prop_map(|pairs| {
                let key = |name: Value| Key::from_bytes(name.as_bytes().unwrap());
                Value::Array(pairs.into_iter().map(|(name, value)| (key(name), value)).collect())
            }),
            proptest::collection::vec(inner, 0..3).prop_map(|list| {
                Value::Object(legacy_compat::cast::to_object(
                    &Php::new(Version::V8_2),
                    &Value::Array(list.into()),
                ))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_function_takes_anything(args in proptest::collection::vec(value(), 0..5)) {
        for version in VERSIONS {
            let php = Php::new(version).at(1_700_000_000);
            for name in call::names(&php) {
                let started = Instant::now();
                let _ = Ctx::new(&php).call(name, &mut args.clone());
                let took = started.elapsed();
                prop_assert!(took < Duration::from_secs(8), "{name} took {took:?}");
            }
        }
    }

    #[test]
    fn any_text_is_json_a_query_or_a_fault(text in proptest::collection::vec(any::<u8>(), 0..64)) {
        for version in VERSIONS {
            let php = Php::new(version);
            if let Ok(value) = json::decode(&php, &text, json::Decode::objects()) {
                prop_assert!(json::encode(&php, &value, 0).is_ok() || php.version < Version::V7_0);
            }
            let _ = (request::parse_str(&php, &text), request::cookies(&php, &text));
        }
    }

    #[test]
    fn any_body_is_a_form(content in proptest::collection::vec(any::<u8>(), 0..64), text in "[-x\r\n:;=\"a-z\\[\\]]{0,64}") {
        let head = b"--x\r\nContent-Disposition: form-data; name=\"a[\"; filename=\"f\"\r\n\r\n";
        let body = [&head[..], text.as_bytes(), &content, b"\r\n--x\r\n", text.as_bytes()].concat();
        for (version, content_type) in VERSIONS.into_iter().zip(["multipart/form-data; boundary=x", "multipart/form-data; boundary="].into_iter().cycle()) {
            let incoming = request::Incoming { method: b"POST", query: &content, cookie: &content, content_type: content_type.as_bytes(), body: &body };
            let _ = request::Superglobals::of(&Php::new(version), &incoming);
        }
    }

    #[test]
    fn operators_take_anything(a in value(), b in value()) {
        use legacy_compat::{arith, compare};
        for version in VERSIONS {
            let php = Php::new(version);
            let _ = (arith::add(&php, &a, &b), arith::mul(&php, &a, &b), arith::div(&php, &a, &b));
            let _ = (arith::modulo(&php, &a, &b), arith::pow(&php, &a, &b), arith::shift(&php, &a, &b, false));
            let _ = (arith::increment(&php, &a), arith::decrement(&php, &b), compare::spaceship(&php, &a, &b));
        }
    }
}
