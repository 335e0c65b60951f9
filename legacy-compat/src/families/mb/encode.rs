//! Characters to bytes.

use std::cell::Cell;

use super::BAD;
use super::encoding::{Encoding, Jis, Kind, Wide};
use super::{transfer, utf7};

impl Encoding {
    /// The bytes of characters; `?` for what the encoding does not have.
    pub(crate) fn encode(&self, chars: &[u32]) -> Vec<u8> {
        let mut out = Vec::with_capacity(chars.len());
        match &self.kind {
            Kind::Iso2022Jp(Jis::Cp5022x(form)) => form.encode(chars, &mut out),
            Kind::Iso2022Jp(sets) => iso_2022_jp(chars, *sets, usize::MAX, &mut out),
            Kind::Shift(shift) => shift.encode(chars, &mut out),
            Kind::Utf7 => utf7::encode(chars, &mut out),
            Kind::Utf7Imap => utf7::encode_imap(chars, &mut out),
            Kind::Base64 => transfer::encode_base64(&low_bytes(chars), &mut out),
            Kind::QuotedPrintable => transfer::encode_quoted(&low_bytes(chars), &mut out),
            Kind::Uuencode => transfer::encode_uu(&low_bytes(chars), &mut out),
            Kind::Html => transfer::encode_html(chars, &mut out),
            _ => {
                for char in chars {
                    if !self.put(*char, &mut out) {
                        self.put(u32::from(b'?'), &mut out);
                    }
                }
            }
        }
        out
    }

    /// The bytes of as many characters as fit into that many.
    pub(crate) fn encode_within(&self, chars: &[u32], count: usize) -> Vec<u8> {
        if let Kind::Iso2022Jp(sets) = self.kind
            && !matches!(sets, Jis::Cp5022x(_))
        {
            let mut out = Vec::new();
            iso_2022_jp(chars, sets, count, &mut out);
            return out;
        }
        let fits = |len: usize| self.encode(&chars[..len]).len() <= count;
        // What fits may be a small part of a long text: as far as twice of it is tried, not all.
        let (mut fitting, mut above) = (0, 1);
        while above <= chars.len() && fits(above) {
            (fitting, above) = (above, above * 2);
        }
        above = above.min(chars.len() + 1);
        while fitting + 1 < above {
            let middle = fitting.midpoint(above);
            if fits(middle) { fitting = middle } else { above = middle }
        }
        self.encode(&chars[..fitting])
    }

    /// The bytes of one character, where the encoding has it.
    pub(crate) fn encode_char(&self, char: u32) -> Option<Vec<u8>> {
        if let Kind::Shift(shift) = self.kind {
            return (char < 0x80 || shift.pair(char).is_some()).then(|| self.encode(&[char]));
        }
        let mut out = Vec::new();
        self.put(char, &mut out).then_some(out)
    }

    fn put(&self, char: u32, out: &mut Vec<u8>) -> bool {
        match &self.kind {
            Kind::Utf8 => match char::from_u32(char) {
                Some(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                None => return false,
            },
            Kind::Latin1 if char < 0x100 => out.push(char as u8),
            Kind::Wide(wide) => return wide.put(char, out),
            _ if char < 0x80 => out.push(char as u8),
            Kind::Single(upper) => match upper.iter().position(|known| *known == char && char != 0) {
                Some(at) => out.push(0x80 + at as u8),
                None => return false,
            },
            Kind::Double(table) => match table.encode(char) {
                Some(bytes) => out.extend(bytes),
                None => return false,
            },
            Kind::EucTw(form) => match form.encode(char) {
                Some(bytes) => out.extend(bytes),
                None => return false,
            },
            Kind::Gb18030 => match char::from_u32(char) {
                Some(char) => {
                    let mut text = [0; 4];
                    out.extend_from_slice(&encoding_rs::GB18030.encode(char.encode_utf8(&mut text)).0);
                }
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

/// What the transfer encodings encode: bytes, FF for what is no character.
fn low_bytes(chars: &[u32]) -> Vec<u8> {
    chars.iter().map(|char| *char as u8).collect()
}

impl Wide {
    fn put(self, char: u32, out: &mut Vec<u8>) -> bool {
        let little = self.little;
        let mut unit = |number: u32| {
            let bytes = number.to_be_bytes();
            let bytes = &bytes[4 - self.size..];
            if little { out.extend(bytes.iter().rev()) } else { out.extend_from_slice(bytes) }
        };
        match char {
            BAD => return false,
            0x11_0000.. if self.size == 2 || self.utf => return false,
            0x1_0000.. if self.size == 2 && !self.utf => return false,
            0x1_0000.. if self.size == 2 => {
                unit(0xd800 + ((char - 0x1_0000) >> 10));
                unit(0xdc00 + ((char - 0x1_0000) & 0x3ff));
            }
            _ => unit(char),
        }
        true
    }
}

/// Writes as many characters as fit into `count` bytes, the way back to ASCII included.
fn iso_2022_jp(chars: &[u32], sets: Jis, count: usize, out: &mut Vec<u8>) {
    const ASCII: &[u8] = b"\x1b(B";
    let set = Cell::new(ASCII);
    let switch = |to: &'static [u8], out: &mut Vec<u8>| {
        if set.get() != to {
            out.extend_from_slice(to);
            set.set(to);
        }
    };
    for char in chars {
        let before = (out.len(), set.get());
        let bytes = if *char < 0x80 { None } else { sets.table().encode(*char) };
        match bytes.as_deref() {
            _ if *char == 0xa5 || *char == 0x203e => {
                switch(b"\x1b(J", out);
                out.push(if *char == 0xa5 { b'\\' } else { b'~' });
            }
            Some([0x8f, row, cell]) if sets != Jis::Strict => {
                switch(b"\x1b$(D", out);
                out.extend([row & 0x7f, cell & 0x7f]);
            }
            Some([0x8e, kana]) if sets == Jis::KanaAsPairs => {
                switch(b"\x1b$B", out);
                out.extend([0, kana & 0x7f]);
            }
            Some([0x8e, kana]) if sets != Jis::Strict => {
                switch(b"\x1b(I", out);
                out.push(kana & 0x7f);
            }
            Some([0x8e, _]) => {
                switch(b"\x1b(B", out);
                out.push(b'?');
            }
            Some([row, cell]) => {
                switch(if sets == Jis::Jis2004 { b"\x1b$(Q" } else { b"\x1b$B" }, out);
                out.extend([row & 0x7f, cell & 0x7f]);
            }
            _ => {
                switch(b"\x1b(B", out);
                out.push(if *char < 0x80 { *char as u8 } else { b'?' });
            }
        }
        let back = if set.get() == ASCII { 0 } else { ASCII.len() };
        if out.len() + back > count {
            out.truncate(before.0);
            set.set(before.1);
            break;
        }
    }
    switch(ASCII, out);
}
