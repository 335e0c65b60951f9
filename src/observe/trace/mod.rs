//! Traces: a span for each request that is recorded, to an OpenTelemetry collector.
//!
//! ```text
//! walk ── Trace (W3C ids) ── legacy, by `traceparent`
//!    └─── Span ── bounded queue ── exporter (a task) ──▶ OTLP/HTTP, JSON, in batches
//! ```
//!
//! Without a collector nothing of this is made, and a `traceparent` travels on as it came. A collector that is slow or
//! gone costs spans, which are counted, and nothing else.

mod export;
mod otlp;

use std::time::SystemTime;

use handover_http1::{Name, RequestHead};

pub(crate) use self::export::{Spans, Spec};
pub(crate) use self::otlp::Span;
use crate::route::canary::Share;

/// A request's place in a trace (W3C Trace Context).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The trace.
    pub id: u128,
    /// The span of whoever sent the request, where there is one.
    pub parent: Option<u64>,
    /// Ours.
    pub span: u64,
    /// Whether it is recorded, here and by whoever comes after us.
    pub recorded: bool,
}

impl Trace {
    /// The one that a request brings, or a new one where `begins` says so. Whether it is recorded only `trusted` peers
    /// may say; else that share is.
    pub(crate) fn of(head: &RequestHead, trusted: bool, begins: Option<Share>) -> Option<Self> {
        let span = fastrand::u64(1..);
        let drawn = || begins.is_some_and(|share| share.contains(fastrand::f64()));
        match parse(head) {
            Some((id, parent, flags)) => {
                let recorded = if trusted { flags & 1 == 1 } else { drawn() };
                Some(Self { id, parent: Some(parent), span, recorded })
            }
            None => {
                begins?;
                Some(Self { id: fastrand::u128(1..), parent: None, span, recorded: drawn() })
            }
        }
    }
}

/// Trace, span and flags of a request that brings one `traceparent` of a known form.
pub(crate) fn parse(head: &RequestHead) -> Option<(u128, u64, u8)> {
    let mut all = head.fields().iter().filter(|field| field.kind == Name::Traceparent);
    let (only, None) = (all.next()?, all.next()) else { return None };
    let text = std::str::from_utf8(only.value).ok()?;
    let mut parts = text.split('-');
    let mut next = |length: usize| {
        let part = parts.next().filter(|part| part.len() == length)?;
        part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(part)
    };
    let (version, id, span, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
    // Later versions may go on behind the flags; 00 may not.
    if version == "ff" || version == "00" && text.len() != 55 {
        return None;
    }
    let (id, span) = (u128::from_str_radix(id, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    (id != 0 && span != 0).then_some((id, span, u8::from_str_radix(flags, 16).ok()?))
}

/// Nanoseconds since 1970.
fn nanos(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::request;

    const CAME: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn of(came: &str, trusted: bool, share: Option<f64>) -> Option<Trace> {
        let head = request(&format!("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: {came}\r\n\r\n"));
        Trace::of(&head, trusted, share.map(|share| Share::new(share).unwrap()))
    }

    #[test]
    fn a_trace_that_comes_is_continued_with_a_span_of_our_own() {
        let trace = of(CAME, true, None).unwrap();
        assert_eq!((trace.id, trace.parent), (0x4bf92f3577b34da6a3ce929d0e0e4736, Some(0x00f067aa0ba902b7)));
        assert!(trace.recorded && trace.span != 0 && Some(trace.span) != trace.parent);
        assert!(!of(&CAME.replace("-01", "-00"), true, Some(1.0)).unwrap().recorded);
    }

    #[test]
    fn a_stranger_does_not_say_what_is_recorded() {
        assert!(!of(CAME, false, None).unwrap().recorded);
        assert!(of(&CAME.replace("-01", "-00"), false, Some(1.0)).unwrap().recorded);
    }

    #[test]
    fn one_is_begun_only_where_the_file_says_so() {
        assert_eq!(of("", true, None), None);
        let begun = of("", true, Some(0.0)).unwrap();
        assert_eq!((begun.parent, begun.recorded), (None, false));
    }
}
