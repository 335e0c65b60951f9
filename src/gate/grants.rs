//! What gates have granted, in the state folder: `grants.json`, a route's name to its [`Grant`]; and who asked.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::state;
use crate::route::Stage;

/// How far a route may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The stage.
    pub stage: Stage,
    /// The native that it was granted to: another one has to show itself again.
    pub on_trial: String,
    /// Legacy's version at that time; empty where nothing was compared.
    #[serde(default)]
    pub legacy: String,
    /// By whom: `gate`, `force`, or how else it came to be there.
    pub by: String,
    /// The reason of a force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub when: Timestamp,
}

/// Who asked for a stage by a command, before the file was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskedFor {
    /// The stage.
    pub to: Stage,
    /// Who.
    pub who: String,
    /// When.
    pub when: Timestamp,
}

/// The requests of one state folder, by route: `asked.json`. Only the ledger's `who` comes from it.
pub(crate) struct Requests(PathBuf);

/// For how long a request explains a move.
const EXPLAINS: SignedDuration = SignedDuration::from_mins(10);

impl Requests {
    /// Those in that state folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("asked.json"))
    }

    /// Notes one.
    pub(crate) fn note(&self, route: &str, asked: AskedFor) -> io::Result<()> {
        let mut all = self.load();
        all.insert(route.to_owned(), asked);
        state::replace(&self.0, &serde_json::to_vec_pretty(&all)?)
    }

    /// Who asked a short while ago for that.
    pub(crate) fn who(&self, route: &str, to: Stage) -> Option<String> {
        let asked = self.load().remove(route)?;
        let is_recent = Timestamp::now().duration_since(asked.when) < EXPLAINS;
        (asked.to == to && is_recent).then_some(asked.who)
    }

    fn load(&self) -> BTreeMap<String, AskedFor> {
        std::fs::read(&self.0).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct Grants(PathBuf);

impl Grants {
    /// The file in that state folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("grants.json"))
    }

    /// All grants. What cannot be read grants nothing: every gate is asked again.
    pub(crate) fn load(&self) -> BTreeMap<String, Grant> {
        let read = match std::fs::read(&self.0) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::from),
            Err(why) if why.kind() == io::ErrorKind::NotFound => return BTreeMap::new(),
            Err(why) => Err(why),
        };
        read.unwrap_or_else(|why| {
            tracing::error!("{} cannot be read, so every gate is asked again: {why}", self.0.display());
            BTreeMap::new()
        })
    }

    /// Replaces all of them.
    pub(crate) fn keep(&self, grants: &BTreeMap<String, Grant>) -> io::Result<()> {
        state::replace(&self.0, &serde_json::to_vec_pretty(grants)?)
    }
}
