//! Compares `multipart/…` bodies part by part (RFC 2046 §5.1), whatever their boundaries are.

use handover_api::Fields;

use super::{body, header};
use crate::difference::{Differences, Form, Found, Kind};
use crate::path::Path;

/// A body with more parts is compared by its lines.
const MAX_PARTS: usize = 1_000;

/// A part: its header fields and its content.
struct Part<'a> {
    fields: Fields,
    content: &'a [u8],
}

/// A body taken apart.
struct Parts<'a> {
    /// What stands before the first boundary, where PHP's warnings come out: mail programs show none of it.
    before: &'a [u8],
    parts: Vec<Part<'a>>,
    /// What stands behind the last one.
    behind: &'a [u8],
}

/// Compares two bodies below `path`; false where one of them has no parts between its boundaries.
pub(super) fn compare(
    path: &Path,
    (a, boundary_a): (&[u8], &str),
    (b, boundary_b): (&[u8], &str),
    found: &mut Differences,
) -> bool {
    let Some((parts_a, parts_b)) = parts(a, boundary_a).zip(parts(b, boundary_b)) else { return false };
    let (known, lengths) = (found.len(), [a, b].map(<[u8]>::len));
    for (name, one, other) in
        [("before", parts_a.before, parts_b.before), ("behind", parts_a.behind, parts_b.behind)]
    {
        if one.trim_ascii() != other.trim_ascii() {
            found.both(path.key(name), Kind::Value, Found::text(one), Found::text(other));
        }
    }
    let (a, b) = (&parts_a.parts, &parts_b.parts);
    for at in 0..a.len().max(b.len()) {
        let place = path.index(at);
        match (a.get(at), b.get(at)) {
            (Some(one), Some(other)) => {
                header::compare(&place.key("header"), &one.fields, &other.fields, found);
                body::documents(&place, one.content, other.content, found);
            }
            (Some(one), None) => found.missing(place, Found::text(one.content)),
            (None, Some(other)) => found.extra(place, Found::text(other.content)),
            (None, None) => {}
        }
    }
    if found.len() == known && boundary_a == boundary_b {
        let [one, other] = lengths.map(|length| Found::new(Form::Bytes, format!("{length} bytes")));
        found.both(path.clone(), Kind::Spelling, one, other);
    }
    true
}

/// The parts; `None` where the last boundary is missing, more than blanks stand behind one, or a part has no head.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Parts<'a>> {
    let delimiter = format!("\r\n--{boundary}");
    let first = delimiter.trim_start().as_bytes();
    // The first boundary needs no line before it.
    let (before, mut rest) = match body.strip_prefix(first) {
        Some(rest) => (&b""[..], rest),
        None => {
            let at = find(body, delimiter.as_bytes())?;
            (&body[..at], &body[at + delimiter.len()..])
        }
    };
    let mut parts = Vec::new();
    loop {
        if let Some(behind) = rest.strip_prefix(b"--") {
            return Some(Parts { before, parts, behind });
        }
        let end = find(rest, b"\r\n")?;
        if !rest[..end].trim_ascii().is_empty() {
            return None;
        }
        let content = &rest[end + 2..];
        let end = find(content, delimiter.as_bytes())?;
        parts.push(part(&content[..end])?);
        rest = &content[end + delimiter.len()..];
        if parts.len() > MAX_PARTS {
            return None;
        }
    }
}

fn part(text: &[u8]) -> Option<Part<'_>> {
    let (head, content) = match text.strip_prefix(b"\r\n") {
        Some(content) => (&b""[..], content),
        None => {
            let end = find(text, b"\r\n\r\n")?;
            (&text[..end], &text[end + 4..])
        }
    };
    let mut fields = Fields::new();
    for line in String::from_utf8_lossy(head).split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        fields.append(name.to_owned(), value.trim_ascii().to_owned()).ok()?;
    }
    Some(Part { fields, content })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
