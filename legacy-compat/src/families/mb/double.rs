//! The East Asian encodings of two bytes a character, by the tables of `encoding_rs`.

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{BIG5, DecoderResult, EUC_JP, EUC_KR, GBK, SHIFT_JIS};

use super::BAD;

/// Characters of pairs of bytes, both ways.
pub(super) struct Table {
    family: Family,
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
static BIG5_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::Big5, BIG5, false));
static EUC_KR_TABLE: LazyLock<Table> = LazyLock::new(|| Table::build(Family::EucKr, EUC_KR, false));
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
        "BIG-5" | "CP950" => &BIG5_TABLE,
        "EUC-KR" | "UHC" => &EUC_KR_TABLE,
        "EUC-CN" | "CP936" => &GBK_TABLE,
        _ => return None,
    })
}

/// JIS X 0208 and 0212 as EUC-JP has them.
pub(super) fn jis() -> &'static Table {
    &EUC_JP_PLAIN
}

impl Table {
    fn build(family: Family, encoding: &'static encoding_rs::Encoding, jis: bool) -> Self {
        let mut table = Self {
            family,
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
            if let Some(char) = decode(encoding, &bytes) {
                // JIS X 0208 itself ends with row 84; what follows is Microsoft's.
                if !jis
                    || family == Family::EucJp && bytes[0] < 0xf5 && bytes[0] != 0xad
                    || family == Family::Sjis && bytes[0] < 0xeb && bytes[0] != 0x87
                {
                    table.to_char.insert(pair, char);
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
        if jis {
            table.as_jis();
        }
        table
    }

    fn as_jis(&mut self) {
        for (cell, char) in JIS_0208 {
            let pair = if self.family == Family::Sjis { sjis(cell) } else { cell | 0x8080 };
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
            (Family::Big5 | Family::EucKr | Family::Gbk, 0x81..=0xfe) => 2,
            _ => 1,
        }
    }

    /// The characters of a text, [`BAD`] for what is none.
    pub(super) fn decode(&self, text: &[u8]) -> Vec<u32> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while let Some(first) = text.get(at).copied() {
            let len = self.unit_len(first);
            let unit = &text[at..text.len().min(at + len)];
            let (char, used) = match unit {
                _ if first < 0x80 => (u32::from(first), 1),
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
                    None => (BAD, unit.len()),
                },
                [] | [_] => (BAD, 1),
            };
            out.push(char);
            at += used;
        }
        out
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
