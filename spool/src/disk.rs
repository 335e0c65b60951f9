//! All that the spool asks of a disk, so that a test can put another one in its place.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

/// A place where the spool waits for the disk, and what would be lost if it did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Barrier {
    /// The name of a folder, new or taken over: with it would go all that is in it.
    Folder,
    /// The cursor of a folder that is opened, its length too, before anything relies on it.
    OpenedCursor,
    /// Frames of an earlier process, before others follow them.
    Recovered,
    /// The length of a new segment, without which what is written to it need not be kept.
    SegmentLength,
    /// The name of a new segment: with it would go its frames. Other new names of the folder, such as the cursor's, are
    /// made durable by it too.
    SegmentName,
    /// Frames, before they are acknowledged.
    Frames,
    /// The cursor, before segments behind it go.
    Cursor,
}

impl Barrier {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Folder,
        Self::OpenedCursor,
        Self::Recovered,
        Self::SegmentLength,
        Self::SegmentName,
        Self::Frames,
        Self::Cursor,
    ];
}

/// A disk. Nothing is durable before it was synced.
pub trait Disk: Send + Sync + 'static {
    /// Makes a folder; its parent is there.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;
    /// Whether the folder is there.
    fn is_folder(&self, folder: &Path) -> bool;
    /// The names in a folder, in any order.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, folder: &Path, barrier: Barrier) -> io::Result<()>;
    /// Makes a file that was not there.
    fn create(&self, file: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file for reading and writing.
    fn open(&self, file: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name in its folder.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, file: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, folder: &Path) -> io::Result<()>;
    /// Takes a lock that ends with this process at the latest; `None` when another one has it.
    fn lock(&self, file: &Path) -> io::Result<Option<Lock>>;
}

/// A file of a [`Disk`].
pub trait DiskFile: Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Reads up to a whole buffer; less at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of it.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts off what lies beyond that length.
    fn shorten(&self, length: u64) -> io::Result<()>;
    /// Makes what was written within the durable length durable (`fdatasync`).
    fn sync_data(&self, barrier: Barrier) -> io::Result<()>;
    /// Makes everything durable, the length too (`fsync`).
    fn sync_all(&self, barrier: Barrier) -> io::Result<()>;
}

/// A lock, held until it is dropped.
pub type Lock = Box<dyn Send + Sync>;

/// The machine's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(folder)
    }

    fn is_folder(&self, folder: &Path) -> bool {
        folder.is_dir()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(folder)?.map(name).collect()
    }

    fn sync_folder(&self, folder: &Path, _: Barrier) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn create(&self, file: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let options = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(file);
        Ok(Arc::new(RealFile(options?)))
    }

    fn open(&self, file: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(OpenOptions::new().read(true).write(true).open(file)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        fs::remove_dir(folder)
    }

    fn lock(&self, file: &Path) -> io::Result<Option<Lock>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.0.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn shorten(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self, _: Barrier) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self, _: Barrier) -> io::Result<()> {
        self.0.sync_all()
    }
}
