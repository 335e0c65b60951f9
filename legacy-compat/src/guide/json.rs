//! JSON: rows 5 and 6.
//!
//! # `json_decode` (5)
//!
//! Of duplicate keys the last wins, an integer that is too large becomes a float, `TRUE` is an error, `1.` is one from 7.0 on, and the
//! empty key is `_empty_` in objects up to 7.0. `serde_json` answers otherwise in most of these, and its errors have no codes.
//!
//! *Proof*: `matrix 71754`, `matrix 9534`, `matrix 71887`, `matrix 5464`, `matrix 71761`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, json};
//! let php = Php::new(Version::V8_2);
//! assert_eq!(json::json_decode(&php, br#"{"a":1,"a":2}"#).unwrap().at("a"), &Value::Int(2));
//! assert!(matches!(json::json_decode(&php, b"12345678901234567890"), Ok(Value::Float(_))));
//! assert_eq!(json::json_decode(&php, b"TRUE").unwrap_err().code(), 4);
//! ```
//!
//! # `json_encode` (6)
//!
//! `/` becomes `\/`, what is not ASCII `\u00e9`; an array is a list only when its keys are 0, 1, 2 …, so a list with a gap becomes an
//! object, and an empty array is `[]` where a client may expect `{}`. Text that is not UTF-8 makes the whole answer false.
//!
//! *Proof*: `families 34529`, `families 34535`, `families 34587`, `matrix 3528`, `families 34596`.
//!
//! ```
//! use legacy_compat::{Array, Php, Value, Version, json};
//! let php = Php::new(Version::V8_2);
//! let encoded = |value: Value| json::json_encode(&php, &value).map(|text| String::from_utf8(text).unwrap());
//! assert_eq!(encoded("a/\u{e9}".into()).unwrap(), r#""a\/\u00e9""#);
//! let mut list: Array = [1, 2].into_iter().collect();
//! list.remove(&0.into());
//! assert_eq!(encoded(list.into()).unwrap(), r#"{"1":2}"#);
//! assert_eq!(encoded(Array::new().into()).unwrap(), "[]");
//! assert_eq!(encoded(Value::string(b"\xe9")), None);
//! ```
