//! Where a table's object comes from, and how it is asked for only when it is new.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::refresh::blocking;
use bytes::Bytes;
use handover_s3::{FetchError, Fetched, Location, Object, Store};

/// Where a table comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file on disk.
    File(PathBuf),
    /// An object in S3.
    S3 { store: Store, location: Location },
}

/// What asking a source gave.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It has still the version that was named.
    Unchanged,
    /// It has this.
    Changed { version: Option<String>, bytes: Bytes },
}

/// A source could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The file cannot be read.
    #[error("`{path}` cannot be read")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file is being written.
    #[error("`{0}` changed while it was being read")]
    Unsteady(PathBuf),
    /// S3 did not give it.
    #[error(transparent)]
    S3(#[from] FetchError),
}

impl Source {
    /// Its object's name, whose ending tells the format.
    pub(crate) fn object_name(&self) -> String {
        match self {
            Self::File(path) => path.to_string_lossy().into_owned(),
            Self::S3 { location, .. } => location.key().to_owned(),
        }
    }

    /// Asks for the object, unless it is still of that version.
    pub(crate) async fn ask(&self, version: Option<&str>) -> Result<Asked, SourceError> {
        match self {
            Self::File(path) => {
                let (path, version) = (path.clone(), version.map(str::to_owned));
                blocking(move || read_file(&path, version.as_deref())).await
            }
            Self::S3 { store, location } => Ok(match store.fetch(location, version).await? {
                Fetched::NotModified => Asked::Unchanged,
                Fetched::Object(Object { etag, bytes }) => Asked::Changed { version: etag, bytes },
            }),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::S3 { location, .. } => location.fmt(f),
        }
    }
}

fn read_file(path: &Path, known: Option<&str>) -> Result<Asked, SourceError> {
    let failed = |source| SourceError::File { path: path.to_owned(), source };
    let before = file_version(path).map_err(failed)?;
    if known == Some(&before) {
        return Ok(Asked::Unchanged);
    }
    let bytes = fs::read(path).map_err(failed)?;
    if file_version(path).map_err(failed)? != before {
        return Err(SourceError::Unsteady(path.to_owned()));
    }
    Ok(Asked::Changed { version: Some(before), bytes: bytes.into() })
}

/// What tells two contents of a path apart: a rename changes the inode, a write the length or the time.
fn file_version(path: &Path) -> io::Result<String> {
    let meta = fs::metadata(path)?;
    Ok(format!("{}-{}-{}.{:09}", meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}
