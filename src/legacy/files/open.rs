//! Opens a file below a root, wherever its name would lead.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};
use nix::libc;

use crate::legacy::disk::Disk;

/// Answer from the kernel's cache of names or not at all (openat2(2), Linux 5.12): then nothing is waited for.
const CACHED: ResolveFlag = ResolveFlag::from_bits_retain(libc::RESOLVE_CACHED);

/// The file, its size in bytes and its time of modification in seconds since 1970. `None` where there is no regular
/// file of this name below the root; a link may lead anywhere within it.
///
/// Most paths are no files, and the kernel most often knows that from memory: so the core asks itself, and goes to the
/// disk's threads only where the kernel would have to wait.
pub(super) async fn open(root: &Path, name: &[u8], disk: &Disk) -> Option<(File, u64, i64)> {
    if is_absent(root, name) {
        return None;
    }
    let opened = match open_below(root, name, CACHED) {
        // EINVAL: a kernel that does not know the flag.
        Err(Errno::EAGAIN | Errno::EINVAL) => {
            let (root, name) = (root.to_owned(), name.to_owned());
            disk.run(move || Ok(open_below(&root, &name, ResolveFlag::empty())?)).await
        }
        opened => opened.map_err(io::Error::from),
    };
    let file = opened.ok()?;
    let meta = file.metadata().ok()?;
    meta.is_file().then(|| (file, meta.len(), meta.mtime()))
}

/// Whether the kernel knows from memory that there is nothing of this name, wherever links below the root lead: one call,
/// where opening takes three.
fn is_absent(root: &Path, name: &[u8]) -> bool {
    let path = root.join(OsStr::from_bytes(name));
    let there = openat2(AT_FDCWD, &path, flags(OFlag::O_PATH).resolve(CACHED));
    matches!(there, Err(Errno::ENOENT | Errno::ENOTDIR))
}

fn open_below(root: &Path, name: &[u8], how: ResolveFlag) -> Result<File, Errno> {
    // Opened anew each time: a release may have put another folder in its place.
    let root: OwnedFd = openat2(AT_FDCWD, root, flags(OFlag::O_PATH | OFlag::O_DIRECTORY).resolve(how))?;
    // Not to wait for whoever writes into a pipe of this name.
    let below = how | ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    let how = flags(OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY).resolve(below);
    Ok(File::from(openat2(&root, OsStr::from_bytes(name), how)?))
}

fn flags(flags: OFlag) -> OpenHow {
    OpenHow::new().flags(flags | OFlag::O_CLOEXEC)
}
