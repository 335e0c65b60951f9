//! `[access_log]` and `[explain]` as they are written: what is told of requests.

use schemars::JsonSchema;
use serde::Deserialize;

use super::At;

/// A line for each request. Lines wait in memory, 1 MiB a core, and are dropped and counted where whoever reads them is
/// slower than requests come.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccessLog {
    /// `"stdout"`, `"stderr"` or `"file:PATH"`; `"stdout"` when not given. A file that was moved away is opened anew.
    pub to: Option<At<String>>,
    /// What a line looks like; `"json"` when not given.
    pub form: Option<At<LogForm>>,
    /// Whether a request's query is in its line; `false` when not given, since it may hold personal data.
    pub query: Option<At<bool>>,
}

/// What a line looks like.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogForm {
    /// A JSON object, with OpenTelemetry's names.
    Json,
    /// For people.
    Text,
}

/// Why a request went where it went, for those who try things out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Explain {
    /// A field that is added to each answer, `"X-Handover"`: who gave it, why, which route, stage and generation. None
    /// when not given.
    pub field: Option<At<String>>,
    /// Lets those who have a key force the stage of a request of theirs.
    pub force: Option<At<Force>>,
}

/// How a stage is forced: a request says `legacy KEY`, `shadow KEY` or `native KEY`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Force {
    /// The field that says so, `"X-Handover-Stage"`. It never travels on, whoever sends it.
    pub field: At<String>,
    /// The file that holds the key, 16 bytes at least.
    pub key_file: At<String>,
}
