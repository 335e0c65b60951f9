//! Filters and regular expressions: rows 8 and 9.
//!
//! # `filter_var` (8)
//!
//! `FILTER_VALIDATE_INT` trims, and refuses `1e3` and leading zeros; `FILTER_VALIDATE_FLOAT` takes `1e3`; with
//! `FILTER_NULL_ON_FAILURE` null says what false says otherwise. The filter for mails is one large pattern of PCRE: no crate
//! agrees with it.
//!
//! *Proof*: `matrix 4739`, `matrix 5949`, `matrix 5953`, `matrix 5955`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, call::call};
//! let php = Php::new(Version::V8_2);
//! let filter = |text: &str, filter: i64| call(&php, "filter_var", &mut vec![text.into(), filter.into()]);
//! assert_eq!(filter(" 1", 257)?, Value::Int(1));
//! assert_eq!(filter("1e3", 257)?, Value::FALSE);
//! assert_eq!(filter("1e3", 259)?, Value::Float(1000.0));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```
//!
//! # `preg_match` (9)
//!
//! `$` matches before a line break at the end, too: `/^\d+$/` takes `"1\n"` unless it has the flag `D`. Look-around, references back and
//! possessive quantifiers are PCRE's: the crate `regex` has none of them, and its `$` is another one. Text that is not UTF-8 fails
//! under `/u`.
//!
//! *Proof*: `matrix 72957`, `matrix 73047`.
//!
//! ```
//! use legacy_compat::{Php, Version, pcre::preg_match};
//! let php = Php::new(Version::V8_2);
//! assert!(preg_match(&php, br"/^\d+$/", b"1\n").unwrap().is_some());
//! assert!(preg_match(&php, br"/^\d+$/D", b"1\n").unwrap().is_none());
//! ```
