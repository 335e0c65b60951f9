//! From the files and the overrides to generations: at start, and whenever they change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

use super::fault::Faults;
use super::interpolate::environment;
use super::last_good::LastGood;
use super::source::Sources;
use super::state;
use super::valid::{Config, Listen};
use super::validate::{Against, Checked, validate};
use crate::route::Stage;
use crate::route::generation::{Generation, Handlers, Shared};
use crate::route::override_store::OverrideStore;
use crate::route::overrides::{LegacyOnly, Note, Overrides, StageOverride};

/// Where the configuration is.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    /// The main file.
    pub main: PathBuf,
    /// The state folder, where it is not the file's to say.
    pub state: Option<PathBuf>,
}

impl Location {
    /// Reads and validates the files. `handlers`: the names that `native` may use.
    pub(crate) fn check(&self, handlers: &[&str]) -> Result<(Sources, Checked), Faults> {
        let sources = Sources::load(&self.main, &environment)?;
        let checked = self.validate(&sources, handlers)?;
        Ok((sources, checked))
    }

    /// The state folder, also when the file is broken.
    pub(crate) fn state(&self) -> PathBuf {
        state::folder(&self.main, self.state.as_deref(), &environment)
    }

    fn validate(&self, sources: &Sources, handlers: &[&str]) -> Result<Checked, Faults> {
        validate(sources, &Against { env: &environment, handlers, state: self.state.as_deref() })
    }
}

/// Makes generations. All of it blocks on the disk: not for a core.
pub(crate) struct Reloader {
    location: Location,
    shared: Arc<Shared>,
    store: OverrideStore,
    /// What cannot change while the process runs, as it was at start.
    fixed: Fixed,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<Config>,
    sources: Sources,
    overrides: Arc<Overrides>,
    /// A legacy-only that the disk would not take.
    unkept: Option<Note>,
    /// What is wrong with the files as they are now.
    refused: Option<Arc<Faults>>,
}

#[derive(PartialEq, Eq)]
struct Fixed {
    listen: Listen,
    state: PathBuf,
    workers: usize,
}

/// What a reload did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    /// The number of the generation that is in effect.
    pub generation: u64,
    /// Its files' hash.
    pub hash: String,
    /// Whether it is a new one.
    pub changed: bool,
    /// Keys that changed but wait for a restart.
    pub waits_for_restart: Vec<&'static str>,
    /// What should be looked at all the same, for people.
    pub warnings: String,
}

/// What an override did.
#[derive(Debug)]
pub(crate) struct Applied {
    /// How many routes it covers.
    pub routes: usize,
    /// Why it is in memory alone, so that a restart forgets it.
    pub unkept: Option<std::io::Error>,
}

impl Reloader {
    /// The first generation: from the files, or from the last good ones when these are broken.
    pub(crate) fn start(location: Location, handlers: Handlers) -> Result<Self, Faults> {
        let names: Vec<&str> = handlers.keys().map(String::as_str).collect();
        let (sources, config, refused) = match location.check(&names) {
            Ok((sources, checked)) => {
                log_warnings(&checked.warnings);
                keep(&checked.config.state, &sources);
                (sources, checked.config, None)
            }
            Err(faults) => {
                let Some((kept, checked)) = last_good(&location, &names) else { return Err(faults) };
                tracing::error!(
                    "the configuration is broken, so the last good one of {} is used; clients are served, but what was \
                     changed since is not in effect:\n{faults}",
                    kept.when
                );
                (kept.sources, checked.config, Some(Arc::new(faults)))
            }
        };
        let config = Arc::new(config);
        let store = OverrideStore::new(config.state.clone());
        let overrides = Arc::new(store.load());
        log_legacy_only(overrides.legacy_only.as_ref());
        let shared = Arc::new(Shared::new(handlers, Arc::clone(&config), Arc::clone(&overrides)));
        let fixed = Fixed::of(&config);
        let current = Mutex::new(Current { config, sources, overrides, unkept: None, refused });
        Ok(Self { location, shared, store, fixed, current })
    }

    /// The generations.
    pub(crate) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The main file.
    pub(crate) fn main(&self) -> &Path {
        &self.location.main
    }

    /// The folder of the overrides.
    pub(crate) fn state(&self) -> &Path {
        self.store.folder()
    }

    /// What is wrong with the files as they are now; `None` when they are in effect.
    pub(crate) fn refused(&self) -> Option<Arc<Faults>> {
        self.current().refused.clone()
    }

    /// The files that are in effect.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.current().sources.files().iter().map(|source| source.path.clone()).collect()
    }

    /// Reads files and overrides again. Broken files change nothing, but the overrides are applied even then.
    pub(crate) fn reload(&self) -> Result<Outcome, Faults> {
        let names: Vec<&str> = self.shared.handlers().keys().map(String::as_str).collect();
        let mut current = self.current();
        let checked = self.location.check(&names);
        let overrides = self.overrides(&current);
        let (sources, checked) = match checked {
            Ok(good) => good,
            Err(faults) => {
                self.swap(&mut current, None, overrides);
                if current.refused.as_deref() != Some(&faults) {
                    let hash = &current.config.hash;
                    tracing::error!(
                        "the changed configuration is refused, {hash} stays in effect:\n{faults}"
                    );
                }
                current.refused = Some(Arc::new(faults.clone()));
                return Err(faults);
            }
        };
        current.refused = None;
        let warnings = checked.warnings.to_string();
        let config = (sources != current.sources).then(|| {
            log_warnings(&checked.warnings);
            keep(&self.fixed.state, &sources);
            current.sources = sources;
            Arc::new(checked.config)
        });
        let (generation, changed) = self.swap(&mut current, config, overrides);
        let waits_for_restart = self.fixed.differences(&current.config);
        if changed && !waits_for_restart.is_empty() {
            tracing::warn!("changed, but only read at start: {}", waits_for_restart.join(", "));
        }
        let hash = current.config.hash.clone();
        Ok(Outcome { generation: generation.number, hash, changed, waits_for_restart, warnings })
    }

    /// Everything to legacy but what is retired, or the end of it. Works without a writable disk, but is then forgotten
    /// by a restart.
    pub(crate) fn set_legacy_only(&self, note: Option<Note>) -> std::io::Result<Applied> {
        let mut current = self.current();
        let mut unkept = None;
        match note {
            Some(note) => {
                unkept = self.store.set_legacy_only(&note).err();
                current.unkept = unkept.is_some().then_some(note);
            }
            None => {
                self.store.clear_legacy_only()?;
                current.unkept = None;
            }
        }
        let overrides = self.overrides(&current);
        let (generation, _) = self.swap(&mut current, None, overrides);
        let routes = generation.routes().iter().filter(|route| route.stage != Stage::Retired).count();
        Ok(Applied { routes, unkept })
    }

    /// Sets one route's stage, or gives it the file's again.
    pub(crate) fn set_stage(
        &self,
        route: &str,
        stage: Option<StageOverride>,
    ) -> std::io::Result<Arc<Generation>> {
        let mut current = self.current();
        match stage {
            Some(stage) => self.store.set_stage(route, stage)?,
            None => self.store.clear_stage(route).map(|_| ())?,
        }
        let overrides = self.overrides(&current);
        Ok(self.swap(&mut current, None, overrides).0)
    }

    /// Changes whenever a reload could do something.
    pub(super) fn fingerprint(&self) -> (Result<String, String>, Vec<u8>) {
        let files = Sources::load(&self.location.main, &environment);
        (files.map(|sources| sources.hash()).map_err(|faults| faults.to_string()), self.store.fingerprint())
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn overrides(&self, current: &Current) -> Overrides {
        let mut overrides = self.store.load();
        if let (None, Some(note)) = (&overrides.legacy_only, &current.unkept) {
            overrides.legacy_only = Some(LegacyOnly::Asked(note.clone()));
        }
        overrides
    }

    /// Swaps a new generation in, if anything is new.
    fn swap(
        &self,
        current: &mut Current,
        config: Option<Arc<Config>>,
        overrides: Overrides,
    ) -> (Arc<Generation>, bool) {
        if overrides.legacy_only != current.overrides.legacy_only {
            log_legacy_only(overrides.legacy_only.as_ref());
        }
        if config.is_none() && overrides == *current.overrides {
            return (self.shared.load(), false);
        }
        if let Some(config) = config {
            current.config = config;
        }
        current.overrides = Arc::new(overrides);
        let next = self.shared.swap(Arc::clone(&current.config), Arc::clone(&current.overrides));
        tracing::info!(generation = next.number, hash = next.config.hash, "configuration in effect");
        (next, true)
    }
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self { listen: config.listen.clone(), state: config.state.clone(), workers: config.workers }
    }

    fn differences(&self, config: &Config) -> Vec<&'static str> {
        let now = Self::of(config);
        let pairs = [
            ("listen", self.listen != now.listen),
            ("state", self.state != now.state),
            ("workers", self.workers != now.workers),
        ];
        pairs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
    }
}

fn last_good(location: &Location, handlers: &[&str]) -> Option<(LastGood, Checked)> {
    let kept = LastGood::load(&location.state(), &location.main)?;
    let checked = location.validate(&kept.sources, handlers).ok()?;
    Some((kept, checked))
}

fn keep(folder: &Path, sources: &Sources) {
    if let Err(why) = LastGood::keep(folder, sources) {
        let folder = folder.display();
        tracing::warn!(
            "the last good configuration cannot be kept in {folder}, so a broken file would keep the process from starting: {why}"
        );
    }
}

fn log_warnings(warnings: &Faults) {
    if !warnings.is_empty() {
        tracing::warn!("the configuration is good, but:\n{warnings}");
    }
}

fn log_legacy_only(legacy_only: Option<&LegacyOnly>) {
    match legacy_only {
        Some(LegacyOnly::Asked(note)) => {
            tracing::warn!("everything goes to legacy but what is retired: set by {note}")
        }
        Some(unreadable) => tracing::error!("everything goes to legacy but what is retired: {unreadable}"),
        None => tracing::info!("nothing is kept from its stage by legacy-only"),
    }
}

/// A note of now.
pub(crate) fn note(who: impl Into<String>, why: impl Into<String>) -> Note {
    Note { who: who.into(), why: why.into(), when: Timestamp::now() }
}

#[cfg(test)]
#[path = "reload_tests.rs"]
pub(crate) mod tests;
