//! One observation a request: what becomes metrics and a line of the access log.

pub(crate) mod access;
pub(crate) mod cells;
pub(crate) mod history;
pub(crate) mod legs;
pub(crate) mod prometheus;
pub(crate) mod tolerated;
pub(crate) mod trace;

use std::time::Duration;

use crate::route::Stage;

/// Who gave the answer that the client got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnsweredBy {
    /// Legacy, since the route's stage says so.
    Legacy,
    /// Native.
    Native,
    /// The legacy that is to take the place of the route's.
    Candidate,
    /// Legacy, since native declined.
    Declined,
    /// Legacy, since native failed before anything was committed.
    Fallback,
    /// The cache, with what legacy answered before.
    Cache,
    /// The proxy itself: an error of its own, or of a legacy that gave no answer.
    Proxy,
}

impl AnsweredBy {
    /// All of them, in the order of their discriminants.
    pub(crate) const ALL: [Self; 7] = [
        Self::Legacy,
        Self::Native,
        Self::Candidate,
        Self::Declined,
        Self::Fallback,
        Self::Cache,
        Self::Proxy,
    ];

    /// Whether legacy had the work of it.
    pub(crate) fn is_legacy(self) -> bool {
        matches!(self, Self::Legacy | Self::Declined | Self::Fallback)
    }

    /// A stable name for metrics and logs.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Native => "native",
            Self::Candidate => "candidate",
            Self::Declined => "declined",
            Self::Fallback => "fallback",
            Self::Cache => "cache",
            Self::Proxy => "proxy",
        }
    }
}

/// What is known of one request when it has ended.
#[derive(Debug)]
pub(crate) struct Observation<'a> {
    /// The route's name; `None` where no route matched.
    pub route: Option<&'a str>,
    /// The stage that the request was decided under.
    pub stage: Stage,
    /// Who answered.
    pub answered_by: AnsweredBy,
    /// The status sent; 0 when the client was gone before.
    pub status: u16,
    /// Whether the answer broke off before its end, and not by the client's doing.
    pub broken_off: bool,
    /// Whether native could not answer by a fault that hits many routes: Kafka, a table.
    pub shared_fault: bool,
    /// From the head's last byte to the answer's.
    pub took: Duration,
}

/// An error with all that caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
