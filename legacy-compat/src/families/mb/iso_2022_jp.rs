//! ISO-2022-JP and JIS, how both are read, and CP50220, CP50221 and CP50222: Microsoft's forms, which are read alike, and write
//! kana of half width each in its own way.

use super::BAD;
use super::double::{Table, jis, windows_sjis};
use super::encoding::Jis;

/// How kana of half width are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kana {
    /// CP50220: as kana of full width, a voice mark joined to what it belongs to.
    Wide,
    /// CP50221: in a set of their own.
    Own,
    /// CP50222: between SO and SI.
    Shifted,
}

/// One of them, in the form of mbstring up to 8.0 or from 8.1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Cp5022x {
    pub kana: Kana,
    pub old: bool,
}

/// What bytes mean at a place in a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    Ascii,
    Roman,
    Kana,
    /// The same, between SO and SI.
    ShiftedKana,
    Kanji,
    Supplement,
}

const ESCAPE: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// The first of the rows for characters of one's own, and the first of these characters.
const OWN_ROW: u8 = 0x7f;
const OWN: u32 = 0xe000;

/// From 8.1 rows 115 to 119 are read too: IBM's characters.
const IBM_ROWS: std::ops::RangeInclusive<u8> = 0x93..=0x97;

fn table() -> &'static Table {
    jis(true)
}

/// What an escape sequence at the start switches to, and its length.
fn switch(text: &[u8]) -> Option<(Set, usize)> {
    Some(match text {
        [ESCAPE, b'(', b'B' | b'H', ..] => (Set::Ascii, 3),
        [ESCAPE, b'(', b'J', ..] => (Set::Roman, 3),
        [ESCAPE, b'(', b'I', ..] => (Set::Kana, 3),
        [ESCAPE, b'$', b'@' | b'B', ..] => (Set::Kanji, 3),
        [ESCAPE, b'$', b'(', b'@' | b'B', ..] => (Set::Kanji, 4),
        [ESCAPE, b'$', b'(', b'D', ..] => (Set::Supplement, 4),
        [SHIFT_OUT, ..] => (Set::Kana, 1),
        [SHIFT_IN, ..] => (Set::Ascii, 1),
        _ => return None,
    })
}

/// How much of a text that is no escape sequence begins like one.
fn begun(text: &[u8]) -> usize {
    match text {
        [ESCAPE, b'$', b'(', ..] => 3,
        [ESCAPE, b'$' | b'(', ..] => 2,
        _ => 1,
    }
}

/// How a text is read.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    /// With what Microsoft added.
    pub windows: bool,
    /// In the form of mbstring up to 8.0.
    pub old: bool,
}

impl Reader {
    fn begins_pair(self, first: u8) -> bool {
        match (self.windows, self.old) {
            (false, _) => matches!(first, 0x21..=0x7e),
            (true, true) => matches!(first, 0x21..=0x92),
            (true, false) => matches!(first, 0x21..=0x97),
        }
    }

    fn table(self) -> &'static Table {
        jis(self.windows)
    }

    /// The characters of a text. What breaks off at its end is [`BAD`]; up to 8.0, or where it is `whole`, left out.
    pub(super) fn decode(self, text: &[u8], whole: bool) -> Vec<u32> {
        let (mut out, mut rest, mut set) = (Vec::with_capacity(text.len()), text, Set::Ascii);
        while let Some(first) = rest.first().copied() {
            if let Some((next, len)) = switch(rest) {
                (set, rest) = (next, &rest[len..]);
                continue;
            }
            let used = match (set, first) {
                (_, ESCAPE) => {
                    let len = begun(rest);
                    if len == rest.len() {
                        out.extend((!self.old && !whole).then_some(BAD));
                        break;
                    }
                    out.push(if self.old { ESCAPE.into() } else { BAD });
                    out.extend(rest[1..len].iter().map(|byte| u32::from(*byte)));
                    len
                }
                (Set::Kanji | Set::Supplement, _) if self.begins_pair(first) => match rest.get(1) {
                    // Up to 8.0 an escape sequence may begin in the middle of a character.
                    Some(&ESCAPE) if self.old => 1,
                    Some(second) => {
                        out.push(self.pair(set, first, *second));
                        2
                    }
                    None => {
                        out.extend((!self.old && !whole).then_some(BAD));
                        break;
                    }
                },
                (set, first) => {
                    out.push(single(set, first));
                    1
                }
            };
            rest = &rest[used..];
        }
        out
    }

    fn pair(self, set: Set, row: u8, column: u8) -> u32 {
        let cell = u16::from_be_bytes([row, column]);
        let found = match (set, row) {
            // Up to 8.0 a control character lost what stood before it.
            _ if self.old && matches!(column, ..0x21 | 0x7f) => return column.into(),
            _ if !matches!(column, 0x21..=0x7e) => None,
            (Set::Supplement, 0x21..=0x7e) => self.table().jis_char(cell, true),
            (Set::Supplement, _) => None,
            _ if !self.windows => self.table().jis_char(cell, false),
            (_, OWN_ROW..0x93) => Some(OWN + 94 * u32::from(row - OWN_ROW) + u32::from(column - 0x21)),
            (_, row) if IBM_ROWS.contains(&row) => windows_sjis().ibm_char(cell),
            // Up to 8.0 NEC's row 13 was only written.
            (_, 0x2d) if self.old => None,
            _ => self.table().jis_char(cell, false),
        };
        found.unwrap_or(BAD)
    }
}

/// The characters of a text in ISO-2022-JP-MS and its like, which know no shifts, and have a set for characters of one's own. `whole`
/// leaves out what breaks off at the end; up to 8.0, `old`, an escape that means nothing stands for itself.
pub(super) fn decode_ms(text: &[u8], sets: Jis, whole: bool, old: bool) -> Vec<u32> {
    let (mut out, mut rest, mut set) = (Vec::with_capacity(text.len()), text, MsSet::Ascii);
    while let Some(first) = rest.first().copied() {
        let len = match (set, first) {
            (_, ESCAPE) => 1 + begun(rest),
            (MsSet::Kanji | MsSet::Own, 0x21..=0x7f) => 2,
            _ => 1,
        };
        let Some(unit) = rest.get(..len) else {
            out.extend((!whole).then_some(BAD));
            break;
        };
        rest = &rest[len..];
        match (set, unit) {
            (_, [ESCAPE, escape @ ..]) => match MsSet::switch(escape, sets) {
                Some(next) => set = next,
                None if old => out.extend(unit.iter().map(|byte| u32::from(*byte))),
                None => out.push(BAD),
            },
            (_, [_, control @ (..0x21 | 0x7f)]) if old => out.push(u32::from(*control)),
            (MsSet::Own, [row @ 0x21..=0x34, column @ 0x21..=0x7e]) => {
                out.push(OWN + 94 * u32::from(row - 0x21) + u32::from(column - 0x21));
            }
            (MsSet::Kanji, [row, column @ 0x21..=0x7e]) => {
                out.push(sets.table().jis_char(u16::from_be_bytes([*row, *column]), false).unwrap_or(BAD));
            }
            (MsSet::Kana, [kana @ 0x21..=0x5f]) => out.push(0xff61 + u32::from(kana - 0x21)),
            (_, [kana @ 0xa1..=0xdf]) => out.push(0xff61 + u32::from(kana - 0xa1)),
            (_, [ascii @ 0..=0x7f]) => out.push(u32::from(*ascii)),
            _ => out.push(BAD),
        }
    }
    out
}

/// The sets of ISO-2022-JP-MS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MsSet {
    Ascii,
    Kana,
    Kanji,
    Own,
}

impl MsSet {
    /// What an escape sequence switches to, by what stands behind its first byte.
    fn switch(escape: &[u8], sets: Jis) -> Option<Self> {
        Some(match escape {
            [b'(', b'B' | b'J'] => Self::Ascii,
            [b'(', b'I'] => Self::Kana,
            [b'$', b'@' | b'B'] | [b'$', b'(', b'@' | b'B'] => Self::Kanji,
            [b'$', b'(', b'Q'] if sets == Jis::Jis2004 => Self::Kanji,
            [b'$', b'(', b'?'] if sets != Jis::Jis2004 => Self::Own,
            _ => return None,
        })
    }
}

impl Cp5022x {
    /// The characters of a text, see [`Reader::decode`].
    pub(super) fn decode(self, text: &[u8], whole: bool) -> Vec<u32> {
        Reader { windows: true, old: self.old }.decode(text, whole)
    }

    /// The bytes of characters, `?` for what there is not.
    pub(super) fn encode(self, chars: &[u32], out: &mut Vec<u8>) {
        let (mut set, mut at) = (Set::Ascii, 0);
        while let Some(char) = chars.get(at).copied() {
            at += 1;
            let half = char.checked_sub(0xff61).filter(|kana| *kana < 63).map(|kana| kana as u8);
            let (next, bytes) = match (char, half, self.kana) {
                (0xa5, ..) => (Set::Roman, vec![b'\\']),
                (0x203e, ..) => (Set::Roman, vec![b'~']),
                (_, Some(kana), Kana::Wide) => {
                    let (wide, joined) = widened(kana, chars.get(at).copied());
                    at += usize::from(joined);
                    self.cell(wide)
                }
                (_, Some(kana), Kana::Own) => (Set::Kana, vec![0x21 + kana]),
                (_, Some(kana), Kana::Shifted) => (Set::ShiftedKana, vec![0x21 + kana]),
                (..0x80, ..) => (Set::Ascii, vec![char as u8]),
                _ => self.cell(char),
            };
            change(set, next, out);
            set = next;
            out.extend(bytes);
        }
        change(set, Set::Ascii, out);
    }

    /// The set and the bytes of a character of JIS X 0208.
    fn cell(self, char: u32) -> (Set, Vec<u8>) {
        let own = char.wrapping_sub(OWN);
        let (first_row, rows) = if self.old { (0x75, 10) } else { (OWN_ROW, 20) };
        let found = match char {
            0xaf if !self.old => Some(vec![0x21, 0x31]),
            _ if own < 94 * rows => Some(vec![first_row + (own / 94) as u8, 0x21 + (own % 94) as u8]),
            _ => table().encode(char).filter(|bytes| matches!(bytes[..], [0xa1..=0xff, _])),
        };
        match found {
            Some(bytes) if bytes[0] >= 0xa1 => (Set::Kanji, bytes.iter().map(|byte| byte & 0x7f).collect()),
            Some(bytes) => (Set::Kanji, bytes),
            None => (Set::Ascii, vec![b'?']),
        }
    }
}

/// What one byte means in a set.
fn single(set: Set, byte: u8) -> u32 {
    match (set, byte) {
        (Set::Roman, b'\\') => 0xa5,
        (Set::Roman, b'~') => 0x203e,
        (Set::Kana | Set::ShiftedKana, 0x21..=0x5f) => 0xff61 + u32::from(byte - 0x21),
        (_, 0xa1..=0xdf) => 0xff61 + u32::from(byte - 0xa1),
        (_, ..0x80) => byte.into(),
        _ => BAD,
    }
}

/// Writes what stands between two sets.
fn change(from: Set, to: Set, out: &mut Vec<u8>) {
    if from == to {
        return;
    }
    if from == Set::ShiftedKana {
        out.push(SHIFT_IN);
    }
    match to {
        Set::Ascii if from == Set::ShiftedKana => {}
        Set::Ascii => out.extend(b"\x1b(B"),
        Set::Roman => out.extend(b"\x1b(J"),
        Set::Kana => out.extend(b"\x1b(I"),
        Set::ShiftedKana => out.push(SHIFT_OUT),
        Set::Kanji | Set::Supplement => out.extend(b"\x1b$B"),
    }
}

/// The kana of full width for those of half width, from U+FF61 on.
const WIDE: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";
const VOICED: u32 = 0xff9e;
const HALF_VOICED: u32 = 0xff9f;

/// A kana of full width, and whether the mark behind it is part of it.
fn widened(kana: u8, behind: Option<u32>) -> (u32, bool) {
    let wide = WIDE.chars().nth(usize::from(kana)).unwrap_or('?');
    match (wide, behind) {
        ('ウ', Some(VOICED)) => ('ヴ'.into(), true),
        ('カ'..='ト' | 'ハ'..='ホ', Some(VOICED)) => (u32::from(wide) + 1, true),
        ('ハ'..='ホ', Some(HALF_VOICED)) => (u32::from(wide) + 2, true),
        _ => (wide.into(), false),
    }
}
