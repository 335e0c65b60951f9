//! The charsets that the HTML functions know: UTF-8, single bytes, and some of Asia's, of which only ASCII is understood.

use std::sync::LazyLock;

use super::next_char;

/// A charset, by which text is taken apart into characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8, which PHP falls back to.
    Utf8,
    /// ISO-8859-1: every byte is the character of its number.
    Latin1,
    /// Another charset of single bytes.
    Single(&'static Upper),
    /// A charset of several bytes without a table: only what is ASCII has entities.
    Multi(Multi),
}

/// The characters of the bytes from 128; none for bytes that have no meaning.
pub type Upper = [Option<char>; 128];

/// Charsets of several bytes a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multi {
    /// Big5
    Big5,
    /// Big5 with Hong Kong's characters
    Big5Hkscs,
    /// EUC-CN
    Gb2312,
    /// Shift_JIS
    Sjis,
    /// EUC-JP
    EucJp,
}

/// What stands at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Char(char),
    /// A character of which no more is known.
    Unknown,
    Broken,
}

/// Names, the first of which is that of the table.
const SINGLE: [&[&str]; 7] = [
    &["cp1252", "windows-1252", "1252"],
    &["iso-8859-15", "iso8859-15"],
    &["cp1251", "windows-1251", "win-1251"],
    &["iso-8859-5", "iso8859-5"],
    &["cp866", "866", "ibm866"],
    &["macroman"],
    &["koi8-r", "koi8-ru", "koi8r"],
];

const MULTI: [(Multi, &[&str]); 5] = [
    (Multi::Big5, &["big5", "950"]),
    (Multi::Big5Hkscs, &["big5-hkscs"]),
    (Multi::Gb2312, &["gb2312", "936"]),
    (Multi::Sjis, &["shift_jis", "sjis", "932", "sjis-win", "cp932"]),
    (Multi::EucJp, &["eucjp", "euc-jp", "eucjp-win"]),
];

/// One charset a line, as `html_entity_decode` of a real PHP maps numbers to bytes.
static TABLES: LazyLock<Vec<Upper>> = LazyLock::new(|| {
    include_str!("charsets.tsv")
        .lines()
        .map(|line| {
            let codes = line.split('\t').nth(1).unwrap_or_default().split(' ');
            let mut upper = [None; 128];
            for (slot, code) in upper.iter_mut().zip(codes) {
                *slot = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
            }
            upper
        })
        .collect()
});

impl Charset {
    /// The charset of a name; UTF-8 where there is none or PHP knows none such.
    pub fn named(name: Option<&[u8]>) -> Self {
        let is = |known: &&str| name.is_some_and(|name| name.eq_ignore_ascii_case(known.as_bytes()));
        if ["iso-8859-1", "iso8859-1"].iter().any(is) {
            return Self::Latin1;
        }
        if let Some(index) = SINGLE.iter().position(|names| names.iter().any(is)) {
            return TABLES.get(index).map_or(Self::Utf8, Self::Single);
        }
        match MULTI.iter().find(|(_, names)| names.iter().any(is)) {
            Some((multi, _)) => Self::Multi(*multi),
            None => Self::Utf8,
        }
    }

    /// Whether more than ASCII is understood.
    pub(super) fn is_whole(self) -> bool {
        !matches!(self, Self::Multi(_))
    }

    /// What stands for a character that may not be there.
    pub(super) fn replacement(self) -> &'static str {
        if matches!(self, Self::Utf8) { "\u{fffd}" } else { "&#xFFFD;" }
    }

    /// What stands at the start of a text that is not empty, and how many bytes it takes.
    pub(super) fn next(self, text: &[u8]) -> (Unit, usize) {
        match self {
            Self::Utf8 => {
                let (char, len) = next_char(text);
                (char.map_or(Unit::Broken, Unit::Char), len)
            }
            Self::Latin1 => (Unit::Char(char::from(text[0])), 1),
            Self::Single(upper) => match text[0] {
                ascii @ ..0x80 => (Unit::Char(char::from(ascii)), 1),
                byte => (upper[usize::from(byte) - 128].map_or(Unit::Unknown, Unit::Char), 1),
            },
            Self::Multi(multi) => multi.next(text),
        }
    }

    /// The bytes of a character; none where the charset lacks it.
    pub(super) fn encode(self, char: char) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(char.to_string().into_bytes()),
            Self::Latin1 => u8::try_from(u32::from(char)).ok().map(|byte| vec![byte]),
            Self::Single(_) if char.is_ascii() => Some(vec![char as u8]),
            Self::Single(upper) => {
                upper.iter().position(|known| *known == Some(char)).map(|at| vec![at as u8 + 128])
            }
            Self::Multi(Multi::Sjis | Multi::EucJp) if char == '\\' => None,
            Self::Multi(_) => matches!(char, ' '..='}').then(|| vec![char as u8]),
        }
    }
}

impl Multi {
    fn next(self, text: &[u8]) -> (Unit, usize) {
        let first = text[0];
        let second = text.get(1).copied();
        let two =
            |valid: bool, broken: usize| if valid { (Unit::Unknown, 2) } else { (Unit::Broken, broken) };
        let one = |valid: bool| match (valid, first.is_ascii()) {
            (true, true) => (Unit::Char(char::from(first)), 1),
            (true, false) => (Unit::Unknown, 1),
            (false, _) => (Unit::Broken, 1),
        };
        let Some(next) = second.filter(|_| self.leads(first)) else {
            return one(!self.leads(first) && self.stands_alone(first));
        };
        let high = matches!(next, 0xa1..=0xfe);
        match self {
            Self::Big5 => two(high || matches!(next, 0x40..=0x7e), 1),
            Self::Big5Hkscs => {
                two(high || matches!(next, 0x40..=0x7e), if matches!(next, 0x80 | 0xff) { 2 } else { 1 })
            }
            Self::Gb2312 => two(high, if matches!(next, 0x8e | 0x8f | 0xa0 | 0xff) { 2 } else { 1 }),
            Self::Sjis => two(
                matches!(next, 0x40..=0x7e | 0x80..=0xfc),
                if matches!(next, 0x80 | 0xa0 | 0xfd..) { 2 } else { 1 },
            ),
            Self::EucJp if first == 0x8f => Self::three(text),
            Self::EucJp => {
                let valid = if first == 0x8e { matches!(next, 0xa1..=0xdf) } else { high };
                two(valid, if matches!(next, 0xa0 | 0xff) { 2 } else { 1 })
            }
        }
    }

    /// The three bytes of EUC-JP's third plane.
    fn three(text: &[u8]) -> (Unit, usize) {
        let odd = |at: usize| matches!(text.get(at), Some(0xa0 | 0xff));
        match (1..3).all(|at| matches!(text.get(at), Some(0xa1..=0xfe))) {
            true => (Unit::Unknown, 3),
            false if !odd(1) => (Unit::Broken, 1),
            false if !odd(2) => (Unit::Broken, 2),
            false => (Unit::Broken, 3),
        }
    }

    fn leads(self, byte: u8) -> bool {
        match self {
            Self::Big5 | Self::Big5Hkscs => matches!(byte, 0x81..=0xfe),
            Self::Gb2312 => matches!(byte, 0xa1..=0xfe),
            Self::Sjis => matches!(byte, 0x81..=0x9f | 0xe0..=0xfc),
            Self::EucJp => matches!(byte, 0xa1..=0xfe | 0x8e | 0x8f),
        }
    }

    fn stands_alone(self, byte: u8) -> bool {
        match self {
            Self::Big5 | Self::Big5Hkscs => true,
            Self::Gb2312 => !matches!(byte, 0x8e | 0x8f | 0xa0 | 0xff),
            Self::Sjis => matches!(byte, ..0x80 | 0xa1..=0xdf),
            Self::EucJp => !matches!(byte, 0xa0 | 0xff),
        }
    }
}
