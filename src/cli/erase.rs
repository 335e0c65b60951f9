//! `handover erase`: takes a person's data out of what is stored.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use handover_shadow::{Erased, Eraser, RedactionKey};

use super::{Context, count};
use crate::config::fault::shown_path;
use crate::serve::EVIDENCE;

/// The shortest value: less would match everything.
const LEAST: usize = 4;

/// What `erase` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks for the value itself and for the placeholder that redaction made of it. Pairs that hold it are taken out of the
evidence as a whole; what they were counted as stays. Then every other file of the state folder is searched, and named
where it still has the value: records in the spool go to Kafka as they are.

Exit status: 0 when nothing of it is left, 1 when another file still has it.")]
pub(super) struct Args {
    /// The value: a mail address, a number, a name.
    value: String,

    /// Only say what would be taken out.
    #[arg(long)]
    dry_run: bool,
}

/// Erases.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let value = args.value.trim();
    if value.chars().count() < LEAST {
        bail!("`{value}` is too short: everything would match; give {LEAST} characters or more");
    }
    let state = context.location.state();
    if state.join(EVIDENCE).exists() {
        let erased = evidence(&state, value, args.dry_run)?;
        let done = if args.dry_run { "would be taken out" } else { "taken out" };
        let Erased { pairs, clusters, decisions } = erased;
        context.output.text(&format!(
            "evidence: {done}: {}, the names of {}, the reasons of {}",
            count(pairs as usize, "pair"),
            count(clusters as usize, "cluster"),
            count(decisions as usize, "decision"),
        ))?;
    } else {
        context.output.text(&format!("evidence: there is none in {}", shown_path(&state)))?;
    }
    let left = left(&state, value)?;
    for file in &left {
        context.output.complain(&format!("{} still has it", shown_path(file)));
    }
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn evidence(state: &Path, value: &str, dry_run: bool) -> anyhow::Result<Erased> {
    let key = RedactionKey::load_or_create(&state.join("redaction.key"))
        .context("the redaction key cannot be read")?;
    let mut eraser = Eraser::open(&state.join(EVIDENCE), &key)?;
    Ok(if dry_run { eraser.find(value)? } else { eraser.erase(value)? })
}

/// The files below a folder that hold the value, but for the evidence's own. A managed php-fpm's socket is none.
fn left(folder: &Path, value: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return Ok(found) };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(left(&path, value)?);
        } else if path.is_file()
            && path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with(EVIDENCE))
            && holds(&path, value.as_bytes()).with_context(|| format!("{} cannot be read", path.display()))?
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// Whether a file holds these bytes; read in pieces that overlap.
fn holds(path: &Path, value: &[u8]) -> std::io::Result<bool> {
    let mut file = fs::File::open(path)?;
    let mut piece = Vec::new();
    loop {
        let kept = piece.len().min(value.len() - 1);
        piece.drain(..piece.len() - kept);
        let read = (&mut file).take(1 << 20).read_to_end(&mut piece)?;
        if memchr::memmem::find(&piece, value).is_some() {
            return Ok(true);
        }
        if read == 0 {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_across_two_pieces_is_found() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut bytes = vec![b'x'; (1 << 20) - 3];
        bytes.extend_from_slice(b"ann@example.org");
        fs::write(file.path(), &bytes).unwrap();
        assert!(holds(file.path(), b"ann@example.org").unwrap());
        assert!(!holds(file.path(), b"bob@example.org").unwrap());
    }
}
