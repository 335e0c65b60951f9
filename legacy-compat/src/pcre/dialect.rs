//! What the library that each PHP brought takes in a pattern and today's does not: PCRE1 up to 7.2, then ever newer PCRE2.

use pcre2_sys::*;

use super::Code;
use crate::php::{Php, Version};

/// Compiles a pattern as the library of this PHP does; `strict` (`/X`) refuses escapes that mean nothing.
pub(super) fn compile(php: &Php, pattern: &[u8], options: u32, strict: bool) -> Result<Code, String> {
    let old = !php.since(Version::V7_3);
    if old && (pattern.starts_with(b"(?R)") || pattern.starts_with(b"(?0)")) {
        return Err("Compilation failed: recursive call could loop indefinitely".into());
    }
    if old && let Some(verb) = NEWER_VERBS.iter().find(|verb| pattern.starts_with(verb)) {
        let verb = String::from_utf8_lossy(verb);
        return Err(format!("Compilation failed: (*VERB) not recognized or malformed: {verb}"));
    }
    let literal_braces = (!php.since(Version::V8_4)).then(|| escape_open_counts(pattern)).flatten();
    let pattern = literal_braces.as_deref().unwrap_or(pattern);
    // Up to 7.4 `\y` is a y, and in 7.3 and 7.4 the number of a character that there is none of is text too.
    let literal = if strict || php.is_8() { 0 } else { PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL };
    let extra = if old { KEEP_ANYWHERE } else { literal | KEEP_ANYWHERE };
    let compiled = match Code::compile(pattern, options, extra) {
        Err(error) if old && error.code == NO_GROUP => {
            Code::compile(&without_escape(pattern), options, KEEP_ANYWHERE)
        }
        Err(error) if old && error.code == UNKNOWN_ESCAPE => {
            Code::compile(pattern, options, literal | KEEP_ANYWHERE)
        }
        compiled => compiled,
    };
    compiled.map_err(|error| format!("Compilation failed: error {} at offset {}", error.code, error.offset))
}

/// `\K` may stand in lookaheads and lookbehinds: PHP asks for it since PCRE2 does not take it by itself.
const KEEP_ANYWHERE: u32 = PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK;

/// What a pattern may begin with that came with PCRE2.
const NEWER_VERBS: [&[u8]; 7] = [
    b"(*NO_JIT)",
    b"(*NO_DOTSTAR_ANCHOR)",
    b"(*NOTEMPTY)",
    b"(*NOTEMPTY_ATSTART)",
    b"(*NUL)",
    b"(*LIMIT_HEAP=",
    b"(*LIMIT_DEPTH=",
];

/// PCRE2's error for a letter that means nothing behind a backslash.
const UNKNOWN_ESCAPE: i32 = PCRE2_ERROR_UNKNOWN_ESCAPE as i32;

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
