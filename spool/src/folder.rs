//! The folders under a root: one a process, locked; what a dead one left is taken over.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use crate::disk::{Barrier, Disk, Lock};
use crate::limits::Limits;
use crate::reader::Frame;
use crate::spool::Spool;

/// The name of a folder's lock.
pub(crate) const LOCK: &str = "lock";

/// A spool could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the spool in {} cannot be opened", folder.display())]
pub struct OpenError {
    folder: PathBuf,
    #[source]
    source: io::Error,
}

/// What a process works with.
pub struct Opened {
    /// Its own spool: what it appends goes here.
    pub own: Spool,
    /// What others left when they died: to be read to the end, then [removed](Spool::remove).
    pub adopted: Vec<Spool>,
}

/// Tells readers that there is something new.
type News = Arc<dyn Fn() + Send + Sync>;

/// Takes over what processes have left under `root` that have ended since a spool was [opened](open) there, and shows each
/// frame that is not settled: to be read to the end, then [removed](Spool::remove).
pub fn adopt(
    disk: &Arc<dyn Disk>,
    root: &Path,
    limits: Limits,
    news: News,
    visit: &mut dyn FnMut(&Frame),
) -> Result<Vec<Spool>, OpenError> {
    let failed = |source| OpenError { folder: root.to_owned(), source };
    let adopted = left_over(disk, root, limits, &news, visit).map_err(failed)?;
    if !adopted.is_empty() {
        disk.sync_folder(root, Barrier::Folder).map_err(failed)?;
    }
    Ok(adopted)
}

/// Opens a process' spool under `root`, which is made if need be, and shows each frame that is not settled. What dead
/// processes left is taken over: the latest to go on with, so that the order of what is in it holds, others beside it.
/// A folder of another process that cannot be read is left alone, and said.
pub fn open(
    disk: &Arc<dyn Disk>,
    root: &Path,
    limits: Limits,
    news: News,
    visit: &mut dyn FnMut(&Frame),
) -> Result<Opened, OpenError> {
    let failed = |source| OpenError { folder: root.to_owned(), source };
    make_root(&**disk, root).map_err(failed)?;
    let mut adopted = left_over(disk, root, limits, &news, visit).map_err(failed)?;
    let own = match adopted.pop() {
        Some(own) => own,
        None => fresh(disk, root, limits, &news, visit).map_err(failed)?,
    };
    // The folder's name may be as new as its frames.
    disk.sync_folder(root, Barrier::Folder).map_err(failed)?;
    Ok(Opened { own, adopted })
}

/// All folders that nobody holds, by name.
fn left_over(
    disk: &Arc<dyn Disk>,
    root: &Path,
    limits: Limits,
    news: &News,
    visit: &mut dyn FnMut(&Frame),
) -> io::Result<Vec<Spool>> {
    let mut names = disk.list(root)?;
    names.retain(|name| is_name(name) && disk.is_folder(&root.join(name)));
    names.sort_unstable();
    let mut adopted = Vec::new();
    for folder in names.into_iter().map(|name| root.join(name)) {
        match take(disk, &folder, limits, news, visit) {
            Ok(spool) => adopted.extend(spool),
            // Its last holder may have removed it in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !disk.is_folder(&folder) => {}
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "a spool that is left over cannot be opened");
            }
        }
    }
    Ok(adopted)
}

fn take(
    disk: &Arc<dyn Disk>,
    folder: &Path,
    limits: Limits,
    news: &News,
    visit: &mut dyn FnMut(&Frame),
) -> io::Result<Option<Spool>> {
    let Some(lock) = disk.lock(&folder.join(LOCK))? else { return Ok(None) };
    locked(disk, (folder.to_owned(), lock), limits, news, visit).map(Some)
}

fn locked(
    disk: &Arc<dyn Disk>,
    folder: (PathBuf, Lock),
    limits: Limits,
    news: &News,
    visit: &mut dyn FnMut(&Frame),
) -> io::Result<Spool> {
    let news = Arc::clone(news);
    Spool::open(Arc::clone(disk), folder, limits, Box::new(move || news()), visit)
}

fn fresh(
    disk: &Arc<dyn Disk>,
    root: &Path,
    limits: Limits,
    news: &News,
    visit: &mut dyn FnMut(&Frame),
) -> io::Result<Spool> {
    loop {
        let time =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_millis());
        let folder = root.join(format!("{time:011x}-{:08x}", fastrand::u32(..)));
        disk.create_folder(&folder)?;
        // Another process may have taken it for one that is left over.
        if let Some(lock) = disk.lock(&folder.join(LOCK))? {
            return locked(disk, (folder, lock), limits, news, visit);
        }
    }
}

/// Makes a folder with all that lead to it, and makes their names durable: also of those that are there, since a
/// process that was killed may have just made them.
fn make_root(disk: &dyn Disk, root: &Path) -> io::Result<()> {
    let Some(parent) = root.parent().filter(|parent| !parent.as_os_str().is_empty()) else { return Ok(()) };
    make_root(disk, parent)?;
    match disk.create_folder(root) {
        Err(error) if disk.is_folder(root) => drop(error),
        made => made?,
    }
    match disk.sync_folder(parent, Barrier::Folder) {
        // Who may not even look into it has made nothing there.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}

/// Whether a name is one that a process' folder has.
pub(crate) fn is_name(name: &str) -> bool {
    let hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    name.split_once('-').is_some_and(|(time, chance)| hex(time) && hex(chance))
}
