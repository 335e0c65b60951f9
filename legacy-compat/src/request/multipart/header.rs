//! The headers of a part, as PHP reads them.

use super::buffer::Buffer;
use crate::numeric::is_blank;

/// A part's headers.
pub(super) struct Headers(Vec<(Vec<u8>, Vec<u8>)>);

/// What `Content-Disposition` says of a part.
#[derive(Default)]
pub(super) struct Disposition {
    pub name: Option<Vec<u8>>,
    pub filename: Option<Vec<u8>>,
}

impl Headers {
    /// The headers behind the next boundary; none where there is no boundary.
    pub(super) fn read(buffer: &mut Buffer<'_>) -> Option<Self> {
        if !buffer.skip_boundary() {
            return None;
        }
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        while let Some(line) = buffer.line().filter(|line| !line.is_empty()) {
            let colon = if is_blank(line[0]) { None } else { memchr::memchr(b':', line) };
            match (colon, headers.last_mut()) {
                (Some(colon), _) => {
                    headers.push((line[..colon].to_vec(), trim_start(&line[colon + 1..]).to_vec()));
                }
                // Whatever has no colon goes on with the line before, its blanks included.
                (None, Some((_, value))) => value.extend_from_slice(line),
                (None, None) => {}
            }
        }
        Some(Self(headers))
    }

    /// The first header of that name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        let same = |key: &[u8]| key.eq_ignore_ascii_case(name.as_bytes());
        self.0.iter().find(|(key, _)| same(key)).map(|(_, value)| value.as_slice())
    }
}

impl Disposition {
    /// Reads the pairs between `;`; the last of two wins.
    pub(super) fn parse(value: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = trim_start(value);
        while !rest.is_empty() {
            let (mut pair, behind) = word(rest, b';');
            rest = trim_start(behind);
            if !pair.contains(&b'=') {
                continue;
            }
            let key;
            (key, pair) = word(pair, b'=');
            if key.eq_ignore_ascii_case(b"name") {
                found.name = Some(unquoted(pair));
            } else if key.eq_ignore_ascii_case(b"filename") {
                found.filename = Some(unquoted(pair));
            }
        }
        found
    }
}

/// Up to a byte that stands outside quotes, and what stands behind it and its repetitions.
fn word(text: &[u8], stop: u8) -> (&[u8], &[u8]) {
    let mut at = 0;
    while at < text.len() && text[at] != stop {
        let quote = text[at];
        at += 1;
        if quote != b'"' && quote != b'\'' {
            continue;
        }
        while at < text.len() && text[at] != quote {
            at += if text[at..].starts_with(&[b'\\', quote]) { 2 } else { 1 };
        }
        at = text.len().min(at + 1);
    }
    let behind = &text[at..];
    let repeated = behind.iter().take_while(|byte| **byte == stop).count();
    (&text[..at], &behind[repeated..])
}

/// A quoted string without its quotes and escapes, or what stands before the first blank.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let text = trim_start(text);
    let (text, quote) = match text {
        [quote @ (b'"' | b'\''), rest @ ..] => (rest, Some(*quote)),
        text => (&text[..text.iter().position(|byte| is_blank(*byte)).unwrap_or(text.len())], None),
    };
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() && Some(text[at]) != quote {
        let escaped = |next: &u8| *next == b'\\' || Some(*next) == quote;
        if text[at] == b'\\' && text.get(at + 1).is_some_and(escaped) {
            at += 1;
        }
        out.push(text[at]);
        at += 1;
    }
    out
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    &text[blanks..]
}
