//! How the process stands, as the admin API says it and as whoever watches it reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::observe::AnsweredBy;
use crate::observe::cells::NO_ROUTE;
use crate::process::{Phase, Process};
use crate::route::Stage;
use crate::tables::TableStats;

/// The answer to `GET /api/status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The number of the process; 0 where it is not known.
    #[serde(default)]
    pub process: u32,
    /// The current generation's number.
    pub generation: u64,
    /// The hash of the files that it was read from.
    pub hash: String,
    /// Whether the process drains.
    pub draining: bool,
    /// Why everything goes to legacy, when it does.
    pub legacy_only: Option<String>,
    /// What is wrong with the files as they are now, when an older configuration is in effect because of it.
    #[serde(default)]
    pub refused: Option<String>,
    /// The routes, in the file's order.
    pub routes: Vec<RouteStatus>,
    /// Requests that no route named, by who answered.
    pub unrouted: BTreeMap<String, u64>,
    /// The hot tables, by name.
    #[serde(default)]
    pub tables: Vec<TableStatus>,
    /// Experiments that were begun.
    pub experiments: u64,
    /// Experiments for which there was no room.
    pub experiments_dropped: u64,
}

/// One route.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteStatus {
    /// Its name.
    pub name: String,
    /// What it matches.
    pub matches: String,
    /// The stage in effect.
    pub stage: Stage,
    /// The stage that the file gives it.
    pub file_stage: Stage,
    /// Why the two differ, when they do.
    pub overridden: Option<String>,
    /// How many requests each answered.
    pub answered: BTreeMap<String, u64>,
}

/// One hot table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableStatus {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Its rows; `None` when it was never loaded.
    pub rows: Option<usize>,
    /// Seconds since its source last confirmed it.
    pub age_seconds: Option<u64>,
    /// Why the last refresh failed, if it did.
    pub failure: Option<String>,
}

impl From<TableStats> for TableStatus {
    fn from(stats: TableStats) -> Self {
        Self {
            name: stats.name,
            source: stats.source,
            rows: stats.rows,
            age_seconds: stats.age.map(|age| age.as_secs()),
            failure: stats.last_failure,
        }
    }
}

impl Status {
    /// The process as it stands.
    pub(crate) fn of(process: &Process) -> Self {
        let generation = process.generations.load();
        let answered: BTreeMap<_, _> = process.metrics.sums().into_iter().collect();
        let of = |name: &str| -> BTreeMap<String, u64> {
            let sums = answered.get(name);
            let count = |by: AnsweredBy| sums.map_or(0, |sums| sums.answered_by(by));
            AnsweredBy::ALL.iter().map(|by| (by.label().to_owned(), count(*by))).collect()
        };
        let (experiments, experiments_dropped) = process.mirror.counts();
        Self {
            process: std::process::id(),
            generation: generation.number,
            hash: generation.config.hash.clone(),
            draining: *process.phase.borrow() > Phase::Serving,
            refused: None,
            legacy_only: generation.overrides.legacy_only.as_ref().map(ToString::to_string),
            routes: generation
                .routes()
                .iter()
                .map(|route| RouteStatus {
                    name: route.name().to_owned(),
                    matches: route.spec.pattern.to_string(),
                    stage: route.stage,
                    file_stage: route.spec.stage,
                    overridden: route.overridden.as_ref().map(ToString::to_string),
                    answered: of(route.name()),
                })
                .collect(),
            unrouted: of(NO_ROUTE),
            tables: process.tables.stats().into_iter().map(TableStatus::from).collect(),
            experiments,
            experiments_dropped,
        }
    }
}
