//! `[shutdown]` as it is written: how the process ends.

use schemars::JsonSchema;
use serde::Deserialize;

use super::At;

/// How the process ends, on SIGTERM or when a new binary has taken over (SIGUSR2).
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Shutdown {
    /// How long it goes on accepting connections although it says that it is not ready, on SIGTERM: as long as those in
    /// front of it take to notice. Not at all when not given.
    pub delay: Option<At<String>>,
    /// How long requests, tunnels and endless answers that are under way may take then; `"30s"` when not given.
    pub grace: Option<At<String>>,
}
