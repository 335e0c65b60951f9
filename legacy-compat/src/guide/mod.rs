//! For whoever ports PHP code: each construct, its counterpart here, the trap, and the call of real PHPs that proves it.
//!
//! The rows are the 24 behaviours that decide an API's answers most often, the most frequent first. A proof names a line, counted from
//! 0, of `tests/vectors/SET.jsonl.gz`; `tests/guide.rs` asks this crate for each of them, in all versions that were measured. What no
//! call can show is proven by a test that asks a real php-fpm; the row names it.
//!
//! | # | in PHP | here | read |
//! | --- | --- | --- | --- |
//! | 1 | arrays, strings, `int`, `float` | [`Value`](crate::Value), [`Array`](crate::Array), [`Str`](crate::Str) | [`values`] |
//! | 2 | `(int)`, `intval`, `is_numeric`, `+` | [`cast`](crate::cast), [`numeric`](crate::numeric), [`arith`](crate::arith) | [`values`] |
//! | 3 | `==`, `<`, `in_array`, `switch` | [`compare`](crate::compare) | [`comparison`] |
//! | 4 | `$_GET`, `$_POST`, `$_COOKIE`, `parse_str` | [`request`](crate::request) | [`requests`] |
//! | 5, 6 | `json_decode`, `json_encode` | [`json`](crate::json) | [`json`] |
//! | 7 | `(string) $float`, `echo` | [`cast::to_str`](crate::cast::to_str), [`float`](crate::float) | [`values`] |
//! | 8 | `filter_var` | [`call`](crate::call) | [`validation`] |
//! | 9 | `preg_match` and its kin | [`pcre`](crate::pcre) | [`validation`] |
//! | 10 | `header`, `setcookie`, `http_response_code` | [`response`](crate::response) | [`requests`] |
//! | 11 | warnings, notices, exceptions | [`Ctx::warnings`](crate::call::Ctx::warnings), [`Thrown`](crate::Thrown) | [`errors`] |
//! | 12, 13 | `substr`, `trim`, `mb_substr` … | [`families::strings`](crate::families::strings), [`call`](crate::call) | [`text`] |
//! | 14 | `date`, `strtotime`, `mktime` | [`date`](crate::date) | [`time`] |
//! | 15 | `round`, `number_format`, `sprintf` | [`families::round`](crate::families::round), [`call`](crate::call) | [`text`] |
//! | 16, 17 | `htmlspecialchars`, `urlencode`, `http_build_query`, `parse_url` | [`families::html`](crate::families::html), [`families::url`](crate::families::url) | [`text`] |
//! | 18 | `$_FILES`, `php://input` | [`Superglobals`](crate::request::Superglobals) | [`requests`] |
//! | 19 | `$_SESSION` | [`session`](crate::session) | [`storage`] |
//! | 20 | `serialize`, `unserialize`, `var_export` | [`families::serialize`](crate::families::serialize) | [`storage`] |
//! | 21 | `sort`, `usort` … | [`call`](crate::call) | [`comparison`] |
//! | 22 | `md5`, `hash`, `password_verify` | [`call`](crate::call), [`families::password`](crate::families::password) | [`storage`] |
//! | 23 | `ob_start`, `ob_gzhandler` | nothing: an answer is built whole before it is sent | [`errors`] |
//! | 24 | `$_SERVER` | [`request::server`](crate::request::server) | [`requests`] |
//!
//! # Where to begin
//!
//! 1. Say which PHP: [`Php`](crate::Php), best as the running pool's probe tells it.
//! 2. Port the code as it stands, with [`Value`](crate::Value)s and PHP's own [`functions`](crate::functions), call by call.
//! 3. Where a value's type is settled, leave PHP behind: take it out once, and go on in Rust's types.
//!
//! Any function of PHP is found in this documentation's search under its own name.
//!
//! ```
//! use legacy_compat::{Php, Value, Version, functions};
//! let php = Php::new(Version::V7_4);
//! // ucfirst(trim(substr("  abc", 1)))
//! let cut = functions::substr(&php, &mut vec!["  abc".into(), 1.into()])?;
//! let trimmed = functions::trim(&php, &mut vec![cut])?;
//! assert_eq!(functions::ucfirst(&php, &mut vec![trimmed])?, Value::from("Abc"));
//! # Ok::<(), legacy_compat::Thrown>(())
//! ```

pub mod comparison;
pub mod errors;
pub mod json;
pub mod requests;
pub mod storage;
pub mod text;
pub mod time;
pub mod validation;
pub mod values;
