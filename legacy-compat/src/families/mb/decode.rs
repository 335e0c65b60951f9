//! Bytes to characters.

use super::BAD;
use super::encoding::{Encoding, Jis, Kind, Wide};
use super::euc_tw::EucTw;
use super::iso_2022_jp::{self, Reader};
use super::{transfer, utf7};
use crate::php::{Php, Version};

impl Encoding {
    /// The characters of a text, [`BAD`] for each part that is none.
    pub(crate) fn decode(&self, php: &Php, text: &[u8]) -> Vec<u32> {
        if let Kind::EucTw(form) = self.kind {
            return form.decode(text, form == EucTw::Old);
        }
        let mut chars = self.read(php, text);
        // Up to 8.0 what breaks off at the end is not told of, but in UTF-8.
        if !self.is_utf8() && !php.since(Version::V8_1) && self.breaks_off(text) {
            chars.pop();
        }
        chars
    }

    /// The same without the character that the text breaks off in.
    pub(crate) fn decode_whole(&self, php: &Php, text: &[u8]) -> Vec<u32> {
        if let Kind::Iso2022Jp(sets) = self.kind {
            return iso_2022_jp(php, text, sets, true);
        }
        match self.kind {
            Kind::EucTw(form) => return form.decode(text, true),
            Kind::Utf7 => return utf7::decode(php, text, true),
            Kind::Utf7Imap => return utf7::decode_imap(php, text, true),
            _ => {}
        }
        let mut chars = self.read(php, text);
        if self.breaks_off(text) {
            chars.pop();
        }
        chars
    }

    /// The characters that a conversion has: up to 8.0 it took units of UTF-32 whose first bit is set for negative, and ended with one.
    pub(super) fn decode_to_convert(&self, php: &Php, text: &[u8]) -> Vec<u32> {
        let mut chars = self.decode(php, text);
        if let Kind::Wide(wide @ Wide { size: 4, utf: true, marked: false, .. }) = self.kind
            && !php.since(Version::V8_1)
            && let Some(ended) =
                text.chunks_exact(4).position(|unit| wide.number(unit, wide.little) >> 31 == 1)
        {
            chars.truncate(ended + 1);
        }
        chars
    }

    /// Whether the text ends within a character.
    pub(crate) fn breaks_off(&self, text: &[u8]) -> bool {
        match &self.kind {
            Kind::Utf8 => {
                std::str::from_utf8(&text[utf8_tail(text)..]).is_err_and(|error| error.error_len().is_none())
            }
            Kind::Wide(wide) => !text.len().is_multiple_of(wide.size),
            Kind::Double(table) => table.breaks_off(text),
            Kind::EucTw(form) => form.decode(text, true).len() < form.decode(text, false).len(),
            _ => false,
        }
    }

    fn read(&self, php: &Php, text: &[u8]) -> Vec<u32> {
        let each = |of: &dyn Fn(u8) -> u32| text.iter().map(|byte| of(*byte)).collect();
        match &self.kind {
            Kind::Utf8 => utf8(text),
            // Up to 8.0 ASCII's upper half is Latin-1.
            Kind::Ascii if !php.since(Version::V8_1) => each(&u32::from),
            Kind::Ascii => each(&|byte| if byte < 0x80 { byte.into() } else { BAD }),
            Kind::Latin1 => each(&u32::from),
            Kind::Single(upper) if self.name.starts_with("Windows-125") && !php.since(Version::V8_1) => {
                each(&|byte| match byte {
                    ..0x80 => byte.into(),
                    _ => old_windows(php, self.name, byte, upper[usize::from(byte - 0x80)]),
                })
            }
            Kind::Single(upper) => each(&|byte| match byte {
                ..0x80 => byte.into(),
                _ => Some(upper[usize::from(byte - 0x80)]).filter(|char| *char != 0).unwrap_or(BAD),
            }),
            Kind::Wide(wide) => wide.decode(php, text),
            Kind::Double(table) => table.decode(php, text),
            Kind::EucTw(form) => form.decode(text, false),
            Kind::Gb18030 => gb18030(text),
            Kind::Iso2022Jp(sets) => iso_2022_jp(php, text, *sets, false),
            Kind::Shift(shift) => shift.decode(text),
            Kind::Utf7 => utf7::decode(php, text, false),
            Kind::Utf7Imap => utf7::decode_imap(php, text, false),
            Kind::Base64 => transfer::decode_base64(php, text),
            Kind::QuotedPrintable => transfer::decode_quoted(text),
            Kind::Uuencode => transfer::decode_uu(text),
            Kind::Html => transfer::decode_html(text),
        }
    }
}

/// Where the last character could begin.
fn utf8_tail(text: &[u8]) -> usize {
    let continued = text.iter().rev().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    text.len().saturating_sub(continued + 1)
}

/// Up to 8.0 what Windows' pages leave open was U+FFFD, before 7.1 in 1252 alone, by mistake U+FFFE.
fn old_windows(php: &Php, name: &str, byte: u8, char: u32) -> u32 {
    let is_open = char == 0 || char == u32::from(byte) && matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    match (is_open, php.since(Version::V7_1)) {
        (false, _) => char,
        (true, true) => 0xfffd,
        (true, false) if name == "Windows-1252" => 0xfffe,
        (true, false) => BAD,
    }
}

/// What up to 8.0 stood for each broken part of a UTF-8 text: the bits that were read of it.
pub(super) fn broken_utf8(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    const BROKEN: u32 = 0x7800_0000;
    let parts = text.utf8_chunks().map(|chunk| chunk.invalid()).filter(|part| !part.is_empty());
    parts.map(|part| {
        let bits = |byte: u8| match byte {
            0xc2..0xe0 => byte & 0x1f,
            0xe0..0xf0 => byte & 0x0f,
            0xf0..0xf8 => byte & 0x07,
            other => other,
        };
        let (first, more) = part.split_first().map_or((0, part), |(first, more)| (bits(*first), more));
        BROKEN | more.iter().fold(u32::from(first), |sum, byte| sum << 6 | u32::from(byte & 0x3f))
    })
}

/// What is broken counts once for each part that could have started a character.
fn utf8(text: &[u8]) -> Vec<u32> {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.extend(chunk.valid().chars().map(u32::from));
        if !chunk.invalid().is_empty() {
            out.push(BAD);
        }
    }
    out
}

impl Wide {
    fn decode(self, php: &Php, text: &[u8]) -> Vec<u32> {
        let (mut little, mut text) = (self.little, text);
        if self.marked && text.len() >= self.size {
            match self.number(&text[..self.size], false) {
                0xfeff => text = &text[self.size..],
                0xfffe if self.size == 2 => (little, text) = (true, &text[2..]),
                0xfffe_0000 if self.size == 4 => (little, text) = (true, &text[4..]),
                _ => {}
            }
        }
        let units: Vec<u32> = text
            .chunks(self.size)
            .map(|unit| match unit.len() == self.size {
                true => self.number(unit, little),
                false => BAD,
            })
            .collect();
        match self.surrogates() {
            true => utf16(php, &units),
            false => units.into_iter().map(|char| if self.is_char(php, char) { char } else { BAD }).collect(),
        }
    }

    fn is_char(self, php: &Php, char: u32) -> bool {
        match self.utf {
            true => char::from_u32(char).is_some(),
            // UCS has room for what is none; up to 8.0 not for the last of it.
            false => char < if php.since(Version::V8_1) { BAD } else { 0x7000_0000 },
        }
    }

    fn number(self, unit: &[u8], little: bool) -> u32 {
        let fold = |number: u32, byte: &u8| number << 8 | u32::from(*byte);
        if little { unit.iter().rev().fold(0, fold) } else { unit.iter().fold(0, fold) }
    }
}

fn utf16(php: &Php, units: &[u32]) -> Vec<u32> {
    let mut out = Vec::with_capacity(units.len());
    let mut at = 0;
    while let Some(unit) = units.get(at).copied() {
        at += 1;
        out.push(match (unit, units.get(at)) {
            (0xd800..0xdc00, Some(low @ 0xdc00..0xe000)) => {
                at += 1;
                0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
            }
            (0xd800..0xdc00, Some(&BAD)) if php.since(Version::V8_1) => {
                at += 1;
                BAD
            }
            (0xd800..0xe000, _) => BAD,
            (unit, _) => unit,
        });
    }
    out
}

fn gb18030(text: &[u8]) -> Vec<u32> {
    let mut decoder = encoding_rs::GB18030.new_decoder_without_bom_handling();
    let (mut out, mut rest) = (Vec::new(), text);
    let mut buffer = vec![0u8; text.len().saturating_mul(3) + 16];
    loop {
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, &mut buffer, true);
        out.extend(utf8(&buffer[..written]));
        rest = &rest[read..];
        match result {
            encoding_rs::DecoderResult::Malformed(..) => out.push(BAD),
            _ => return out,
        }
    }
}

/// `whole` leaves out what breaks off at the end.
fn iso_2022_jp(php: &Php, text: &[u8], sets: Jis, whole: bool) -> Vec<u32> {
    let old = !php.since(Version::V8_1);
    match sets {
        Jis::Cp5022x(form) => form.decode(text, whole),
        Jis::Windows | Jis::Jis2004 => iso_2022_jp::decode_ms(text, sets, old || whole, old),
        _ => Reader { windows: false, old }.decode(text, whole),
    }
}
