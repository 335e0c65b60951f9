//! Overrides on disk, in the state folder.
//!
//! ```text
//! legacy-only.json   {"who": …, "why": …, "when": …, "ramp_seconds": …}    its being there is what counts
//! overrides.json     {"ROUTE": {"stage": …, "who": …, "why": …, "when": …}, …}
//! ```
//!
//! Two files, so that going back to legacy never has to understand a file first. What cannot be read counts as
//! legacy-only: nobody knows which routes had been taken back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};

use super::legacy_only::{LegacyOnly, WayBack};
use super::overrides::{Overrides, StageOverride};
use crate::config::state;

/// Where overrides are kept.
#[derive(Clone, Debug)]
pub(crate) struct OverrideStore {
    folder: PathBuf,
}

impl OverrideStore {
    /// The store in that state folder.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The state folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The overrides. What cannot be read makes them legacy-only.
    pub(crate) fn load(&self) -> Overrides {
        let (stages, unreadable) = match self.stages() {
            Ok(stages) => (stages, None),
            Err(why) => (BTreeMap::new(), Some(LegacyOnly::Unreadable(why.to_string()))),
        };
        let asked = match read(&self.legacy_only_file()) {
            Ok(None) => None,
            Ok(Some(bytes)) => Some(match serde_json::from_slice::<WayBack>(&bytes) {
                Ok(way_back) => way_back.at(Timestamp::now()),
                Err(_) => LegacyOnly::Unreadable(format!("{} is there", self.legacy_only_file().display())),
            }),
            Err(why) => Some(LegacyOnly::Unreadable(why.to_string())),
        };
        Overrides { legacy_only: asked.or(unreadable), stages, ..Overrides::default() }
    }

    /// Everything to legacy from now on.
    pub(crate) fn set_legacy_only(&self, way_back: &WayBack) -> io::Result<()> {
        state::replace(&self.legacy_only_file(), &serde_json::to_vec_pretty(way_back)?)
    }

    /// The end of it. `false` when it was not set.
    pub(crate) fn clear_legacy_only(&self) -> io::Result<bool> {
        state::remove(&self.legacy_only_file())
    }

    /// Sets one route's stage.
    pub(crate) fn set_stage(&self, route: &str, stage: StageOverride) -> io::Result<()> {
        self.change(|stages| stages.insert(route.to_owned(), stage)).map(|_| ())
    }

    /// Gives a route its stage from the file back. `false` when it had no override.
    pub(crate) fn clear_stage(&self, route: &str) -> io::Result<bool> {
        self.change(|stages| stages.remove(route)).map(|removed| removed.is_some())
    }

    fn stages(&self) -> io::Result<BTreeMap<String, StageOverride>> {
        let file = self.stages_file();
        let Some(bytes) = read(&file)? else { return Ok(BTreeMap::new()) };
        serde_json::from_slice(&bytes).map_err(|why| {
            let message = format!(
                "{} holds no overrides ({why}); mend it, or remove it to follow the file",
                file.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, message)
        })
    }

    /// Read, change, write, with no other process between.
    fn change<T>(&self, change: impl FnOnce(&mut BTreeMap<String, StageOverride>) -> T) -> io::Result<T> {
        state::make(&self.folder)?;
        let lock = File::create(self.folder.join("overrides.lock"))?;
        let _held = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, why)| io::Error::from(why))?;
        let mut stages = self.stages()?;
        let changed = change(&mut stages);
        state::replace(&self.stages_file(), &serde_json::to_vec_pretty(&stages)?)?;
        Ok(changed)
    }

    fn legacy_only_file(&self) -> PathBuf {
        self.folder.join("legacy-only.json")
    }

    fn stages_file(&self) -> PathBuf {
        self.folder.join("overrides.json")
    }
}

/// The file's bytes; `None` when there is no such file.
fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(io::Error::new(why.kind(), format!("{}: {why}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Stage;
    use crate::route::overrides::Note;

    fn note(why: &str) -> Note {
        Note { who: "ann".into(), why: why.into(), when: "2026-01-02T03:04:05Z".parse().unwrap() }
    }

    fn store() -> (tempfile::TempDir, OverrideStore) {
        let place = tempfile::tempdir().unwrap();
        let store = OverrideStore::new(place.path().join("state"));
        (place, store)
    }

    #[test]
    fn a_fresh_folder_has_no_overrides() {
        assert_eq!(store().1.load(), Overrides::default());
    }

    #[test]
    fn what_was_set_is_there_again_until_it_is_cleared() {
        let (_place, store) = store();
        let stage = StageOverride { stage: Stage::Shadow, note: note("mismatches") };
        store.set_stage("a", stage.clone()).unwrap();
        store.set_legacy_only(&note("outage").into()).unwrap();
        let again = OverrideStore::new(store.folder().to_owned());
        let expected = Overrides {
            legacy_only: Some(LegacyOnly::Asked(note("outage"))),
            stages: [("a".to_owned(), stage)].into(),
            ..Overrides::default()
        };
        assert_eq!(again.load(), expected);
        assert!(again.clear_legacy_only().unwrap() && again.clear_stage("a").unwrap());
        assert!(!again.clear_legacy_only().unwrap() && !again.clear_stage("a").unwrap());
        assert_eq!(store.load(), Overrides::default());
    }

    #[test]
    fn what_cannot_be_read_sends_everything_to_legacy() {
        let (_place, store) = store();
        store.clear_stage("a").unwrap();
        for (file, text) in [
            ("overrides.json", "{"),
            ("overrides.json", "{\"a\": {\"stage\": \"naitve\"}}"),
            ("legacy-only.json", ""),
        ] {
            let file = store.folder().join(file);
            std::fs::write(&file, text).unwrap();
            assert!(
                matches!(store.load().legacy_only, Some(LegacyOnly::Unreadable(_))),
                "{}: {text}",
                file.display()
            );
            std::fs::remove_file(file).unwrap();
        }
    }

    #[test]
    fn the_kill_switch_works_beside_a_broken_file_and_does_not_lose_it() {
        let (_place, store) = store();
        store.clear_stage("a").unwrap();
        std::fs::write(store.folder().join("overrides.json"), "{").unwrap();
        store.set_legacy_only(&note("outage").into()).unwrap();
        assert_eq!(store.load().legacy_only, Some(LegacyOnly::Asked(note("outage"))));
        assert!(store.set_stage("a", StageOverride { stage: Stage::Native, note: note("x") }).is_err());
        store.clear_legacy_only().unwrap();
        assert!(matches!(store.load().legacy_only, Some(LegacyOnly::Unreadable(_))));
    }
}
