//! Escaping: `addslashes`, `addcslashes`, `quotemeta`, `bin2hex`, quoted-printable, `escapeshellarg`, UTF-8 and Latin-1.

use super::basic::charset;
use crate::call::{Row, ok, or_false};
use crate::php::{Libc, Php};
use crate::request::{rawurldecode, urldecode};

pub(crate) const ROWS: &[Row] = &[
    ("addslashes(string $string)", |_, a| ok(addslashes(a.bytes(0)))),
    ("stripslashes(string $string)", |_, a| ok(stripslashes(a.bytes(0)))),
    ("addcslashes(string $string, string $characters)", |c, a| {
        let set = charset(c, a.bytes(1), true);
        ok(addcslashes(a.bytes(0), |byte| set.has(byte)))
    }),
    ("stripcslashes(string $string)", |_, a| ok(stripcslashes(a.bytes(0)))),
    ("quotemeta(string $string)", |c, a| match a.bytes(0) {
        [] if !c.php.is_8() => ok(false),
        text => ok(quotemeta(text)),
    }),
    ("bin2hex(string $string)", |_, a| ok(bin2hex(a.bytes(0)))),
    ("hex2bin(string $string)", |c, a| {
        let decoded = hex2bin(a.bytes(0));
        if decoded.is_none() {
            c.warn("hex2bin(): Input string must be hexadecimal string");
        }
        or_false(decoded)
    }),
    ("quoted_printable_encode(string $string)", |_, a| ok(quoted_printable_encode(a.bytes(0)))),
    ("quoted_printable_decode(string $string)", |_, a| ok(quoted_printable_decode(a.bytes(0)))),
    ("urlencode(string $string)", |_, a| ok(urlencode(a.bytes(0)))),
    ("rawurlencode(string $string)", |_, a| ok(rawurlencode(a.bytes(0)))),
    ("urldecode(string $string)", |_, a| ok(urldecode(a.bytes(0)))),
    ("rawurldecode(string $string)", |_, a| ok(rawurldecode(a.bytes(0)))),
    ("escapeshellarg(string $arg)", |c, a| {
        if a.bytes(0).contains(&0) {
            return c.value_error((), "escapeshellarg(): Argument #1 ($arg) must not contain any null bytes");
        }
        ok(escapeshellarg(c.php, a.bytes(0)))
    }),
    ("utf8_encode(string $string)", |_, a| ok(utf8_encode(a.bytes(0)))),
    ("utf8_decode(string $string)", |_, a| ok(utf8_decode(a.bytes(0)))),
];

/// `addslashes`: a backslash before quotes and backslashes, `\0` for NUL.
pub fn addslashes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    for byte in text {
        match byte {
            0 => out.extend_from_slice(br"\0"),
            b'\'' | b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            byte => out.push(*byte),
        }
    }
    out
}

/// `stripslashes`: takes backslashes off; `\0` becomes NUL.
pub fn stripslashes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => match bytes.next() {
                Some(b'0') => out.push(0),
                Some(next) => out.push(*next),
                None => {}
            },
            byte => out.push(*byte),
        }
    }
    out
}

/// `addcslashes`: chosen bytes as in C: `\n`, `\007`, or with a backslash.
pub fn addcslashes(text: &[u8], chosen: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    for byte in text {
        if !chosen(*byte) {
            out.push(*byte);
            continue;
        }
        out.push(b'\\');
        match byte {
            b'\n' => out.push(b'n'),
            b'\t' => out.push(b't'),
            b'\r' => out.push(b'r'),
            0x07 => out.push(b'a'),
            0x0b => out.push(b'v'),
            0x08 => out.push(b'b'),
            0x0c => out.push(b'f'),
            ..0x20 | 0x7f.. => out.extend_from_slice(format!("{byte:03o}").as_bytes()),
            byte => out.push(*byte),
        }
    }
    out
}

/// `stripcslashes`: reads C's escapes, `\x41` and `\101` too.
pub fn stripcslashes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'\\' || after.is_empty() {
            out.push(*byte);
            continue;
        }
        rest = &after[1..];
        match after[0] {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(0x07),
            b'v' => out.push(0x0b),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'x' if rest.first().is_some_and(u8::is_ascii_hexdigit) => rest = number(&mut out, rest, 16, 2),
            b'0'..=b'7' => rest = number(&mut out, after, 8, 3),
            byte => out.push(byte),
        }
    }
    out
}

/// Reads at most `most` digits as one byte.
fn number<'a>(out: &mut Vec<u8>, text: &'a [u8], base: u32, most: usize) -> &'a [u8] {
    let digits = text.iter().take(most).map_while(|byte| char::from(*byte).to_digit(base));
    let (len, value) = digits.fold((0, 0u32), |(len, value), digit| (len + 1, value * base + digit));
    out.push(value as u8);
    &text[len..]
}

/// `quotemeta`: a backslash before `.\+*?[^]$()`.
pub fn quotemeta(text: &[u8]) -> Vec<u8> {
    let escaped = |byte: &u8| br".\+*?[^]$()".contains(byte);
    text.iter().flat_map(|byte| escaped(byte).then_some(b'\\').into_iter().chain([*byte])).collect()
}

/// `bin2hex`
pub fn bin2hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// `hex2bin`: none for an odd number of digits or what is no digit.
pub fn hex2bin(hex: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    hex.len().is_multiple_of(2).then_some(())?;
    hex.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// `quoted_printable_encode`: lines of at most 75 bytes.
pub fn quoted_printable_encode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut room = 76i32;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        let next = text.get(at + 1);
        if byte == b'\r' && next == Some(&b'\n') {
            out.extend_from_slice(b"\r\n");
            (room, at) = (76, at + 2);
            continue;
        }
        let escaped = byte < 0x20
            || byte == 0x7f
            || byte >= 0x80
            || byte == b'='
            || byte == b' ' && next == Some(&b'\r');
        room -= if escaped { 3 } else { 1 };
        // PHP means to keep a UTF-8 character on one line, and takes its later bytes for the start of another.
        let wrap = match byte {
            _ if !escaped => room <= 0,
            ..0x80 => room <= 0,
            0x80..0xe0 => room < 4,
            0xe0..0xf0 => room < 7,
            0xf0..0xf5 => room < 10,
            0xf5.. => false,
        };
        if wrap {
            out.extend_from_slice(b"=\r\n");
            room = if escaped { 76 - 3 } else { 76 - 1 };
        }
        match escaped {
            true => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
            false => out.push(byte),
        }
        at += 1;
    }
    out
}

/// `quoted_printable_decode`
pub fn quoted_printable_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        if *byte != b'=' {
            out.push(*byte);
            rest = after;
            continue;
        }
        if let (Some(high), Some(low)) = (digit(after.first()), digit(after.get(1))) {
            out.push((high * 16 + low) as u8);
            rest = &after[2..];
            continue;
        }
        let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        rest = match &after[blanks..] {
            [] => &[],
            [b'\r', b'\n', line @ ..] | [b'\n' | b'\r', line @ ..] => line,
            _ => {
                out.push(b'=');
                after
            }
        };
    }
    out
}

/// `urlencode`: blanks become `+`; letters, digits and `-_.` stay.
pub fn urlencode(text: &[u8]) -> Vec<u8> {
    percent_encode(text, |byte| matches!(byte, b'-' | b'_' | b'.'), true)
}

/// As `FILTER_SANITIZE_ENCODED`: blanks are escaped too.
pub(crate) fn urlencode_strict(text: &[u8]) -> Vec<u8> {
    percent_encode(text, |byte| matches!(byte, b'-' | b'_' | b'.'), false)
}

/// `rawurlencode`: as RFC 3986, `~` stays too.
pub fn rawurlencode(text: &[u8]) -> Vec<u8> {
    percent_encode(text, |byte| matches!(byte, b'-' | b'_' | b'.' | b'~'), false)
}

fn percent_encode(text: &[u8], plain: impl Fn(u8) -> bool, plus: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    for byte in text {
        match byte {
            b' ' if plus => out.push(b'+'),
            byte if byte.is_ascii_alphanumeric() || plain(*byte) => out.push(*byte),
            byte => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    out
}

/// `escapeshellarg`: in single quotes. glibc's C locale has no bytes above 127: they are left out, see [`Php::libc`].
pub fn escapeshellarg(php: &Php, text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in text {
        match byte {
            b'\'' => out.extend_from_slice(br"'\''"),
            0x80.. if php.libc == Libc::Glibc => {}
            byte => out.push(*byte),
        }
    }
    out.push(b'\'');
    out
}

/// `utf8_encode`: Latin-1 to UTF-8.
pub fn utf8_encode(text: &[u8]) -> String {
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// `utf8_decode`: UTF-8 to Latin-1; what does not fit or is broken becomes `?`.
pub fn utf8_decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (code, len) = crate::families::html::next_char(rest);
        out.push(code.and_then(|code| u8::try_from(u32::from(code)).ok()).unwrap_or(b'?'));
        rest = &rest[len..];
    }
    out
}
