//! The cursor: up to which frame all are settled, kept so that a torn write leaves the value before.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Barrier, Disk, DiskFile};

const SLOT: usize = 512;
pub(crate) const NAME: &str = "cursor";

/// An open cursor.
pub(crate) struct Cursor {
    file: Arc<dyn DiskFile>,
    slot: u64,
}

impl Cursor {
    /// Opens the cursor of a folder, or makes one, and says what it stands at; `None` when it can't be made out.
    pub(crate) fn open(disk: &dyn Disk, folder: &Path) -> io::Result<(Self, Option<u64>)> {
        let path = folder.join(NAME);
        let file = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&path)?,
            opened => opened?,
        };
        let mut bytes = crate::scan::read(&*file, 0, 2 * SLOT);
        bytes.resize(2 * SLOT, 0);
        let slots = [slot(&bytes[..SLOT]), slot(&bytes[SLOT..])];
        // The older one is overwritten next.
        let next = u64::from(slots[0] >= slots[1]);
        if file.length()? < 2 * SLOT as u64 {
            file.write_at(&bytes, 0)?;
        }
        file.sync_all(Barrier::OpenedCursor)?;
        Ok((Self { file, slot: next }, slots[0].max(slots[1])))
    }

    /// What a folder's cursor stands at, without making one.
    pub(crate) fn peek(disk: &dyn Disk, folder: &Path) -> Option<u64> {
        let file = disk.open(&folder.join(NAME)).ok()?;
        let bytes = crate::scan::read(&*file, 0, 2 * SLOT);
        bytes.chunks(SLOT).filter_map(slot).max()
    }

    /// Moves it on. Durable when this returns.
    pub(crate) fn write(&mut self, settled: u64) -> io::Result<()> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&settled.to_le_bytes());
        bytes[8..].copy_from_slice(&(!settled).to_le_bytes());
        self.file.write_at(&bytes, self.slot * SLOT as u64)?;
        self.file.sync_data(Barrier::Cursor)?;
        self.slot ^= 1;
        Ok(())
    }
}

fn slot(bytes: &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    let (inverse, _) = rest.split_first_chunk::<8>()?;
    let number = u64::from_le_bytes(*number);
    (number == !u64::from_le_bytes(*inverse)).then_some(number)
}
