//! What is stored: rows 19, 20 and 22.
//!
//! # `$_SESSION` (19)
//!
//! Three forms, none of them JSON; up to 7.4 what is left over at the end is passed over, from 8.0 on the session is gone. A name
//! with `|` spoils all of the form `php`. Native handlers get it decoded, under PHP's lock, by `Context::session` of
//! `handover-api`.
//!
//! *Proof*: `families 57278`, `families 57258`, `families 57251`; both directions with a real PHP, and with locks: `session/tests/with_php.rs`
//! and `tests/sessions.rs`.
//!
//! ```
//! use legacy_compat::session::{Format, decode};
//! use legacy_compat::{Php, Version};
//! let stored = b"a|i:1;b";
//! assert!(decode(&Php::new(Version::V7_4), Format::Php, stored).is_ok());
//! assert!(decode(&Php::new(Version::V8_0), Format::Php, stored).is_err());
//! ```
//!
//! # `serialize`, `var_export` (20)
//!
//! Lengths are bytes; floats have 17 digits up to 7.0; objects of classes that are not there stay what they were. `unserialize` of what
//! a client sent creates nothing here, but its answer is as in PHP.
//!
//! *Proof*: `matrix 2504`, `matrix 3930`, `families 11136`.
//!
//! ```
//! use legacy_compat::families::serialize::{serialize, unserialize};
//! use legacy_compat::{Php, Value, Version};
//! let (old, new) = (Php::new(Version::V7_0), Php::new(Version::V8_2));
//! assert_eq!(serialize(&old, &0.1.into()), b"d:0.10000000000000001;");
//! assert_eq!(serialize(&new, &0.1.into()), b"d:0.1;");
//! let object = b"O:3:\"Foo\":1:{s:1:\"a\";i:1;}";
//! let value = unserialize(&new, object, true).unwrap();
//! assert_eq!(serialize(&new, &value), object);
//! # assert_ne!(value, Value::Null);
//! ```
//!
//! # Hashes and passwords (22)
//!
//! `crc32()` is positive; `hash("crc32")` is another sum than `hash("crc32b")`, which is that of `crc32()`. `password_verify` takes
//! `$2y$` as well as `$2a$`.
//!
//! *Proof*: `families 52065`, `matrix 3802`, `families 52829`, `families 52835`, `families 53005`.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, call::call};
//! let php = Php::new(Version::V8_2);
//! let hash = |name: &str| call(&php, "hash", &mut vec![name.into(), "Hello World".into()]);
//! assert_eq!(hash("crc32")?, Value::from("da895c06"));
//! assert_ne!(hash("crc32b")?, Value::from("da895c06"));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```

#![doc(alias("$_SESSION", "session_start", "session_regenerate_id", "password_hash"))]
