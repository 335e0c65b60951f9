//! What a gate says: each thing that it asks for with what there is of it, and when it would open.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Gate;
use crate::evidence::EvidenceKey;

/// What a gate says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The route's name.
    pub route: String,
    /// Whether it may move up.
    pub open: bool,
    /// What this was said of.
    pub evidence: Option<EvidenceKey>,
    /// The gate's figures.
    pub gate: Gate,
    /// When it was said (RFC 3339).
    pub at: String,
    /// Requests that native answered and that were comparable.
    pub samples: u64,
    /// What of these counts towards the bound.
    pub counted: u64,
    /// The mismatches among those.
    pub mismatches: u64,
    /// What the rate of mismatches is shown to be below; 1 says nothing.
    pub bound: f64,
    /// Each thing that it asks for.
    pub needs: Vec<Need>,
    /// When it would open, as things go.
    pub estimate: Estimate,
}

/// One thing that a gate asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Its name: `samples`, `mismatches`, `clusters` …
    pub what: String,
    /// How it stands.
    pub state: NeedState,
    /// What there is, against what is asked for.
    pub found: String,
    /// How to get what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

/// How a need stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeedState {
    /// It is met.
    Met,
    /// It is not.
    Missing,
    /// Nobody can tell, so it is not.
    Unmeasurable,
    /// Somebody said, with a reason, that it need not be.
    Waived,
}

impl NeedState {
    /// Whether it keeps the gate shut.
    pub fn shuts(self) -> bool {
        matches!(self, Self::Missing | Self::Unmeasurable)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missing => "missing",
            Self::Unmeasurable => "unmeasurable",
            Self::Waived => "waived",
        }
    }
}

/// When a gate would open, should things go on as they do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimate {
    /// It is open.
    Open,
    /// In so many seconds.
    In(u64),
    /// That can't be said; with the reason.
    Unknown(String),
}

impl Assessment {
    /// What keeps it shut, in one line: for logs.
    pub fn missing(&self) -> String {
        let shut = self.needs.iter().filter(|need| need.state.shuts());
        shut.map(|need| format!("{}: {}", need.what, need.found)).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("it is open"),
            Self::In(seconds) => write!(f, "as things go, in {}", shown(Duration::from_secs(*seconds))),
            Self::Unknown(why) => write!(f, "nobody can say: {why}"),
        }
    }
}

impl fmt::Display for NeedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `3d 4h`, `5m 10s`.
pub(super) fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let units: Vec<String> = parts
        .into_iter()
        .scan(seconds, |left, (size, unit)| {
            let n = *left / size;
            *left %= size;
            Some((n, unit))
        })
        .skip_while(|(n, _)| *n == 0)
        .take(2)
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n}{unit}"))
        .collect();
    if units.is_empty() { "0s".to_owned() } else { units.join(" ") }
}
