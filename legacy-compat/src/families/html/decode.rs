//! `html_entity_decode` and `htmlspecialchars_decode`.

use super::charset::Charset;
use super::encode::{Document, Flags, numeric};
use crate::call::{Row, ok};
use crate::php::{Php, Version};

pub(crate) const ROWS: &[Row] = &[
    ("html_entity_decode(string $string, int $flags = ?, ?string $encoding = null)", |c, a| {
        let flags = Flags::given(c.php, a.has(1).then(|| a.int(1)));
        ok(decode(c.php, a.bytes(0), flags, true, Charset::named(a.opt_bytes(2))))
    }),
    ("htmlspecialchars_decode(string $string, int $flags = ?)", |c, a| {
        let flags = Flags::given(c.php, a.has(1).then(|| a.int(1)));
        ok(decode(c.php, a.bytes(0), flags, false, Charset::Utf8))
    }),
];

/// Entities back to characters: all, or only those that `htmlspecialchars` makes. Quotes as the flags say.
pub fn decode(php: &Php, text: &[u8], flags: Flags, all: bool, charset: Charset) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'&', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest.iter().skip(1).position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#');
        let made = end.map(|end| end + 1).filter(|end| rest[*end] == b';').and_then(|end| {
            let body = std::str::from_utf8(&rest[1..end]).ok()?;
            let made = entity(body, flags, all)?;
            let mut chars = made.chars();
            match (charset, chars.next(), chars.next()) {
                (Charset::Utf8, ..) => Some((end + 1, made.into_bytes())),
                (_, Some(char), None) if !is_missed(php, char, charset) => {
                    Some((end + 1, charset.encode(char)?))
                }
                _ => None,
            }
        });
        let (len, made) = made.unwrap_or((1, b"&".to_vec()));
        out.extend_from_slice(&made);
        rest = &rest[len..];
    }
    out.extend_from_slice(rest);
    out
}

/// Up to 8.0 PHP did not find the last Cyrillic letters in ISO-8859-5.
fn is_missed(php: &Php, char: char, charset: Charset) -> bool {
    matches!(char, '\u{451}'..='\u{45f}')
        && !php.since(Version::V8_1)
        && charset == Charset::named(Some(b"iso-8859-5"))
}

fn entity(body: &str, flags: Flags, all: bool) -> Option<String> {
    let document = flags.document();
    let made = match body.strip_prefix('#') {
        Some(number) => by_number(numeric(number)?, document, all)?,
        None => by_name(body, document, all)?,
    };
    let refused = made == "'" && !flags.single() || made == "\"" && !flags.double();
    (!refused).then_some(made)
}

fn by_number(code: u32, document: Document, all: bool) -> Option<String> {
    let char = char::from_u32(code)?;
    let basic = matches!(char, '&' | '<' | '>' | '"' | '\'');
    if !all && !basic || !allowed(code, document) {
        return None;
    }
    Some(char.to_string())
}

/// Numbers that may stand for a character in this kind of document.
fn allowed(code: u32, document: Document) -> bool {
    match document {
        Document::Html401 => {
            !matches!(code, 0xd800..=0xdfff)
                && code <= 0x10ffff
                && (code > 0x1f || matches!(code, 9 | 10 | 13))
                && !matches!(code, 0x7f..=0x9f)
        }
        Document::Html5 => {
            matches!(code, 0x20..=0x7e | 0x09 | 0x0a | 0x0c | 0xa0..=0x10ffff)
                && code & 0xffff < 0xfffe
                && !matches!(code, 0xfdd0..=0xfdef)
        }
        Document::Xml1 | Document::Xhtml => {
            matches!(code, 9 | 10 | 13 | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x10000..=0x10ffff)
        }
    }
}

fn by_name(name: &str, document: Document, all: bool) -> Option<String> {
    let basic = match name {
        "amp" => Some("&"),
        "lt" => Some("<"),
        "gt" => Some(">"),
        "quot" => Some("\""),
        "apos" if document != Document::Html401 => Some("'"),
        _ => None,
    };
    match basic {
        Some(text) => Some(text.to_owned()),
        None if all => document.table()?.by_name.get(name).cloned(),
        None => None,
    }
}
