//! The last configuration that was good, kept in the state folder: a broken file does not keep the process from
//! starting.
//!
//! What is kept is the files' own text. What the environment fills in is not: it may be secret.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::source::Sources;
use super::state;

/// A configuration that was good once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LastGood {
    /// When it was read.
    pub when: Timestamp,
    /// Its files.
    pub sources: Sources,
}

impl LastGood {
    /// Keeps it.
    pub(crate) fn keep(folder: &Path, sources: &Sources) -> io::Result<()> {
        let kept = Self { when: Timestamp::now(), sources: sources.clone() };
        state::replace(&file(folder), &serde_json::to_vec(&kept)?)
    }

    /// The one that was kept, if there is one for that main file.
    pub(crate) fn load(folder: &Path, main: &Path) -> Option<Self> {
        let kept: Self = serde_json::from_slice(&std::fs::read(file(folder)).ok()?).ok()?;
        kept.sources.files().first().is_some_and(|source| source.path == main).then_some(kept)
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("last-good.json")
}
