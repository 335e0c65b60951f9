//! Which answer a file gives: whole, a part, not modified, or a refusal; decided as nginx 1.22 decides.

use std::ops::Range;

use handover_http1::{Limits, Refusal, RequestHead, ResponseHead};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};

use super::{Found, Kept};

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// Which bytes of the file are its body.
    pub(super) body: Range<u64>,
}

/// What a file is known by.
struct Validators {
    etag: String,
    modified: String,
}

impl Found {
    fn validators(&self) -> Validators {
        let time = Timestamp::from_second(self.modified).unwrap_or(Timestamp::UNIX_EPOCH);
        let modified = DateTimePrinter::new().timestamp_to_rfc9110_string(&time).unwrap_or_default();
        // The same file in another coding is another entity, whatever its size.
        let coding = self.coding.map_or("", |coding| coding.name());
        let dash = if coding.is_empty() { "" } else { "-" };
        let etag = format!("\"{:x}-{:x}{dash}{coding}\"", self.modified, self.size);
        Validators { etag, modified }
    }
}

/// Decides.
pub(super) fn decide(found: &Found, request: &RequestHead) -> Reply {
    let validators = found.validators();
    let fields = |name: &'static str| request.fields().get_all(name.as_bytes());
    let one = |name: &'static str| fields(name).next();
    let empty = |status| Reply { status, body: 0..0 };
    let unmodified_since = one("If-Unmodified-Since").and_then(seconds);
    if unmodified_since.is_some_and(|since| found.modified > since) {
        return empty(412);
    }
    if fields("If-Match").next().is_some()
        && !fields("If-Match").any(|list| names(list, &validators.etag, false))
    {
        return empty(412);
    }
    let (since, none_match) = (one("If-Modified-Since"), one("If-None-Match"));
    // Exactly the same time, as nginx's default has it: an older file that took the place of a newer one has changed too.
    let is_new = since.is_some_and(|since| seconds(since) != Some(found.modified))
        || none_match.is_some() && !fields("If-None-Match").any(|list| names(list, &validators.etag, true));
    if (since.is_some() || none_match.is_some()) && !is_new {
        return empty(304);
    }
    let wants_part = one("If-Range").is_none_or(|validator| {
        validator == validators.etag.as_bytes() || seconds(validator) == Some(found.modified)
    });
    match one("Range").filter(|_| wants_part).and_then(|range| part(range, found.size)) {
        None => Reply { status: 200, body: 0..found.size },
        Some(Some(body)) => Reply { status: 206, body },
        Some(None) => empty(416),
    }
}

/// The seconds of an HTTP date.
fn seconds(date: &[u8]) -> Option<i64> {
    let time = DateTimeParser::new().parse_timestamp(date.trim_ascii());
    time.ok().map(Timestamp::as_second)
}

/// Whether a list of entity tags, or `*`, names this one (RFC 9110 §8.8.3.2).
fn names(list: &[u8], etag: &str, weakly: bool) -> bool {
    list == b"*"
        || list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|tag| {
            let tag = if weakly { tag.strip_prefix(b"W/").unwrap_or(tag) } else { tag };
            tag == etag.as_bytes()
        })
}

/// The one part that a Range asks for; `None` where the whole is to be sent, `Some(None)` where there is no such part.
fn part(range: &[u8], size: u64) -> Option<Option<Range<u64>>> {
    let unit = range.get(..6)?;
    if !unit.eq_ignore_ascii_case(b"bytes=") || range.contains(&b',') {
        return None;
    }
    let Some((first, last)) = ends(&range[6..]) else { return Some(None) };
    let part = match (first, last) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) => first..size,
        (None, Some(length)) if length > 0 => size.saturating_sub(length)..size,
        _ => return Some(None),
    };
    Some((part.start < part.end).then_some(part))
}

/// `first-last`, either of them left out.
fn ends(text: &[u8]) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = std::str::from_utf8(text).ok()?.split_once('-')?;
    let end = |text: &str| match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(Some(digits.parse().ok()?)),
        _ => None,
    };
    Some((end(first)?, end(last)?))
}

impl Reply {
    /// The head, its fields in nginx's order.
    pub(super) fn head(&self, found: &Found, kept: &Kept, to_head: bool) -> Result<ResponseHead, Refusal> {
        let Validators { etag, modified } = found.validators();
        let (size, length) = (found.size, self.body.end - self.body.start);
        let varies = if found.varies { "Vary: Accept-Encoding\r\n" } else { "" };
        let known = format!("Last-Modified: {modified}\r\nETag: {etag}\r\n{varies}");
        let coding = found
            .coding
            .map_or_else(String::new, |coding| format!("Content-Encoding: {}\r\n", coding.name()));
        let entity = format!("Content-Length: {length}\r\n{known}{coding}");
        let (status, fields) = match self.status {
            200 => ("200 OK", format!("{entity}Accept-Ranges: bytes\r\n")),
            206 => {
                let (first, last) = (self.body.start, self.body.end - 1);
                ("206 Partial Content", format!("{entity}Content-Range: bytes {first}-{last}/{size}\r\n"))
            }
            304 => ("304 Not Modified", known),
            412 => ("412 Precondition Failed", "Content-Length: 0\r\n".to_owned()),
            _ => {
                let fields = format!("Content-Length: 0\r\nContent-Range: bytes */{size}\r\n");
                ("416 Range Not Satisfiable", fields)
            }
        };
        let mut head = format!("HTTP/1.1 {status}\r\n").into_bytes();
        if matches!(self.status, 200 | 206) {
            let kind = kept.kind.as_deref().unwrap_or(found.kind.as_bytes());
            head.extend([b"Content-Type: ", kind, b"\r\n"].concat());
        }
        head.extend([fields.as_bytes(), &kept.lines, b"\r\n"].concat());
        ResponseHead::parse(&head, to_head, &Limits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_the_whole_or_nothing() {
        for (range, expected) in [
            ("bytes=0-99", Some(Some(0..100))),
            ("bytes=0-", Some(Some(0..1000))),
            ("BYTES=999-", Some(Some(999..1000))),
            ("bytes=-1", Some(Some(999..1000))),
            ("bytes=-5000", Some(Some(0..1000))),
            ("bytes=10-99999999999999999999999", Some(None)),
            ("bytes=10-18446744073709551615", Some(Some(10..1000))),
            ("bytes=1000-", Some(None)),
            ("bytes=5-4", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=-", Some(None)),
            ("bytes=a-b", Some(None)),
            ("bytes=+1-2", Some(None)),
            ("bytes=0-1,5-6", None),
            ("lines=0-1", None),
            ("bytes", None),
        ] {
            assert_eq!(part(range.as_bytes(), 1000), expected, "{range}");
        }
        assert_eq!(part(b"bytes=0-", 0), Some(None));
    }
}
