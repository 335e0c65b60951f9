//! Where a table's object comes from, and how it is asked for only when it is new.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use handover_s3::{FetchError, Fetched, FetchedAll, Location, Object, Store};

use super::read::Part;
use crate::renewal::blocking;

/// Where a table comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file on disk.
    File(PathBuf),
    /// All files of a folder.
    Folder(PathBuf),
    /// An object in S3; all that begin so where the key ends in `/`.
    S3 { store: Store, location: Location },
}

/// What asking a source gave.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It has still the version that was named.
    Unchanged,
    /// It has this.
    Changed { version: Option<String>, parts: Vec<Part> },
}

/// The most objects or files that a table may have.
pub(crate) const PARTS_MAX: usize = 1000;

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
    /// The folder has none, or too many.
    #[error("`{folder}` has {files} files, where it may have 1 to {PARTS_MAX}")]
    Files {
        /// The folder.
        folder: PathBuf,
        /// How many there are.
        files: usize,
    },
    /// S3 did not give it.
    #[error(transparent)]
    S3(#[from] FetchError),
}

impl Source {
    /// Asks for the objects, unless they are still of that version.
    pub(crate) async fn ask(&self, version: Option<&str>) -> Result<Asked, SourceError> {
        let known = version.map(str::to_owned);
        match self {
            Self::File(path) => {
                let path = path.clone();
                blocking(move || read_files(vec![path], known.as_deref())).await
            }
            Self::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || read_files(files_of(&folder)?, known.as_deref())).await
            }
            Self::S3 { store, location } if location.key().ends_with('/') => {
                Ok(match store.fetch_all(location, PARTS_MAX, version).await? {
                    FetchedAll::NotModified => Asked::Unchanged,
                    FetchedAll::Objects { version, objects } => {
                        let part = |(name, bytes)| Part { name, bytes };
                        Asked::Changed {
                            version: Some(version),
                            parts: objects.into_iter().map(part).collect(),
                        }
                    }
                })
            }
            Self::S3 { store, location } => Ok(match store.fetch(location, version).await? {
                Fetched::NotModified => Asked::Unchanged,
                Fetched::Object(Object { etag, bytes }) => {
                    let parts = vec![Part { name: location.key().to_owned(), bytes }];
                    Asked::Changed { version: etag, parts }
                }
            }),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Folder(path) => write!(f, "file:{}/", path.display()),
            Self::S3 { location, .. } => location.fmt(f),
        }
    }
}

/// In the order of their names, without hidden ones: those are being written.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let failed = |source| SourceError::File { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.is_file() {
            files.push(path);
        }
    }
    if !(1..=PARTS_MAX).contains(&files.len()) {
        return Err(SourceError::Files { folder: folder.to_owned(), files: files.len() });
    }
    files.sort();
    Ok(files)
}

fn read_files(paths: Vec<PathBuf>, known: Option<&str>) -> Result<Asked, SourceError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SourceError::File { path, source }
    };
    let version = |path: &PathBuf| file_version(path).map_err(failed(path));
    let before = paths.iter().map(version).collect::<Result<Vec<_>, _>>()?;
    // A renamed file is no other content: of one file the name is known.
    let named = |(path, version): (&PathBuf, &String)| match &paths[..] {
        [_] => version.clone(),
        _ => format!("{} {version}", path.display()),
    };
    let whole = paths.iter().zip(&before).map(named).collect::<Vec<_>>().join("\n");
    if known == Some(&whole) {
        return Ok(Asked::Unchanged);
    }
    let mut parts = Vec::with_capacity(paths.len());
    for (path, before) in paths.iter().zip(&before) {
        let bytes = fs::read(path).map_err(failed(path))?.into();
        if version(path)? != *before {
            return Err(SourceError::Unsteady(path.clone()));
        }
        parts.push(Part { name: path.to_string_lossy().into_owned(), bytes });
    }
    Ok(Asked::Changed { version: Some(whole), parts })
}

/// What tells two contents of a path apart: a rename changes the inode, a write the length or the time.
fn file_version(path: &Path) -> io::Result<String> {
    let meta = fs::metadata(path)?;
    Ok(format!("{}-{}-{}.{:09}", meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}
