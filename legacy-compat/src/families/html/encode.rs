//! `htmlspecialchars` and `htmlentities`.

use super::entities::{HTML_5, HTML_401, Table};
use super::next_char;
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};

pub(crate) const ROWS: &[Row] = &[
    (
        "htmlspecialchars(string $string, int $flags = ?, ?string $encoding = null, bool $double_encode = true)",
        |c, a| encode(c, a, false),
    ),
    (
        "htmlentities(string $string, int $flags = ?, ?string $encoding = null, bool $double_encode = true)",
        |c, a| encode(c, a, true),
    ),
];

/// `ENT_*`: which quotes, what to do with broken UTF-8, which kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub i64);

impl Flags {
    const SINGLE: i64 = 1;
    const DOUBLE: i64 = 2;
    const IGNORE: i64 = 4;
    const SUBSTITUTE: i64 = 8;
    const DISALLOWED: i64 = 128;

    /// What counts where none are given: `ENT_COMPAT`, from 8.1 `ENT_QUOTES | ENT_SUBSTITUTE`.
    pub fn of(php: &Php) -> Self {
        Self(if php.since(Version::V8_1) { 3 | 8 } else { 2 })
    }

    pub(super) fn given(php: &Php, flags: Option<i64>) -> Self {
        flags.map_or(Self::of(php), Self)
    }

    fn has(self, flag: i64) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn single(self) -> bool {
        self.has(Self::SINGLE)
    }

    pub(super) fn double(self) -> bool {
        self.has(Self::DOUBLE)
    }

    pub(super) fn document(self) -> Document {
        match self.0 & 48 {
            16 => Document::Xml1,
            32 => Document::Xhtml,
            48 => Document::Html5,
            _ => Document::Html401,
        }
    }
}

/// The kind of document, which decides what entities there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Document {
    Html401,
    Xml1,
    Xhtml,
    Html5,
}

impl Document {
    pub(super) fn table(self) -> Option<&'static Table> {
        match self {
            Self::Html401 | Self::Xhtml => Some(&HTML_401),
            Self::Html5 => Some(&HTML_5),
            Self::Xml1 => None,
        }
    }

    /// Whether the entity has a meaning here.
    fn knows(self, name: &str) -> bool {
        match self {
            Self::Xml1 => matches!(name, "amp" | "lt" | "gt" | "quot" | "apos"),
            Self::Xhtml if name == "apos" => true,
            _ => self.table().is_some_and(|table| table.by_name.contains_key(name)),
        }
    }

    /// Whether a character may stand there by number.
    fn allows(self, code: u32) -> bool {
        match self {
            Self::Html401 => {
                matches!(code, 0x20..=0x7e | 0x0a | 0x09 | 0x0d | 0xa0..=0xd7ff | 0xe000..=0x10ffff)
            }
            Self::Html5 => {
                matches!(code, 0x20..=0x7e | 0x09..=0x0d | 0xa0..=0x10ffff)
                    && code != 0x0b
                    && code & 0xffff < 0xfffe
                    && !matches!(code, 0xd800..=0xdfff | 0xfdd0..=0xfdef)
            }
            Self::Xml1 | Self::Xhtml => {
                matches!(code, 0x20..=0xd7ff | 0x0a | 0x09 | 0x0d | 0xe000..=0x10ffff)
                    && !matches!(code, 0xfffe | 0xffff)
            }
        }
    }
}

fn encode(ctx: &mut Ctx<'_>, args: &mut Args<'_>, all: bool) -> Outcome {
    let flags = Flags::given(ctx.php, args.has(1).then(|| args.int(1)));
    let utf8 = is_utf8(args.opt_bytes(2));
    ok(escape(args.bytes(0), flags, all, utf8, args.bool(3)))
}

/// Whether a charset's name means UTF-8, which is what PHP falls back to; Latin-1 and its kin are single bytes.
pub(super) fn is_utf8(charset: Option<&[u8]>) -> bool {
    let known: [&[u8]; 9] = [
        b"iso-8859-1",
        b"iso8859-1",
        b"windows-1252",
        b"1252",
        b"cp1252",
        b"iso-8859-15",
        b"iso8859-15",
        b"cp866",
        b"koi8-r",
    ];
    !charset.is_some_and(|charset| known.iter().any(|name| charset.eq_ignore_ascii_case(name)))
}

/// `htmlspecialchars` (or, `all`, `htmlentities`). Broken UTF-8 gives an empty answer unless the flags say otherwise.
pub fn escape(text: &[u8], flags: Flags, all: bool, utf8: bool, double_encode: bool) -> Vec<u8> {
    let document = flags.document();
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(first) = rest.first().copied() {
        let (char, len) = match utf8 {
            true => next_char(rest),
            false => (Some(char::from(first)), 1),
        };
        let (here, after) = rest.split_at(len);
        rest = after;
        match char {
            Some('&') if !double_encode => match entity_len(rest, document) {
                Some(len) => {
                    out.push(b'&');
                    out.extend_from_slice(&rest[..len]);
                    rest = &rest[len..];
                }
                None => out.extend_from_slice(b"&amp;"),
            },
            Some('&') => out.extend_from_slice(b"&amp;"),
            Some('<') => out.extend_from_slice(b"&lt;"),
            Some('>') => out.extend_from_slice(b"&gt;"),
            Some('"') if flags.double() => out.extend_from_slice(b"&quot;"),
            Some('\'') if flags.single() => {
                out.extend_from_slice(if document == Document::Html401 { b"&#039;" } else { b"&apos;" });
            }
            Some('"' | '\'') => out.extend_from_slice(here),
            Some(char) => other(&mut out, char, here, flags, all),
            None if flags.has(Flags::IGNORE) => {}
            None if flags.has(Flags::SUBSTITUTE) => out.extend_from_slice("\u{fffd}".as_bytes()),
            None => return Vec::new(),
        }
    }
    out
}

fn other(out: &mut Vec<u8>, char: char, here: &[u8], flags: Flags, all: bool) {
    let document = flags.document();
    if flags.has(Flags::DISALLOWED) && !document.allows(char.into()) {
        return out.extend_from_slice("\u{fffd}".as_bytes());
    }
    let name = document
        .table()
        .filter(|_| all)
        .and_then(|table| table.by_text.get(char.encode_utf8(&mut [0; 4]) as &str));
    match name {
        Some(name) => out.extend_from_slice(format!("&{name};").as_bytes()),
        None => out.extend_from_slice(here),
    }
}

/// The length of an entity behind its `&`, with the semicolon.
fn entity_len(rest: &[u8], document: Document) -> Option<usize> {
    let end = rest.iter().take(40).position(|byte| *byte == b';')?;
    let body = std::str::from_utf8(&rest[..end]).ok()?;
    let valid = match body.strip_prefix('#') {
        Some(number) => numeric(number).is_some_and(|code| code <= 0x10ffff),
        None => {
            !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric()) && document.knows(body)
        }
    };
    valid.then_some(end + 1)
}

/// The number of `65` or `x41`.
pub(super) fn numeric(text: &str) -> Option<u32> {
    let (digits, base) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let clean = !digits.is_empty() && digits.bytes().all(|byte| char::from(byte).is_digit(base));
    clean.then(|| u32::from_str_radix(digits, base).ok()).flatten()
}

/// `FILTER_SANITIZE_FULL_SPECIAL_CHARS`: entities that are there stay.
pub fn full_special_chars(text: &[u8], quotes: bool) -> Vec<u8> {
    escape(text, Flags(if quotes { 3 } else { 0 }), true, true, false)
}
