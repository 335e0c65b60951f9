//! The East Asian encodings of two bytes a character, by the tables of `encoding_rs`.

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{BIG5, DecoderResult, EUC_JP, EUC_KR, GBK, SHIFT_JIS};

use super::BAD;
use crate::php::{Php, Version};

/// Characters of pairs of bytes, both ways.
pub(super) struct Table {
    family: Family,
    /// The standard as it is, without what Microsoft added.
    is_plain: bool,
    to_char: HashMap<u16, u32>,
    to_bytes: HashMap<u32, u16>,
    /// The pairs behind 8F in EUC-JP: JIS X 0212.
    to_char_3: HashMap<u16, u32>,
    to_bytes_3: HashMap<u32, u16>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Sjis,
    EucJp,
    Big5,
    EucKr,
    Gbk,
}

/// Where JIS X 0208 differs from what the library, following Microsoft, has: row and cell, character.
const JIS_0208: [(u16, u32); 7] = [
    (0x2140, 0xff3c),
    (0x2141, 0x301c),
    (0x2142, 0x2016),
    (0x215d, 0x2212),
    (0x2171, 0xa2),
    (0x2172, 0xa3),
    (0x224c, 0xac),
];

static SJIS: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Sjis, SHIFT_JIS, true));
static SJIS_WIN: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Sjis, SHIFT_JIS, false));
static EUC_JP_PLAIN: LazyLock<Table> = LazyLock::new(|| Table::build(Family::EucJp, EUC_JP, true));
static EUC_JP_WIN: LazyLock<Table> = LazyLock::new(|| Table::build(Family::EucJp, EUC_JP, false));
static BIG5_PLAIN: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Big5, BIG5, true));
static CP950_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Big5, BIG5, false));
static BIG5_WITHOUT_EURO: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::build(Family::Big5, BIG5, false);
    table.to_char.remove(&BIG5_EURO);
    table.to_bytes.remove(&0x20ac);
    table
});
const BIG5_EURO: u16 = 0xa3e1;
static EUC_KR_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::EucKr, EUC_KR, true));
static UHC_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::EucKr, EUC_KR, false));
static EUC_CN_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Gbk, GBK, true));
static GBK_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Gbk, GBK, false));

/// The table of an encoding, by PHP's name.
pub(super) fn table(name: &str) -> Option<&'static Table> {
    Some(match name {
        "SJIS" | "SJIS-2004" | "SJIS-mac" => &SJIS,
        "CP932" | "SJIS-win" | "SJIS-Mobile#DOCOMO" | "SJIS-Mobile#KDDI" | "SJIS-Mobile#SOFTBANK" => {
            &SJIS_WIN
        }
        "EUC-JP" | "EUC-JP-2004" => &EUC_JP_PLAIN,
        "eucJP-win" | "CP51932" => &EUC_JP_WIN,
        "BIG-5" => &BIG5_PLAIN,
        "CP950" => &CP950_TABLE,
        "EUC-KR" => &EUC_KR_TABLE,
        "UHC" => &UHC_TABLE,
        "EUC-CN" => &EUC_CN_TABLE,
        "CP936" => &GBK_TABLE,
        _ => return None,
    })
}

/// Big5 as mbstring has it from 8.1.
pub(super) fn big5_without_euro() -> &'static Table {
    &BIG5_WITHOUT_EURO
}

/// JIS X 0208 and 0212 as EUC-JP has them.
pub(super) fn jis(windows: bool) -> &'static Table {
    if windows { &EUC_JP_WIN } else { &EUC_JP_PLAIN }
}

/// Shift_JIS as Windows has it.
pub(super) fn windows_sjis() -> &'static Table {
    &SJIS_WIN
}

impl Table {
    fn build(family: Family, encoding: &'static encoding_rs::Encoding, plain: bool) -> Self {
        let mut table = Self {
            family,
            is_plain: plain,
            to_char: HashMap::new(),
            to_bytes: HashMap::new(),
            to_char_3: HashMap::new(),
            to_bytes_3: HashMap::new(),
        };
        for pair in 0x8140..=0xfefe_u16 {
            let bytes = pair.to_be_bytes();
            if table.unit_len(bytes[0]) != 2 {
                continue;
            }
            if let Some(char) = decode(encoding, &bytes)
                && table.holds(pair)
            {
                table.to_char.insert(pair, char);
                if table.is_written(pair) {
                    table.to_bytes.entry(char).or_insert(pair);
                }
            }
            if family == Family::EucJp
                && let Some(char) = decode(encoding, &[0x8f, bytes[0], bytes[1]])
            {
                table.to_char_3.insert(pair, char);
                table.to_bytes_3.entry(char).or_insert(pair);
            }
        }
        match family {
            Family::Sjis | Family::EucJp if plain => table.as_jis(),
            Family::Sjis | Family::EucJp => table.with_jis(),
            _ => {}
        }
        table
    }

    /// Whether a pair is what its character is written as, where there are two: neither NEC's selection of IBM's characters, nor the
    /// numbers that Big5 has among its signs.
    fn is_written(&self, pair: u16) -> bool {
        match self.family {
            Family::Sjis => !matches!(pair >> 8, 0xed | 0xee),
            Family::Big5 => !matches!(pair, 0xa2cc | 0xa2ce),
            Family::EucJp | Family::EucKr | Family::Gbk => true,
        }
    }

    /// What the standard has in place of Microsoft's characters is written as well.
    fn with_jis(&mut self) {
        for (cell, char) in JIS_0208 {
            let pair = self.pair_of(cell);
            self.to_bytes.entry(char).or_insert(pair);
        }
    }

    fn pair_of(&self, cell: u16) -> u16 {
        if self.family == Family::Sjis { sjis(cell) } else { cell | 0x8080 }
    }

    /// Whether a pair belongs to the set itself: what others added is left out.
    fn holds(&self, pair: u16) -> bool {
        let [lead, _] = pair.to_be_bytes();
        match self.family {
            // Hong Kong's supplement stands around Big5.
            Family::Big5 => matches!(pair, 0xa140..=0xc67e | 0xc940..=0xf9fe),
            // JIS X 0208 ends with row 84; what follows is Microsoft's.
            Family::EucJp if self.is_plain => lead < 0xf5 && lead != 0xad,
            Family::Sjis if self.is_plain => lead < 0xeb && lead != 0x87,
            Family::EucKr if self.is_plain => lead >= 0xa1 && pair & 0xff >= 0xa1,
            Family::Gbk if self.is_plain => matches!(lead, 0xa1..=0xa9 | 0xb0..=0xf7) && pair & 0xff >= 0xa1,
            _ => true,
        }
    }

    fn as_jis(&mut self) {
        for (cell, char) in JIS_0208 {
            let pair = self.pair_of(cell);
            if let Some(before) = self.to_char.insert(pair, char) {
                self.to_bytes.remove(&before);
            }
            self.to_bytes.insert(char, pair);
        }
    }

    pub(super) fn unit_len(&self, first: u8) -> usize {
        match (self.family, first) {
            (Family::Sjis, 0x81..0xa0 | 0xe0..0xfd) => 2,
            (Family::Sjis, _) => 1,
            (Family::EucJp, 0x8f) => 3,
            (Family::EucJp, 0x8e | 0xa1..=0xfe) => 2,
            (Family::EucJp, _) => 1,
            (Family::Big5 | Family::EucKr | Family::Gbk, 0x81..=0xa0) if self.is_plain => 1,
            (Family::Big5 | Family::EucKr | Family::Gbk, 0x81..=0xfe) => 2,
            _ => 1,
        }
    }

    /// How much is cut off where only the first byte tells.
    pub(super) fn slice_len(&self, php: &Php, first: u8) -> usize {
        match (self.family, first) {
            (Family::Sjis, 0xf0..) if self.is_plain && php.since(Version::V8_1) => 1,
            (Family::Sjis, 0xf0..) | (Family::Big5, 0x81..=0xa0) => 2,
            (Family::Sjis, 0x80) if !php.since(Version::V8_1) => 2,
            _ => self.unit_len(first),
        }
    }

    /// The characters of a text, [`BAD`] for what is none.
    pub(super) fn decode(&self, php: &Php, text: &[u8]) -> Vec<u32> {
        let old = !php.since(Version::V8_1);
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(first) = text.get(at).copied() {
            let len = self.unit_len(first);
            let unit = &text[at..text.len().min(at + len)];
            let (char, used) = match unit {
                _ if first < 0x80 => (u32::from(first), 1),
                _ if self.begins_nothing(php, first) => (BAD, 1),
                [0x80, ..] if self.is_old_big5(php) => (0x80, 1),
                [0xff, ..] if self.is_old_big5(php) => (0xf8f8, 1),
                // Up to 8.0 a control character lost what stood before it.
                [_, control @ (..0x21 | 0x7f)] if old => (u32::from(*control), 2),
                [first @ 0xa1..=0xdf] if self.family == Family::Sjis => (0xff61 + u32::from(first - 0xa1), 1),
                [_] if len == 1 => (BAD, 1),
                unit if unit.len() < len => (BAD, unit.len()),
                [0x8e, kana @ 0xa1..=0xdf] if self.family == Family::EucJp => {
                    (0xff61 + u32::from(kana - 0xa1), 2)
                }
                [0x8f, a, b] => match self.to_char_3.get(&u16::from_be_bytes([*a, *b])) {
                    Some(char) => (*char, 3),
                    None => (BAD, unit.len()),
                },
                [a, b, ..] => match self.to_char.get(&u16::from_be_bytes([*a, *b])) {
                    Some(char) => (*char, 2),
                    None if old => (self.unassigned(*a, *b).unwrap_or(BAD), 2),
                    None => (BAD, unit.len()),
                },
                [] | [_] => (BAD, 1),
            };
            out.push(char);
            at += used;
        }
        out
    }

    fn is_old_big5(&self, php: &Php) -> bool {
        self.family == Family::Big5 && self.is_plain && !php.since(Version::V8_1)
    }

    /// A cell of JIS X 0208 that no character has, which up to 8.0 went on as such.
    fn unassigned(&self, lead: u8, trail: u8) -> Option<u32> {
        let cell = match self.family {
            Family::EucJp => u16::from_be_bytes([lead, trail]).checked_sub(0x8080)?,
            Family::Sjis => cell_of_sjis(lead, trail)?,
            _ => return None,
        };
        is_cell(cell).then(|| UNASSIGNED | u32::from(cell))
    }

    /// From 8.1 a byte is no first one where no pair begins with it.
    fn begins_nothing(&self, php: &Php, first: u8) -> bool {
        php.since(Version::V8_1)
            && match self.family {
                Family::Sjis => self.is_plain && matches!(first, 0xf0..),
                Family::Big5 => !matches!(first, 0xa1..=0xc7 | 0xc9..=0xf9),
                Family::EucJp | Family::EucKr | Family::Gbk => false,
            }
    }

    /// Whether the text ends within a character.
    pub(super) fn breaks_off(&self, text: &[u8]) -> bool {
        let mut at = 0;
        while let Some(first) = text.get(at) {
            at += self.unit_len(*first);
        }
        at > text.len()
    }

    /// Whether a byte above 127 stands alone.
    pub(super) fn is_single(&self, byte: u8) -> bool {
        self.family == Family::Sjis && matches!(byte, 0xa1..=0xdf)
    }

    /// Whether a byte may be behind the first of a pair.
    pub(super) fn could_follow(&self, byte: u8) -> bool {
        match self.family {
            Family::Sjis => matches!(byte, 0x40..=0x7e | 0x80..=0xfc),
            Family::EucJp => matches!(byte, 0xa1..=0xfe),
            Family::Big5 => matches!(byte, 0x40..=0x7e | 0xa1..=0xfe),
            Family::EucKr | Family::Gbk => matches!(byte, 0x41..=0xfe),
        }
    }

    /// The bytes of a character that is not ASCII.
    pub(super) fn encode(&self, char: u32) -> Option<Vec<u8>> {
        if char & !0xffff == UNASSIGNED {
            let fits = is_cell(char as u16) && matches!(self.family, Family::Sjis | Family::EucJp);
            return fits.then(|| self.pair_of(char as u16).to_be_bytes().to_vec());
        }
        if let Some(kana) = char.checked_sub(0xff61).filter(|kana| *kana < 63) {
            match self.family {
                Family::Sjis => return Some(vec![0xa1 + kana as u8]),
                Family::EucJp => return Some(vec![0x8e, 0xa1 + kana as u8]),
                _ => {}
            }
        }
        if let Some(pair) = self.to_bytes.get(&char) {
            return Some(pair.to_be_bytes().to_vec());
        }
        self.to_bytes_3.get(&char).map(|pair| [&[0x8f][..], &pair.to_be_bytes()].concat())
    }

    /// The character of a cell of JIS X 0208, or of 0212.
    pub(super) fn jis_char(&self, cell: u16, supplement: bool) -> Option<u32> {
        let map = if supplement { &self.to_char_3 } else { &self.to_char };
        map.get(&(cell | 0x8080)).copied()
    }
}

impl Table {
    /// The character of a cell beyond JIS X 0208, where Shift_JIS has IBM's.
    pub(super) fn ibm_char(&self, cell: u16) -> Option<u32> {
        self.to_char.get(&sjis(cell)).copied()
    }
}

/// What cells of JIS X 0208 without a character are numbered from.
const UNASSIGNED: u32 = 0x70e1_0000;

/// Whether a row and a column lie within JIS X 0208.
fn is_cell(cell: u16) -> bool {
    cell.to_be_bytes().iter().all(|half| (0x21..=0x7e).contains(half))
}

/// The cell of JIS X 0208 that two bytes of Shift_JIS are.
fn cell_of_sjis(lead: u8, trail: u8) -> Option<u16> {
    let half = match lead {
        0x81..=0x9f => lead - 0x81,
        0xe0..=0xef => lead - 0xc1,
        _ => return None,
    };
    let (second, column) = match trail {
        0x40..=0x7e => (0, trail - 0x40),
        0x80..=0x9e => (0, trail - 0x41),
        0x9f..=0xfc => (1, trail - 0x9f),
        _ => return None,
    };
    Some(u16::from_be_bytes([0x21 + 2 * half + second, 0x21 + column]))
}

/// The bytes of Shift_JIS for a cell of JIS X 0208.
fn sjis(cell: u16) -> u16 {
    let [row, column] = (cell - 0x2121).to_be_bytes();
    let lead = row / 2 + if row < 62 { 0x81 } else { 0xc1 };
    let trail = match row % 2 {
        0 if column < 63 => 0x40 + column,
        0 => 0x41 + column,
        _ => 0x9f + column,
    };
    u16::from_be_bytes([lead, trail])
}

/// The one character of some bytes.
fn decode(encoding: &'static encoding_rs::Encoding, bytes: &[u8]) -> Option<u32> {
    let mut out = [0u8; 16];
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let (result, read, written) = decoder.decode_to_utf8_without_replacement(bytes, &mut out, true);
    if !matches!(result, DecoderResult::InputEmpty) || read != bytes.len() {
        return None;
    }
    let mut chars = std::str::from_utf8(&out[..written]).ok()?.chars();
    let char = chars.next()?;
    chars.next().is_none().then_some(u32::from(char))
}
