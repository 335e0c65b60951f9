//! Which of several encodings a text is in. Up to 8.0 the first whose bytes could be it; then the likeliest by the characters it would have.

use std::sync::LazyLock;

use super::convert::is_valid;
use super::encoding::Kind;
use super::{BAD, Encoding};
use crate::php::{Php, Version};

type Candidate = &'static Encoding;

pub(super) fn guess(php: &Php, text: &[u8], list: &[Candidate], strict: bool) -> Option<Candidate> {
    match list {
        _ if !php.since(Version::V8_1) => first_possible(php, text, list, strict),
        [only] if strict => is_valid(php, only, text).then_some(*only),
        [only] if php.since(Version::V8_3) => Some(only),
        _ if php.since(Version::V8_3) => least_demerits(php, text, list, strict),
        _ => likeliest(php, text, list, strict),
    }
}

/// `BASE64` and the like, which are never the answer.
pub(super) fn is_guessed(encoding: &Encoding) -> bool {
    !encoding.is_transfer() && !matches!(encoding.name, "7bit" | "8bit")
}

/// What a part counts that is no character.
const BADLY: u64 = 1000;

/// From 8.3: each part that is no character counts, and an earlier candidate is preferred.
fn least_demerits(php: &Php, text: &[u8], list: &[Candidate], strict: bool) -> Option<Candidate> {
    if text.is_empty() {
        return list.first().copied();
    }
    let mut best: Option<(u64, Candidate)> = None;
    for (index, candidate) in list.iter().enumerate() {
        let chars = candidate.decode(php, without_mark(candidate, text));
        let breaks = breaks_rules(php, candidate, text);
        if strict && (breaks || chars.contains(&BAD)) {
            continue;
        }
        let of_chars: u64 =
            chars.iter().map(|code| if *code == BAD { BADLY } else { demerits(php, *code) }).sum();
        let sum = of_chars + if breaks { BADLY } else { 0 };
        let weight = 1.0 + 0.3 * index as f64 / list.len() as f64;
        let weighed = (sum as f32 * weight as f32) as u64;
        if best.is_none_or(|(least, _)| weighed < least) {
            best = Some((weighed, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The byte order mark does not count.
fn without_mark<'a>(candidate: &Encoding, text: &'a [u8]) -> &'a [u8] {
    let mark: &[u8] = match candidate.name {
        "UTF-8" => b"\xef\xbb\xbf",
        "UTF-16BE" => b"\xfe\xff",
        "UTF-16LE" => b"\xff\xfe",
        _ => b"",
    };
    text.strip_prefix(mark).unwrap_or(text)
}

/// 8.1 and 8.2: of those that the text fits. Where it need not be strict, reading ends as soon as no more than one fits.
fn likeliest(php: &Php, text: &[u8], list: &[Candidate], strict: bool) -> Option<Candidate> {
    let faults: Vec<Option<usize>> = list.iter().map(|candidate| first_fault(php, candidate, text)).collect();
    let broken_by = |end: usize| faults.iter().flatten().filter(|at| **at < end).count();
    let ends_early = (1..=text.len()).find(|end| broken_by(*end) + 1 >= list.len()).filter(|_| !strict);
    let fits = |index: usize| match (ends_early, faults[index]) {
        (Some(end), Some(fault)) => fault >= end,
        (Some(_), None) => true,
        (None, fault) => {
            let breaks = strict && breaks_rules(php, list[index], text);
            fault.is_none() && !breaks && !list[index].decode(php, text).contains(&BAD)
        }
    };
    let score =
        |index: &usize| list[*index].decode(php, text).iter().map(|code| demerits(php, *code)).sum::<u64>();
    (0..list.len()).filter(|index| fits(*index)).min_by_key(score).map(|index| list[index])
}

/// Whether a text that can be read is not written as it should be: UTF-7 alone has such rules.
fn breaks_rules(php: &Php, candidate: &Encoding, text: &[u8]) -> bool {
    matches!(candidate.kind, Kind::Utf7) && !is_valid(php, candidate, text)
}

/// The byte at which a text, read one byte after the other, turns out not to be in an encoding.
fn first_fault(php: &Php, encoding: &Encoding, text: &[u8]) -> Option<usize> {
    let is_broken = |end: usize| encoding.decode_whole(php, &text[..end]).contains(&BAD);
    if !is_broken(text.len()) {
        return None;
    }
    let (mut whole, mut broken) = (0, text.len());
    while whole + 1 < broken {
        let middle = whole.midpoint(broken);
        if is_broken(middle) { broken = middle } else { whole = middle }
    }
    Some(broken - 1)
}

/// Up to 8.0: by the bytes alone, each encoding having a rule of its own, some of them odd.
fn first_possible(php: &Php, text: &[u8], list: &[Candidate], strict: bool) -> Option<Candidate> {
    let mut rules: Vec<Rule<'_>> = list.iter().map(|candidate| Rule::new(php, candidate, text)).collect();
    for (index, byte) in text.iter().enumerate() {
        rules.iter_mut().for_each(|rule| rule.feed(index, *byte));
        // Those that never fit do not count.
        let broken = rules.iter().filter(|rule| rule.broken && !rule.never).count();
        if !strict && broken + 1 >= rules.len() {
            break;
        }
    }
    rules.iter().position(|rule| !(rule.broken || strict && rule.within > 0)).map(|index| list[index])
}

/// What has been read by an encoding's rule.
struct Rule<'a> {
    encoding: &'a Encoding,
    /// Encodings without a rule are never guessed.
    never: bool,
    broken: bool,
    /// How many bytes of the character are still to come; in UTF-7's base64 1 before its first digit, then 2.
    within: usize,
    /// The byte before, where it begins a character.
    before: u8,
    /// Where no rule is known: the byte at which its characters break.
    fault: Option<usize>,
}

impl<'a> Rule<'a> {
    fn new(php: &Php, encoding: &'a Encoding, text: &[u8]) -> Self {
        let never = matches!(encoding.kind, Kind::Wide(_) | Kind::Utf7Imap) || !is_guessed(encoding);
        let fault = match encoding.kind {
            Kind::Utf8 | Kind::EucTw(_) | Kind::Shift(_) | Kind::Iso2022Jp(_) => {
                first_fault(php, encoding, text)
            }
            _ => None,
        };
        Self { encoding, never, broken: never, within: 0, before: 0, fault }
    }

    fn feed(&mut self, index: usize, byte: u8) {
        if self.broken {
            return;
        }
        self.broken = match &self.encoding.kind {
            Kind::Ascii => !matches!(byte, 0 | b'\t' | b'\n' | b'\r' | 0x20..0x80),
            Kind::Single(_) => !could_be_single(self.encoding.name, byte),
            Kind::Double(table) if self.within > 0 => {
                self.within -= 1;
                !table.could_follow(byte)
            }
            Kind::Double(table) => {
                self.within = table.unit_len(byte) - 1;
                byte >= 0x80 && self.within == 0 && !table.is_single(byte)
            }
            Kind::Utf7 => self.feed_utf7(byte),
            Kind::Gb18030 => self.feed_gb18030(byte),
            _ => self.fault == Some(index),
        };
        if self.encoding.is_utf8() {
            self.within = utf8_missing(self.within, byte);
        }
    }
}

impl Rule<'_> {
    /// Whether a byte cannot be UTF-7.
    fn feed_utf7(&mut self, byte: u8) -> bool {
        let is_digit = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        match self.within {
            0 => {
                self.within = usize::from(byte == b'+');
                matches!(byte, b'\\' | b'~' | 0x80..)
            }
            _ if is_digit => {
                self.within = 2;
                false
            }
            state => {
                self.within = 0;
                state == 1 && byte != b'-' || byte >= 0x80
            }
        }
    }

    /// Whether a byte cannot be GB 18030: which characters there are does not count.
    fn feed_gb18030(&mut self, byte: u8) -> bool {
        let before = std::mem::replace(&mut self.before, byte);
        let (missing, broken) = match (self.within, byte) {
            (0, ..=0x80 | 0xff) => (0, false),
            (0, _) => (1, false),
            (1, b'0'..=b'9') if matches!(before, 0x81..=0x84 | 0x90..=0xe3) => (3, false),
            (1, 0x40..=0x7e | 0x80..=0xfe) if matches!(before, 0x81..) => (0, false),
            // The third and the fourth byte of a character of four.
            (3, 0x81..=0xfe) => (2, false),
            (2, b'0'..=b'9') => (0, false),
            _ => (0, true),
        };
        self.within = missing;
        broken
    }
}

/// How many bytes of a character are still to come.
fn utf8_missing(within: usize, byte: u8) -> usize {
    match byte {
        0xc2..0xe0 => 1,
        0xe0..0xf0 => 2,
        0xf0..0xf8 => 3,
        0x80..0xc0 => within.saturating_sub(1),
        _ => 0,
    }
}

/// The Cyrillic ones know no ASCII, and those of Windows nothing but what ISO's lack.
fn could_be_single(name: &str, byte: u8) -> bool {
    match name {
        "Windows-1252" | "Windows-1254" => matches!(byte, 0x80..0xa0),
        "Windows-1251" | "CP866" | "KOI8-R" | "KOI8-U" => matches!(byte, 0x80..=0xfe),
        _ => true,
    }
}

/// A block of 256 code points and which of them are common.
static COMMON: LazyLock<Vec<Option<[u8; 32]>>> = LazyLock::new(|| {
    let mut blocks = vec![None; 256];
    for line in include_str!("common.tsv").lines() {
        let Some((block, bits)) = line.split_once('\t') else { continue };
        let byte = |at: usize| u8::from_str_radix(&bits[2 * at..2 * at + 2], 16).unwrap_or_default();
        if let Ok(block) = usize::from_str_radix(block, 16) {
            blocks[block] = Some(std::array::from_fn(byte));
        }
    }
    blocks
});

fn is_common(code: u32) -> bool {
    let [.., block, low] = code.to_be_bytes();
    COMMON[usize::from(block)].is_some_and(|bits| bits[usize::from(low / 8)] >> (low % 8) & 1 == 1)
}

/// How much a character speaks against the encoding that would have it.
fn demerits(php: &Php, code: u32) -> u64 {
    match code {
        0x1_0000.. => 40,
        0x21..=0x2f => 6,
        code if is_common(code) => 1,
        // Turkish was thought of in 8.3.
        0x11e | 0x11f | 0x130 | 0x131 | 0x15e | 0x15f if php.since(Version::V8_3) => 1,
        _ => 30,
    }
}
