//! What mbstring also takes for encodings: Base64, quoted-printable, uuencode, HTML's entities.

use super::BAD;
use crate::families::html::{char_of, name_of};
use crate::php::{Php, Version};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The number that a digit of Base64 stands for.
pub(super) fn digit(byte: u8) -> Option<u32> {
    BASE64.iter().position(|known| *known == byte).map(|at| at as u32)
}

/// Groups of four digits, blanks skipped. What is no digit is 0 up to 8.0, and no character later.
pub(super) fn decode_base64(php: &Php, text: &[u8]) -> Vec<u32> {
    let (mut out, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for byte in text.iter().filter(|byte| !b"\r\n \t=".contains(byte)) {
        let value = match digit(*byte) {
            None if php.since(Version::V8_1) => {
                out.push(BAD);
                continue;
            }
            value => value.unwrap_or(0),
        };
        bits = bits << 6 | value;
        count += 1;
        if count == 4 {
            out.extend([bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff]);
            (bits, count) = (0, 0);
        }
    }
    match count {
        2 => out.push(bits >> 4 & 0xff),
        3 => out.extend([bits >> 10 & 0xff, bits >> 2 & 0xff]),
        _ => {}
    }
    out
}

/// Lines of 76 digits.
pub(super) fn encode_base64(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, group) in bytes.chunks(3).enumerate() {
        if index > 0 && index % 19 == 0 {
            out.extend_from_slice(b"\r\n");
        }
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let digits = [bits >> 18, bits >> 12 & 63, bits >> 6 & 63, bits & 63];
        for (index, value) in digits.into_iter().enumerate() {
            out.push(if index <= group.len() { BASE64[value as usize] } else { b'=' });
        }
    }
}

pub(super) fn decode_quoted(text: &[u8]) -> Vec<u32> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    let hex = |byte: u8| char::from(byte).to_digit(16);
    while let Some(first) = rest.first().copied() {
        let used = match rest {
            [b'=', b'\r', b'\n', ..] => 3,
            [b'=', b'\r' | b'\n', ..] => 2,
            [b'=', high, low, ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    3
                }
                _ => {
                    out.push(first.into());
                    1
                }
            },
            _ => {
                out.push(first.into());
                1
            }
        };
        rest = &rest[used..];
    }
    out
}

/// Lines of at most 72; line ends become CRLF.
pub(super) fn encode_quoted(bytes: &[u8], out: &mut Vec<u8>) {
    let mut column = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let next = bytes.get(index + 1);
        match byte {
            0 => {
                out.push(0);
                column = 0;
                continue;
            }
            b'\r' if next == Some(&b'\n') => continue,
            b'\r' | b'\n' => {
                out.extend_from_slice(b"\r\n");
                column = 0;
                continue;
            }
            _ => {}
        }
        if column >= 72 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if *byte >= 0x80 || *byte == b'=' {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
            column += 3;
        } else {
            out.push(*byte);
            column += 1;
        }
    }
}

pub(super) fn decode_uu(text: &[u8]) -> Vec<u32> {
    let mut out = Vec::new();
    let mut lines = text.split(|byte| *byte == b'\n').skip_while(|line| !line.starts_with(b"begin ")).skip(1);
    while let Some([length, data @ ..]) = lines.next() {
        let value = |byte: u8| u32::from(byte.wrapping_sub(b' ') & 63);
        let bytes = data.chunks(4).flat_map(|group| {
            let at = |index: usize| value(group.get(index).copied().unwrap_or(b' '));
            let bits = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
            [bits >> 16 & 0xff, bits >> 8 & 0xff, bits & 0xff]
        });
        out.extend(bytes.take(value(*length) as usize));
    }
    out
}

pub(super) fn encode_uu(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let digit = |value: u32| if value == 0 { b'`' } else { b' ' + value as u8 };
    out.extend_from_slice(b"begin 0644 filename\n");
    for line in bytes.chunks(45) {
        out.push(digit(line.len() as u32));
        for group in line.chunks(3) {
            let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
            let bits = at(0) << 16 | at(1) << 8 | at(2);
            out.extend([bits >> 18, bits >> 12 & 63, bits >> 6 & 63, bits & 63].map(digit));
        }
        out.push(b'\n');
    }
}

/// `&eacute;`, `&#233;`, `&#xe9;`; what is none stays as it is.
pub(super) fn decode_html(text: &[u8]) -> Vec<u32> {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some(first) = rest.first().copied() {
        let end = rest.iter().take(17).position(|byte| *byte == b';').filter(|_| first == b'&');
        let found = end.and_then(|end| Some((entity(&rest[1..end])?, end + 1)));
        let (char, used) = found.unwrap_or((first.into(), 1));
        out.push(char);
        rest = &rest[used..];
    }
    out
}

fn entity(name: &[u8]) -> Option<u32> {
    let name = std::str::from_utf8(name).ok()?;
    let number = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                u32::from_str_radix(hex, 16).ok()
            }
            None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
            _ => None,
        },
        None => return char_of(name).map(u32::from),
    };
    number.filter(|char| *char < 0x11_0000)
}

pub(super) fn encode_html(chars: &[u32], out: &mut Vec<u8>) {
    for char in chars {
        match char {
            ..0x80 => out.push(*char as u8),
            _ => match char::from_u32(*char).and_then(name_of) {
                Some(name) => out.extend_from_slice(format!("&{name};").as_bytes()),
                None => out.extend_from_slice(format!("&#{char};").as_bytes()),
            },
        }
    }
}
