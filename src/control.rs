//! What changes the process at run time, with everything prepared before it is in effect.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use handover_shadow::{Reader, Store, StoreError, Verb};
use tokio::runtime::Handle;
use tokio::task::JoinError;

use crate::commit::PrepareError;
use crate::config::reload::{Applied, Apply, NotReloaded, Outcome, Reloader};
use crate::config::valid::Config;
use crate::gate::keeper::Gatekeeper;
use crate::gate::own_work::{self, OwnWork};
use crate::legacy::managed;
use crate::mirror::tap::TapError;
use crate::observe::history::History;
use crate::process::{Process, Role};
use crate::rollback::Rollbacks;
use crate::route::generation::Generation;
use crate::route::legacy_only::WayBack;
use crate::route::overrides::{Overrides, StageOverride};
use crate::schemas::{self, Purpose};
use crate::tables;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a reload waits for the cores to let go of the old generation. A core is never busy for so long.
const SWITCH: Duration = Duration::from_secs(2);

/// How long a table that was never loaded is waited for. Until it is there, native routes that read it fall back.
const FIRST_LOAD: Duration = Duration::from_secs(2);

/// Where the process is changed.
pub(crate) struct Control {
    /// What is controlled.
    pub process: Arc<Process>,
    /// Where evidence is kept.
    pub store: PathBuf,
    /// How often routes were taken back.
    pub rollbacks: Rollbacks,
    /// How the share that native answers went.
    pub history: History,
    reloader: Arc<Reloader>,
}

/// A configuration is valid, but something that it needs cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprepared {
    /// A Kafka producer.
    #[error("a Kafka cluster that the configuration names cannot be used")]
    Kafka(#[from] PrepareError),
    /// A php-fpm under us.
    #[error("a managed legacy cannot be started")]
    Managed(#[from] managed::StartError),
    /// The hot tables.
    #[error("a hot table that the configuration names cannot be used")]
    Tables(#[from] tables::ApplyError),
    /// A schema registry.
    #[error("a schema registry that the configuration names cannot be asked")]
    Schemas(#[from] schemas::ClientError),
    /// A tap.
    #[error("what legacy sends cannot be read")]
    Tap(#[from] TapError),
}

/// Somebody may not decide that.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotYours {
    /// It is their own work.
    #[error(transparent)]
    OwnWork(#[from] OwnWork),
    /// Nobody can tell.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes configurations current, prepared.
pub(crate) struct Applier {
    process: Arc<Process>,
    side: Handle,
}

impl Applier {
    /// What a configuration needs lives on `side`.
    pub(crate) fn new(process: Arc<Process>, side: Handle) -> Self {
        Self { process, side }
    }
}

impl Apply for Applier {
    fn apply(&self, config: &Arc<Config>, overrides: &Arc<Overrides>) -> Result<Arc<Generation>, BoxError> {
        // Going back to legacy must not depend on Kafka or S3: what is current already is not prepared again.
        if !Arc::ptr_eq(&self.current().config, config) {
            self.side.block_on(prepare(&self.process, config, &self.side))?;
        }
        let before = self.current();
        let after = self.process.generations.swap(Arc::clone(config), Arc::clone(overrides));
        self.process.producers.warn_of_overtaking(&before, &after);
        Ok(after)
    }

    fn current(&self) -> Arc<Generation> {
        self.process.generations.load()
    }
}

impl Control {
    /// A control of that process, by that reloader.
    pub(crate) fn new(process: Arc<Process>, store: PathBuf, reloader: Arc<Reloader>) -> Self {
        let history = History::in_folder(reloader.state());
        Self { process, store, rollbacks: Rollbacks::default(), history, reloader }
    }

    /// Keeps the gates.
    pub(crate) fn gate(&self) -> &Gatekeeper {
        self.reloader.gate()
    }

    /// What is wrong with the files as they are now, when that keeps them from being in effect.
    pub(crate) fn refused(&self) -> Option<String> {
        self.reloader.refused().map(|faults| faults.to_string())
    }

    /// Reads the files again. Returns once every core works with the outcome.
    pub(crate) async fn reload(&self) -> Result<Result<Outcome, NotReloaded>, JoinError> {
        let reloader = Arc::clone(&self.reloader);
        let outcome = tokio::task::spawn_blocking(move || reloader.reload()).await?;
        if let Ok(outcome) = &outcome {
            self.process.switched(outcome.generation, SWITCH).await;
        }
        Ok(outcome)
    }

    /// Takes one route back. It blocks on the disk: not for a core.
    pub(crate) fn take_back(
        &self,
        route: &str,
        set: StageOverride,
    ) -> Result<Option<std::io::Error>, BoxError> {
        self.reloader.take_back(route, set)
    }

    /// Ends the override of one route: it is at its file's stage again. It blocks on the disk: not for a core.
    pub(crate) fn give_back(&self, route: &str) -> Result<(), BoxError> {
        self.reloader.give_back(route)
    }

    /// The evidence, read by the rules that there are now; `None` where there is none. It blocks on the disk: not for a core.
    pub(crate) fn evidence(&self) -> Result<Option<Reader>, StoreError> {
        let reader = Store::read(&self.store)?;
        Ok(reader.map(|reader| reader.by(self.process.generations.load().config.policies())))
    }

    /// Whether somebody may decide so on a cluster. It reads the store: not for a core.
    pub(crate) fn may_decide(&self, cluster: i64, who: &str, verb: &Verb) -> Result<(), NotYours> {
        let Some(reader) = self.evidence()? else { return Ok(()) };
        let Some(route) = reader.route_of(cluster)? else { return Ok(()) };
        Ok(own_work::check(&self.process.generations.load().config, &route, who, verb)?)
    }

    /// The main file.
    pub(crate) fn main(&self) -> &Path {
        self.reloader.main()
    }

    /// Has legacy answer everything but what is retired, or ends that. Returns once every core does so.
    pub(crate) async fn legacy_only(
        &self,
        way_back: Option<WayBack>,
    ) -> Result<Result<Applied, BoxError>, JoinError> {
        let reloader = Arc::clone(&self.reloader);
        let applied = tokio::task::spawn_blocking(move || reloader.set_legacy_only(way_back)).await?;
        self.process.switched(self.process.generations.load().number, SWITCH).await;
        Ok(applied)
    }
}

/// Has everything at hand that a configuration names, before a request can need it.
pub(crate) async fn prepare(process: &Process, config: &Config, side: &Handle) -> Result<(), Unprepared> {
    let purpose = if process.role == Role::Serve { Purpose::Send } else { Purpose::Look };
    let schemas = process.producers.schemas().prepare(config, purpose, side)?;
    schemas.asked_once(FIRST_LOAD).await;
    if process.role == Role::Serve {
        prepare_to_serve(process, config, side).await?;
    }
    if process.role == Role::Review || config.review.is_none() {
        process.taps.prepare(config, &process.producers, side)?;
    }
    // Behind all that can fail: until then the configuration before is in effect, and its records are by its schemas.
    process.producers.schemas().put(schemas);
    Ok(())
}

async fn prepare_to_serve(process: &Process, config: &Config, side: &Handle) -> Result<(), Unprepared> {
    process.managed.lock().await.apply(&config.legacies).await?;
    process.phps.apply(&config.legacies);
    process.tables.apply(&config.tables, &config.s3).await?;
    if process.tables.stats().iter().any(|table| table.rows.is_none()) {
        // Whatever comes of it: without S3 the routes fall back, and legacy answers.
        process.tables.asked_once(FIRST_LOAD).await;
    }
    process.producers.prepare(config, side)?;
    process.checks.apply(&config.legacies);
    process.cache.apply(config.cache.as_ref());
    Ok(())
}
