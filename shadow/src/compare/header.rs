//! Compares header fields by meaning: names without case, no order between names, duplicates as ordered lists.

use std::collections::{BTreeMap, BTreeSet};

use handover_api::Fields;

use super::cookie;
use crate::difference::{Differences, Found, Kind};
use crate::path::Path;

/// Fields that belong to one connection, or that whoever sends the answer writes: hop-by-hop (RFC 9110 §7.6.1),
/// framing, and `Date`.
const NOT_COMPARED: [&str; 12] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "alt-svc",
];

/// Fields whose value is a list of tokens in any order.
const TOKEN_SETS: [&str; 9] = [
    "accept-ranges",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "allow",
    "cache-control",
    "content-language",
    "pragma",
    "vary",
];

/// Fields whose value is a time.
const TIMES: [&str; 3] = ["expires", "last-modified", "retry-after"];

/// Compares the fields of an answer, or of a part of one, below `place`.
pub(super) fn compare(place: &Path, control: &Fields, candidate: &Fields, found: &mut Differences) {
    if control == candidate {
        return;
    }
    let (a, b) = (by_name(control), by_name(candidate));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        let (a, b) = (values(&a, name), values(&b, name));
        if a == b {
            continue;
        }
        let path = place.key(name);
        match name.as_str() {
            "set-cookie" => cookie::compare(&path, a, b, found),
            name if TOKEN_SETS.contains(&name) => listed(&path, a, b, found),
            name => singly(&path, name, a, b, found),
        }
    }
}

type ByName<'a> = BTreeMap<String, Vec<&'a [u8]>>;

fn by_name(fields: &Fields) -> ByName<'_> {
    let mut names = ByName::new();
    for field in fields {
        let name = String::from_utf8_lossy(field.name()).to_ascii_lowercase();
        if !NOT_COMPARED.contains(&name.as_str()) {
            names.entry(name).or_default().push(field.value());
        }
    }
    names
}

fn values<'a>(fields: &'a ByName<'_>, name: &str) -> &'a [&'a [u8]] {
    fields.get(name).map_or(&[], Vec::as_slice)
}

/// Several fields of one name are one list (RFC 9110 §5.3).
fn listed(path: &Path, a: &[&[u8]], b: &[&[u8]], found: &mut Differences) {
    let joined = |values: &[&[u8]]| values.join(&b", "[..]);
    match (a, b) {
        (a, []) => found.missing(path.clone(), Found::text(&joined(a))),
        ([], b) => found.extra(path.clone(), Found::text(&joined(b))),
        (a, b) => {
            let (a, b) = (joined(a), joined(b));
            if tokens(&a) != tokens(&b) {
                found.both(path.clone(), Kind::Value, Found::text(&a), Found::text(&b));
            }
        }
    }
}

fn tokens(value: &[u8]) -> BTreeSet<Vec<u8>> {
    value
        .split(|b| *b == b',')
        .map(|token| token.trim_ascii().to_ascii_lowercase())
        .filter(|t| !t.is_empty())
        .collect()
}

fn singly(path: &Path, name: &str, a: &[&[u8]], b: &[&[u8]], found: &mut Differences) {
    for at in 0..a.len().max(b.len()) {
        match (a.get(at), b.get(at)) {
            (Some(a), Some(b)) if same(name, a, b) => {}
            (Some(a), Some(b)) => found.both(path.clone(), Kind::Value, Found::text(a), Found::text(b)),
            (Some(a), None) => found.missing(path.clone(), Found::text(a)),
            (None, Some(b)) => found.extra(path.clone(), Found::text(b)),
            (None, None) => {}
        }
    }
}

fn same(name: &str, a: &[u8], b: &[u8]) -> bool {
    a == b
        || match name {
            "content-type" => media_type(a).is_some_and(|a| media_type(b) == Some(a)),
            "content-security-policy" | "content-security-policy-report-only" => {
                without_nonces(a).is_some_and(|a| without_nonces(b) == Some(a))
            }
            name if TIMES.contains(&name) => time(a).is_some_and(|a| time(b) == Some(a)),
            _ => false,
        }
}

/// A media type without case and quotes, its parameters in any order (RFC 9110 §8.3.1). Only a charset's value is
/// free of case.
fn media_type(value: &[u8]) -> Option<(String, BTreeSet<(String, String)>)> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split(';');
    let essence = parts.next()?.trim().to_ascii_lowercase();
    let parameters = parts.filter(|part| !part.trim().is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
        let value = if name == "charset" { value.to_ascii_lowercase() } else { value.to_owned() };
        (name, value)
    });
    // Where parts begin is for whoever writes them to choose.
    let is_multipart = essence.starts_with("multipart/");
    let parameters = parameters.filter(|(name, _)| !(is_multipart && name == "boundary")).collect();
    Some((essence, parameters))
}

/// A content security policy; its nonces are made anew for each answer.
fn without_nonces(value: &[u8]) -> Option<Vec<&str>> {
    let word = |word| if str::starts_with(word, "'nonce-") { "'nonce-'" } else { word };
    Some(std::str::from_utf8(value).ok()?.split_ascii_whitespace().map(word).collect())
}

/// An HTTP date (RFC 9110 §5.6.7) in the form that is sent today.
pub(super) fn time(value: &[u8]) -> Option<jiff::Timestamp> {
    let text = std::str::from_utf8(value).ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp())
}
