//! HZ and ISO-2022-KR: ASCII, and pairs of seven bits between marks.

use super::BAD;
use super::double::{self, Table};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    Hz,
    Korean,
}

/// What stands before the first character of ISO-2022-KR.
const KOREAN: &[u8] = b"\x1b$)C";

impl Shift {
    fn table(self) -> Option<&'static Table> {
        double::table(if self == Self::Hz { "EUC-CN" } else { "EUC-KR" })
    }

    /// What begins the pairs, and what ends them.
    fn marks(self) -> [&'static [u8]; 2] {
        if self == Self::Hz { [b"~{", b"~}"] } else { [b"\x0e", b"\x0f"] }
    }

    /// The seven-bit pair of a character.
    pub(super) fn pair(self, char: u32) -> Option<[u8; 2]> {
        match self.table()?.encode(char)?.as_slice() {
            [a @ 0xa1..=0xff, b @ 0xa1..=0xff] => Some([a & 0x7f, b & 0x7f]),
            _ => None,
        }
    }

    pub(super) fn encode(self, chars: &[u32], out: &mut Vec<u8>) {
        let [begin, end] = self.marks();
        if self == Self::Korean && !chars.is_empty() {
            out.extend_from_slice(KOREAN);
        }
        let mut inside = false;
        for char in chars {
            let pair = if *char < 0x80 { None } else { self.pair(*char) };
            if pair.is_some() != inside {
                out.extend_from_slice(if inside { end } else { begin });
                inside = !inside;
            }
            match pair {
                Some(pair) => out.extend(pair),
                None if *char == u32::from(b'~') && self == Self::Hz => out.extend(b"~~"),
                None => out.push(if *char < 0x80 { *char as u8 } else { b'?' }),
            }
        }
        if inside {
            out.extend_from_slice(end);
        }
    }

    pub(super) fn decode(self, text: &[u8]) -> Vec<u32> {
        let [begin, end] = self.marks();
        let (mut out, mut rest, mut inside) = (Vec::with_capacity(text.len()), text, false);
        while let Some(first) = rest.first().copied() {
            let mark = if inside { end } else { begin };
            let (char, used) = match rest {
                _ if rest.starts_with(mark) => {
                    inside = !inside;
                    (None, mark.len())
                }
                _ if self == Self::Korean && rest.starts_with(KOREAN) => (None, KOREAN.len()),
                [0x21..=0x7e, 0x21..=0x7e, ..] if inside => {
                    let cell = u16::from_be_bytes([first, rest[1]]);
                    let char = self.table().and_then(|table| table.jis_char(cell, false));
                    (Some(char.unwrap_or(BAD)), 2)
                }
                [0x21..=0x7e, ..] if inside => (Some(BAD), rest.len().min(2)),
                _ if inside => (Some(BAD), 1),
                [b'~', b'~', ..] if self == Self::Hz => (Some(first.into()), 2),
                [b'~', b'\n', ..] if self == Self::Hz => (None, 2),
                [b'~', ..] if self == Self::Hz => (Some(BAD), rest.len().min(2)),
                [0x1b, ..] if self == Self::Korean => (Some(BAD), rest.len().min(2)),
                _ => (Some(if first < 0x80 { first.into() } else { BAD }), 1),
            };
            out.extend(char);
            rest = &rest[used..];
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let chars: Vec<u32> = "a~中\n文b".chars().map(u32::from).collect();
        let mut bytes = Vec::new();
        Shift::Hz.encode(&chars, &mut bytes);
        assert_eq!(bytes, b"a~~~{VP~}\n~{ND~}b");
        assert_eq!(Shift::Hz.decode(&bytes), chars);
        bytes.clear();
        Shift::Korean.encode(&[0xd55c, 0x61], &mut bytes);
        assert_eq!(bytes, b"\x1b$)C\x0eGQ\x0fa");
        assert_eq!(Shift::Korean.decode(&bytes), [0xd55c, 0x61]);
    }
}
