//! The last good version of each table, kept on disk so that starting needs neither S3 nor the file's origin.
//!
//! A file holds the objects as they were fetched, behind two lines. The first has the CRC32 of all that follows it, the
//! second the objects' names and lengths, in their order:
//!
//! ```text
//! handover-table 2 0123cdef\n
//! {"source":"s3://…","version":"\"etag\"","parts":[["airports.csv",1234]]}\n
//! the objects
//! ```
//!
//! Its time of modification is when the source last confirmed it. It is written aside, synced and renamed, so that a
//! crash leaves the old one or the new one. Beside it lies the table that was read from it: see [`built`].

mod built;

use std::fs::{self, File, FileTimes};
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::read::Part;

/// How a file with objects begins.
const KIND: &str = "handover-table 2";

#[derive(Serialize, Deserialize)]
struct Head {
    source: String,
    version: Option<String>,
    parts: Vec<(String, usize)>,
}

/// Kept objects.
#[derive(Debug)]
pub(crate) struct Kept {
    /// What named this version at its source.
    pub version: Option<String>,
    /// The objects.
    pub parts: Vec<Part>,
    /// When the source last confirmed it.
    pub confirmed: SystemTime,
}

/// Why a kept object cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// Its bytes are not those that were written.
    #[error("it is damaged")]
    Damaged,
    /// It was taken from elsewhere.
    #[error("it was taken from {0}, which is not the table's source any more")]
    OfAnotherSource(String),
}

/// The place on disk of one table's last good object.
#[derive(Debug)]
pub(crate) struct LastGood {
    path: PathBuf,
    source: String,
}

impl LastGood {
    /// The place in `folder` for what has those names, of that kind, taken from `source`.
    pub(crate) fn new(folder: &Path, (names, kind): (&[&str], &str), source: String) -> Self {
        Self { path: folder.join(file_name(names, kind)), source }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept; `None` when nothing is.
    pub(crate) fn load(&self) -> Result<Option<Kept>, Unusable> {
        let (file, confirmed) = match fs::read(&self.path).and_then(|file| Ok((file, self.modified()?))) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (head, mut bytes) = verified(Bytes::from(file)).ok_or(Unusable::Damaged)?;
        if head.source != self.source {
            return Err(Unusable::OfAnotherSource(head.source));
        }
        let mut parts = Vec::with_capacity(head.parts.len());
        for (name, length) in head.parts {
            if length > bytes.len() {
                return Err(Unusable::Damaged);
            }
            parts.push(Part { name, bytes: bytes.split_to(length) });
        }
        Ok(Some(Kept { version: head.version, parts, confirmed }))
    }

    /// Keeps objects in the place of those before.
    pub(crate) fn store(&self, version: Option<&str>, parts: &[Part]) -> io::Result<()> {
        let lengths = parts.iter().map(|part| (part.name.clone(), part.bytes.len())).collect();
        let head = Head { source: self.source.clone(), version: version.map(str::to_owned), parts: lengths };
        let head = serde_json::to_string(&head)? + "\n";
        let parts = parts.iter().map(|part| &part.bytes[..]);
        replace(&self.path, KIND, &[head.as_bytes()].into_iter().chain(parts).collect::<Vec<_>>())
    }

    /// The line that names the objects that are kept.
    fn first_line(&self) -> io::Result<String> {
        let mut first = String::new();
        BufReader::new(File::open(&self.path)?).read_line(&mut first)?;
        Ok(first)
    }

    /// Notes that the source confirmed what is kept.
    pub(crate) fn confirm(&self, now: SystemTime) -> io::Result<()> {
        File::options().write(true).open(&self.path)?.set_times(FileTimes::new().set_modified(now))
    }

    fn modified(&self) -> io::Result<SystemTime> {
        fs::metadata(&self.path)?.modified()
    }
}

/// The file name of what has those names, and of nothing else: what isn't plainly part of one is written in hex, points too.
fn file_name(names: &[&str], kind: &str) -> String {
    let mut file = String::new();
    for name in names {
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => file.push(char::from(byte)),
                _ => file.push_str(&format!("%{byte:02x}")),
            }
        }
        file.push('.');
    }
    file + kind
}

/// Puts a file in the place of the one before: a line that says what it is, then those parts.
fn replace(path: &Path, kind: &str, parts: &[&[u8]]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(first_line(kind, parts).as_bytes())?;
    parts.iter().try_for_each(|part| aside.write_all(part))?;
    aside.as_file().sync_all()?;
    aside.persist(path)?;
    File::open(folder)?.sync_all()
}

/// The line that tells what a file is, with the checksum of the parts that follow.
fn first_line(kind: &str, parts: &[&[u8]]) -> String {
    let mut crc = flate2::Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    line(kind, &crc)
}

fn line(kind: &str, crc: &flate2::Crc) -> String {
    format!("{kind} {:08x}\n", crc.sum())
}

/// Head and objects of a file that is as it was written.
fn verified(file: Bytes) -> Option<(Head, Bytes)> {
    let first = memchr::memchr(b'\n', &file)? + 1;
    if file[..first] != *first_line(KIND, &[&file[first..]]).as_bytes() {
        return None;
    }
    let second = first + memchr::memchr(b'\n', &file[first..])? + 1;
    Some((serde_json::from_slice(&file[first..second]).ok()?, file.slice(second..)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    pub(super) fn kept(folder: &Path) -> LastGood {
        LastGood::new(folder, (&["air/../ports"], "table"), "s3://tables/airports.csv".into())
    }

    pub(super) fn parts(of: &[&'static str]) -> Vec<Part> {
        let part =
            |(at, text): (usize, &&'static str)| Part { name: format!("{at}.csv"), bytes: (*text).into() };
        of.iter().enumerate().map(part).collect()
    }

    #[test]
    fn gives_back_what_was_kept_and_when_it_was_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = kept(folder.path());
        assert!(last_good.load().unwrap().is_none());
        last_good.store(Some("\"v1\""), &parts(&["old"])).unwrap();
        last_good.store(Some("\"v2\""), &parts(&["faa\nJFK\n", "", "faa\nLGA\n"])).unwrap();
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_357_000_000);
        last_good.confirm(then).unwrap();
        let loaded = last_good.load().unwrap().unwrap();
        assert_eq!(loaded.version.as_deref(), Some("\"v2\""));
        assert_eq!(loaded.parts, parts(&["faa\nJFK\n", "", "faa\nLGA\n"]));
        assert_eq!(loaded.confirmed, then);
        let files: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(
            files,
            ["air%2f%2e%2e%2fports.table"],
            "nothing lies beside it, nothing outside the folder"
        );
    }

    #[test]
    fn a_damaged_file_is_never_used() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = kept(folder.path());
        last_good.store(None, &parts(&["faa\nJFK\n"])).unwrap();
        let whole = fs::read(last_good.path()).unwrap();
        for at in 0..whole.len() {
            fs::write(last_good.path(), &whole[..at]).unwrap();
            assert!(last_good.load().is_err(), "cut off at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            fs::write(last_good.path(), flipped).unwrap();
            assert!(last_good.load().is_err(), "a bit of byte {at} flipped");
        }
    }

    #[test]
    fn what_came_from_elsewhere_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        kept(folder.path()).store(None, &parts(&["x"])).unwrap();
        let moved =
            LastGood::new(folder.path(), (&["air/../ports"], "table"), "s3://other/airports.csv".into());
        assert!(matches!(moved.load(), Err(Unusable::OfAnotherSource(_))));
    }

    #[test]
    fn names_that_differ_have_files_that_differ() {
        let names: [&[&str]; 5] =
            [&["a.b", "c"], &["a", "b.c"], &["a", "b", "c"], &["a.b.c"], &["a%2eb", "c"]];
        let files = names.map(|names| file_name(names, "schema"));
        assert_eq!(files[0], "a%2eb.c.schema");
        let different: std::collections::BTreeSet<_> = files.iter().collect();
        assert_eq!(different.len(), names.len(), "{files:?}");
    }
}
