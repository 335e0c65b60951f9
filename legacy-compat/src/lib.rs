//! What PHP code could observe, exactly, by PHP version.
//!
//! | you want | look at |
//! | --- | --- |
//! | PHP's values: ordered arrays, byte strings | [`value`], [`Value`], [`Array`], [`Str`] |
//! | which PHP | [`Php`], [`Version`] |
//! | `(int)`, `(string)` … | [`cast`] |
//! | `==`, `<`, `in_array` | [`compare`] |
//! | `+`, `%`, `.`, `++` | [`arith`] |
//! | `$x[$y]`, `isset` | [`access`] |
//! | `json_decode`, `json_encode` | [`json`] |
//! | `$_GET`, `$_POST`, `$_FILES`, `$_SERVER` … | [`request`] |
//! | `header`, `setcookie` | [`response`] |
//! | `$_SESSION` as it is stored | [`session`] |
//! | `preg_match` and its kin, on PCRE2 | [`pcre`] |
//! | `date`, `strtotime`, `mktime` | [`date`] |
//! | any function of PHP, by its name | [`functions`], [`call`], [`families`] |
//! | to port PHP code, construct by construct | [`guide`] |
//!
//! Everything is measured: the tests replay 151,362 calls that eight real PHPs answered. Nothing here does I/O or reads a clock.

pub mod access;
pub mod arith;
pub mod call;
pub mod cast;
pub mod compare;
pub mod date;
mod error;
pub mod families;
pub mod float;
pub mod functions;
pub mod guide;
mod int_size;
pub mod json;
pub mod numeric;
pub mod pcre;
mod php;
pub mod request;
pub mod response;
pub mod session;
pub mod value;

pub use error::{ErrorClass, Thrown};
pub use int_size::IntSize;
pub use numeric::Number;
pub use php::{Libc, ParseVersionError, Php, Version};
pub use value::{Array, Key, Object, Str, Value};
