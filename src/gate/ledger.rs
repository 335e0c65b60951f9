//! The book of every move: `ledger.jsonl` in the state folder, one entry a line, only ever appended to.
//!
//! ```text
//! {"n": 7, "at": …, "route": …, "from": "shadow", "to": "native", "who": …, "why": …, "evidence": {…}, "prev": …, "hash": …}
//! ```
//!
//! Each entry's hash is SHA-256 of the hash before and of the entry without its own, so that none can be changed,
//! moved or left out between others unseen. What an entry says of the evidence is frozen in it, whatever retention
//! deletes later. That the last entries are missing shows only to who has noted the last hash.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use handover_shadow::Assessment;
use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::config::state;
use crate::route::Stage;

/// What was before the first entry.
const GENESIS: &str = "";

/// A line is no longer than this; an entry that would be is kept without its evidence.
const LINE_MAX: usize = 1 << 20;

/// One move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Move {
    /// The route's name.
    pub route: String,
    /// Where it was; `None` where nobody knew.
    pub from: Option<Stage>,
    /// Where it is now.
    pub to: Stage,
    /// Who moved it, as far as is known.
    pub who: String,
    /// How, or why.
    pub why: String,
    /// What the gate said, where one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Assessment>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its number, from 1.
    pub n: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What was moved.
    #[serde(flatten)]
    pub moved: Move,
    /// The hash of the entry before; empty for the first.
    pub prev: String,
    /// This entry's hash.
    #[serde(default)]
    pub hash: String,
}

/// The ledger cannot be relied upon from some line on.
#[derive(Debug, thiserror::Error)]
#[error("{}: line {line} {what}: the entries before it are as they were written", path.display())]
pub(crate) struct Broken {
    path: PathBuf,
    line: usize,
    what: &'static str,
}

/// All entries, or those before the first that cannot be relied upon.
pub(crate) type Verified = Result<Vec<Entry>, (Vec<Entry>, Broken)>;

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(PathBuf);

impl Ledger {
    /// The file in that state folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self(folder.join("ledger.jsonl"))
    }

    /// Appends moves. On return they are on the disk.
    pub(crate) fn append(&self, moves: Vec<Move>) -> io::Result<()> {
        if moves.is_empty() {
            return Ok(());
        }
        if let Some(folder) = self.0.parent() {
            state::make(folder)?;
        }
        let file = OpenOptions::new().create(true).read(true).append(true).open(&self.0)?;
        let mut file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, why)| io::Error::from(why))?;
        let (mut n, mut prev, mut text) = last(&mut file)?;
        for moved in moves {
            n += 1;
            let line = line(Entry { n, at: Timestamp::now(), moved, prev, hash: String::new() })?;
            prev = line.1;
            text.push_str(&line.0);
        }
        file.write_all(text.as_bytes())?;
        file.sync_data()
    }

    /// All entries, verified; none when there is no file.
    pub(crate) fn read(&self) -> io::Result<Verified> {
        let text = match std::fs::read(&self.0) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Ok(Vec::new())),
            Err(why) => return Err(why),
        };
        let (mut entries, mut prev) = (Vec::<Entry>::new(), GENESIS.to_owned());
        for (at, line) in text.lines().enumerate() {
            let broken = |what| Broken { path: self.0.clone(), line: at + 1, what };
            let Ok(entry) = serde_json::from_str::<Entry>(line) else {
                return Ok(Err((entries, broken("is no entry"))));
            };
            if entry.prev != prev || entry.n != entries.len() as u64 + 1 {
                return Ok(Err((entries, broken("does not follow the one before"))));
            }
            if hash_of(line, &entry.prev) != entry.hash {
                return Ok(Err((entries, broken("was changed"))));
            }
            prev.clone_from(&entry.hash);
            entries.push(entry);
        }
        Ok(Ok(entries))
    }

    /// Where the ledger last saw a route.
    pub(crate) fn last_stage(entries: &[Entry], route: &str) -> Option<Stage> {
        entries.iter().rev().find(|entry| entry.moved.route == route).map(|entry| entry.moved.to)
    }
}

/// The last entry's number and hash, and what must be written before the next one: a line that was torn by a crash is
/// ended, so that only it is lost.
fn last(file: &mut File) -> io::Result<(u64, String, String)> {
    let length = file.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(2 * LINE_MAX as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let torn = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let entry = text.lines().rev().find_map(|line| serde_json::from_str::<Entry>(line).ok());
    let (n, prev) = entry.map_or((0, GENESIS.to_owned()), |entry| (entry.n, entry.hash));
    Ok((n, prev, torn.to_owned()))
}

/// The entry's line, and its hash.
fn line(mut entry: Entry) -> io::Result<(String, String)> {
    let mut text = serde_json::to_string(&entry)?;
    if text.len() > LINE_MAX {
        entry.moved.evidence = None;
        text = serde_json::to_string(&entry)?;
    }
    let hash = hash_of(&text, &entry.prev);
    let open = text.strip_suffix(NO_HASH).unwrap_or(&text);
    Ok((format!("{open}\"hash\":\"{hash}\"}}\n"), hash))
}

/// How an entry ends whose hash is not known yet.
const NO_HASH: &str = "\"hash\":\"\"}";

/// The hash of a line, whatever hash it says it has.
fn hash_of(line: &str, prev: &str) -> String {
    let content = line.rsplit_once("\"hash\":\"").map_or(line, |(content, _)| content);
    let hash = digest(&SHA256, [prev, "\n", content].concat().as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(route: &str, to: Stage) -> Move {
        let (who, why) = ("ann".to_owned(), "a \"hash\":\"x\" in a reason".to_owned());
        Move { route: route.to_owned(), from: Some(Stage::Shadow), to, who, why, evidence: None }
    }

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::in_folder(&folder.path().join("state"));
        (folder, ledger)
    }

    fn write(ledger: &Ledger) -> String {
        ledger.append(vec![moved("a", Stage::Canary), moved("b", Stage::Native)]).unwrap();
        ledger.append(vec![moved("a", Stage::Native)]).unwrap();
        std::fs::read_to_string(&ledger.0).unwrap()
    }

    #[test]
    fn what_was_written_is_read_in_order() {
        let (_folder, ledger) = ledger();
        assert!(ledger.read().unwrap().unwrap().is_empty());
        write(&ledger);
        let entries = ledger.read().unwrap().unwrap();
        assert_eq!(entries.iter().map(|entry| entry.n).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(entries[2].moved, moved("a", Stage::Native));
        assert_eq!(Ledger::last_stage(&entries, "a"), Some(Stage::Native));
        assert_eq!(Ledger::last_stage(&entries, "c"), None);
    }

    #[test]
    fn what_was_changed_moved_or_left_out_is_found() {
        let (_folder, ledger) = ledger();
        let text = write(&ledger);
        let lines: Vec<&str> = text.lines().collect();
        let stage = text.replacen("\"to\":\"canary\"", "\"to\":\"native\"", 1);
        let swapped = [lines[1], lines[0], lines[2]].join("\n");
        let left_out = [lines[0], lines[2]].join("\n");
        for (changed, line) in [(stage, 1), (swapped, 1), (left_out, 2), (text.replace("ann", "bob"), 1)] {
            std::fs::write(&ledger.0, &changed).unwrap();
            let (kept, broken) = ledger.read().unwrap().unwrap_err();
            assert_eq!((kept.len() + 1, broken.line), (line, line), "{changed}");
        }
    }

    #[test]
    fn a_line_that_a_crash_tore_is_all_that_is_lost() {
        let (_folder, ledger) = ledger();
        let text = write(&ledger);
        std::fs::write(&ledger.0, &text[..text.len() - 30]).unwrap();
        ledger.append(vec![moved("c", Stage::Native)]).unwrap();
        let (kept, broken) = ledger.read().unwrap().unwrap_err();
        assert_eq!((kept.len(), broken.line), (2, 3));
        let last = std::fs::read_to_string(&ledger.0).unwrap();
        let last: Entry = serde_json::from_str(last.lines().last().unwrap()).unwrap();
        assert_eq!((last.n, &last.prev), (3, &kept[1].hash));
    }
}
