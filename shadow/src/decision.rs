//! What people decide of a cluster: once, with their name and reason, and so that it can be undone.
//!
//! Nothing that was counted changes by a decision. What a pair's differences come to is derived when it is read, so a
//! decision covers all that was counted before and all that comes later, and undoing it is only forgetting it.

use serde::{Deserialize, Serialize};

use crate::difference::{Kind, Severity};

/// What is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
pub enum Verb {
    /// This difference may be: it is what is wanted, or nobody cares.
    Accept,
    /// What differs at this place does not count: also in shapes that were not seen yet.
    Ignore {
        /// Only this kind; every kind when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<Kind>,
    },
    /// It is a fault: the gate stays shut until the handler that shows it is gone.
    Bug,
    /// Nothing is decided, only said.
    Comment,
}

impl Verb {
    /// Its name in the store and in commands.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Ignore { .. } => "ignore",
            Self::Bug => "bug",
            Self::Comment => "comment",
        }
    }
}

/// A decision that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its number in the store.
    pub id: i64,
    /// The cluster that it was made on.
    pub cluster: i64,
    /// What was decided.
    #[serde(flatten)]
    pub verb: Verb,
    /// By whom.
    pub who: String,
    /// Why.
    pub why: String,
    /// When (RFC 3339).
    pub when: String,
    /// Who took it back, and when (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<(String, String)>,
}

/// How a cluster stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nobody has decided it yet.
    #[default]
    Unreviewed,
    /// It may be.
    Accepted,
    /// A rule that somebody wrote covers it.
    Ignored,
    /// It is a fault.
    Bug,
    /// Legacy differs so from itself, about as often.
    Noise,
}

impl State {
    /// Whether its differences are set aside.
    pub fn sets_aside(self) -> bool {
        matches!(self, Self::Accepted | Self::Ignored | Self::Noise)
    }

    /// Its name in commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreviewed => "unreviewed",
            Self::Accepted => "accepted",
            Self::Ignored => "ignored",
            Self::Bug => "bug",
            Self::Noise => "noise",
        }
    }
}

/// Why a decision is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotDecided {
    /// There is no such cluster.
    #[error("there is no cluster {0}")]
    NoCluster(i64),
    /// A decision needs a reason.
    #[error("a decision says why: give a reason")]
    NoReason,
    /// A decision needs a name.
    #[error("a decision says who made it: give a name")]
    Nobody,
    /// No answer is never set aside.
    #[error("no answer is always a mismatch: it can be a bug, or mended, but not {0}ed")]
    NoAnswer(&'static str),
    /// There is nothing to undo.
    #[error("cluster {0} has no decision to undo")]
    NothingToUndo(i64),
}

/// Checks what can be checked before the store is asked.
pub(crate) fn check(verb: &Verb, severity: Severity, who: &str, why: &str) -> Result<(), NotDecided> {
    if who.trim().is_empty() {
        return Err(NotDecided::Nobody);
    }
    if why.trim().is_empty() {
        return Err(NotDecided::NoReason);
    }
    match verb {
        Verb::Accept | Verb::Ignore { .. } if severity == Severity::NoAnswer => {
            Err(NotDecided::NoAnswer(verb.name()))
        }
        _ => Ok(()),
    }
}
