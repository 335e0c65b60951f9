//! HTML: `htmlspecialchars`, `htmlentities` and their way back, `strip_tags`.

mod charset;
mod decode;
mod encode;
mod entities;
mod table;
mod tags;

pub use charset::{Charset, Multi, Upper};
pub use decode::decode;
pub use encode::{Flags, escape, full_special_chars};
pub(crate) use entities::{char_of, name_of};
pub use tags::strip_tags;

use crate::call::Row;

/// The rows of all functions.
pub(crate) fn rows() -> Vec<Vec<Row>> {
    vec![encode::ROWS.to_vec(), decode::ROWS.to_vec(), table::ROWS.to_vec(), tags::ROWS.to_vec()]
}

/// The next character, and how many bytes it takes; for broken UTF-8 none, and how many bytes PHP skips.
pub fn next_char(text: &[u8]) -> (Option<char>, usize) {
    let tail = |at: usize| text.get(at).copied().filter(|byte| byte & 0xc0 == 0x80);
    let Some(first) = text.first().copied() else { return (None, 0) };
    let wanted = match first {
        ..0x80 => return (Some(char::from(first)), 1),
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return (None, 1),
    };
    if text.len() < wanted || (1..wanted).any(|at| tail(at).is_none()) {
        // Skip up to the next byte that could start a character.
        let starts = |at: &usize| text.get(*at).is_none_or(|byte| matches!(byte, ..0x80 | 0xc2..0xf5));
        return (None, (1..wanted).find(starts).unwrap_or(wanted));
    }
    match std::str::from_utf8(&text[..wanted]) {
        Ok(valid) => (valid.chars().next(), wanted),
        Err(_) => (None, wanted),
    }
}
