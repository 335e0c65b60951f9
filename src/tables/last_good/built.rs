//! The table that was read from the last good objects, as it is in memory ([`image`]). Starting takes it over where it belongs
//! to the objects that are kept and was read as it would be today, and reads the objects where not:
//!
//! ```text
//! handover-built 1 4567cdef\n
//! {"of":"handover-table 2 0123cdef\n","reading":"…","version":"\"etag\"","image":{…}}\n
//! the image's blocks
//! ```
//!
//! The first line has the CRC32 of all that follows it. Nothing is lost with this file but the time to read the objects.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{LastGood, Unusable, line, replace};
use crate::tables::snapshot::{Snapshot, image};

/// How the file begins.
const KIND: &str = "handover-built 1";

/// The most that a head has, in bytes.
const HEAD_MAX: u64 = 1 << 20;

/// So much is read and summed at once, while it is in the processor's cache.
const AT_ONCE: usize = 1 << 18;

#[derive(Serialize, Deserialize)]
struct Head {
    /// The first line of the file whose objects it was read from.
    of: String,
    /// How they were read.
    reading: String,
    source: String,
    version: Option<String>,
    image: image::Head,
}

/// A kept table.
#[derive(Debug)]
pub(crate) struct Built {
    /// What named this version at its source.
    pub version: Option<String>,
    /// The table.
    pub snapshot: Snapshot,
    /// When the source last confirmed it.
    pub confirmed: SystemTime,
}

impl LastGood {
    /// The table that was read from the objects, in that `reading`; `None` where none is kept, or another.
    pub(crate) fn load_built(&self, reading: &str) -> Result<Option<Built>, Unusable> {
        let (file, of) = match File::open(self.built()).and_then(|file| Ok((file, self.first_line()?))) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let length = file.metadata()?.len();
        let mut file = BufReader::new(file);
        let (mut first, mut second) = (String::new(), Vec::new());
        file.by_ref().take(HEAD_MAX).read_line(&mut first)?;
        file.by_ref().take(HEAD_MAX).read_until(b'\n', &mut second)?;
        let head = serde_json::from_slice::<Head>(&second).map_err(|_| Unusable::Damaged)?;
        // Whatever a damaged head claims: no more memory is asked for than the file has bytes.
        let blocks = length.checked_sub((first.len() + second.len()) as u64);
        if blocks.is_none() || head.image.length() != blocks {
            return Err(Unusable::Damaged);
        }
        if head.of != of || head.reading != reading || head.source != self.source {
            return Ok(None);
        }
        let mut summed = Summed { inner: file, crc: flate2::Crc::new() };
        summed.crc.update(&second);
        let Some(snapshot) = head.image.read(&mut summed)? else { return Ok(None) };
        if first != line(KIND, &summed.crc) {
            return Err(Unusable::Damaged);
        }
        Ok(Some(Built { version: head.version, snapshot, confirmed: self.modified()? }))
    }

    /// Keeps the table that was read from the objects that are kept, in that `reading`.
    pub(crate) fn store_built(
        &self,
        reading: &str,
        version: Option<&str>,
        snapshot: &Snapshot,
    ) -> io::Result<()> {
        let (of, reading, source) = (self.first_line()?, reading.to_owned(), self.source.clone());
        let (version, image) = (version.map(str::to_owned), snapshot.head());
        let head = serde_json::to_string(&Head { of, reading, source, version, image })? + "\n";
        let blocks = snapshot.blocks();
        replace(&self.built(), KIND, &[head.as_bytes()].into_iter().chain(blocks).collect::<Vec<_>>())
    }

    fn built(&self) -> PathBuf {
        self.path.with_extension("built")
    }
}

/// Sums what is read.
struct Summed<R> {
    inner: R,
    crc: flate2::Crc,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let at_once = into.len().min(AT_ONCE);
        let read = self.inner.read(&mut into[..at_once])?;
        self.crc.update(&into[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use handover_api::{Row, Schema, Table as _};

    use super::super::tests::{kept, parts};
    use super::*;
    use crate::tables::snapshot::{Builder, Keys};

    fn table(rows: &[[&str; 3]]) -> Snapshot {
        let keys = Keys { key: vec![0], further: vec![("name".to_owned(), vec![2, 1])] };
        let mut builder = Builder::new(Schema::new(["faa", "tz", "name"]), keys);
        rows.iter().for_each(|row| builder.push(row.iter().map(|cell| cell.as_bytes())).unwrap());
        builder.finish()
    }

    #[test]
    fn a_kept_table_is_the_one_that_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = kept(folder.path());
        assert!(last_good.load_built("").unwrap().is_none());
        last_good.store(Some("v1"), &parts(&["x"])).unwrap();
        assert!(last_good.load_built("").unwrap().is_none());
        let rows = [["JFK", "-5", "Kennedy"], ["LGA", "", "La Guardia"], ["JFK", "-4", "Kennedy Intl"]];
        last_good.store_built("by faa", Some("v1"), &table(&rows)).unwrap();
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_357_000_000);
        last_good.confirm(then).unwrap();
        let built = last_good.load_built("by faa").unwrap().unwrap();
        assert_eq!((built.version.as_deref(), built.confirmed), (Some("v1"), then));
        let cells = |row: Option<Row<'_>>| row.map(|row| row.cell(1).unwrap().to_vec());
        assert_eq!((built.snapshot.len(), built.snapshot.schema().columns().len()), (2, 3));
        assert_eq!(cells(built.snapshot.get(b"JFK")), Some(b"-4".to_vec()));
        assert_eq!(cells(built.snapshot.get_by("name", &[b"La Guardia", b""])), Some(Vec::new()));
        assert!(built.snapshot.get(b"LAX").is_none());
        assert!(last_good.load_built("by name").unwrap().is_none(), "it would be read in another way today");
        last_good.store(Some("v2"), &parts(&["y"])).unwrap();
        assert!(last_good.load_built("by faa").unwrap().is_none(), "it was read from other objects");
    }

    #[test]
    fn a_damaged_table_is_never_used() {
        let folder = tempfile::tempdir().unwrap();
        let last_good = kept(folder.path());
        last_good.store(None, &parts(&["x"])).unwrap();
        last_good
            .store_built("", None, &table(&[["JFK", "-5", "Kennedy"], ["LGA", "-5", "La Guardia"]]))
            .unwrap();
        let whole = fs::read(last_good.built()).unwrap();
        for at in 0..whole.len() {
            fs::write(last_good.built(), &whole[..at]).unwrap();
            assert!(last_good.load_built("").is_err(), "cut off at {at}");
            let mut flipped = whole.clone();
            flipped[at] ^= 4;
            fs::write(last_good.built(), flipped).unwrap();
            assert!(!matches!(last_good.load_built(""), Ok(Some(_))), "a bit of byte {at} flipped");
        }
    }
}
