//! Text: rows 12, 13, 15, 16 and 17.
//!
//! # Byte strings (12)
//!
//! PHP's strings are bytes: `substr`, `strlen` and offsets count those. `substr("abc", 3)` is `false` in 5.6 and `""` from 7.0 on,
//! `substr("abc", 5, 1)` `false` up to 7.4. Slices of Rust's `str` would panic within a character.
//!
//! *Proof*: `families 17031`, `families 17041`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, call::call};
//! let substr = |version, at: i64| call(&Php::new(version), "substr", &mut vec!["abc".into(), at.into(), 1.into()]);
//! assert_eq!(substr(Version::V7_4, 5)?, Value::FALSE);
//! assert_eq!(substr(Version::V8_0, 5)?, Value::from(""));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```
//!
//! # Characters (13)
//!
//! `mb_strlen` believes the first byte of a character, whatever follows it: `\xe9` is the first of three. `chars()` has no such bytes
//! at all.
//!
//! *Proof*: `matrix 10714`, `families 46648`, `families 48708`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, call::call};
//! let php = Php::new(Version::V8_2);
//! assert_eq!(call(&php, "mb_strlen", &mut vec![Value::string(b"a\xe9b")])?, Value::Int(2));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```
//!
//! # Numbers as text (15)
//!
//! `round` and `number_format` round half away from zero, and by what was meant rather than by the bits: `1.955` to two places is 1.96.
//! `format!("{:.2}")` says 1.96 or 1.95 as the bits have it.
//!
//! *Proof*: `matrix 16814`, `families 11291`, `families 11681`.
//!
//! ```
//! use legacy_compat::families::round::{Mode, number_format, round};
//! use legacy_compat::{Php, Version};
//! let php = Php::new(Version::V8_2);
//! assert_eq!(round(&php, 1.005, 2, Mode::HalfUp), 1.01);
//! assert_eq!(format!("{:.2}", 1.005), "1.00");
//! assert_eq!(number_format(&php, 1234.5, 0, b".", b","), b"1,235");
//! ```
//!
//! # HTML (16)
//!
//! From 8.1 on `htmlspecialchars` escapes single quotes as well; text that is not UTF-8 became empty before, and has the replacement
//! character since.
//!
//! *Proof*: `families 32180`, `families 32599`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, call::call};
//! let escaped = |version| call(&Php::new(version), "htmlspecialchars", &mut vec!["'".into()]);
//! assert_eq!(escaped(Version::V7_4)?, Value::from("'"));
//! assert_eq!(escaped(Version::V8_2)?, Value::from("&#039;"));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```
//!
//! # URLs (17)
//!
//! `urlencode` makes a blank `+` and escapes `~`; `rawurlencode` makes it `%20` and does not. `http_build_query` leaves out nulls,
//! and writes `true` as `1`.
//!
//! *Proof*: `matrix 3903`, `families 25255`, `matrix 3729`, `families 33304`.
//!
//! ```
//! use legacy_compat::families::strings::escape::{rawurlencode, urlencode};
//! assert_eq!((urlencode(b"a ~"), rawurlencode(b"a ~")), (b"a+%7E".to_vec(), b"a%20~".to_vec()));
//! ```
