//! EUC-TW: ASCII, pairs for the first plane of CNS 11643, and four bytes behind 8E for the planes 1, 2 and 14.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::BAD;

/// The form of mbstring up to 8.0, or from 8.1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum EucTw {
    Old,
    New,
}

/// The planes that have characters.
const PLANES: [u8; 3] = [1, 2, 14];

/// The first byte of four.
const FOUR: u8 = 0x8e;

struct Tables {
    /// By plane and two bytes.
    to_char: HashMap<(u8, u16), u32>,
    to_place: HashMap<u32, (u8, u16)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let (mut to_char, mut to_place) = (HashMap::new(), HashMap::new());
    for line in include_str!("euc_tw.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let plane = fields.next().and_then(|plane| plane.parse().ok()).unwrap_or(0);
        let row = fields.next().and_then(|row| u8::from_str_radix(row, 16).ok()).unwrap_or(0);
        for (column, char) in (0xa1..=0xfe).zip(fields.next().unwrap_or_default().chars()) {
            let place = (plane, u16::from_be_bytes([row, column]));
            if char != ' ' {
                to_char.insert(place, u32::from(char));
                to_place.insert(u32::from(char), place);
            }
        }
    }
    Tables { to_char, to_place }
});

fn char_at(plane: u8, row: u8, column: u8) -> u32 {
    let place = (plane, u16::from_be_bytes([row, column]));
    TABLES.to_char.get(&place).copied().unwrap_or(BAD)
}

/// What a character is made of, but for ASCII and the first byte of four.
fn is_half(byte: u8) -> bool {
    matches!(byte, 0xa1..=0xfe)
}

/// What stands for itself within a character that it breaks off, up to 8.0.
fn is_control(byte: u8) -> bool {
    matches!(byte, ..0x21 | 0x7f)
}

pub(super) fn unit_len(first: u8) -> usize {
    match first {
        FOUR => 4,
        first if is_half(first) => 2,
        _ => 1,
    }
}

impl EucTw {
    /// The characters of a text. One that the text breaks off in is [`BAD`], or, `whole`, left out.
    pub(super) fn decode(self, text: &[u8], whole: bool) -> Vec<u32> {
        let (mut out, mut rest) = (Vec::with_capacity(text.len()), text);
        while let Some(first) = rest.first().copied() {
            let read = match self {
                _ if first < 0x80 => Some((first.into(), 1)),
                Self::New => read(rest),
                Self::Old if first == FOUR => read_four_old(rest, &mut out),
                Self::Old => read_old(rest),
            };
            let Some((char, len)) = read else {
                out.extend((!whole).then_some(BAD));
                break;
            };
            out.push(char);
            rest = &rest[len..];
        }
        out
    }

    /// The bytes of a character that is not ASCII. Up to 8.0 signs, numbers in circles and lines were only read.
    pub(super) fn encode(self, char: u32) -> Option<Vec<u8>> {
        if self == Self::Old && matches!(char, 0x2400..0x2700) {
            return None;
        }
        let (plane, pair) = TABLES.to_place.get(&char)?;
        let [row, column] = pair.to_be_bytes();
        Some(match plane {
            1 => vec![row, column],
            plane => vec![FOUR, 0xa0 + plane, row, column],
        })
    }
}

/// The character at the start, not ASCII, and its length. A byte that cannot follow ends it and is lost; none where the text ends.
fn read(text: &[u8]) -> Option<(u32, usize)> {
    let begins = |plane: u8, row: u8| match plane {
        1 => matches!(row, 0xa1..=0xa6 | 0xc2 | 0xc4..=0xfd),
        2 => matches!(row, 0xa1..=0xf2),
        _ => matches!(row, 0xa1..=0xe7),
    };
    if text[0] != FOUR {
        if !begins(1, text[0]) {
            return Some((BAD, 1));
        }
        return text.get(1).map(|column| (char_at(1, text[0], *column), 2));
    }
    let plane = text.get(1)?.wrapping_sub(0xa0);
    if !PLANES.contains(&plane) {
        return Some((BAD, 2));
    }
    let row = *text.get(2)?;
    if !begins(plane, row) {
        return Some((BAD, 3));
    }
    text.get(3).map(|column| (char_at(plane, row, *column), 4))
}

/// The same for a pair up to 8.0.
fn read_old(text: &[u8]) -> Option<(u32, usize)> {
    if !is_half(text[0]) {
        return Some((BAD, 1));
    }
    let column = *text.get(1)?;
    Some((if is_control(column) { column.into() } else { char_at(1, text[0], column) }, 2))
}

/// The same for four bytes up to 8.0. A byte that is no plane counts as broken, and a plane may still follow; plane 1 is none that
/// has characters.
fn read_four_old(text: &[u8], out: &mut Vec<u32>) -> Option<(u32, usize)> {
    let mut at = 1;
    let plane = loop {
        match *text.get(at)? {
            control if is_control(control) => return Some((control.into(), at + 1)),
            plane @ 0xa1..=0xae => break plane - 0xa0,
            _ => out.push(BAD),
        }
        at += 1;
    };
    let row = *text.get(at + 1)?;
    if !is_half(row) {
        return Some((if is_control(row) { row.into() } else { BAD }, at + 2));
    }
    let char = match *text.get(at + 2)? {
        control if is_control(control) => control.into(),
        column if plane > 1 => char_at(plane, row, column),
        _ => BAD,
    };
    Some((char, at + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_back() {
        assert_eq!(TABLES.to_char.len(), 17_711);
        for char in TABLES.to_place.keys() {
            let bytes = EucTw::New.encode(*char).unwrap();
            assert_eq!(EucTw::New.decode(&bytes, false), [*char]);
            assert_eq!(EucTw::Old.decode(&bytes, false), [*char]);
        }
    }
}
