//! `get_html_translation_table`: what `htmlspecialchars` or `htmlentities` replace, as an array.

use super::charset::{Charset, Unit};
use super::encode::{Document, Flags};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::php::{Php, Version};
use crate::value::{Array, Key};

pub(crate) const ROWS: &[Row] = &[(
    "get_html_translation_table(int $table = 0, int $flags = ?, string $encoding = \"UTF-8\")",
    get_html_translation_table,
)];

fn get_html_translation_table(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let flags = Flags::given(ctx.php, args.has(1).then(|| args.int(1)));
    let charset = Charset::named(args.opt_bytes(2));
    let all = args.int(0) != 0 && charset.is_whole() && flags.document() != Document::Xml1;
    ok(if all { all_entities(ctx.php, flags, charset) } else { basic(flags) })
}

fn basic(flags: Flags) -> Array {
    let single = if flags.document() == Document::Html401 { "&#039;" } else { "&apos;" };
    let rows = [("\"", "&quot;"), ("&", "&amp;"), ("'", single), ("<", "&lt;"), (">", "&gt;")];
    rows.into_iter()
        .filter(|(text, _)| flags.allows_quote(text))
        .map(|(text, entity)| (Key::from(text), entity))
        .collect()
}

/// Every entity whose characters the charset has, in the order of their numbers, or of the bytes.
fn all_entities(php: &Php, flags: Flags, charset: Charset) -> Array {
    let Some(table) = flags.document().table() else { return basic(flags) };
    let mut texts: Vec<&String> = table.by_text.keys().filter(|text| flags.allows_quote(text)).collect();
    texts.sort_by_key(|text| {
        let first = text.chars().next();
        (first.and_then(|char| place(charset, char)), text.as_str())
    });
    let mut out = Array::new();
    for text in texts {
        let written = written(text, charset);
        let name = match (text.as_str(), flags.document()) {
            ("'", Document::Html401 | Document::Xhtml) => "#039",
            ("'", _) => "apos",
            _ => table.by_text[text],
        };
        if let Some(bytes) = written {
            // Up to 7.0 the entity of two characters is not closed.
            let close = if text.chars().nth(1).is_some() && !php.since(Version::V7_1) { "" } else { ";" };
            out.insert(Key::from_bytes(&bytes), format!("&{name}{close}"));
        }
    }
    out
}

/// The bytes of an entity's characters; in ISO-8859-1 PHP cuts the second of two down to a byte.
fn written(text: &str, charset: Charset) -> Option<Vec<u8>> {
    let mut chars = text.chars();
    let mut bytes = charset.encode(chars.next()?)?;
    for char in chars {
        match charset {
            Charset::Latin1 => bytes.push(u32::from(char) as u8),
            _ => bytes.extend(charset.encode(char)?),
        }
    }
    Some(bytes)
}

/// Where a character stands in a charset.
fn place(charset: Charset, char: char) -> Option<u32> {
    let bytes = charset.encode(char)?;
    match charset {
        Charset::Single(_) if charset.next(&bytes).0 == Unit::Char(char) => {
            bytes.first().copied().map(u32::from)
        }
        _ => Some(char.into()),
    }
}
