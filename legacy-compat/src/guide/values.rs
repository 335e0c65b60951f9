//! Values, casts, numbers and how floats look: rows 1, 2 and 7.
//!
//! # Array keys (1)
//!
//! `$a["1"]`, `$a[1]`, `$a[1.7]` and `$a[true]` are one element; `$a["01"]` is another; `$a[null]` is `$a[""]`. A
//! [`HashMap`](std::collections::HashMap) keyed by strings gets all of that wrong, and loses the order.
//!
//! *Proof*: `matrix 4550`, `matrix 5320`, `matrix 15000`, `matrix 18960`, `matrix 19070`.
//!
//! ```
//! use legacy_compat::{Array, Key, Value};
//! let mut array = Array::new();
//! array.insert("1", "text");
//! array.insert(1, "number");
//! array.insert("01", "another");
//! assert_eq!(array.len(), 2);
//! assert_eq!(array.keys().collect::<Vec<_>>(), [Key::Int(1), Key::from("01")]);
//! # assert_eq!(array.get_int(1), Some(&Value::from("number")));
//! ```
//!
//! # Numbers in texts (2)
//!
//! `(int) "1e3"` is 1 up to 7.0 and 1000 from 7.1; `is_numeric("1 ")` holds from 8.0 on; `is_numeric("0x1A")` in 5.6 alone. Rust's
//! `parse` knows none of it: `" 1"` is a number in PHP, `"1."` too.
//!
//! *Proof*: `matrix 5867`, `matrix 232`, `matrix 582`, `matrix 207`.
//!
//! ```
//! use legacy_compat::{Php, Version, cast, numeric};
//! let (old, new) = (Php::new(Version::V7_0), Php::new(Version::V8_2));
//! assert_eq!((cast::to_int(&old, &"1e3".into()), cast::to_int(&new, &"1e3".into())), (1, 1000));
//! assert_eq!((numeric::whole(&old, b"1 ").is_some(), numeric::whole(&new, b"1 ").is_some()), (false, true));
//! ```
//!
//! # Arithmetic (2)
//!
//! An overflow becomes a float, a division by zero a warning or an exception by version, `"abc" + 1` a warning up to 7.4 and a
//! `TypeError` later. Integers in Rust panic or wrap.
//!
//! *Proof*: `families 2744`, `families 2935`, `matrix 61886`, `families 13260`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, arith};
//! let php = Php::new(Version::V8_2);
//! assert_eq!(arith::add(&php, &i64::MAX.into(), &1.into())?, Value::Float(9_223_372_036_854_775_808.0));
//! assert!(arith::modulo(&php, &1.into(), &0.into()).is_err());
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```
//!
//! # Floats as text (7)
//!
//! `echo` and `(string)` use `precision`, 14 digits; `json_encode`, `var_export` and `serialize` use `serialize_precision`, 17 digits up
//! to 7.0 and the shortest that reads back later. `format!("{}", 0.1 + 0.2)` is neither, and has no `1.0E+22`.
//!
//! *Proof*: `matrix 2803`, `matrix 16319`, `matrix 14669`, `matrix 2504`.
//!
//! ```
//! use legacy_compat::{Php, Version, cast, json};
//! let php = Php::new(Version::V8_2);
//! assert_eq!(&*cast::float_to_str(&php, 0.1 + 0.2), b"0.3");
//! assert_eq!(json::json_encode(&php, &(0.1 + 0.2).into()).unwrap(), b"0.30000000000000004");
//! assert_eq!(&*cast::float_to_str(&php, 1e22), b"1.0E+22");
//! ```
