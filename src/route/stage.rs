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
