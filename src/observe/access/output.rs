//! Where the access log goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::To;

/// How often it is looked whether a file is still the one of its name.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An open output.
#[derive(Debug)]
pub(super) enum Output {
    Stdout,
    Stderr,
    File { path: PathBuf, file: File, looked: Instant },
}

impl Output {
    pub(super) fn open(to: &To) -> io::Result<Self> {
        Ok(match to {
            To::Stdout => Self::Stdout,
            To::Stderr => Self::Stderr,
            To::File(path) => {
                Self::File { file: append_to(path)?, path: path.clone(), looked: Instant::now() }
            }
        })
    }

    /// Writes whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            // The locks are held by nobody else for long: the process' own log writes line by line.
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(lines)?;
                out.flush()
            }
            Self::Stderr => io::stderr().lock().write_all(lines),
            Self::File { path, file, looked } => {
                if looked.elapsed() > LOOK_EVERY {
                    *looked = Instant::now();
                    if !is_still(path, file) {
                        *file = append_to(path)?;
                    }
                }
                file.write_all(lines)
            }
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Whether the file of that name is the open one.
fn is_still(path: &Path, file: &File) -> bool {
    let place = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    match (path.metadata().map(place), file.metadata().map(place)) {
        (Ok(named), Ok(open)) => named == open,
        _ => false,
    }
}
