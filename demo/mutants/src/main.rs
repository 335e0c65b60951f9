//! Mutants of the demo's native handler, made by cargo-mutants: each is found by what PHP is recorded to do, or is listed in
//! `equivalent.toml` with the reason why nobody could tell it from the handler.
//!
//! 1. [`listed`]: cargo-mutants says which there are.
//! 2. [`switched`], [`package`]: most of them are built into one program, each behind a switch; a program for each of the rest.
//! 3. `judge`, in those programs: runs the handler on the recordings and compares as `replay` does, up to the first difference.
//! 4. What nothing tells apart has to be in the list, and the list has nothing else.
//!
//! `make mutants` makes the recording and runs it. Without a recording it only builds.

mod equivalent;
mod listed;
mod package;
mod switched;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};

use crate::equivalent::List;
use crate::listed::{Mutant, mutants};
use crate::package::{Built, Package};

/// How both sides are compared: as in the demo's routes.
const POLICY: &str = r#"{
    "effects": { "topic": "flights.v1", "correlate": { "record": "header:event-id", "answer": "json:/id" } },
    "inject": { "id": "json:/id", "received_at": { "from": "json:/received_at", "time": "rfc3339" } }
}"#;

/// What became of a mutant.
enum Fate {
    /// It differs: on which request, where.
    Found(String),
    /// It does not.
    Missed,
    /// It is no Rust.
    Broken,
}

fn main() -> anyhow::Result<ExitCode> {
    let recordings: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let recordings = recordings
        .iter()
        .map(|path| path.canonicalize().with_context(|| path.display().to_string()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the demo")?;
    let repository = demo.parent().context("the repository")?;
    let mutants = mutants(repository)?;
    let package = Package::new(repository, repository.join("target/mutants/package"), &mutants)?;
    let built = package.build()?;
    println!(
        "{} mutants: {} in one program, {} in one of their own, {} are no Rust",
        mutants.len(),
        built.within.len(),
        built.alone.len(),
        built.broken.len()
    );
    if recordings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let judge = Judge { tables: demo.join("data"), recordings };
    if let Some(found) = judge.judge(&built.all, None)? {
        bail!("the handler as it is differs: {found}");
    }
    let fates = judge.all(&built, mutants.len())?;
    report(repository, &mutants, &fates)
}

struct Judge {
    tables: PathBuf,
    recordings: Vec<PathBuf>,
}

impl Judge {
    /// What became of each, by number.
    fn all(&self, built: &Built, count: usize) -> anyhow::Result<Vec<Fate>> {
        let (next, fates) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let work = || -> anyhow::Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let found = match built.alone.get(&number) {
                    _ if built.broken.contains(&number) => Ok(Fate::Broken),
                    Some(program) => self.judge(program, None).map(fate),
                    None => self.judge(&built.all, Some(number)).map(fate),
                }?;
                fates.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(number, found);
            }
        };
        std::thread::scope(|scope| {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| match worker.join() {
                Ok(done) => done,
                Err(_) => bail!("a worker panicked"),
            })
        })?;
        Ok(fates.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect())
    }

    /// Where a program differs, with that mutant; `None` where it does not.
    fn judge(&self, program: &Path, mutant: Option<usize>) -> anyhow::Result<Option<String>> {
        // One that fills the memory is found, too.
        let output = Command::new("sh")
            .args(["-c", "ulimit -v 4194304; exec \"$@\"", "sh"])
            .arg(program)
            .arg(mutant.map_or_else(|| "none".to_owned(), |number| number.to_string()))
            .arg(POLICY)
            .arg(&self.tables)
            .args(&self.recordings)
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(match (output.status.code(), said.trim_end().split_once('\t')) {
            (Some(0), _) => None,
            (Some(_), Some((request, what))) => Some(format!("{what} on request {request}")),
            _ => Some(format!("the process died: {}", String::from_utf8_lossy(&output.stderr).trim())),
        })
    }
}

fn fate(found: Option<String>) -> Fate {
    found.map_or(Fate::Missed, Fate::Found)
}

fn report(repository: &Path, mutants: &[Mutant], fates: &[Fate]) -> anyhow::Result<ExitCode> {
    let list = List::read(include_str!("../equivalent.toml"))?;
    let texts = texts(repository, mutants)?;
    let (mut counts, mut wrong, mut there) = (BTreeMap::<&str, usize>::new(), Vec::new(), Vec::new());
    for (mutant, fate) in mutants.iter().zip(fates) {
        let line = mutant.line(&texts[&*mutant.file]);
        let known = list.of((mutant, line));
        let (class, what) = match (fate, known) {
            (Fate::Broken, _) => ("no Rust", ""),
            (Fate::Found(what), None) => ("found", &**what),
            (Fate::Found(what), Some(_)) => ("listed, but found", &**what),
            (Fate::Missed, Some(known)) => ("equivalent", &*known.reason),
            (Fate::Missed, None) => ("missed", line),
        };
        println!("{class:10} {}  {what}", mutant.name);
        *counts.entry(class).or_default() += 1;
        if matches!(class, "missed" | "listed, but found") {
            wrong.push(format!("{class}: {}: {line}", mutant.name));
        }
        if !matches!(fate, Fate::Broken) {
            there.push((mutant, line));
        }
    }
    wrong.extend(
        list.stale(&there).iter().map(|stale| format!("listed, but there is no such mutant: {stale}")),
    );
    println!("\n{} mutants: {counts:?}", mutants.len());
    for line in &wrong {
        println!("{line}");
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The text of each file that is changed.
fn texts<'m>(repository: &Path, mutants: &'m [Mutant]) -> anyhow::Result<BTreeMap<&'m str, String>> {
    let files: BTreeSet<&str> = mutants.iter().map(|mutant| &*mutant.file).collect();
    let read = |file: &'m str| {
        let text = std::fs::read_to_string(repository.join(file)).with_context(|| file.to_owned())?;
        Ok((file, text))
    };
    files.into_iter().map(read).collect()
}
