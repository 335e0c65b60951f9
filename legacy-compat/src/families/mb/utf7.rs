//! UTF-7, and the form of it in which IMAP names its folders.

use super::BAD;
use super::transfer::{decode_base64, digit, encode_base64};
use crate::php::{Php, Version};

/// Whether UTF-7 writes it as it is.
fn is_direct(char: u32) -> bool {
    char::from_u32(char)
        .is_some_and(|char| char.is_ascii_alphanumeric() || "\0\t\n\r '(),-./:?".contains(char))
}

pub(super) fn encode(chars: &[u32], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(char) = chars.get(at) {
        let char = if *char == BAD { u32::from(b'?') } else { *char };
        if is_direct(char) {
            out.push(char as u8);
            at += 1;
            continue;
        }
        let coded = chars[at..].iter().take_while(|char| **char != BAD && !is_direct(**char)).count();
        let mut digits = Vec::new();
        encode_base64(&utf16_bytes(&chars[at..at + coded]), &mut digits);
        out.push(b'+');
        out.extend(digits.iter().filter(|byte| !matches!(byte, b'=' | b'\r' | b'\n')));
        at += coded;
        // What follows must not read as one more digit.
        if chars.get(at).is_none_or(|char| {
            !matches!(char, 0x20 | 0x9 | 0xa | 0xd | 0x27 | 0x28 | 0x29 | 0x2c | 0x2e | 0x3a | 0x3f)
        }) {
            out.push(b'-');
        }
    }
}

/// The characters of a text. From 8.2 what a part in base64 lacks to be whole is [`BAD`]; before, and at the end of a text that is to
/// go on (`open`), it is left out.
pub(super) fn decode(php: &Php, text: &[u8], open: bool) -> Vec<u32> {
    let strict = php.since(Version::V8_1);
    let (mut out, mut rest) = (Vec::new(), text);
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, rest) {
            (b'+', [b'-', after @ ..]) => {
                out.push(b'+'.into());
                rest = after;
            }
            (b'+', _) => {
                let part = Part::read(rest, digit);
                out.extend(part.units.iter().filter_map(|unit| match unit {
                    Err(half) => (strict || is_second(half)).then_some(BAD),
                    Ok(char) => Some(u32::from(*char)),
                }));
                rest = &rest[part.len..];
                let broken = match rest.is_empty() {
                    // Eight digits are three characters, behind which a half is still waited for.
                    true => (part.is_cut || part.ends_in_half && !part.len.is_multiple_of(8)) && !open,
                    false => part.is_cut || part.ends_in_half,
                };
                out.extend((strict && broken).then_some(BAD));
                rest = match rest {
                    [b'-', after @ ..] => after,
                    rest => rest,
                };
            }
            (ascii @ ..0x80, _) => out.push(u32::from(*ascii)),
            _ => out.push(BAD),
        }
    }
    out
}

/// Whether a text is UTF-7 as it should be: from 8.1 `mb_check_encoding` has rules of its own.
pub(super) fn is_valid(text: &[u8]) -> bool {
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'+', []) => return true,
            (b'+', [b'-', after @ ..]) => after,
            (b'+', _) => {
                let part = Part::read(after, digit);
                let ends = after.get(part.len).is_none_or(|byte| may_be_direct(*byte));
                if part.len == 0
                    || part.is_cut
                    || part.ends_in_half
                    || !ends
                    || part.units.iter().any(Result::is_err)
                {
                    return false;
                }
                &after[part.len..]
            }
            (byte, after) if may_be_direct(*byte) => after,
            _ => return false,
        };
    }
    true
}

/// Whether a byte may stand in UTF-7 for itself, be it written so or not.
fn may_be_direct(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | b'\r' | b' '..=b'}') && !matches!(byte, b'+' | b'\\')
}

/// A part of UTF-7 in base64.
struct Part {
    /// Its characters, halves of pairs that stand alone as such, but for the first half of one at the end.
    units: Vec<Result<char, std::char::DecodeUtf16Error>>,
    len: usize,
    /// Digits are left over that are no character, other than zeros which fill the last one up.
    is_cut: bool,
    /// The last character is the first half of a pair.
    ends_in_half: bool,
}

impl Part {
    fn read(text: &[u8], digit: impl Fn(u8) -> Option<u32>) -> Self {
        let digits: Vec<u32> = text.iter().map_while(|byte| digit(*byte)).collect();
        let (mut bits, mut held, mut units) = (0, 0, Vec::new());
        for digit in &digits {
            (bits, held) = (bits << 6 | digit, held + 6);
            if held >= 16 {
                held -= 16;
                units.push((bits >> held) as u16);
                bits &= (1 << held) - 1;
            }
        }
        let ends_in_half = matches!(units.last(), Some(0xd800..0xdc00));
        units.truncate(units.len() - usize::from(ends_in_half));
        let is_cut = held >= 6 || bits != 0;
        Self { units: char::decode_utf16(units).collect(), len: digits.len(), is_cut, ends_in_half }
    }
}

/// UTF-7 as IMAP names its folders in it: `&` begins, `,` is a digit in place of `/`, and all that is not printed is encoded.
pub(super) fn encode_imap(chars: &[u32], out: &mut Vec<u8>) {
    let is_plain = |char: &u32| matches!(*char, 0x20..=0x7e) || *char == BAD;
    let mut rest = chars;
    while let Some(first) = rest.first() {
        let coded = rest.iter().take_while(|char| !is_plain(char)).count();
        let plain = match *first {
            _ if coded > 0 => None,
            BAD => Some(b'?'),
            char => Some(char as u8),
        };
        rest = &rest[coded.max(1)..];
        match plain {
            Some(b'&') => out.extend(b"&-"),
            Some(byte) => out.push(byte),
            None => {
                let run = &chars[chars.len() - rest.len() - coded..chars.len() - rest.len()];
                let mut digits = Vec::new();
                encode_base64(&utf16_bytes(run), &mut digits);
                out.push(b'&');
                let digits = digits.iter().filter(|byte| !matches!(byte, b'=' | b'\r' | b'\n'));
                out.extend(digits.map(|byte| if *byte == b'/' { b',' } else { *byte }));
                out.push(b'-');
            }
        }
    }
}

/// The characters of a text; `open` where it is to go on.
pub(super) fn decode_imap(php: &Php, text: &[u8], open: bool) -> Vec<u32> {
    if !php.since(Version::V8_1) {
        return decode_imap_old(php, text);
    }
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, rest) {
            (b'&', [b'-', after @ ..]) => {
                out.push(b'&'.into());
                rest = after;
            }
            (b'&', _) => {
                let part = Part::read(rest, imap_digit);
                let broken = part.is_cut || part.ends_in_half;
                out.extend(part.units.iter().map(|unit| unit.as_ref().map_or(BAD, |char| u32::from(*char))));
                rest = &rest[part.len..];
                match rest {
                    [] if open => {}
                    // What ends within a part counts, and where a character could have ended the part's lack as well.
                    [] => {
                        out.resize(out.len() + 1 + usize::from(broken && matches!(part.len % 8, 3 | 6)), BAD)
                    }
                    [b'-', after @ ..] => {
                        out.extend(broken.then_some(BAD));
                        rest = after;
                    }
                    [_, after @ ..] => {
                        out.push(BAD);
                        rest = after;
                    }
                }
            }
            (b' '..=b'~', _) => out.push(u32::from(*first)),
            _ => out.push(BAD),
        }
    }
    out
}

fn imap_digit(byte: u8) -> Option<u32> {
    match byte {
        b',' => Some(63),
        b'/' => None,
        byte => digit(byte),
    }
}

fn decode_imap_old(php: &Php, text: &[u8]) -> Vec<u32> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(first) = rest.first().copied() {
        rest = &rest[1..];
        if first != b'&' {
            out.push(if matches!(first, 0x20..=0x7e) { first.into() } else { BAD });
            continue;
        }
        let len = rest
            .iter()
            .take_while(|byte| **byte == b',' || **byte != b'/' && digit(**byte).is_some())
            .count();
        let digits: Vec<u8> =
            rest[..len].iter().map(|byte| if *byte == b',' { b'/' } else { *byte }).collect();
        let bytes = decode_base64(php, &digits);
        let units = bytes.chunks_exact(2).map(|pair| (pair[0] << 8 | pair[1]) as u16);
        out.extend(char::decode_utf16(units).filter_map(|char| match char {
            Err(half) => is_second(&half).then_some(BAD),
            Ok(char) => Some(u32::from(char)),
        }));
        match rest.get(len) {
            Some(b'-') => {
                out.extend((len == 0).then_some(u32::from(b'&')));
                rest = &rest[len + 1..];
            }
            // What ends it in place of the hyphen stands for itself.
            end => {
                out.extend(end.copied().map(u32::from));
                rest = &rest[len + usize::from(end.is_some())..];
            }
        }
    }
    out
}

/// Up to 8.0 the first half of a pair that no second half follows is passed over.
fn is_second(half: &std::char::DecodeUtf16Error) -> bool {
    half.unpaired_surrogate() >= 0xdc00
}

fn utf16_bytes(chars: &[u32]) -> Vec<u8> {
    let chars = chars.iter().filter_map(|char| char::from_u32(*char));
    chars.flat_map(|char| char.encode_utf16(&mut [0; 2]).to_vec()).flat_map(u16::to_be_bytes).collect()
}
