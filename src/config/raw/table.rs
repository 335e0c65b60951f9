//! `[s3]` and `[table.NAME]` as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::At;

/// How S3 is reached. Credentials come from the environment, as AWS's own tools find them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct S3 {
    /// Another endpoint than AWS's.
    pub endpoint: Option<At<String>>,
    /// The region; the environment's when not given.
    pub region: Option<At<String>>,
    /// Whether the bucket stands in the path, as most servers other than AWS's want it; `false` when not given.
    pub path_style: Option<At<bool>>,
    /// The CA certificates (PEM) that sign the endpoint's; the system's when not given.
    pub ca_file: Option<At<String>>,
}

/// A hot table: CSV with a head line, kept in memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// `"s3://bucket/key"` or `"file:PATH"`; `.gz` and `.zst` are decompressed.
    pub source: Option<At<String>>,
    /// The column that rows are looked up by.
    pub key: Option<At<String>>,
    /// How often the source is asked for a newer one; `"1h"` when not given.
    pub refresh: Option<At<String>>,
    /// The age from which the table is too old to answer by; never when not given.
    pub max_age: Option<At<String>>,
    /// The most bytes that it may have, decompressed; `"256MiB"` when not given.
    pub size_max: Option<At<String>>,
}
