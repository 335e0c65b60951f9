//! What PHP makes of a request: `$_GET`, `$_POST`, `$_COOKIE`, `$_FILES`, `$_REQUEST`, `$_SERVER`, and `parse_str`.

mod globals;
mod multipart;
mod server;
mod settings;
mod vars;

pub use globals::{Incoming, Superglobals};
pub use multipart::{Upload, UploadError};
pub use server::{Server, server};
pub use settings::Settings;
pub use vars::{Truncated, Vars};

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::numeric::is_blank;
use crate::php::{Php, Version};
use crate::value::Array;

pub(crate) const ROWS: &[Row] = &[
    ("-7.4 parse_str(string $string, mixed &$result = ?)", call_parse_str),
    ("8.0- parse_str(string $string, mixed &$result)", call_parse_str),
];

fn call_parse_str(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    // It ends at the first NUL.
    let query = args.bytes(0).split(|byte| *byte == 0).next().unwrap_or_default();
    let vars = parse_str(ctx.php, query);
    args.set(1, vars);
    ok(())
}

/// `$_GET` and `parse_str()`: variables separated by `&`, names and values decoded.
///
/// Names become keys as PHP does it: `a.b` and `a b` are `a_b`, `a[]` appends, `a[b][c]` nests, the last of two wins.
/// What is more than `max_input_vars` is left out.
///
/// ```
/// use legacy_compat::{Php, Version, request};
/// let php = Php::new(Version::V7_4);
/// let get = request::parse_str(&php, b"a.b[]=1&a.b[]=2&x=%41+b");
/// assert_eq!(get.get_str("a_b").unwrap().as_array().unwrap().len(), 2);
/// assert_eq!(get["x"].as_bytes(), Some(&b"A b"[..]));
/// ```
pub fn parse_str(php: &Php, query: &[u8]) -> Array {
    parse_vars(php, query).0
}

/// The same, with whether `max_input_vars` cut it short.
pub fn parse_vars(php: &Php, query: &[u8]) -> (Array, Option<Truncated>) {
    query_vars(php, query)
}

/// Variables between the separators of a query; empty ones do not count.
fn query_vars(php: &Php, query: &[u8]) -> (Array, Option<Truncated>) {
    let separators = php.input.arg_separator_input.as_bytes();
    let mut vars = Vars::new(php);
    for pair in query.split(|byte| separators.contains(byte)).filter(|pair| !pair.is_empty()) {
        let (name, value) = split_at(pair, b'=');
        if vars.count().is_err() {
            break;
        }
        vars.register(&urldecode(name), urldecode(value.unwrap_or_default()).into());
    }
    vars.finish()
}

/// `$_POST` from a body of type `application/x-www-form-urlencoded`.
///
/// As a query, but for the limit: an empty pair counts, and the first variable beyond `max_input_vars` is still taken.
pub fn form(php: &Php, body: &[u8]) -> Array {
    form_vars(php, body).0
}

fn form_vars(php: &Php, body: &[u8]) -> (Array, Option<Truncated>) {
    let mut vars = Vars::new(php);
    let body = body.strip_suffix(b"&").unwrap_or(body);
    for pair in body.split(|byte| *byte == b'&') {
        let (name, value) = split_at(pair, b'=');
        vars.register(&urldecode(name), urldecode(value.unwrap_or_default()).into());
        if vars.count().is_err() {
            break;
        }
    }
    vars.finish()
}

/// `$_COOKIE` from the values of the `Cookie` fields, joined with `;`. The first of two wins.
///
/// Names are taken as they are, values are decoded (PHP from 7.2.34, 7.3.23, 7.4.11; older ones decoded names too). Up to 7.3 a
/// `+` in a value is a blank.
pub fn cookies(php: &Php, header: &[u8]) -> Array {
    let mut vars = Vars::new(php);
    for pair in header.split(|byte| *byte == b';') {
        let start = pair.iter().take_while(|byte| is_blank(**byte)).count();
        let pair = &pair[start..];
        if pair.is_empty() || pair[0] == b'=' {
            continue;
        }
        let (name, value) = split_at(pair, b'=');
        if vars.count().is_err() {
            break;
        }
        let value = percent_decode(value.unwrap_or_default(), !php.since(Version::V7_4));
        vars.register_first(name, value.into());
    }
    vars.finish().0
}

/// The bytes up to the first NUL: what C makes of a string.
fn c_string(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

fn split_at(pair: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(separator, pair) {
        Some(at) => (&pair[..at], Some(&pair[at + 1..])),
        None => (pair, None),
    }
}

/// `urldecode`: `+` is a blank, `%41` an `A`; what is no escape stays.
pub fn urldecode(text: &[u8]) -> Vec<u8> {
    percent_decode(text, true)
}

/// `rawurldecode`: as [`urldecode`], but `+` stays.
pub fn rawurldecode(text: &[u8]) -> Vec<u8> {
    percent_decode(text, false)
}

fn percent_decode(text: &[u8], plus: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, len) = match text[at..] {
            [b'+', ..] if plus => (b' ', 1),
            [b'%', high, low, ..] => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => (high * 16 + low, 3),
                _ => (b'%', 1),
            },
            _ => (text[at], 1),
        };
        out.push(byte);
        at += len;
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}
