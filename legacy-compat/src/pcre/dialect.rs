//! What the library that each PHP brought takes in a pattern and today's does not: PCRE1 up to 7.2, then ever newer PCRE2.

use pcre2_sys::*;

use super::Code;
use crate::php::{Php, Version};

/// Compiles a pattern as the library of this PHP does.
pub(super) fn compile(php: &Php, pattern: &[u8], options: u32) -> Result<Code, String> {
    let old = !php.since(Version::V7_3);
    if old && (pattern.starts_with(b"(?R)") || pattern.starts_with(b"(?0)")) {
        return Err("Compilation failed: recursive call could loop indefinitely".into());
    }
    let literal_braces = (!php.since(Version::V8_4)).then(|| escape_open_counts(pattern)).flatten();
    let pattern = literal_braces.as_deref().unwrap_or(pattern);
    let compiled = match Code::compile(pattern, options) {
        Err(error) if old && error.code == NO_GROUP => Code::compile(&without_escape(pattern), options),
        // PHP 7.3 and 7.4 asked for bad escapes to be literal, which PCRE2 then heeded with numbers of characters too.
        Err(error) if !old && !php.is_8() && NO_CHARACTER.contains(&error.code) => {
            Code::compile(&escape_no_characters(pattern, options), options)
        }
        compiled => compiled,
    };
    compiled.map_err(|error| format!("Compilation failed: error {} at offset {}", error.code, error.offset))
}

/// PCRE2's error for a reference to a group that there is not.
const NO_GROUP: i32 = PCRE2_ERROR_BAD_SUBPATTERN_REFERENCE as i32;

/// `\8` and `\9` are those digits in PCRE1, where there are not so many groups.
fn without_escape(pattern: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(pattern.len()), pattern);
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'\\', [digit @ (b'8' | b'9'), after @ ..]) => {
                out.push(*digit);
                rest = after;
            }
            (b'\\', [next, after @ ..]) => {
                out.extend_from_slice(&[b'\\', *next]);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// `a{,2}` is text up to PCRE2 10.42, which PHP brought before 8.4: the brace is escaped. None where there is nothing to do.
fn escape_open_counts(pattern: &[u8]) -> Option<Vec<u8>> {
    crate::families::strings::find(pattern, b"{,")?;
    let mut out = Vec::with_capacity(pattern.len() + 4);
    let (mut at, mut in_class) = (0, false);
    while at < pattern.len() {
        match pattern[at..] {
            [b'\\', next, ..] => {
                out.extend_from_slice(&[b'\\', next]);
                at += 2;
                continue;
            }
            [b'[', ..] => in_class = true,
            [b']', ..] => in_class = false,
            [b'{', b',', digit, ..] if !in_class && digit.is_ascii_digit() => out.push(b'\\'),
            _ => {}
        }
        out.push(pattern[at]);
        at += 1;
    }
    Some(out)
}

/// PCRE2's errors for the number of a character that there is none of.
const NO_CHARACTER: [i32; 2] =
    [PCRE2_ERROR_UNICODE_DISALLOWED_CODE_POINT as i32, PCRE2_ERROR_CODE_POINT_TOO_BIG as i32];

/// `\x{20ac}` where that is no character: the text `x{20ac}`.
fn escape_no_characters(pattern: &[u8], options: u32) -> Vec<u8> {
    let is_char = |code: u32| match options & PCRE2_UTF {
        0 => code < 0x100,
        _ => char::from_u32(code).is_some(),
    };
    let (mut out, mut rest) = (Vec::with_capacity(pattern.len() + 4), pattern);
    while let [first, tail @ ..] = rest {
        let digits = tail.strip_prefix(b"x{").filter(|_| *first == b'\\');
        let digits = digits.and_then(|digits| digits.split(|byte| *byte == b'}').next());
        let code = digits.and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match (first, tail) {
            (b'\\', [b'x', b'{', after @ ..]) if code.is_some_and(|code| !is_char(code)) => {
                out.extend_from_slice(b"x\\{");
                rest = after;
            }
            (b'\\', [next, after @ ..]) => {
                out.extend_from_slice(&[b'\\', *next]);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}
