//! Who answers a route.

use std::fmt;

/// The stages of a takeover, in order.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Legacy answers; nothing runs beside it.
    Legacy,
    /// Legacy answers; native runs dry beside it and is compared.
    Shadow,
    /// Native answers a sticky share; the rest is shadowed.
    Canary,
    /// Native answers; legacy on decline or fallback.
    Native,
    /// Native answers; legacy is never called.
    Retired,
}

impl Stage {
    /// The stage before.
    pub(crate) const fn before(self) -> Self {
        match self {
            Self::Retired => Self::Native,
            Self::Native => Self::Canary,
            Self::Canary => Self::Shadow,
            Self::Shadow | Self::Legacy => Self::Legacy,
        }
    }

    /// The stage after.
    pub(crate) const fn after(self) -> Self {
        match self {
            Self::Legacy => Self::Shadow,
            Self::Shadow => Self::Canary,
            Self::Canary => Self::Native,
            Self::Native | Self::Retired => Self::Retired,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Legacy => "legacy",
            Self::Shadow => "shadow",
            Self::Canary => "canary",
            Self::Native => "native",
            Self::Retired => "retired",
        })
    }
}
