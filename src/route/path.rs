//! Whether a path has one reading only.
//!
//! The matcher looks at the bytes that the client sent; legacy, or a web server before it, may decode, merge or
//! resolve them first. A native route must never be found by a reading that legacy would not share, so a path that
//! could be read in two ways is reported as unclear, and legacy answers it.

use std::borrow::Cow;
use std::fmt;

use super::pattern::{is_dot_segment, is_pchar};

/// A path that is clear: what it says as sent, and once its harmless percent-encodings are decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Readings<'a> {
    /// As sent.
    pub raw: &'a str,
    /// Decoded; differs from `raw` only where something was encoded.
    pub decoded: Cow<'a, str>,
}

/// Why a path is unclear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// It does not begin with `/`.
    NotAbsolute,
    /// A byte that RFC 3986 does not allow there, such as `\`, a blank or raw UTF-8.
    Byte(u8),
    /// `//`: nginx merges it, PHP does not.
    EmptySegment,
    /// `.` or `..`, also encoded or with a path parameter (`..;`).
    DotSegment,
    /// `%` without two hexadecimal digits behind it.
    BadEncoding,
    /// An encoded byte that changes the path's meaning once it is decoded, such as `%2F`, `%00` or `%25`.
    Encoded(u8),
    /// What the encodings stand for is not UTF-8.
    NotUtf8,
    /// As sent it would match another route than decoded.
    TwoRoutes,
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute => f.write_str("it does not begin with `/`"),
            Self::Byte(b) => write!(f, "the byte 0x{b:02X} may not stand in a path"),
            Self::EmptySegment => f.write_str("`//` may be merged"),
            Self::DotSegment => f.write_str("a dot segment may be resolved"),
            Self::BadEncoding => f.write_str("a `%` without two hexadecimal digits"),
            Self::Encoded(b) => write!(f, "`%{b:02X}` changes its meaning when decoded"),
            Self::NotUtf8 => f.write_str("its percent-encodings are not UTF-8"),
            Self::TwoRoutes => f.write_str("as sent and decoded it matches different routes"),
        }
    }
}

/// Reads a path (without the query). Allocates only where something is percent-encoded.
pub(crate) fn read(path: &[u8]) -> Result<Readings<'_>, Unclear> {
    if path.first() != Some(&b'/') {
        return Err(Unclear::NotAbsolute);
    }
    if let Some(byte) = path.iter().find(|b| !(is_pchar(**b) || matches!(b, b'/' | b'%'))) {
        return Err(Unclear::Byte(*byte));
    }
    let Ok(raw) = std::str::from_utf8(path) else { return Err(Unclear::NotUtf8) };
    let decoded = decode(raw)?;
    let mut segments = decoded[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return Err(Unclear::EmptySegment);
        }
        if is_dot_segment(segment.as_bytes()) {
            return Err(Unclear::DotSegment);
        }
    }
    Ok(Readings { raw, decoded })
}

fn decode(raw: &str) -> Result<Cow<'_, str>, Unclear> {
    let Some(first) = raw.find('%') else { return Ok(Cow::Borrowed(raw)) };
    let mut decoded = raw.as_bytes()[..first].to_vec();
    let mut rest = &raw.as_bytes()[first..];
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            decoded.push(byte);
            rest = after;
            continue;
        }
        let (octet, after) = octet(after).ok_or(Unclear::BadEncoding)?;
        if changes_meaning(octet) {
            return Err(Unclear::Encoded(octet));
        }
        decoded.push(octet);
        rest = after;
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_| Unclear::NotUtf8)
}

fn octet(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = digits.split_first_chunk::<2>()?;
    let value = |d: u8| (d as char).to_digit(16).map(|v| v as u8);
    Some((value(digits[0])? << 4 | value(digits[1])?, after))
}

/// Delimiters of the path itself, what begins a second round of decoding, and control characters. `.` is among them
/// since no client encodes it but to hide a dot segment.
const fn changes_meaning(octet: u8) -> bool {
    octet.is_ascii_control() || matches!(octet, b'/' | b'\\' | b'%' | b'.' | b'?' | b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_read_without_allocating() {
        for path in ["/", "/v1/flights", "/v1/flights/", "/a;b=c/d", "/a.b/..c/...", "/~a/@b:c+d"] {
            let readings = read(path.as_bytes()).unwrap_or_else(|e| panic!("{path}: {e}"));
            assert_eq!(readings.raw, path);
            assert!(matches!(readings.decoded, Cow::Borrowed(_)));
        }
    }

    #[test]
    fn what_clients_rightly_encode_has_one_reading() {
        for (path, decoded) in
            [("/a%20b", "/a b"), ("/caf%C3%A9", "/caf\u{e9}"), ("/x%40y", "/x@y"), ("/%61", "/a")]
        {
            assert_eq!(read(path.as_bytes()).unwrap().decoded, decoded);
        }
    }

    #[test]
    fn a_path_with_two_readings_is_unclear() {
        use Unclear as U;
        for (path, why) in [
            (b"".as_slice(), U::NotAbsolute),
            (b"*", U::NotAbsolute),
            (b"http://a/b", U::NotAbsolute),
            (b"//", U::EmptySegment),
            (b"/a//b", U::EmptySegment),
            (b"/a/./b", U::DotSegment),
            (b"/a/..", U::DotSegment),
            (b"/a/..;/b", U::DotSegment),
            (b"/a/..;x=1/b", U::DotSegment),
            (b"/a/..%3Bx/b", U::DotSegment),
            (b"/a%2Fb", U::Encoded(b'/')),
            (b"/a%2fb", U::Encoded(b'/')),
            (b"/a/%2e%2e/b", U::Encoded(b'.')),
            (b"/a/.%2E/b", U::Encoded(b'.')),
            (b"/a%5cb", U::Encoded(b'\\')),
            (b"/a%00", U::Encoded(0)),
            (b"/a%0a.php", U::Encoded(b'\n')),
            (b"/a%7F", U::Encoded(0x7F)),
            (b"/a%252Fb", U::Encoded(b'%')),
            (b"/a%3Fb", U::Encoded(b'?')),
            (b"/a%23b", U::Encoded(b'#')),
            (b"/a%zz", U::BadEncoding),
            (b"/a%2", U::BadEncoding),
            (b"/a%", U::BadEncoding),
            (b"/a%+1", U::BadEncoding),
            (b"/caf\xC3\xA9", U::Byte(0xC3)),
            (b"/a\\b", U::Byte(b'\\')),
            (b"/a b", U::Byte(b' ')),
            (b"/a\0", U::Byte(0)),
            (b"/a?b", U::Byte(b'?')),
            (b"/a#b", U::Byte(b'#')),
            (b"/{id}", U::Byte(b'{')),
            (b"/%C3%28", U::NotUtf8),
            (b"/%FF", U::NotUtf8),
            (b"/%C0%AF", U::NotUtf8),
        ] {
            assert_eq!(read(path), Err(why), "{}", path.escape_ascii());
        }
    }
}
