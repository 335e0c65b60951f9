//! `[s3]` and `[table.NAME]` as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Texts};

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

/// A hot table, kept in memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// `"s3://bucket/key"` or `"file:PATH"`. With a `/` at its end it is everything below, in the order of names, as one
    /// table. `.gz` and `.zst` are decompressed.
    pub source: Option<At<String>>,
    /// How it is written. When not given, names that end in `.ndjson` or `.jsonl`, `.json` and `.parquet` say so; all others
    /// are CSV.
    pub format: Option<At<RawFormat>>,
    /// The column that rows are looked up by, or several of them. Of several rows of one key the last one counts.
    pub key: Option<At<Texts>>,
    /// Further columns that rows are looked up by: `{ icao = "icao", place = ["country", "city"] }`.
    pub keys: BTreeMap<String, At<Texts>>,
    /// How often the source is asked for a newer one; `"1h"` when not given.
    pub refresh: Option<At<String>>,
    /// How much earlier or later than that it may be asked, as a share of it, so that pods don't all come at once; 0.1
    /// when not given.
    pub jitter: Option<At<f64>>,
    /// The share of its rows that a new version may lack; one that lacks more is refused. 0.5 when not given.
    pub shrink_max: Option<At<f64>>,
    /// The age from which the table is too old to answer by; never when not given.
    pub max_age: Option<At<String>>,
    /// What becomes of routes that read it then; `"legacy"` when not given.
    pub too_old: Option<At<RawTooOld>>,
    /// The most bytes that it may have, decompressed; `"256MiB"` when not given.
    pub size_max: Option<At<String>>,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawFormat {
    /// CSV with a head line.
    Csv,
    /// An object of JSON on each line.
    Ndjson,
    /// A list of objects.
    Json,
    /// Apache Parquet.
    Parquet,
}

/// What becomes of routes that read a table which is too old.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawTooOld {
    /// Legacy answers them.
    Legacy,
    /// They are answered by it all the same.
    Serve,
    /// Legacy answers them, and `/readyz` says 503.
    Unready,
}
