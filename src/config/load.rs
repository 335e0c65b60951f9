//! What a process starts with: the files, or the last good ones when these are broken, and the overrides.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fault::Faults;
use super::interpolate::environment;
use super::last_good::LastGood;
use super::source::Sources;
use super::state;
use super::valid::Config;
use super::validate::{Against, Checked, validate};
use crate::gate::keeper::Gatekeeper;
use crate::native::application::Names;
use crate::native::identity::Identities;
use crate::route::legacy_only::LegacyOnly;
use crate::route::override_store::OverrideStore;
use crate::route::overrides::Overrides;

/// Where the configuration is.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    /// The main file.
    pub main: PathBuf,
    /// The state folder, where it is not the file's to say.
    pub state: Option<PathBuf>,
}

/// A good configuration with the overrides that go with it.
pub(crate) struct Loaded {
    /// The configuration.
    pub config: Arc<Config>,
    /// The overrides.
    pub overrides: Arc<Overrides>,
    /// Keeps its gates.
    pub gate: Arc<Gatekeeper>,
    /// The files that the configuration was read from.
    pub(super) sources: Sources,
    /// What is wrong with the files as they are now, when these are not they.
    pub(super) refused: Option<Arc<Faults>>,
}

impl Location {
    /// Reads and validates the files. `names`: those that the file may use.
    pub(crate) fn check(&self, names: &Names) -> Result<(Sources, Checked), Faults> {
        let sources = self.read()?;
        let checked = self.validate(&sources, names)?;
        Ok((sources, checked))
    }

    /// Reads the files.
    pub(super) fn read(&self) -> Result<Sources, Faults> {
        Sources::load(&self.main, &environment)
    }

    /// The state folder, also when the file is broken.
    pub(crate) fn state(&self) -> PathBuf {
        state::folder(&self.main, self.state.as_deref(), &environment)
    }

    /// Where the admin listens, also when the file is broken; `None` when it is off.
    pub(crate) fn admin(&self) -> Option<SocketAddr> {
        state::admin(&self.main, &environment)
    }

    /// Reads what the process starts with. It is logged when that is not what the files say now.
    pub(crate) fn load(&self, names: &Names, identities: Identities) -> Result<Loaded, Faults> {
        let (sources, config, refused) = match self.check(names) {
            Ok((sources, checked)) => {
                log_warnings(&checked.warnings);
                keep(&checked.config.state, &sources);
                (sources, checked.config, None)
            }
            Err(faults) => {
                let Some((kept, checked)) = self.last_good(names) else { return Err(faults) };
                let when = kept.when.strftime("%F %T UTC");
                tracing::error!(
                    "the configuration is broken, so the last good one, of {when}, is in effect:\n{faults}"
                );
                (kept.sources, checked.config, Some(Arc::new(faults)))
            }
        };
        let gate = Arc::new(Gatekeeper::new(&config.state, identities));
        let mut overrides = OverrideStore::new(config.state.clone()).load();
        overrides.held = gate.hold(&config, &overrides.stages);
        if overrides.legacy_only.is_some() {
            log_legacy_only(overrides.legacy_only.as_ref());
        }
        Ok(Loaded { config: Arc::new(config), overrides: Arc::new(overrides), gate, sources, refused })
    }

    fn last_good(&self, names: &Names) -> Option<(LastGood, Checked)> {
        let kept = LastGood::load(&self.state(), &self.main)?;
        let checked = self.validate(&kept.sources, names).ok()?;
        Some((kept, checked))
    }

    pub(super) fn validate(&self, sources: &Sources, names: &Names) -> Result<Checked, Faults> {
        validate(sources, &Against { env: &environment, names, state: self.state.as_deref() })
    }
}

/// Keeps the files for the next start, if that can be done.
pub(super) fn keep(folder: &Path, sources: &Sources) {
    if let Err(why) = LastGood::keep(folder, sources) {
        let folder = folder.display();
        tracing::warn!(
            "{why}: {folder} cannot keep the last good configuration, so a broken one would stop a start"
        );
    }
}

pub(super) fn log_warnings(warnings: &Faults) {
    if !warnings.is_empty() {
        tracing::warn!("the configuration is good, but:\n{warnings}");
    }
}

pub(super) fn log_legacy_only(legacy_only: Option<&LegacyOnly>) {
    match legacy_only {
        Some(LegacyOnly::Asked(note)) => {
            tracing::warn!("everything goes to legacy but what is retired: set by {note}");
        }
        Some(ramping @ LegacyOnly::Ramping(..)) => {
            tracing::warn!("everything goes to legacy step by step: {ramping}")
        }
        Some(unreadable) => tracing::error!("everything goes to legacy but what is retired: {unreadable}"),
        None => tracing::warn!("legacy-only has ended: routes are at their stages again"),
    }
}
