//! `base64_encode` and `base64_decode`, which read wrong padding otherwise in 5.6, in 7.0 and from 7.1 on.

use crate::call::{Row, ok, or_false};
use crate::php::Version;

pub(crate) const ROWS: &[Row] = &[
    ("base64_encode(string $string)", |_, a| ok(base64_encode(a.bytes(0)))),
    ("base64_decode(string $string, bool $strict = false)", |c, a| {
        let (text, strict) = (a.bytes(0), a.bool(1));
        or_false(match c.php {
            php if php.is_5() => decode_5_6(text, strict),
            php if !php.since(Version::V7_1) => decode_7_0(text, strict),
            _ => base64_decode(text, strict),
        })
    }),
];

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The six bits that a digit stands for.
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// `base64_encode`
pub fn base64_encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let sextet = (word >> (18 - 6 * place)) & 63;
            out.push(if place <= chunk.len() { DIGITS[sextet as usize] } else { b'=' });
        }
    }
    out
}

/// `base64_decode`: leniently skips what does not belong; strictly, that and wrong padding are refused.
pub fn base64_decode(text: &[u8], strict: bool) -> Option<Vec<u8>> {
    let mut read = Read::new(text);
    let mut pads = 0usize;
    for byte in text {
        match (byte, sextet(*byte)) {
            (b'=', _) => pads += 1,
            (_, Some(_)) if strict && pads > 0 => return None,
            (_, Some(sextet)) => read.push(sextet),
            (b' ' | b'\t' | b'\n' | b'\r', None) => {}
            _ if strict => return None,
            _ => {}
        }
    }
    if strict && (read.count % 4 == 1 || pads > 0 && (pads > 2 || !(read.count + pads).is_multiple_of(4))) {
        return None;
    }
    Some(read.finish())
}

/// What has been read.
struct Read {
    out: Vec<u8>,
    word: u32,
    count: usize,
}

impl Read {
    fn new(text: &[u8]) -> Self {
        Self { out: Vec::with_capacity(text.len() / 4 * 3 + 3), word: 0, count: 0 }
    }

    fn push(&mut self, sextet: u8) {
        self.word = self.word << 6 | u32::from(sextet);
        self.count += 1;
        if self.count.is_multiple_of(4) {
            self.out.extend_from_slice(&self.word.to_be_bytes()[1..]);
            self.word = 0;
        }
    }

    /// The bytes, with those that the last digits make up.
    fn finish(mut self) -> Vec<u8> {
        let rest = self.count % 4;
        let tail = (self.word << (6 * (4 - rest))).to_be_bytes();
        self.out.extend_from_slice(&tail[1..1 + rest.saturating_sub(1)]);
        self.out
    }
}

/// 7.0 refuses padding behind the first digit of four even when lenient, which a NUL ends; it does not count the padding.
fn decode_7_0(text: &[u8], strict: bool) -> Option<Vec<u8>> {
    let mut read = Read::new(text);
    let mut padded = false;
    for byte in text {
        match (byte, sextet(*byte)) {
            (0, _) if !strict => break,
            (b'=', _) if read.count % 4 == 1 => return None,
            (b'=', _) => padded = true,
            (_, Some(_)) if strict && padded => return None,
            (_, Some(sextet)) => read.push(sextet),
            (b' ' | b'\t' | b'\n' | b'\r', None) => {}
            _ if strict => return None,
            _ => {}
        }
    }
    Some(read.finish())
}

/// In 5.6 a NUL always ends the text, and strictly a padding sign has to be followed by another, or by nothing but one byte and blanks.
fn decode_5_6(text: &[u8], strict: bool) -> Option<Vec<u8>> {
    let mut read = Read::new(text);
    let byte_at = |at: usize| text.get(at).copied().unwrap_or(0);
    let (mut at, mut last) = (0, 0);
    while byte_at(at) != 0 {
        last = byte_at(at);
        at += 1;
        match (last, sextet(last)) {
            (b'=', _) => {
                let behind_first = read.count % 4 == 1;
                if byte_at(at) == b'=' || !behind_first && (!strict || at >= text.len()) {
                    continue;
                }
                at += 1;
                while byte_at(at).is_ascii_whitespace() || byte_at(at) == 0x0b {
                    at += 1;
                }
                if behind_first || byte_at(at) != 0 {
                    return None;
                }
            }
            (_, Some(sextet)) => read.push(sextet),
            _ if strict && !last.is_ascii_whitespace() => return None,
            _ => {}
        }
    }
    (last != b'=' || read.count % 4 != 1).then(|| read.finish())
}
