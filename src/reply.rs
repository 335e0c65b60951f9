//! The one table from failure to status: no two rooms answer the same fault differently.

use std::error::Error;

use handover_api::Response;
use tracing::Level;

use crate::exchange::ClientGone;
use crate::exchange::capped::TooLarge;
use crate::legacy::{Cause, ExchangeError, Leg};

/// Why a client gets an answer that neither legacy nor native gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// More requests wait for legacy than may.
    Overloaded,
    /// As many requests of the route run as may.
    RouteBusy,
    /// The client has sent as many requests as it may; it may send one after so many seconds.
    TooManyRequests(u32),
    /// The client wants a kept answer alone (`only-if-cached`), and there is none.
    NotKept,
    /// Every upstream of legacy is left alone for now.
    LegacyOut,
    /// Legacy could not be connected to.
    LegacyUnreachable,
    /// Legacy was silent for too long.
    LegacyTimedOut,
    /// Legacy's answer was broken, or broke off before its head was whole.
    LegacyBroken,
    /// Legacy handed over to a file that is not there.
    NoFile,
    /// The request's body is larger than its route or legacy takes.
    BodyTooLarge,
    /// The request's body was malformed or broke off.
    BodyBroken,
    /// The request's body came too slowly.
    BodyTooSlow,
    /// A retired route's handler failed or declined, and there is no legacy to ask.
    NativeFailed,
    /// The effects of a retired route could not be handed over; nothing has happened.
    NotCommitted,
    /// Another request of the same idempotency key has not ended.
    StillUnderWay,
    /// The effects were handed over and may or may not have been persisted.
    CommitUnknown,
    /// Something was committed, but not all of it, or the response is not made of it.
    CommittedInPart,
}

/// One row of the table.
struct Row {
    status: u16,
    code: &'static str,
    level: Level,
    /// What the client is told, in a sentence that gives nothing away.
    text: &'static str,
    /// Seconds for `Retry-After`, where trying again helps.
    retry_after: Option<u32>,
}

impl Failure {
    fn row(self) -> Row {
        let row = |status, code, level, text| Row { status, code, level, text, retry_after: None };
        let busy = |status, code, level, text| Row { status, code, level, text, retry_after: Some(1) };
        match self {
            Self::Overloaded => {
                busy(503, "overloaded", Level::WARN, "The service is busy. Try again shortly.")
            }
            Self::RouteBusy => {
                busy(503, "route_busy", Level::INFO, "The service is busy. Try again shortly.")
            }
            Self::TooManyRequests(seconds) => Row {
                retry_after: Some(seconds),
                ..row(429, "too_many_requests", Level::DEBUG, "Too many requests. Try again later.")
            },
            Self::NotKept => row(504, "not_kept", Level::DEBUG, "No kept answer can be given."),
            Self::LegacyOut => {
                busy(503, "legacy_out", Level::WARN, "The service is not available. Try again shortly.")
            }
            Self::LegacyUnreachable => {
                row(502, "legacy_unreachable", Level::ERROR, "The service did not answer.")
            }
            Self::LegacyTimedOut => {
                row(504, "legacy_timed_out", Level::ERROR, "The service did not answer in time.")
            }
            Self::LegacyBroken => {
                row(502, "legacy_broken", Level::ERROR, "The service gave no valid answer.")
            }
            Self::NoFile => row(404, "no_file", Level::WARN, "There is nothing here."),
            Self::BodyTooLarge => row(413, "body_too_large", Level::INFO, "The request's body is too large."),
            Self::BodyBroken => row(400, "body_broken", Level::INFO, "The request's body is malformed."),
            Self::BodyTooSlow => {
                row(408, "body_too_slow", Level::INFO, "The request's body came too slowly.")
            }
            Self::NativeFailed => row(500, "native_failed", Level::ERROR, "The service failed."),
            Self::NotCommitted => busy(
                503,
                "not_committed",
                Level::ERROR,
                "The request was not accepted. Nothing was done; try again.",
            ),
            Self::CommittedInPart => row(
                500,
                "committed_in_part",
                Level::ERROR,
                "The request was accepted and committed, but not all of it could be done. Trying again may do it twice.",
            ),
            Self::StillUnderWay => busy(
                409,
                "still_under_way",
                Level::WARN,
                "The same request is being worked on. Try again shortly.",
            ),
            Self::CommitUnknown => row(
                503,
                "commit_unknown",
                Level::ERROR,
                "The request may or may not have been accepted. Trying again is safe where the event id is the same.",
            ),
        }
    }

    /// What a request's body that could not be read is to its client.
    pub(crate) fn of_body(gone: &ClientGone) -> Self {
        let source = std::error::Error::source(gone);
        if source.is_some_and(|error| error.is::<TooLarge>()) {
            return Self::BodyTooLarge;
        }
        let engine = source.and_then(|error| error.downcast_ref::<handover_http1::Error>());
        match engine.and_then(handover_http1::Error::refusal) {
            Some(handover_http1::Refusal::BodyTimeout) => Self::BodyTooSlow,
            _ => Self::BodyBroken,
        }
    }

    /// What a failed exchange with legacy is to its client; `None` where nobody is left to be told.
    pub(crate) fn of_legacy(error: &ExchangeError) -> Option<Self> {
        match (&error.cause, error.leg) {
            (Cause::Client(ClientGone::Answer(_)), _) => None,
            (Cause::Client(gone @ ClientGone::Body(_)), _) => Some(Self::of_body(gone)),
            (Cause::BodyLength, _) => Some(Self::BodyBroken),
            (Cause::NoFile(_), _) => Some(Self::NoFile),
            (Cause::TooLarge(_), _) => Some(Self::BodyTooLarge),
            (Cause::QueueFull(_), _) | (Cause::TimedOut(_), Leg::Wait) => Some(Self::Overloaded),
            (Cause::AllOut(_), _) => Some(Self::LegacyOut),
            (Cause::TimedOut(_), _) => Some(Self::LegacyTimedOut),
            (_, Leg::Connect) => Some(Self::LegacyUnreachable),
            _ => Some(Self::LegacyBroken),
        }
    }

    /// Why a request's body was refused; `None` where it was not, or its client just left.
    pub(crate) fn refused(self, error: &(dyn Error + 'static)) -> Option<&'static str> {
        if !matches!(self, Self::BodyTooLarge | Self::BodyBroken | Self::BodyTooSlow) {
            return None;
        }
        let mut causes = std::iter::successors(Some(error), |error| (*error).source());
        match causes.find_map(|cause| cause.downcast_ref::<handover_http1::Error>()) {
            Some(engine) => engine.refusal().map(handover_http1::Refusal::label),
            None => Some(self.code()),
        }
    }

    /// The status that the client gets.
    #[cfg(test)]
    pub(crate) fn status(self) -> u16 {
        self.row().status
    }

    /// A stable name for metrics and logs.
    pub(crate) fn code(self) -> &'static str {
        self.row().code
    }

    /// How loud the log is about it.
    pub(crate) fn level(self) -> Level {
        self.row().level
    }

    /// The answer.
    pub(crate) fn response(self) -> Response {
        let row = self.row();
        let mut response = Response::text(row.status, format!("{}\n", row.text));
        if let Some(seconds) = row.retry_after {
            response.fields.append("Retry-After", seconds.to_string()).expect("a valid field");
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_asks_to_try_again_says_when_unless_something_may_have_happened() {
        for (failure, status, retry) in [
            (Failure::Overloaded, 503, true),
            (Failure::RouteBusy, 503, true),
            (Failure::TooManyRequests(3), 429, true),
            (Failure::NotCommitted, 503, true),
            (Failure::StillUnderWay, 409, true),
            (Failure::CommitUnknown, 503, false),
            (Failure::CommittedInPart, 500, false),
            (Failure::LegacyTimedOut, 504, false),
            (Failure::BodyTooLarge, 413, false),
        ] {
            assert_eq!(failure.status(), status);
            assert_eq!(failure.response().fields.get("retry-after").is_some(), retry, "{failure:?}");
        }
    }
}
