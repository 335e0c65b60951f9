//! From changed files and overrides to a new generation.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::fault::Faults;
use super::load::{Loaded, Location, keep, log_legacy_only, log_warnings};
use super::source::Sources;
use super::valid::{Config, Listen, Review, Spool};
use crate::admin::Access;
use crate::gate::keeper::Gatekeeper;
use crate::native::application::Names;
use crate::observe::{access, trace};
use crate::route::Stage;
use crate::route::generation::{Generation, Shared};
use crate::route::legacy_only::WayBack;
use crate::route::override_store::OverrideStore;
use crate::route::overrides::{Note, Overrides, StageOverride};

/// How long after a valid configuration could not be applied it is tried again by itself.
const AGAIN: Duration = Duration::from_secs(10);

/// Makes a configuration with its overrides the current generation. On an error nothing has changed.
pub(crate) trait Apply: Send + Sync {
    /// Prepares what it needs and swaps it in; gives the new generation.
    fn apply(
        &self,
        config: &Arc<Config>,
        overrides: &Arc<Overrides>,
    ) -> Result<Arc<Generation>, Box<dyn Error + Send + Sync>>;

    /// The current generation.
    fn current(&self) -> Arc<Generation>;
}

/// For those who have nothing to prepare.
impl Apply for Shared {
    fn apply(
        &self,
        config: &Arc<Config>,
        overrides: &Arc<Overrides>,
    ) -> Result<Arc<Generation>, Box<dyn Error + Send + Sync>> {
        Ok(self.swap(Arc::clone(config), Arc::clone(overrides)))
    }

    fn current(&self) -> Arc<Generation> {
        self.load()
    }
}

/// Reads files and overrides again and applies them, one at a time. All of it blocks on the disk: not for a core.
pub(crate) struct Reloader {
    location: Location,
    names: Names,
    apply: Arc<dyn Apply>,
    store: OverrideStore,
    gate: Arc<Gatekeeper>,
    /// What cannot change while the process runs, as it was at start.
    fixed: Fixed,
    current: Mutex<Current>,
}

struct Current {
    loaded: Loaded,
    /// A legacy-only that the disk would not take.
    unkept: Option<WayBack>,
    /// Overrides of single routes that the disk would not take yet.
    unkept_stages: BTreeMap<String, StageOverride>,
    /// Valid files that needed what could not be had, and when that was tried.
    unprepared: Option<(Sources, Instant)>,
}

#[derive(PartialEq, Eq)]
struct Fixed {
    listen: Listen,
    access: Access,
    state: PathBuf,
    workers: usize,
    blocking_threads: usize,
    access_log: Option<access::Spec>,
    traces: Option<trace::Spec>,
    review: Option<Review>,
    /// Where there is one: else the first configuration that wants one opens it.
    spool: Option<Spool>,
}

/// What a reload did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The number of the generation that is in effect.
    pub generation: u64,
    /// Its files' hash.
    pub hash: String,
    /// Whether it is a new one.
    pub changed: bool,
    /// Keys that changed but wait for a restart.
    pub waits_for_restart: Vec<String>,
    /// What should be looked at all the same, for people.
    pub warnings: String,
}

/// Why the files as they are now are not in effect. Overrides are, all the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReloaded {
    /// Something is wrong with them.
    #[error("{0}")]
    Faults(Faults),
    /// They are valid, but what they need cannot be had.
    #[error("the configuration is valid, but what it needs cannot be had")]
    Unprepared(#[source] Box<dyn Error + Send + Sync>),
}

/// What going back to legacy, or its end, came to.
#[derive(Debug)]
pub(crate) struct Applied {
    /// How many routes it covers.
    pub routes: usize,
    /// Why it is in memory alone, so that a restart forgets it.
    pub unkept: Option<io::Error>,
}

impl Reloader {
    /// Goes on from what the process was started with.
    pub(crate) fn new(location: Location, loaded: Loaded, names: Names, apply: Arc<dyn Apply>) -> Self {
        let store = OverrideStore::new(loaded.config.state.clone());
        let (fixed, gate) = (Fixed::of(&loaded.config), Arc::clone(&loaded.gate));
        record(&gate, &apply.current());
        let current =
            Mutex::new(Current { loaded, unkept: None, unkept_stages: BTreeMap::new(), unprepared: None });
        Self { location, names, apply, store, gate, fixed, current }
    }

    /// The main file.
    pub(crate) fn main(&self) -> &Path {
        &self.location.main
    }

    /// The state folder.
    pub(crate) fn state(&self) -> &Path {
        self.store.folder()
    }

    /// Keeps the gates.
    pub(crate) fn gate(&self) -> &Arc<Gatekeeper> {
        &self.gate
    }

    /// What is wrong with the files as they are now; `None` when they are in effect.
    pub(crate) fn refused(&self) -> Option<Arc<Faults>> {
        self.current().loaded.refused.clone()
    }

    /// The files that are in effect.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.current().loaded.sources.files().iter().map(|source| source.path.clone()).collect()
    }

    /// Reads files and overrides again. Files that are broken, or need what cannot be had, change nothing; the
    /// overrides are applied even then.
    pub(crate) fn reload(&self) -> Result<Outcome, NotReloaded> {
        let mut current = self.current();
        let read = self.location.read();
        self.apply_all(&mut current, read)
    }

    /// Applies what differs from what is in effect. When nothing does, that costs no more than reading.
    pub(super) fn catch_up(&self) {
        let mut current = self.current();
        let read = self.location.read();
        let nothing_new = read.as_ref().is_ok_and(|sources| current.has_tried(sources));
        if nothing_new {
            self.apply_overrides(&mut current);
        } else if let Err(NotReloaded::Unprepared(_)) = self.apply_all(&mut current, read.clone()) {
            current.unprepared = read.ok().map(|sources| (sources, Instant::now()));
        }
    }

    fn apply_all(
        &self,
        current: &mut Current,
        read: Result<Sources, Faults>,
    ) -> Result<Outcome, NotReloaded> {
        current.unprepared = None;
        let applied = self.apply_files(current, read);
        if applied.is_err() {
            self.apply_overrides(current);
        }
        applied
    }

    fn apply_overrides(&self, current: &mut Current) {
        if let Err(why) = self.apply(current, None) {
            tracing::error!("the overrides cannot be applied: {why}");
        }
    }

    fn apply_files(
        &self,
        current: &mut Current,
        read: Result<Sources, Faults>,
    ) -> Result<Outcome, NotReloaded> {
        let checked = read.and_then(|sources| Ok((self.location.validate(&sources, &self.names)?, sources)));
        let (checked, sources) = checked.map_err(|faults| {
            current.refuse(&faults);
            NotReloaded::Faults(faults)
        })?;
        current.loaded.refused = None;
        let warnings = checked.warnings.to_string();
        let new_files = sources != current.loaded.sources;
        let config = new_files.then(|| Arc::new(checked.config));
        let (generation, changed) = self.apply(current, config).map_err(|why| {
            tracing::error!("the changed configuration is valid, but what it needs cannot be had: {why}");
            NotReloaded::Unprepared(why)
        })?;
        let waits_for_restart = self.fixed.differences(&current.loaded.config);
        if new_files {
            log_warnings(&checked.warnings);
            keep(self.state(), &sources);
            current.loaded.sources = sources;
            if !waits_for_restart.is_empty() {
                tracing::warn!("changed, but only read at start: {}", waits_for_restart.join(", "));
            }
        }
        let hash = current.loaded.config.hash.clone();
        Ok(Outcome { generation: generation.number, hash, changed, waits_for_restart, warnings })
    }

    /// Everything to legacy but what is retired, or the end of it. Works without a writable disk, but is then
    /// forgotten by a restart.
    pub(crate) fn set_legacy_only(
        &self,
        way_back: Option<WayBack>,
    ) -> Result<Applied, Box<dyn Error + Send + Sync>> {
        let mut current = self.current();
        let mut unkept = None;
        match way_back {
            Some(way_back) => {
                unkept = self.store.set_legacy_only(&way_back).err();
                current.unkept = unkept.is_some().then_some(way_back);
            }
            None => {
                self.store.clear_legacy_only()?;
                current.unkept = None;
            }
        }
        let (generation, _) = self.apply(&mut current, None)?;
        let routes = generation.routes().iter().filter(|route| route.stage != Stage::Retired).count();
        Ok(Applied { routes, unkept })
    }

    /// Takes one route back, whatever the file says. Works without a writable disk, but is then forgotten by a restart,
    /// unless the disk takes it later; gives why.
    pub(crate) fn take_back(
        &self,
        route: &str,
        set: StageOverride,
    ) -> Result<Option<io::Error>, Box<dyn Error + Send + Sync>> {
        let mut current = self.current();
        let to = set.stage;
        let unkept = self.store.set_stage(route, set.clone()).err();
        if unkept.is_some() {
            current.unkept_stages.insert(route.to_owned(), set);
        }
        self.gate.taken_back(route, to);
        self.apply(&mut current, None)?;
        Ok(unkept)
    }

    /// Ends the override of one route: it is at its file's stage again, as far as its gate lets it.
    pub(crate) fn give_back(&self, route: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut current = self.current();
        current.unkept_stages.remove(route);
        self.store.clear_stage(route)?;
        self.gate.forget();
        self.apply(&mut current, None)?;
        Ok(())
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the configuration, if it is a new one, with the overrides as they are now, if anything is new.
    fn apply(
        &self,
        current: &mut Current,
        config: Option<Arc<Config>>,
    ) -> Result<(Arc<Generation>, bool), Box<dyn Error + Send + Sync>> {
        let wanted = config.as_ref().unwrap_or(&current.loaded.config);
        let wanted = Arc::clone(wanted);
        let overrides = self.overrides(current, &wanted);
        let before = &current.loaded.overrides;
        if config.is_none() && overrides == **before {
            return Ok((self.apply.current(), false));
        }
        if overrides.legacy_only != before.legacy_only {
            log_legacy_only(overrides.legacy_only.as_ref());
        }
        let config = config.unwrap_or_else(|| Arc::clone(&current.loaded.config));
        let overrides = Arc::new(overrides);
        let next = self.apply.apply(&config, &overrides)?;
        tracing::info!(generation = next.number, hash = config.hash, "configuration in effect");
        record(&self.gate, &next);
        (current.loaded.config, current.loaded.overrides) = (config, overrides);
        Ok((next, true))
    }

    fn overrides(&self, current: &mut Current, wanted: &Config) -> Overrides {
        current.unkept_stages.retain(|route, set| self.store.set_stage(route, set.clone()).is_err());
        let mut overrides = self.store.load();
        overrides.stages.extend(current.unkept_stages.clone());
        overrides.held = self.gate.hold(wanted, &overrides.stages);
        if let (None, Some(way_back)) = (&overrides.legacy_only, &current.unkept) {
            overrides.legacy_only = Some(way_back.at(Timestamp::now()));
        }
        overrides
    }
}

impl Current {
    /// Whether trying these files again would come to what is known already.
    fn has_tried(&self, sources: &Sources) -> bool {
        if let Some((tried, when)) = &self.unprepared {
            return tried == sources && when.elapsed() < AGAIN;
        }
        self.loaded.refused.as_deref().map_or(&self.loaded.sources, Faults::sources) == sources
    }

    /// Remembers what is wrong, and says so once.
    fn refuse(&mut self, faults: &Faults) {
        if self.loaded.refused.as_deref() != Some(faults) {
            let hash = &self.loaded.config.hash;
            tracing::error!("the changed configuration is refused, {hash} stays in effect:\n{faults}");
            self.loaded.refused = Some(Arc::new(faults.clone()));
        }
    }
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self {
            listen: config.listen.clone(),
            access: config.access.clone(),
            state: config.state.clone(),
            workers: config.workers,
            blocking_threads: config.blocking_threads,
            access_log: config.access_log.clone(),
            traces: config.traces.clone(),
            review: config.review.clone(),
            spool: config.spool.wanted.then(|| config.spool.clone()),
        }
    }

    fn differences(&self, config: &Config) -> Vec<String> {
        let now = Self::of(config);
        let pairs = [
            ("listen", self.listen != now.listen),
            ("admin", self.access != now.access),
            ("state", self.state != now.state),
            ("workers", self.workers != now.workers),
            ("blocking_threads", self.blocking_threads != now.blocking_threads),
            ("access_log", self.access_log != now.access_log),
            ("traces", self.traces != now.traces),
            ("review", self.review != now.review),
            ("spool", self.spool.is_some() && self.spool != now.spool),
        ];
        pairs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key.to_owned()).collect()
    }
}

/// Writes into the ledger which routes are not where it last saw them. What cannot be written stops nobody: the way back
/// must work on a full disk.
fn record(gate: &Gatekeeper, generation: &Generation) {
    if let Err(why) = gate.record(generation) {
        tracing::error!("the ledger cannot be written: {why}");
    }
}

/// A note of now.
pub(crate) fn note(who: impl Into<String>, why: impl Into<String>) -> Note {
    Note { who: who.into(), why: why.into(), when: Timestamp::now() }
}

#[cfg(test)]
#[path = "reload_tests.rs"]
pub(crate) mod tests;
