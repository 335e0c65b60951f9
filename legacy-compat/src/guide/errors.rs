//! Messages, exceptions and output: rows 11 and 23.
//!
//! # Warnings and exceptions (11)
//!
//! What was a warning and `false` up to 7.4 is a `ValueError`, a `TypeError` or an `ArgumentCountError` from 8.0 on: code that went on
//! then ends there now. Here an exception is an `Err` with [`Thrown`](crate::Thrown), and messages gather in a
//! [`Ctx`](crate::call::Ctx). Their texts need not be PHP's; whether there is one, and its level, is.
//!
//! *Proof*: `families 19474`, `matrix 3809`, `families 52954`.
//!
//! ```
//! use legacy_compat::call::Ctx;
//! use legacy_compat::{ErrorClass, Php, Value, Version};
//! let (old, new) = (Php::new(Version::V7_4), Php::new(Version::V8_2));
//! let mut ctx = Ctx::new(&old);
//! assert_eq!(ctx.call("explode", &mut vec!["".into(), "abc".into()])?, Value::FALSE);
//! assert_eq!(ctx.warnings.len(), 1);
//! let thrown = Ctx::new(&new).call("explode", &mut vec!["".into(), "abc".into()]).unwrap_err();
//! assert_eq!(thrown.class, ErrorClass::ValueError);
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```
//!
//! # Output buffers (23)
//!
//! `ob_start()` lets code send fields after it has written, or throw away what it wrote. A native answer is built whole before a byte
//! is sent, so there is nothing to port: build the body, then the head. What PHP compressed (`ob_gzhandler`,
//! `zlib.output_compression`) is compared decoded.
//!
//! *Proof*: the comparison's tests, `shadow/tests/compare.rs`.

#![doc(alias("trigger_error", "set_error_handler", "ob_start"))]
