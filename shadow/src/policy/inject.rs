//! What a dry run is given of legacy's answer, so that ids and times can be equal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use super::source::{Absent, Source};
use crate::experiment::Answer;

/// What one port is given.
#[derive(Clone, Debug)]
pub struct Inject {
    pub(super) port: String,
    pub(super) from: Source,
    pub(super) time: Option<(TimeForm, TimeZone)>,
}

#[derive(Clone, Debug)]
pub(super) enum TimeForm {
    Rfc3339,
    Http,
    Unix,
    UnixMillis,
    Strptime(String),
}

/// A value for a port of the dry run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Injected {
    /// For [`Ports::chosen`](handover_api::Ports::chosen).
    Text(String),
    /// For [`Ports::now`](handover_api::Ports::now).
    Time(Timestamp),
}

/// What each port that the policy names is given of this answer, or why it gets nothing.
pub fn injected(policy: &super::Policy, answer: &Answer) -> BTreeMap<String, Result<Injected, Absent>> {
    policy.inject.iter().map(|inject| (inject.port.clone(), inject.value(answer))).collect()
}

impl Inject {
    fn value(&self, answer: &Answer) -> Result<Injected, Absent> {
        let bytes = self.from.in_answer(answer)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Absent(format!("{} is not UTF-8", self.from)))?;
        match &self.time {
            None => Ok(Injected::Text(text.to_owned())),
            Some((form, zone)) => form.parse(text, zone).map(Injected::Time).ok_or_else(|| {
                Absent(format!("{} is `{text}`, which is no time in form {}", self.from, form.name()))
            }),
        }
    }
}

impl TimeForm {
    /// The form of that name; strptime's when it has a `%`.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rfc3339" => Self::Rfc3339,
            "http" => Self::Http,
            "unix" => Self::Unix,
            "unix-ms" => Self::UnixMillis,
            format if format.contains('%') => Self::Strptime(format.to_owned()),
            _ => return None,
        })
    }

    fn name(&self) -> &str {
        match self {
            Self::Rfc3339 => "rfc3339",
            Self::Http => "http",
            Self::Unix => "unix",
            Self::UnixMillis => "unix-ms",
            Self::Strptime(format) => format,
        }
    }

    fn parse(&self, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::Http => jiff::fmt::rfc2822::parse(text).ok().map(|time| time.timestamp()),
            Self::Unix => unix(text.parse().ok()?),
            Self::UnixMillis => Timestamp::from_millisecond(text.parse().ok()?).ok(),
            Self::Strptime(format) => {
                let parsed = BrokenDownTime::parse(format, text).ok()?;
                parsed.to_timestamp().ok().or_else(|| {
                    let date = parsed.to_date().ok()?;
                    let time = parsed.to_time().unwrap_or_default();
                    zone.to_timestamp(date.to_datetime(time)).ok()
                })
            }
        }
    }
}

/// Unix seconds, to the microsecond (what `microtime(true)` gives).
pub(super) fn unix(seconds: f64) -> Option<Timestamp> {
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
}
