//! Requests and answers: rows 4, 10, 18 and 24.
//!
//! # `$_GET`, `$_POST`, `$_COOKIE` (4)
//!
//! `a.b[]=1` arrives as `a_b`, an unclosed `[` as `_`, the last of two wins (of cookies the first), and beyond `max_input_vars` nothing
//! arrives. No crate for forms does that.
//!
//! *Proof*: `matrix 72063`, `matrix 72066`, `matrix 72067`, `matrix 4257`; of whole requests `tests/parts/tests/requests`, which asks a real
//! php-fpm.
//!
//! ```
//! use legacy_compat::{Php, Version, request::parse_str};
//! let get = parse_str(&Php::new(Version::V8_2), b"a.b[]=1&c[d=2&x=1&x=2");
//! assert_eq!(get["a_b"].at("0").as_bytes(), Some(&b"1"[..]));
//! assert_eq!(get["c_d"].as_bytes(), Some(&b"2"[..]));
//! assert_eq!(get["x"].as_bytes(), Some(&b"2"[..]));
//! ```
//!
//! # `$_FILES`, `php://input` (18)
//!
//! `photos[a][b]` is reshaped so that `name`, `tmp_name` and `error` each have the brackets; a name's path is cut off; `php://input` is
//! empty for a multipart form.
//!
//! *Proof*: `tests/parts/tests/requests`, multipart bodies among them. An example stands at
//! [`Superglobals`](crate::request::Superglobals).
//!
//! # `$_SERVER` (24)
//!
//! `X-Foo-Bar` is `HTTP_X_FOO_BAR`, `Content-Type` is `CONTENT_TYPE`, and `REQUEST_URI` is what the client sent, not decoded.
//!
//! *Proof*: `tests/parts/tests/requests`.
//!
//! # `header`, `setcookie` (10)
//!
//! `Location:` makes it a 302 unless the status is 201 or 3xx; a text type without a charset gets one; who sends no type sends
//! `text/html; charset=UTF-8`; a later `header()` takes an earlier one's place, `setcookie()` does not.
//!
//! *Proof*: the heads among `tests/parts/tests/requests`.
//!
//! ```
//! use legacy_compat::response::{Cookie, Head};
//! use legacy_compat::{Php, Version};
//! let php = Php::new(Version::V8_2);
//! let mut head = Head::new(&php);
//! head.header("X-Step: 1").unwrap();
//! head.header("x-step: 2").unwrap();
//! head.set_cookie(&Cookie::new("a", "b c")).unwrap();
//! head.header("Location: /account").unwrap();
//! let sent = head.finish();
//! assert_eq!(sent.status, 302);
//! let fields: Vec<_> = sent.fields().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
//! assert!(fields.contains(&(b"Set-Cookie".to_vec(), b"a=b%20c".to_vec())));
//! assert_eq!(fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case(b"x-step")).count(), 1);
//! ```

#![doc(alias("$_GET", "$_POST", "$_COOKIE", "$_FILES", "$_REQUEST", "$_SERVER", "php://input", "header"))]
