//! Compares the cookies that two answers set: by name, then value, then each attribute.

use std::collections::{BTreeMap, BTreeSet};

use super::header::time;
use crate::difference::{Differences, Found, Kind};
use crate::path::Path;

/// One `Set-Cookie` field, read as user agents do (RFC 6265 §5.2).
struct Cookie<'a> {
    name: String,
    value: &'a [u8],
    attributes: BTreeMap<String, &'a [u8]>,
}

pub(super) fn compare(path: &Path, a: &[&[u8]], b: &[&[u8]], found: &mut Differences) {
    let (a, b) = (by_name(a), by_name(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        let none = Vec::new();
        let (a, b) = (a.get(name).unwrap_or(&none), b.get(name).unwrap_or(&none));
        let path = path.key(name);
        for at in 0..a.len().max(b.len()) {
            match (a.get(at), b.get(at)) {
                (Some(a), Some(b)) => cookies(&path, a, b, found),
                (Some(a), None) => found.missing(path.clone(), Found::text(a.value)),
                (None, Some(b)) => found.extra(path.clone(), Found::text(b.value)),
                (None, None) => {}
            }
        }
    }
}

fn by_name<'a>(values: &[&'a [u8]]) -> BTreeMap<String, Vec<Cookie<'a>>> {
    let mut cookies = BTreeMap::<_, Vec<_>>::new();
    for cookie in values.iter().map(|value| parse(value)) {
        cookies.entry(cookie.name.clone()).or_default().push(cookie);
    }
    cookies
}

fn parse(value: &[u8]) -> Cookie<'_> {
    let mut parts = value.split(|b| *b == b';');
    let (name, value) = pair(parts.next().unwrap_or_default());
    let attributes = parts.map(pair).map(|(name, value)| (text(name).to_ascii_lowercase(), value));
    Cookie { name: text(name), value, attributes: attributes.filter(|(name, _)| !name.is_empty()).collect() }
}

fn pair(part: &[u8]) -> (&[u8], &[u8]) {
    let at = part.iter().position(|b| *b == b'=');
    let (name, value) = at.map_or((part, &[][..]), |at| (&part[..at], &part[at + 1..]));
    (name.trim_ascii(), value.trim_ascii())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn cookies(path: &Path, a: &Cookie<'_>, b: &Cookie<'_>, found: &mut Differences) {
    if a.value != b.value {
        found.both(path.clone(), Kind::Value, Found::text(a.value), Found::text(b.value));
    }
    let names: BTreeSet<&String> = a.attributes.keys().chain(b.attributes.keys()).collect();
    for name in names {
        let path = path.key(name);
        match (a.attributes.get(name), b.attributes.get(name)) {
            (Some(a), Some(b)) if same(name, a, b) => {}
            (Some(a), Some(b)) => found.both(path, Kind::Value, Found::text(a), Found::text(b)),
            (Some(a), None) => found.missing(path, Found::text(a)),
            (None, Some(b)) => found.extra(path, Found::text(b)),
            (None, None) => {}
        }
    }
}

/// PHP wrote `Expires=Thu, 01-Jan-1970 00:00:01 GMT` up to 8.1 and writes blanks since.
fn same(name: &str, a: &[u8], b: &[u8]) -> bool {
    let spaced = |value: &[u8]| {
        let date = text(value).replacen('-', " ", 2);
        time(date.as_bytes())
    };
    a == b
        || match name {
            "expires" => spaced(a).is_some_and(|a| spaced(b) == Some(a)),
            "samesite" | "domain" => a.eq_ignore_ascii_case(b),
            _ => false,
        }
}
