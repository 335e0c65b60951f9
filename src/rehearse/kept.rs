//! What was learned of a route by a legacy of our own, kept in the state folder: for the gate, and for whoever asks next.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use handover_shadow::{Gate, Of, Other, Rehearsed};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How often lines of legacy were reached by requests that were compared.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reached {
    /// When it was taken; `None` where an older version kept it.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The version that legacy said it has.
    pub legacy: Option<String>,
    /// The folder of the sources.
    pub sources: PathBuf,
    /// How often each line that can run was reached, by file and line.
    pub lines: BTreeMap<String, BTreeMap<u32, u64>>,
    /// What tells each source from another text of it, so that nobody counts the lines of one in another.
    #[serde(default)]
    pub digests: BTreeMap<String, String>,
    /// Requests that were put to both sides.
    pub requests: u64,
    /// Of these, those that `fuzz` made.
    pub made: u64,
}

/// A source of legacy's whose lines were counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// As it was then.
    Same(String),
    /// It has changed since: the counts may be of other lines.
    Changed(String),
    /// It is not there any more, or cannot be read from here.
    Gone,
}

/// What tells one text from another.
pub(crate) fn digest(text: &[u8]) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What legacy does beside answering.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// The version that legacy said it has.
    pub legacy: Option<String>,
    /// Requests that were watched.
    pub requests: u64,
    /// What it did, such as `starts /usr/sbin/sendmail`, and in how many of the requests.
    pub deeds: BTreeMap<String, Deeds>,
}

/// One of its deeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deeds {
    /// In how many requests.
    pub requests: u64,
    /// Whether it is what the comparison looks at: the records that it sends.
    pub compared: bool,
}

impl Done {
    /// As a gate is told.
    pub(crate) fn others(&self) -> Vec<Other> {
        let other = |(what, deeds): (&String, &Deeds)| Other { what: what.clone(), compared: deeds.compared };
        self.deeds.iter().map(other).collect()
    }
}

impl Reached {
    /// The text of one of its sources, as it is now.
    pub(crate) fn source(&self, path: &str) -> Source {
        let Ok(bytes) = fs::read(self.sources.join(path)) else { return Source::Gone };
        let is_same = self.digests.get(path).is_none_or(|known| *known == digest(&bytes));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if is_same { Source::Same(text) } else { Source::Changed(text) }
    }

    fn unreached(&self) -> BTreeMap<String, Vec<u32>> {
        let never = |lines: &BTreeMap<u32, u64>| {
            lines.iter().filter(|(_, hits)| **hits == 0).map(|(line, _)| *line).collect()
        };
        // Of a source that the route never loaded nobody asks anything.
        self.lines.iter().map(|(source, lines)| (source.clone(), never(lines))).collect()
    }
}

/// Something that is kept of a route.
pub(crate) trait Kept: Serialize + DeserializeOwned {
    /// Its folder below the state folder.
    const FOLDER: &'static str;
}

impl Kept for Reached {
    const FOLDER: &'static str = "coverage";
}

impl Kept for Done {
    const FOLDER: &'static str = "effects";
}

/// What is kept of a route; `None` where nobody ever looked.
pub(crate) fn load<T: Kept>(state: &Path, route: &str) -> anyhow::Result<Option<T>> {
    let file = file::<T>(state, route);
    match fs::read(&file) {
        Ok(text) => {
            let kept = serde_json::from_slice(&text);
            kept.map(Some).with_context(|| format!("{} is broken: remove it", file.display()))
        }
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// All that a gate is told of it. Of lines, which may be many, only where it asks for some.
pub(crate) fn rehearsed(state: &Path, route: &str, gate: &Gate) -> anyhow::Result<Rehearsed> {
    let done = load::<Done>(state, route)?;
    let reached = if gate.lines.is_empty() { None } else { load::<Reached>(state, route)? };
    let others = done.map(|done| Of { seen: done.others(), legacy: done.legacy });
    let unreached = reached.map(|reached| Of { seen: reached.unreached(), legacy: reached.legacy });
    Ok(Rehearsed { others, unreached })
}

/// Keeps it, in the place of what was kept before.
pub(crate) fn keep<T: Kept>(state: &Path, route: &str, kept: &T) -> anyhow::Result<()> {
    let file = file::<T>(state, route);
    let write = || -> anyhow::Result<()> {
        fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
        let new = file.with_extension("new");
        fs::write(&new, serde_json::to_vec(kept)?)?;
        Ok(fs::rename(&new, &file)?)
    };
    write().with_context(|| format!("{} cannot be written", file.display()))
}

/// Names of routes may hold anything.
fn file<T: Kept>(state: &Path, route: &str) -> PathBuf {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    state.join(T::FOLDER).join(format!("{}.json", route.chars().map(safe).collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again_and_what_is_broken_is_said() {
        let state = tempfile::tempdir().unwrap();
        assert!(load::<Done>(state.path(), "../a").unwrap().is_none());
        let deeds = BTreeMap::from([("starts x".to_owned(), Deeds { requests: 2, compared: false })]);
        keep(state.path(), "../a", &Done { legacy: Some("1".to_owned()), requests: 3, deeds: deeds.clone() })
            .unwrap();
        let kept: Done = load(state.path(), "../a").unwrap().unwrap();
        assert_eq!((kept.requests, kept.deeds), (3, deeds));
        fs::write(state.path().join("effects/___a.json"), "{").unwrap();
        assert!(load::<Done>(state.path(), "../a").unwrap_err().to_string().contains("broken: remove it"));
    }
}
