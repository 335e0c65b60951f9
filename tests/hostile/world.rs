//! The proxy in front of a recording legacy, and what is asked of both after each case.

use std::collections::BTreeMap;
use std::time::Duration;

use handover_parts::{Handover, http};

use super::legacy::{Protocol, Recorder};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// The proxy and its legacy.
pub(crate) struct World {
    pub(crate) proxy: Handover,
    pub(crate) legacy: Recorder,
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Got {
    /// The status of each answer, in order.
    pub(crate) statuses: Vec<u16>,
    pub(crate) bytes: Vec<u8>,
}

impl World {
    /// With `more` in the legacy's section and `rest` behind it.
    pub(crate) fn new(protocol: Protocol, more: &str, rest: &str) -> Self {
        Self::around(Recorder::start(protocol, Duration::ZERO), more, rest)
    }

    /// Around a legacy of the test's own.
    pub(crate) fn around(legacy: Recorder, more: &str, rest: &str) -> Self {
        let proxy = Handover::start(BINARY, &format!("{}{rest}", legacy.section(more)));
        Self { proxy, legacy }
    }

    /// By both protocols.
    pub(crate) fn both(more: &str, rest: &str) -> [Self; 2] {
        [Protocol::Http, Protocol::FastCgi].map(|protocol| Self::new(protocol, more, rest))
    }

    /// Sends these bytes and reads until the proxy closes.
    pub(crate) fn send(&self, bytes: &[u8]) -> Got {
        let mut client = http::Client::connect(self.proxy.http()).unwrap();
        // A refusal may come, and the connection end, before all was sent.
        let _ = client.send(bytes);
        let bytes = client.rest().unwrap_or_else(|error| panic!("the connection stays open: {error}"));
        let statuses = memchr::memmem::find_iter(&bytes, b"HTTP/1.1 ")
            .map(|at| std::str::from_utf8(&bytes[at + 9..at + 12]).unwrap().parse().unwrap())
            .collect();
        Got { statuses, bytes }
    }

    /// How many requests were refused, by reason.
    pub(crate) fn refused(&self) -> BTreeMap<String, u64> {
        self.counted("handover_refused_total{reason=\"")
    }

    /// All values of a metric by what stands behind `start`.
    pub(crate) fn counted(&self, start: &str) -> BTreeMap<String, u64> {
        let text = http::get(self.proxy.admin(), "/metrics").unwrap().text();
        let entry = |line: &str| {
            let (labels, value) = line.strip_prefix(start)?.rsplit_once(' ')?;
            Some((labels.split('"').next()?.to_owned(), value.parse().ok()?))
        };
        text.lines().filter_map(entry).collect()
    }

    /// Sends something that must be refused so, and checks all that this means.
    pub(crate) fn refuses(&self, sent: &[u8], status: u16, reason: &str) {
        let shown = String::from_utf8_lossy(&sent[..sent.len().min(200)]).into_owned();
        let shown = format!("{:?}: {shown}", self.legacy.protocol);
        let (requests, mut expected) = (self.legacy.requests(), self.refused());
        let got = self.send(sent);
        assert_eq!(got.statuses, [status], "{shown}");
        assert_eq!(self.legacy.settle(0), requests, "legacy got a complete request: {shown}");
        *expected.entry(reason.to_owned()).or_default() += 1;
        assert_eq!(self.refused(), expected, "{shown}");
    }
}
