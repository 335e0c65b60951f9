//! Hot tables, and where they come from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::route::canary::Share;

/// How S3 is reached. Credentials come from the environment, as AWS's own tools find them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct S3 {
    /// Another endpoint than AWS's.
    pub endpoint: Option<String>,
    /// The region; the environment's when not given.
    pub region: Option<String>,
    /// Whether the bucket stands in the path, as most servers other than AWS's want it.
    pub path_style: bool,
    /// The file of CA certificates (PEM) that sign the endpoint's; the system's when not given.
    pub ca_file: Option<PathBuf>,
}

/// One `[table.NAME]`: a hot table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: TableSource,
    /// How it is written; by the objects' names when not given.
    pub format: Option<TableFormat>,
    /// The columns that rows are looked up by: at least one.
    pub key: Vec<String>,
    /// Further such columns, by name.
    pub keys: BTreeMap<String, Vec<String>>,
    /// How often the source is asked for a newer one.
    pub refresh: Duration,
    /// How much earlier or later than that, as a share of it, so that pods don't all come at once.
    pub jitter: Share,
    /// The share of its rows that a new version may lack; one that lacks more is suspicious, and refused.
    pub shrink_max: Share,
    /// How old the table may grow before it counts as too old; `None` when never.
    pub max_age: Option<Duration>,
    /// What that means.
    pub too_old: TooOld,
    /// The most bytes that it may have once decompressed.
    pub size_max: u64,
}

/// How a table's objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableFormat {
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooOld {
    /// Legacy answers them.
    Legacy,
    /// They are answered by it all the same.
    Serve,
    /// Legacy answers them, and the process says that it is not ready.
    Unready,
}

/// Where a hot table comes from; `.gz` and `.zst` are decompressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TableSource {
    /// A file.
    File(PathBuf),
    /// All files of a folder, in the order of their names.
    Folder(PathBuf),
    /// An object in S3, or all whose keys begin so where the key ends in `/`.
    S3 {
        /// The bucket.
        bucket: String,
        /// The object's key.
        key: String,
    },
}
