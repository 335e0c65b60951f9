//! `mb_detect_encoding`: which of several encodings a text is in.

use super::{BAD, Encoding, find, utf8};
use crate::call::{Args, Ctx, Outcome, Row, or_false};
use crate::php::{Php, Version};
use crate::value::Value;

pub(crate) const ROWS: &[Row] = &[
    (
        "8.0- mb_detect_encoding(string $string, array|string|null $encodings = null, bool $strict = false)",
        detect_encoding,
    ),
    ("-7.4 mb_detect_encoding(string $str, mixed $encoding_list = ?, bool $strict = false)", detect_encoding),
];

/// The encodings that an argument lists.
pub(super) enum Asked {
    /// It lists none because it was not given.
    Default,
    List(Vec<&'static Encoding>),
    Refused(Outcome),
}

/// Reads a list of encodings: an array of names, or names with commas between.
pub(super) fn asked(ctx: &mut Ctx<'_>, value: &Value, function: &str, at: usize) -> Asked {
    let names: Vec<Vec<u8>> = match value {
        Value::Null => return Asked::Default,
        Value::Array(array) => {
            array.values().map(|name| crate::cast::to_str(ctx.php, name).to_vec()).collect()
        }
        other => {
            let text = crate::cast::to_str(ctx.php, other);
            match text.is_empty() {
                true => Vec::new(),
                false => text.split(|byte| *byte == b',').map(|name| name.trim_ascii().to_vec()).collect(),
            }
        }
    };
    let mut list = Vec::with_capacity(names.len());
    for name in names {
        if name.eq_ignore_ascii_case(b"auto") {
            list.extend(["ASCII", "UTF-8"].iter().filter_map(|name| find(ctx.php, name.as_bytes())));
            continue;
        }
        match find(ctx.php, &name) {
            Some(encoding) => list.push(encoding),
            None if ctx.php.is_8() => {
                let argument = if function == "mb_convert_encoding" { "from_encoding" } else { "encodings" };
                let name = String::from_utf8_lossy(&name);
                let message = format!(
                    "{function}(): Argument #{} (${argument}) contains invalid encoding \"{name}\"",
                    at + 1
                );
                return Asked::Refused(ctx.value_error(false, message));
            }
            None => ctx.warn(format!("{function}(): Illegal character encoding specified")),
        }
    }
    match list.is_empty() {
        true if ctx.php.is_8() => {
            let message = format!("{function}(): Argument #{} must specify at least one encoding", at + 1);
            Asked::Refused(ctx.value_error(false, message))
        }
        true => Asked::Default,
        false => Asked::List(list),
    }
}

fn detect_encoding(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let list = match asked(ctx, args.value(1), "mb_detect_encoding", 1) {
        Asked::Default => {
            ["ASCII", "UTF-8"].iter().filter_map(|name| find(ctx.php, name.as_bytes())).collect()
        }
        Asked::List(list) => list,
        Asked::Refused(answer) => return answer,
    };
    or_false(detect(ctx.php, args.bytes(0), &list, args.bool(2)).map(|encoding| encoding.name))
}

/// Whether a text breaks off within its last character.
fn is_cut(php: &Php, encoding: &Encoding, text: &[u8]) -> bool {
    let chars = encoding.decode(php, text);
    let bad = chars.iter().filter(|code| **code == BAD).count();
    let cut = match encoding.is_utf8() {
        true => std::str::from_utf8(text).is_err_and(|error| error.error_len().is_none()),
        false => encoding.unit_len(0).is_some() && chars.last() == Some(&BAD) && text.len() > 1,
    };
    bad == 1 && cut
}

/// The encoding that the text is in: up to 8.0 the first that fits, later the most likely.
pub(super) fn detect(
    php: &Php,
    text: &[u8],
    list: &[&'static Encoding],
    strict: bool,
) -> Option<&'static Encoding> {
    let bad = |encoding: &Encoding| {
        let bad = encoding.decode(php, text).iter().filter(|code| **code == BAD).count();
        if bad > 0 && !strict && is_cut(php, encoding, text) { 0 } else { bad }
    };
    if !php.since(Version::V8_1) {
        return list.iter().copied().find(|encoding| bad(encoding) == 0);
    }
    let fitting = list.iter().copied().filter(|encoding| bad(encoding) == 0);
    let scored: Vec<_> = fitting.map(|encoding| (demerits(&encoding.decode(php, text)), encoding)).collect();
    let least = scored.iter().map(|(score, _)| *score).min();
    if let Some(least) = least {
        return scored.into_iter().find(|(score, _)| *score == least).map(|(_, encoding)| encoding);
    }
    if strict {
        return None;
    }
    let fewest = list.iter().copied().min_by_key(|encoding| bad(encoding))?;
    (list.len() > 1 && fewest.is_utf8() && bad(utf8()) * 2 < text.len()).then_some(fewest)
}

/// How unlikely characters are: what is no letter in use counts most.
fn demerits(chars: &[u32]) -> u64 {
    let one = |code: &u32| match code {
        0x9 | 0xa | 0xd | 0x20..0x7f => 0,
        ..0x20 | 0x7f..0xa0 => 15,
        0xa0..0x250 => 1,
        0x250..0x300 => 5,
        0x2000..0x2070 => 2,
        0xe000..0xf900 => 40,
        0xf_0000.. => 60,
        0xd800..0xe000 => 60,
        _ => 1,
    };
    chars.iter().map(one).sum()
}
