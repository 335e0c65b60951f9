//! Comparison, search and order: rows 3 and 21.
//!
//! # `==`, `in_array`, `switch` (3)
//!
//! `0 == "a"` holds up to 7.4 and not from 8.0 on, and with it `in_array("abc", [0])` and a `switch` over zeros. Two numeric
//! texts compare as numbers in every version: `"1e1" == "10"`. A `match` over Rust strings does neither.
//!
//! *Proof*: `matrix 27615`, `matrix 43901`, `matrix 69387`, `families 1836`, `matrix 68795`.
//!
//! ```
//! use legacy_compat::{Php, Version, compare};
//! let (old, new) = (Php::new(Version::V7_4), Php::new(Version::V8_0));
//! assert!(compare::loose_eq(&old, &0.into(), &"a".into()) && !compare::loose_eq(&new, &0.into(), &"a".into()));
//! let haystack = [0].into_iter().collect();
//! assert!(compare::in_array(&old, &"abc".into(), &haystack, false));
//! assert!(!compare::in_array(&new, &"abc".into(), &haystack, false));
//! assert!(compare::loose_eq(&new, &"1e1".into(), &"10".into()));
//! ```
//!
//! # `<` (3)
//!
//! `null < -1` holds: beside null and booleans everything becomes a boolean. `$a > $b` is `$b < $a`, which differs where neither is
//! less (arrays with other keys, NAN): port it as [`less`](crate::compare::less) with the sides exchanged.
//!
//! *Proof*: `matrix 59630`, `matrix 27616`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, compare};
//! let php = Php::new(Version::V8_2);
//! assert!(compare::less(&php, &Value::Null, &(-1).into()));
//! ```
//!
//! # Sorting (21)
//!
//! `sort` is unstable up to 7.4, another way in 5.6 than in 7, and stable from 8.0 on. With mixed types `<` is no order at all, and what
//! comes out hangs on the algorithm: `sort_by` would panic or differ. Call PHP's own by name.
//!
//! *Proof*: `families 36104`, `families 36110`.
//!
//! ```
//! use legacy_compat::{Array, Php, Value, Version, call::call};
//! let list: Array = ["10", "9", "1e1"].into_iter().collect();
//! let mut args = vec![Value::from(list)];
//! call(&Php::new(Version::V8_2), "sort", &mut args)?;
//! let sorted: Array = ["9", "10", "1e1"].into_iter().collect();
//! assert_eq!(args[0], Value::from(sorted));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```

#![doc(alias("usort", "switch"))]
