//! A disk in memory that keeps what was synced and, at a power cut, loses, tears and reorders the rest.
//!
//! A file's length and a folder's names are durable once synced; bytes within the durable length once their file is. Of
//! what is not, a cut keeps any part: of each sector the old or the new bytes, of each name the old or the new state.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use fastrand::Rng;
use handover_spool::{Barrier, Disk, DiskFile, Lock};

const SECTOR: usize = 512;

/// The disk. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct SimulatedDisk(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    files: Vec<Content>,
    /// Of each folder the names as the process sees them, and as they are durable.
    folders: BTreeMap<PathBuf, (Names, Names)>,
    locks: BTreeSet<PathBuf>,
    skipped: Option<Barrier>,
    failing: Option<Barrier>,
    unreadable: bool,
    /// Changes until the disk dies.
    life: Option<u64>,
    /// Bytes that files may still grow by.
    room: Option<u64>,
    epoch: u64,
}

type Names = BTreeMap<String, Node>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
}

impl SimulatedDisk {
    /// A disk with an empty folder `/`.
    pub(crate) fn new() -> Self {
        let disk = Self::default();
        disk.inner().folders.insert("/".into(), Default::default());
        disk
    }

    /// Has all syncs at that place do nothing and say that it went well.
    pub(crate) fn skip(&self, barrier: Option<Barrier>) {
        self.inner().skipped = barrier;
    }

    /// Has the syncs at that place fail.
    pub(crate) fn fail(&self, barrier: Option<Barrier>) {
        self.inner().failing = barrier;
    }

    /// Has every read fail that is longer than a block or meets the block at 4096.
    pub(crate) fn unreadable(&self, unreadable: bool) {
        self.inner().unreadable = unreadable;
    }

    /// Has the disk die after so many changes: whatever is asked of it then fails and changes nothing.
    pub(crate) fn die_after(&self, changes: u64) {
        self.inner().life = Some(changes);
    }

    /// Lets files grow by that much and no more.
    pub(crate) fn room(&self, bytes: Option<u64>) {
        self.inner().room = bytes;
    }

    /// Ends the process: locks go, all that it wrote stays in the page cache.
    pub(crate) fn kill(&self) {
        let mut inner = self.inner();
        inner.life = None;
        inner.locks.clear();
        inner.epoch += 1;
    }

    /// Cuts the power: of what was not synced, chance decides.
    pub(crate) fn cut(&self, rng: &mut Rng) {
        self.kill();
        let mut inner = self.inner();
        for content in &mut inner.files {
            content.cut(rng);
        }
        for (now, durable) in inner.folders.values_mut() {
            let names: BTreeSet<_> = now.keys().chain(durable.keys()).cloned().collect();
            for name in names {
                let kept = if rng.bool() { now.get(&name) } else { durable.get(&name) };
                match kept.copied() {
                    Some(node) => durable.insert(name, node),
                    None => durable.remove(&name),
                };
            }
            now.clone_from(durable);
        }
        inner.forget_unreachable();
    }

    /// Flips a bit of every file whose name ends so, at that offset.
    pub(crate) fn flip(&self, suffix: &str, offset: usize) {
        let mut inner = self.inner();
        let hit: Vec<usize> = inner
            .folders
            .values()
            .flat_map(|(now, _)| now)
            .filter_map(|(name, node)| match node {
                Node::File(file) if name.ends_with(suffix) => Some(*file),
                _ => None,
            })
            .collect();
        for file in hit {
            if let Some(byte) = inner.files[file].now.get_mut(offset) {
                *byte ^= 0x10;
            }
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    fn file(&self, id: usize, epoch: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile { disk: self.clone(), id, epoch })
    }
}

impl Inner {
    /// One change; an error once the disk is dead.
    fn change(&mut self) -> io::Result<()> {
        match &mut self.life {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(life) => {
                *life -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn barrier(&mut self, barrier: Barrier) -> io::Result<bool> {
        self.change()?;
        if self.failing == Some(barrier) {
            return Err(io::Error::other("simulated EIO"));
        }
        Ok(self.skipped != Some(barrier))
    }

    fn names(&mut self, folder: &Path) -> io::Result<&mut Names> {
        let names = self.folders.get_mut(folder).map(|(now, _)| now);
        names.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn at(&mut self, file: &Path) -> io::Result<(&mut Names, String)> {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        Ok((self.names(file.parent().unwrap())?, name))
    }

    fn forget_unreachable(&mut self) {
        let mut reached = BTreeSet::from([PathBuf::from("/")]);
        let mut open = vec![PathBuf::from("/")];
        while let Some(folder) = open.pop() {
            let (now, _) = &self.folders[&folder];
            for (name, node) in now {
                if *node == Node::Folder && reached.insert(folder.join(name)) {
                    open.push(folder.join(name));
                }
            }
        }
        self.folders.retain(|folder, _| reached.contains(folder));
    }
}

impl Content {
    fn cut(&mut self, rng: &mut Rng) {
        let length = if rng.bool() { self.now.len() } else { self.durable.len() };
        self.durable.resize(length, 0);
        self.now.resize(length, 0);
        for (old, new) in self.durable.chunks_mut(SECTOR).zip(self.now.chunks(SECTOR)) {
            if rng.bool() {
                old.copy_from_slice(new);
            }
        }
        self.now.clone_from(&self.durable);
    }
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.change()?;
        let (names, name) = inner.at(folder)?;
        if names.insert(name, Node::Folder).is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        inner.folders.insert(folder.to_owned(), Default::default());
        Ok(())
    }

    fn is_folder(&self, folder: &Path) -> bool {
        self.inner().folders.contains_key(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        Ok(self.inner().names(folder)?.keys().cloned().collect())
    }

    fn sync_folder(&self, folder: &Path, barrier: Barrier) -> io::Result<()> {
        let mut inner = self.inner();
        if inner.barrier(barrier)? {
            let (now, durable) = inner.folders.get_mut(folder).ok_or(ErrorKind::NotFound)?;
            durable.clone_from(now);
        }
        Ok(())
    }

    fn create(&self, file: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.inner();
        inner.change()?;
        let id = inner.files.len();
        let (names, name) = inner.at(file)?;
        if names.contains_key(&name) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        names.insert(name, Node::File(id));
        inner.files.push(Content::default());
        Ok(self.file(id, inner.epoch))
    }

    fn open(&self, file: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut inner = self.inner();
        let (names, name) = inner.at(file)?;
        match names.get(&name).copied() {
            Some(Node::File(id)) => Ok(self.file(id, inner.epoch)),
            _ => Err(ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.change()?;
        let (names, name) = inner.at(from)?;
        let node = names.remove(&name).ok_or(ErrorKind::NotFound)?;
        names.insert(to.file_name().unwrap().to_string_lossy().into_owned(), node);
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.change()?;
        let (names, name) = inner.at(file)?;
        names.remove(&name).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn remove_folder(&self, folder: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.change()?;
        if !inner.names(folder)?.is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        inner.folders.remove(folder);
        let (names, name) = inner.at(folder)?;
        names.remove(&name);
        Ok(())
    }

    fn lock(&self, file: &Path) -> io::Result<Option<Lock>> {
        let mut inner = self.inner();
        let epoch = inner.epoch;
        let (names, name) = inner.at(file)?;
        if !names.contains_key(&name) {
            drop(inner);
            self.create(file)?;
            inner = self.inner();
        }
        if !inner.locks.insert(file.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(Held { disk: self.clone(), file: file.to_owned(), epoch })))
    }
}

struct Held {
    disk: SimulatedDisk,
    file: PathBuf,
    epoch: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut inner = self.disk.inner();
        if inner.epoch == self.epoch {
            inner.locks.remove(&self.file);
        }
    }
}

/// A file as a process of one epoch holds it: once that process was killed, nothing comes from it any more.
struct SimulatedFile {
    disk: SimulatedDisk,
    id: usize,
    epoch: u64,
}

impl SimulatedFile {
    fn inner(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let inner = self.disk.inner();
        if inner.epoch == self.epoch { Ok(inner) } else { Err(io::Error::other("the process was killed")) }
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.inner()?.files[self.id].now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let inner = self.inner()?;
        if inner.unreadable && (buffer.len() > 4096 || offset == 4096) {
            return Err(io::Error::other("simulated EIO"));
        }
        let rest = inner.files[self.id].now.get(offset as usize..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut inner = self.inner()?;
        inner.change()?;
        let end = offset as usize + bytes.len();
        let grows = end.saturating_sub(inner.files[self.id].now.len());
        if let Some(room) = &mut inner.room {
            *room = room.checked_sub(grows as u64).ok_or(ErrorKind::StorageFull)?;
        }
        let now = &mut inner.files[self.id].now;
        now.resize(now.len().max(end), 0);
        now[offset as usize..end].copy_from_slice(bytes);
        Ok(())
    }

    fn shorten(&self, length: u64) -> io::Result<()> {
        let mut inner = self.inner()?;
        inner.change()?;
        inner.files[self.id].now.truncate(length as usize);
        Ok(())
    }

    fn sync_data(&self, barrier: Barrier) -> io::Result<()> {
        let mut inner = self.inner()?;
        if inner.barrier(barrier)? {
            let Content { now, durable } = &mut inner.files[self.id];
            let length = durable.len().min(now.len());
            durable[..length].copy_from_slice(&now[..length]);
        }
        Ok(())
    }

    fn sync_all(&self, barrier: Barrier) -> io::Result<()> {
        let mut inner = self.inner()?;
        if inner.barrier(barrier)? {
            let Content { now, durable } = &mut inner.files[self.id];
            durable.clone_from(now);
        }
        Ok(())
    }
}
