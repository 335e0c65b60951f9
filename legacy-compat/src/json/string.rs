//! JSON's strings: reading them with PHP's errors, and the check of UTF-8 that both directions need.

use super::{INVALID_UTF8_IGNORE, INVALID_UTF8_SUBSTITUTE, JsonError};
use crate::php::{Php, Version};
use crate::value::Str;

/// U+FFFD in UTF-8.
pub(super) const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// A string that was read, and how many bytes it took with its quotes.
pub(super) struct Text {
    pub text: Str,
    pub len: usize,
}

/// The length of the character at the start, none where the bytes are not UTF-8.
pub(super) fn utf8_len(bytes: &[u8]) -> Option<usize> {
    let len = match bytes.first()? {
        ..0x80 => return Some(1),
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return None,
    };
    std::str::from_utf8(bytes.get(..len)?).is_ok().then_some(len)
}

/// Which of the flags for invalid UTF-8 this version knows.
pub(super) fn utf8_flags(php: &Php, flags: i64) -> i64 {
    if php.since(Version::V7_2) { flags & (INVALID_UTF8_IGNORE | INVALID_UTF8_SUBSTITUTE) } else { 0 }
}

/// Reads the string that starts with the quote at `json[0]`.
pub(super) fn read(json: &[u8], flags: i64, php: &Php) -> Result<Text, JsonError> {
    let body = &json[1..];
    let plain = plain_len(body);
    if body.get(plain) == Some(&b'"')
        && (body[..plain].is_ascii() || std::str::from_utf8(&body[..plain]).is_ok())
    {
        return Ok(Text { text: Str::new(&body[..plain]), len: plain + 2 });
    }
    slow(body, utf8_flags(php, flags), php)
}

/// How far it goes without quote, backslash and control characters.
fn plain_len(body: &[u8]) -> usize {
    body.iter().position(|byte| matches!(byte, ..0x20 | b'"' | b'\\')).unwrap_or(body.len())
}

fn slow(body: &[u8], flags: i64, php: &Php) -> Result<Text, JsonError> {
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        let plain = plain_len(&body[at..]);
        utf8(&mut text, &body[at..at + plain], flags)?;
        at += plain;
        match body.get(at) {
            Some(b'"') => return Ok(Text { text: text.into(), len: at + 2 }),
            Some(b'\\') => at += escape(&mut text, &body[at..], php)?,
            None | Some(b'\t' | b'\n' | b'\r') if php.is_5() => return Err(JsonError::Syntax),
            _ => return Err(JsonError::ControlCharacter),
        }
    }
}

/// Copies UTF-8; what is not is a fault, or left out, or replaced byte by byte, which goes before leaving it out.
fn utf8(text: &mut Vec<u8>, mut bytes: &[u8], flags: i64) -> Result<(), JsonError> {
    loop {
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(_) if flags == 0 => return Err(JsonError::Utf8),
            Err(error) => error.valid_up_to(),
        };
        text.extend_from_slice(&bytes[..valid]);
        if valid == bytes.len() {
            return Ok(());
        }
        if flags & INVALID_UTF8_SUBSTITUTE != 0 {
            text.extend_from_slice(REPLACEMENT);
        }
        bytes = &bytes[valid + 1..];
    }
}

/// Reads the escape at `bytes[0]`; its length.
fn escape(text: &mut Vec<u8>, bytes: &[u8], php: &Php) -> Result<usize, JsonError> {
    let byte = match bytes.get(1) {
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'b') => 0x08,
        Some(b'f') => 0x0c,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unicode(text, bytes, php),
        _ => return Err(JsonError::Syntax),
    };
    text.push(byte);
    Ok(2)
}

fn unicode(text: &mut Vec<u8>, bytes: &[u8], php: &Php) -> Result<usize, JsonError> {
    let unit = hex4(bytes.get(2..6)).ok_or(JsonError::Syntax)?;
    let (code, len) = match unit {
        0xd800..0xdc00 if bytes.get(6..8) == Some(br"\u") && (!php.is_5() || is_low(bytes)) => {
            let low = hex4(bytes.get(8..12))
                .filter(|low| (0xdc00..0xe000).contains(low))
                .ok_or(JsonError::Utf16)?;
            (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), 12)
        }
        unit => (unit, 6),
    };
    if php.is_5() && (0xd800..0xe000).contains(&code) {
        // Half a pair is kept, in the three bytes that UTF-8 forbids.
        text.extend_from_slice(&[0xed, 0x80 | (code >> 6) as u8 & 0x3f, 0x80 | code as u8 & 0x3f]);
        return Ok(len);
    }
    let code = char::from_u32(code).ok_or(JsonError::Utf16)?;
    text.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
    Ok(len)
}

/// Whether the second escape is the lower half of a pair.
fn is_low(bytes: &[u8]) -> bool {
    hex4(bytes.get(8..12)).is_some_and(|low| (0xdc00..0xe000).contains(&low))
}

fn hex4(digits: Option<&[u8]>) -> Option<u32> {
    digits?.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
}
