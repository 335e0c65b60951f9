//! The filters that change a text.

use super::Request;
use crate::families::html;
use crate::families::strings::escape::addslashes;
use crate::php::{Php, Version};
use crate::value::Value;

const STRIP_LOW: i64 = 4;
const STRIP_HIGH: i64 = 8;
const ENCODE_LOW: i64 = 16;
const ENCODE_HIGH: i64 = 32;
const ENCODE_AMP: i64 = 64;
const NO_ENCODE_QUOTES: i64 = 128;
const EMPTY_STRING_NULL: i64 = 256;
const STRIP_BACKTICK: i64 = 512;
const ALLOW_FRACTION: i64 = 4096;
const ALLOW_THOUSAND: i64 = 8192;
const ALLOW_SCIENTIFIC: i64 = 16384;

pub(super) fn run(php: &Php, filter: i64, text: &[u8], request: &Request) -> Value {
    match filter {
        513 => tags(text, request),
        514 => or_null(percent(&strip(text, request)), request),
        515 => special(text, request),
        517 => keep(text, |byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-=?^_`{|}~@.[]".contains(&byte)),
        518 => keep(text, url_byte),
        519 => keep(text, |byte| byte.is_ascii_digit() || b"+-".contains(&byte)),
        520 => keep(text, |byte| match byte {
            b'.' => request.has(ALLOW_FRACTION),
            b',' => request.has(ALLOW_THOUSAND),
            b'e' | b'E' => request.has(ALLOW_SCIENTIFIC),
            byte => byte.is_ascii_digit() || b"+-".contains(&byte),
        }),
        521 if !php.is_8() => addslashes(text).into(),
        522 => html::full_special_chars(text, !request.has(NO_ENCODE_QUOTES)).into(),
        523 if php.since(Version::V7_3) => addslashes(text).into(),
        _ => raw(text, request),
    }
}

/// The bytes that a URL may have.
pub(super) fn url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"$-_.+!*'(),{}|\\^~[]`<>#%\";/?:@&=".contains(&byte)
}

fn keep(text: &[u8], wanted: impl Fn(u8) -> bool) -> Value {
    text.iter().copied().filter(|byte| wanted(*byte)).collect::<Vec<u8>>().into()
}

fn or_null(text: Vec<u8>, request: &Request) -> Value {
    if text.is_empty() && request.has(EMPTY_STRING_NULL) { Value::Null } else { text.into() }
}

fn strip(text: &[u8], request: &Request) -> Vec<u8> {
    let dropped = |byte: u8| {
        byte >= 127 && request.has(STRIP_HIGH)
            || byte < 32 && request.has(STRIP_LOW)
            || byte == b'`' && request.has(STRIP_BACKTICK)
    };
    text.iter().copied().filter(|byte| !dropped(*byte)).collect()
}

/// Chosen bytes as `&#65;`.
fn entities(text: &[u8], chosen: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 16);
    for byte in text {
        match chosen(*byte) {
            true => out.extend_from_slice(format!("&#{byte};").as_bytes()),
            false => out.push(*byte),
        }
    }
    out
}

fn raw(text: &[u8], request: &Request) -> Value {
    let kept = strip(text, request);
    let chosen = |byte: u8| {
        byte == b'&' && request.has(ENCODE_AMP)
            || byte < 32 && request.has(ENCODE_LOW)
            || byte >= 127 && request.has(ENCODE_HIGH)
    };
    or_null(entities(&kept, chosen), request)
}

fn special(text: &[u8], request: &Request) -> Value {
    let kept = strip(text, request);
    let chosen = |byte: u8| b"'\"<>&".contains(&byte) || byte < 32 || byte >= 127 && request.has(ENCODE_HIGH);
    entities(&kept, chosen).into()
}

fn tags(text: &[u8], request: &Request) -> Value {
    let kept = strip(text, request);
    let chosen = |byte: u8| {
        b"'\"".contains(&byte) && !request.has(NO_ENCODE_QUOTES)
            || byte == b'&' && request.has(ENCODE_AMP)
            || byte < 32 && request.has(ENCODE_LOW)
            || byte >= 127 && request.has(ENCODE_HIGH)
    };
    let encoded = entities(&kept, chosen);
    or_null(html::strip_tags(&encoded, &[], true), request)
}

fn percent(text: &[u8]) -> Vec<u8> {
    crate::families::strings::escape::urlencode_strict(text)
}
