//! One answer that is kept: its bytes, how it may be used, and for which requests.

use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use handover_http1::{Limits, MAX_FIELDS, Name, RequestHead, ResponseHead};

use super::policy::{Policy, Wanted, date, only, vary};

/// What an entry costs beside its bytes, in bytes.
const OVERHEAD: usize = 512;

/// The most fields that an answer's `Vary` may name; with more it is not kept.
const VARY_MAX: usize = 16;

/// The fields that an answer from here has beside its own: `Age`, `Content-Length`, `Date`.
const ADDED: usize = 3;

/// Fields of a 304 that say nothing of what is stored: they speak of its own body, which is none, or of another one.
const NOT_UPDATED: [&[u8]; 6] =
    [b"content-length", b"content-encoding", b"content-range", b"content-md5", b"etag", b"age"];

/// A kept answer. It never changes.
#[derive(Debug)]
pub(crate) struct Entry {
    head: ResponseHead,
    body: Bytes,
    policy: Policy,
    came: Instant,
    varies: Vec<Selected>,
}

/// A field that the answer was chosen by, and the values that it had in the request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Selected {
    name: Vec<u8>,
    values: Vec<Vec<u8>>,
}

impl Selected {
    fn of(name: &[u8], request: &RequestHead) -> Self {
        let values = request.fields().get_all(name).map(<[u8]>::to_vec).collect();
        Self { name: name.to_vec(), values }
    }

    /// The values are a client's: they have to fit, too.
    fn weight(&self) -> usize {
        self.values.iter().map(|value| value.len() + size_of::<Vec<u8>>()).sum::<usize>() + self.name.len()
    }

    fn matches(&self, request: &RequestHead) -> bool {
        request.fields().get_all(&self.name).eq(self.values.iter().map(Vec::as_slice))
    }
}

/// Whether an entry can be used for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// As it is.
    Fresh,
    /// As it is, while legacy is asked anew.
    Revalidating,
    /// Once legacy says that it holds.
    Validated,
}

impl Entry {
    /// An answer to `request` that its policy lets be kept; `None` where its `Vary` is too long, or it has
    /// so many fields that it could not be given.
    pub(super) fn new(
        request: &RequestHead,
        head: ResponseHead,
        body: Bytes,
        policy: Policy,
        came: Instant,
    ) -> Option<Self> {
        let varies: Vec<_> = vary(head.fields()).map(|name| Selected::of(name, request)).collect();
        let can_be_given = head.fields().len() + ADDED <= MAX_FIELDS;
        (can_be_given && varies.len() <= VARY_MAX).then_some(Self { head, body, policy, came, varies })
    }

    /// What it takes of the cache's room, in bytes.
    pub(super) fn weight(&self) -> usize {
        let varies: usize = self.varies.iter().map(Selected::weight).sum();
        OVERHEAD + self.head.bytes().len() + self.body.len() + varies
    }

    /// Whether it is an answer to that request.
    pub(super) fn matches(&self, request: &RequestHead) -> bool {
        self.varies.iter().all(|selected| selected.matches(request))
    }

    /// Whether both were chosen by the same values of the same fields.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.varies == other.varies
    }

    fn age(&self, now: Instant) -> Duration {
        self.policy.age + now.saturating_duration_since(self.came)
    }

    /// How it may be used for a request that wants that.
    pub(super) fn usable(&self, wanted: &Wanted, now: Instant) -> Use {
        let age = self.age(now);
        let too_old = wanted.max_age.is_some_and(|max| age > max || max.is_zero());
        if wanted.validated || too_old {
            return Use::Validated;
        }
        if age + wanted.min_fresh < self.policy.lifetime {
            return Use::Fresh;
        }
        let stale_until = self.policy.lifetime + self.policy.while_revalidating;
        if wanted.min_fresh.is_zero() && age < stale_until { Use::Revalidating } else { Use::Validated }
    }

    /// Whether it may be used because legacy has failed.
    pub(super) fn usable_on_error(&self, wanted: &Wanted, now: Instant) -> bool {
        !wanted.validated && self.age(now) < self.policy.lifetime + self.policy.on_error
    }

    /// The request that asks legacy whether it still holds: the client's own conditions would be about something else.
    pub(super) fn condition(&self, request: &RequestHead) -> Option<RequestHead> {
        let mut lines = Vec::with_capacity(request.bytes().len() + 128);
        lines.extend_from_slice(first_line(request.bytes())?);
        for field in request.fields().iter().filter(|field| !is_conditional(field.name)) {
            write(&mut lines, field.name, field.value);
        }
        for (name, condition) in [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")] {
            if let Some(value) = only(self.head.fields(), name.as_bytes()) {
                write(&mut lines, condition.as_bytes(), value);
            }
        }
        lines.extend_from_slice(b"\r\n");
        let limits = Limits { head: u16::MAX, target: u16::MAX, ..Limits::default() };
        let lenient = handover_http1::Leniency { non_ascii_target: true, ..Default::default() };
        RequestHead::parse(&lines, &limits, &lenient).ok()
    }

    /// Legacy has answered 304: the entry with what that says anew (RFC 9111 §3.2), and how it may be used from now on;
    /// `None` in place of the latter where it may not be kept.
    pub(super) fn updated(
        &self,
        request: &RequestHead,
        not_modified: &ResponseHead,
        policy: impl FnOnce(&ResponseHead) -> Option<Policy>,
    ) -> Option<(Self, bool)> {
        let news = not_modified.fields();
        let is_new = |name: &[u8]| !NOT_UPDATED.iter().any(|not| not.eq_ignore_ascii_case(name));
        let mut lines = Vec::with_capacity(self.head.bytes().len() + 256);
        lines.extend_from_slice(first_line(self.head.bytes())?);
        for field in self.head.fields().iter().filter(|field| !field.hop_by_hop) {
            let is_replaced = is_new(field.name) && news.get_all(field.name).next().is_some();
            if !is_replaced && !field.name.eq_ignore_ascii_case(b"age") {
                write(&mut lines, field.name, field.value);
            }
        }
        let ages = |name: &[u8]| name.eq_ignore_ascii_case(b"age");
        for field in news.iter().filter(|field| !field.hop_by_hop && (is_new(field.name) || ages(field.name)))
        {
            write(&mut lines, field.name, field.value);
        }
        lines.extend_from_slice(b"\r\n");
        let head = parse(&lines, false)?;
        let policy = policy(&head);
        let is_kept = policy.is_some();
        let policy = policy.unwrap_or(self.policy);
        Some((Self::new(request, head, self.body.clone(), policy, Instant::now())?, is_kept))
    }

    /// The answer as a client gets it from here, and its body: a 304 where the client has it already.
    pub(super) fn answer(&self, request: &RequestHead, now: Instant) -> Option<(ResponseHead, Bytes)> {
        let (not_modified, to_head) = (self.client_has_it(request), request.is_head());
        let mut lines = Vec::with_capacity(self.head.bytes().len() + 64);
        match not_modified {
            true => lines.extend_from_slice(b"HTTP/1.1 304 Not Modified\r\n"),
            false => lines.extend_from_slice(first_line(self.head.bytes())?),
        }
        for field in self.head.fields().iter() {
            let is_ours = field.kind == Name::ContentLength || field.name.eq_ignore_ascii_case(b"age");
            let of_body = not_modified && is_of_body(field.name);
            if !field.hop_by_hop && !is_ours && !of_body {
                write(&mut lines, field.name, field.value);
            }
        }
        if self.head.fields().get_all(b"date").next().is_none() {
            // The moment that it came at, as whoever keeps it has to add (RFC 9110 §6.6.1).
            let came = SystemTime::now() - now.saturating_duration_since(self.came);
            write(&mut lines, b"Date", &handover_http1::date(came));
        }
        write(&mut lines, b"Age", self.age(now).as_secs().to_string().as_bytes());
        if !not_modified && self.head.status() != 204 {
            write(&mut lines, b"Content-Length", self.body.len().to_string().as_bytes());
        }
        lines.extend_from_slice(b"\r\n");
        let body = if not_modified || to_head { Bytes::new() } else { self.body.clone() };
        Some((parse(&lines, to_head)?, body))
    }

    /// By `If-None-Match`, or where that isn't there by `If-Modified-Since` (RFC 9110 §13.2.2).
    fn client_has_it(&self, request: &RequestHead) -> bool {
        if self.head.status() != 200 {
            return false;
        }
        let fields = self.head.fields();
        let mut tags = request.fields().get_all(b"if-none-match").peekable();
        if tags.peek().is_some() {
            let weak = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
            let ours = only(fields, b"etag").map(weak);
            return tags
                .any(|value| entity_tags(value).any(|tag| tag == b"*" || ours.as_ref() == Some(&weak(tag))));
        }
        let since = only(request.fields(), b"if-modified-since").and_then(date);
        let modified = only(fields, b"last-modified").and_then(date);
        matches!((since, modified), (Some(since), Some(modified)) if modified <= since)
    }
}

/// The tags of a list, quotes and `W/` included. A comma may stand within quotes.
fn entity_tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut within = false;
    list.split(move |byte| {
        within ^= *byte == b'"';
        *byte == b',' && !within
    })
    .map(<[u8]>::trim_ascii)
}

fn is_conditional(name: &[u8]) -> bool {
    name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"if-"))
}

/// What a 304 leaves out, since the client has the body that it speaks of.
fn is_of_body(name: &[u8]) -> bool {
    [&b"content-type"[..], b"content-encoding", b"content-language", b"content-range"]
        .iter()
        .any(|of_body| of_body.eq_ignore_ascii_case(name))
}

fn first_line(head: &[u8]) -> Option<&[u8]> {
    Some(&head[..=memchr::memchr(b'\n', head)?])
}

fn write(lines: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        lines.extend_from_slice(part);
    }
}

fn parse(lines: &[u8], to_head: bool) -> Option<ResponseHead> {
    let limits = Limits { head: u16::MAX, ..Limits::default() };
    ResponseHead::parse(lines, to_head, &limits).ok()
}
