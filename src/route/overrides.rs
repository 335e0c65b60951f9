//! Stages set at run time: kept apart from the file and stronger than it until cleared.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Stage;
use super::canary::Share;
use super::legacy_only::LegacyOnly;
use crate::config::valid::RouteSpec;

/// All overrides, as they are in effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// Everything to legacy but what is retired.
    pub legacy_only: Option<LegacyOnly>,
    /// Stages of single routes, by name.
    pub stages: BTreeMap<String, StageOverride>,
    /// Routes that their gates keep from the file's stage, by name.
    pub held: BTreeMap<String, Held>,
}

/// A route that its gate keeps from the file's stage. What is missing changes all the time: the gate says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Where it stays.
    pub stage: Stage,
    /// What the file asks for.
    pub asked: Stage,
    /// By what.
    pub by: HeldBy,
}

/// What holds a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldBy {
    /// Its gate is not met.
    Gate,
    /// It was met, but by another handler or another legacy.
    Change,
}

/// Who set an override, why, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// Who set it, as far as is known.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub when: Timestamp,
}

/// The stage of one route, set at run time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StageOverride {
    /// The stage.
    pub stage: Stage,
    /// Who, why, when.
    #[serde(flatten)]
    pub note: Note,
}

/// What keeps a route from the file's stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overridden {
    /// Its gate.
    Held(Held),
    /// Its own override.
    Stage(StageOverride),
    /// Everything goes to legacy, or is on its way there.
    LegacyOnly(LegacyOnly),
    /// Its override asks for native, but the route has no handler.
    NoNative(StageOverride),
}

impl Overrides {
    /// The stage in effect of a route, and why it is not the file's.
    pub(crate) fn apply(&self, route: &RouteSpec) -> (Stage, Option<Overridden>) {
        let (stage, own) = match self.stages.get(&*route.name) {
            None => match self.held.get(&*route.name) {
                Some(held) => (held.stage.min(route.stage), Some(Overridden::Held(*held))),
                None => (route.stage, None),
            },
            Some(own) if own.stage > Stage::Legacy && !route.has_successor() => {
                (Stage::Legacy, Some(Overridden::NoNative(own.clone())))
            }
            Some(own) => (own.stage, Some(Overridden::Stage(own.clone()))),
        };
        match &self.legacy_only {
            Some(all) if !matches!(stage, Stage::Legacy | Stage::Retired) => {
                let stage = if matches!(all, LegacyOnly::Ramping(..)) { stage } else { Stage::Legacy };
                (stage, Some(Overridden::LegacyOnly(all.clone())))
            }
            _ => (stage, own),
        }
    }

    /// The share of what native answers that legacy has back already.
    pub(crate) fn given_back(&self) -> Share {
        self.legacy_only.as_ref().map(LegacyOnly::share).unwrap_or_default()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.who, self.when.strftime("%F %T UTC"), self.why)
    }
}

impl Held {
    /// Says that a route is held, when that begins.
    pub(crate) fn log(&self, route: &str, missing: &str) {
        tracing::warn!(route, "{self}; {missing}");
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            HeldBy::Gate => {
                write!(f, "the gate to {} is shut: `handover gate` says what is missing", self.asked)
            }
            HeldBy::Change if self.stage == self.asked => f.write_str(
                "its handler or legacy has changed: more of it is compared until the gate is met again",
            ),
            HeldBy::Change => {
                write!(
                    f,
                    "its handler or legacy has changed: back at {} until the gate is met again",
                    self.stage
                )
            }
        }
    }
}

impl fmt::Display for Overridden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(held) => held.fmt(f),
            Self::Stage(own) => write!(f, "overridden to {} by {}", own.stage, own.note),
            Self::LegacyOnly(all) => all.fmt(f),
            Self::NoNative(own) => {
                write!(f, "overridden to {} by {}, but the route has no native handler", own.stage, own.note)
            }
        }
    }
}
