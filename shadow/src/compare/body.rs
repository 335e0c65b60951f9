//! Compares bodies by what they are: JSON, HTML and XML by a walk, forms by their names, multipart by its parts, text by
//! its lines, other bytes by their hash.

use ring::digest::{SHA256, digest};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::coding::content;
use super::markup::{self, Language};
use super::{form, json, multipart};
use crate::difference::{Differences, Form, Found, Kind};
use crate::experiment::Answer;
use crate::json::Json;
use crate::path::{Part, Path};
use crate::shape::{media_type, parameter};

/// Where more lines than these differ, they are compared place by place: looking for what was inserted costs the
/// square of them.
const MAX_ALIGNED: usize = 2_000;

/// How many places in a body are tried as the beginning of its JSON.
const MAX_STARTS: usize = 16;

pub(super) fn compare(control: &Answer, candidate: &Answer, found: &mut Differences) {
    if control.body.bytes() == candidate.body.bytes() {
        return;
    }
    let (a, b) = (content(control), content(candidate));
    let (a, b) = (a.as_ref(), b.as_ref());
    if a == b {
        return;
    }
    let says_json =
        [control, candidate].iter().any(|answer| answer.fields.get("content-type").is_some_and(is_json_type));
    if (says_json || (looks_like_json(a) && looks_like_json(b))) && polluted_json(a, b, found) {
        return;
    }
    if by_type(control, candidate, (a, b), found) {
        return;
    }
    if is_text(a) && is_text(b) { lines(a, b, found) } else { bytes(&Path::new(Part::Body), a, b, found) }
}

/// Compares two bodies as what both say that they are; false where they say different things, or are not what they say.
fn by_type(control: &Answer, candidate: &Answer, (a, b): (&[u8], &[u8]), found: &mut Differences) -> bool {
    let [one, other] = [control, candidate].map(|answer| {
        let value = answer.fields.get("content-type").unwrap_or_default();
        media_type(&String::from_utf8_lossy(value))
    });
    let path = Path::new(Part::Body);
    if one != other {
        return false;
    }
    if one.starts_with("multipart/") {
        let boundaries = [control, candidate].map(|answer| parameter(&answer.fields, "boundary"));
        let [Some(of_a), Some(of_b)] = boundaries else { return false };
        return multipart::compare(&path, (a, &of_a), (b, &of_b), found);
    }
    let (Ok(text_a), Ok(text_b)) = (std::str::from_utf8(a), std::str::from_utf8(b)) else { return false };
    match Language::of(&one) {
        Some(language) => markup::compare(&path, language, (text_a, text_b), found),
        None if one == "application/x-www-form-urlencoded" => {
            form::compare(&path, a, b, found);
            true
        }
        None => false,
    }
}

/// Whether a Content-Type says JSON: `application/json`, `text/json` or a `+json` suffix (RFC 6839).
fn is_json_type(content_type: &[u8]) -> bool {
    let essence =
        content_type.split(|b| *b == b';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    essence == b"application/json" || essence == b"text/json" || essence.ends_with(b"+json")
}

/// Old code sends JSON as `text/html`, PHP's default.
fn looks_like_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Compares two bodies as JSON, whatever stands before it; false when one of them holds none.
fn polluted_json(a: &[u8], b: &[u8], found: &mut Differences) -> bool {
    let (Some((before_a, json_a)), Some((before_b, json_b))) = (split(a), split(b)) else { return false };
    let (path, known) = (Path::new(Part::Body), found.len());
    match (before_a, before_b) {
        (a, b) if a == b => {}
        (a, []) => found.push(crate::Difference {
            path: path.clone(),
            kind: Kind::LegacyPolluted,
            control: Some(Found::text(a)),
            candidate: None,
        }),
        (a, b) => found.both(path.clone(), Kind::Value, Found::text(a), Found::text(b)),
    }
    json::walk(&path, json_a, json_b, found);
    if found.len() == known {
        found.both(path, Kind::Spelling, length(a), length(b));
    }
    true
}

/// A body's JSON, and what stands before it: a byte order mark, or what PHP printed when it warned.
pub(crate) fn split(body: &[u8]) -> Option<(&[u8], Json<'_>)> {
    if let Some(json) = Json::parse(body) {
        return Some((&[], json));
    }
    let starts = body.iter().enumerate().filter(|(_, b)| matches!(b, b'{' | b'[')).map(|(at, _)| at);
    starts.take(MAX_STARTS).find_map(|at| Some((&body[..at], Json::parse(&body[at..])?)))
}

/// Compares two documents (a record's value, say) below `path`, as JSON or XML when both are, else as
/// bytes.
pub(crate) fn documents(path: &Path, a: &[u8], b: &[u8], found: &mut Differences) {
    if a == b {
        return;
    }
    match (Json::parse(a), Json::parse(b)) {
        (Some(json_a), Some(json_b)) => {
            let known = found.len();
            json::walk(path, json_a, json_b, found);
            if found.len() == known {
                found.both(path.clone(), Kind::Spelling, length(a), length(b));
            }
        }
        _ if is_text(a) && is_text(b) => {
            let texts =
                (std::str::from_utf8(a).unwrap_or_default(), std::str::from_utf8(b).unwrap_or_default());
            if !markup::compare(path, Language::Xml, texts, found) {
                found.both(path.clone(), Kind::Value, Found::text(a), Found::text(b));
            }
        }
        _ => bytes(path, a, b, found),
    }
}

/// What is shown of documents that differ in white space alone: not their values, which are equal.
fn length(document: &[u8]) -> Found {
    Found::new(Form::Bytes, format!("{} bytes", document.len()))
}

fn is_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0'))
}

/// Compares line by line; lines are counted from 1 and keep their ends, so that CRLF against LF shows.
fn lines(a: &[u8], b: &[u8], found: &mut Differences) {
    let split = |text| <[u8]>::split_inclusive(text, |b: &u8| *b == b'\n').collect::<Vec<_>>();
    let (a, b) = (split(a), split(b));
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    if a.len().max(b.len()) > MAX_ALIGNED {
        return replaced((start, a), (start, b), found);
    }
    for op in capture_diff_slices(Algorithm::Myers, a, b) {
        if let (DiffTag::Delete | DiffTag::Insert | DiffTag::Replace, old, new) = op.as_tag_tuple() {
            replaced((start + old.start, &a[old]), (start + new.start, &b[new]), found);
        }
    }
}

/// Compares two runs of lines place by place; `old` and `new` are where they begin, from 0.
fn replaced((old, a): (usize, &[&[u8]]), (new, b): (usize, &[&[u8]]), found: &mut Differences) {
    let path = |line: usize| Path::new(Part::Text).index(line + 1);
    for at in 0..a.len().max(b.len()) {
        match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => found.both(path(old + at), Kind::Value, Found::text(a), Found::text(b)),
            (Some(a), None) => found.missing(path(old + at), Found::text(a)),
            (None, Some(b)) => found.extra(path(new + at), Found::text(b)),
            (None, None) => {}
        }
    }
}

/// Shown of bytes that are no text from where they begin to differ: fewer than a mail address or a card's number has.
const SHOWN: usize = 8;

/// Compares bytes by their hash; those are shown in hex that begin to differ.
fn bytes(path: &Path, a: &[u8], b: &[u8], found: &mut Differences) {
    let from = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let hex = |bytes: &[u8], between: &str| {
        bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(between)
    };
    let named = |bytes: &[u8]| {
        let hash = hex(&digest(&SHA256, bytes).as_ref()[..8], "");
        let shown = &bytes[from.min(bytes.len())..];
        let more = if shown.len() > SHOWN { " …" } else { "" };
        let shown = match shown {
            [] => "it ends".to_owned(),
            shown => format!("{}{more}", hex(&shown[..shown.len().min(SHOWN)], " ")),
        };
        Found::new(Form::Bytes, format!("{} bytes, SHA-256 {hash}…, from {from:#x}: {shown}", bytes.len()))
    };
    match (a, b) {
        ([], b) => found.extra(path.clone(), named(b)),
        (a, []) => found.missing(path.clone(), named(a)),
        (a, b) => found.both(path.clone(), Kind::Value, named(a), named(b)),
    }
}
