//! The only hand that changes what the process does: one change at a time, prepared whole, then swapped.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::commit::PrepareError;
use crate::config::valid::Config;
use crate::process::Process;
use crate::route::overrides::Overrides;
use crate::tables;

/// Where configurations are applied.
pub(crate) struct Control {
    /// What is controlled.
    pub process: Arc<Process>,
    /// Where evidence is kept.
    pub store: PathBuf,
    side: Handle,
    applying: Mutex<()>,
}

/// What applying a configuration came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Applied {
    /// The new generation's number.
    pub generation: u64,
    /// The hash of the files that it was read from.
    pub hash: String,
    /// What the files say otherwise now, but only a restart brings about.
    pub needs_restart: Vec<String>,
}

/// A configuration is valid, but something that it needs cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprepared {
    /// A Kafka producer.
    #[error("a Kafka cluster that the configuration names cannot be used")]
    Kafka(#[from] PrepareError),
    /// The hot tables.
    #[error("a hot table that the configuration names cannot be used")]
    Tables(#[from] tables::ApplyError),
}

impl Control {
    /// A control of that process. What is retired ends on `side`.
    pub(crate) fn new(process: Arc<Process>, store: PathBuf, side: Handle) -> Self {
        Self { process, store, side, applying: Mutex::default() }
    }

    /// Prepares what the configuration needs, then makes it the current generation. On an error nothing has changed.
    pub(crate) async fn apply(
        &self,
        config: Arc<Config>,
        overrides: Arc<Overrides>,
    ) -> Result<Applied, Unprepared> {
        let _one_at_a_time = self.applying.lock().await;
        prepare(&self.process, &config, &self.side).await?;
        let needs_restart = needs_restart(&self.process.generations.load().config, &config);
        let generation = self.process.generations.swap(config, overrides);
        Ok(Applied { generation: generation.number, hash: generation.config.hash.clone(), needs_restart })
    }
}

/// Has everything at hand that a configuration names, before a request can need it.
pub(crate) async fn prepare(process: &Process, config: &Config, side: &Handle) -> Result<(), Unprepared> {
    process.tables.apply(&config.tables, &config.s3).await?;
    process.producers.prepare(&config.kafka, side)?;
    Ok(())
}

fn needs_restart(now: &Config, next: &Config) -> Vec<String> {
    let differing = [
        ("listen", now.listen != next.listen),
        ("state", now.state != next.state),
        ("workers", now.workers != next.workers),
    ];
    differing.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key.to_owned()).collect()
}
