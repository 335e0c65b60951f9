//! `htmlspecialchars` and `htmlentities`.

use super::charset::{Charset, Unit};
use super::entities::{HTML_5, HTML_401, Table};
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

    pub(super) fn has(self, flag: i64) -> bool {
        self.0 & flag != 0
    }

    pub(super) fn single(self) -> bool {
        self.has(Self::SINGLE)
    }

    pub(super) fn double(self) -> bool {
        self.has(Self::DOUBLE)
    }

    /// Whether a text is no quote, or one that the flags include.
    pub(super) fn allows_quote(self, text: &str) -> bool {
        match text {
            "'" => self.single(),
            "\"" => self.double(),
            _ => true,
        }
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

    /// Whether the number of an entity may stay.
    fn allows_number(self, code: u32) -> bool {
        match self {
            Self::Html401 => code <= 0x10ffff,
            Self::Html5 => (self.allows(code) || matches!(code, 0xd800..=0xdfff)) && code != 0x0d,
            Self::Xml1 | Self::Xhtml => self.allows(code),
        }
    }

    /// Whether a character may stand there.
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
    let charset = Charset::named(args.opt_bytes(2));
    ok(escape(args.bytes(0), flags, all, charset, args.bool(3)))
}

/// `htmlspecialchars` (or, `all`, `htmlentities`). Broken text gives an empty answer unless the flags say otherwise.
pub fn escape(text: &[u8], flags: Flags, all: bool, charset: Charset, double_encode: bool) -> Vec<u8> {
    let document = flags.document();
    let all = all && charset.is_whole() && document != Document::Xml1;
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while !rest.is_empty() {
        let (unit, len) = charset.next(rest);
        let (here, after) = rest.split_at(len.min(rest.len()));
        rest = after;
        match unit {
            Unit::Char('&') => {
                let kept = if double_encode { None } else { entity_len(rest, flags) };
                out.extend_from_slice(if kept.is_some() { b"&" } else { b"&amp;" });
                out.extend_from_slice(&rest[..kept.unwrap_or(0)]);
                rest = &rest[kept.unwrap_or(0)..];
            }
            Unit::Char(quote @ ('"' | '\'')) if !flags.allows_quote(quote.encode_utf8(&mut [0; 4])) => {
                out.extend_from_slice(here);
            }
            Unit::Char(char) => {
                let joined = if all { joined(char, rest, document, charset) } else { None };
                if let Some((name, len)) = joined {
                    out.extend_from_slice(format!("&{name};").as_bytes());
                    rest = &rest[len..];
                } else {
                    single(&mut out, char, here, flags, all, charset);
                }
            }
            Unit::Unknown => out.extend_from_slice(here),
            Unit::Broken if flags.has(Flags::IGNORE) => {}
            Unit::Broken if flags.has(Flags::SUBSTITUTE) => {
                out.extend_from_slice(charset.replacement().as_bytes());
            }
            Unit::Broken => return Vec::new(),
        }
    }
    out
}

/// The entity of a character and the one behind it together, and how many bytes the second takes.
fn joined(char: char, rest: &[u8], document: Document, charset: Charset) -> Option<(&'static str, usize)> {
    if document != Document::Html5 || rest.is_empty() {
        return None;
    }
    let (Unit::Char(second), len) = charset.next(rest) else { return None };
    let pair: String = [char, second].iter().collect();
    Some((*document.table()?.by_text.get(&pair)?, len))
}

fn single(out: &mut Vec<u8>, char: char, here: &[u8], flags: Flags, all: bool, charset: Charset) {
    let document = flags.document();
    let basic = match char {
        '<' => Some("lt"),
        '>' => Some("gt"),
        '"' => Some("quot"),
        '\'' if document == Document::Html401 || all && document == Document::Xhtml => Some("#039"),
        '\'' => Some("apos"),
        _ => None,
    };
    // Without a table PHP only knows what looks like ASCII.
    let known = char <= '}' || charset.is_whole() && (all || !matches!(charset, Charset::Single(_)));
    let named = |table: &Table| table.by_text.get(char.encode_utf8(&mut [0; 4]) as &str).copied();
    match basic.or_else(|| document.table().filter(|_| all).and_then(named)) {
        Some(name) => out.extend_from_slice(format!("&{name};").as_bytes()),
        None if flags.has(Flags::DISALLOWED) && known && !document.allows(char.into()) => {
            out.extend_from_slice(charset.replacement().as_bytes());
        }
        None => out.extend_from_slice(here),
    }
}

/// The length of an entity behind its `&`, with the semicolon.
fn entity_len(rest: &[u8], flags: Flags) -> Option<usize> {
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'#')?;
    let body = std::str::from_utf8(&rest[..end]).ok().filter(|_| rest[end] == b';')?;
    let document = flags.document();
    let valid = match body.strip_prefix('#') {
        Some(number) => numeric(number).is_some_and(|code| {
            code <= 0x10ffff && (!flags.has(Flags::DISALLOWED) || document.allows_number(code))
        }),
        None => !body.is_empty() && document.knows(body),
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
    escape(text, Flags(if quotes { 3 } else { 0 }), true, Charset::Utf8, false)
}
