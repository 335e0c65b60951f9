//! Sessions in files, as PHP's handler `files` keeps them: `sess_ID`, locked by `flock` as long as a request has it open.

mod path;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use legacy_compat::session::SessionId;
pub use path::ParsePathError;
use path::SavePath;

use crate::{BoxFuture, Guard, Locked, Patience, SessionError, Store};

/// `session.save_handler = files`
#[derive(Clone, Debug)]
pub struct Files {
    path: SavePath,
}

impl Files {
    /// The store under PHP's `session.save_path`: `/path`, `N;/path` or `N;MODE;/path`.
    ///
    /// PHP takes only files that belong to its own user or to root, so both must run as the same user.
    ///
    /// # Errors
    /// Where it is no such path.
    pub fn at(save_path: &str) -> Result<Self, ParsePathError> {
        Ok(Self { path: save_path.parse()? })
    }
}

impl Store for Files {
    fn peek<'a>(&'a self, id: &'a SessionId) -> BoxFuture<'a, Result<Option<Bytes>, SessionError>> {
        Box::pin(async move {
            let path = self.path.file(id)?;
            off_the_core(move || match open(&path)? {
                Some(file) => read(file, &path).map(|(_, data)| Some(data)),
                None => Ok(None),
            })
            .await
        })
    }

    fn lock<'a>(
        &'a self,
        id: &'a SessionId,
        patience: Patience,
    ) -> BoxFuture<'a, Result<Locked, SessionError>> {
        Box::pin(async move {
            let (path, mode) = (self.path.file(id)?, self.path.mode);
            let mut waiting = patience.begin();
            loop {
                let at = path.clone();
                match off_the_core(move || attempt(&at)).await? {
                    Attempt::Locked(file, data) => {
                        let guard = Held { file: Some(file), path, mode, patience };
                        return Ok(Locked::new(Some(data), guard));
                    }
                    // Nothing is created for who may only want to look.
                    Attempt::None => return Ok(Locked::new(None, Held { file: None, path, mode, patience })),
                    Attempt::Busy if waiting.pause().await => {}
                    Attempt::Busy => return Err(SessionError::Busy(patience.deadline())),
                }
            }
        })
    }
}

enum Attempt {
    Locked(File, Bytes),
    Busy,
    None,
}

/// Asks for the lock once.
fn attempt(path: &Path) -> Result<Attempt, SessionError> {
    let Some(file) = open(path)? else { return Ok(Attempt::None) };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy),
        Err(TryLockError::Error(source)) => return Err(fault("locked", path, source)),
    }
    // Whoever had it may have destroyed it meanwhile; what is locked now is then nobody's session any more.
    if !is_still_there(&file, path) {
        return Ok(Attempt::Busy);
    }
    let (file, data) = read(file, path)?;
    Ok(Attempt::Locked(file, data))
}

fn is_still_there(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(theirs)) => ours.ino() == theirs.ino() && ours.dev() == theirs.dev(),
        _ => false,
    }
}

/// Opens a session's file, never through a link; `None` where there is none.
fn open(path: &Path) -> Result<Option<File>, SessionError> {
    let opened = OpenOptions::new().read(true).write(true).custom_flags(nix::libc::O_NOFOLLOW).open(path);
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(fault("opened", path, source)),
    }
}

fn read(mut file: File, path: &Path) -> Result<(File, Bytes), SessionError> {
    let mut data = Vec::new();
    file.read_to_end(&mut data).map_err(|source| fault("read", path, source))?;
    Ok((file, data.into()))
}

/// A session's file under its lock; none where there was no session. Closing the file gives the lock back.
struct Held {
    file: Option<File>,
    path: PathBuf,
    mode: u32,
    patience: Patience,
}

impl Held {
    fn store(self, data: &[u8]) -> Result<(), SessionError> {
        let file = match self.file {
            Some(file) => file,
            None => begin(&self.path, self.mode, self.patience)?,
        };
        // In PHP's order: what is longer is cut off first.
        let write = || {
            if file.metadata()?.len() > data.len() as u64 {
                file.set_len(0)?;
            }
            file.write_all_at(data, 0)
        };
        write().map_err(|source| fault("written", &self.path, source))
    }
}

/// A session that is new. Of two who begin one the second was told that there is none, and must not write over what the first
/// one has stored meanwhile.
fn begin(path: &Path, mode: u32, patience: Patience) -> Result<File, SessionError> {
    let file = create(path, mode, patience)?;
    let length = file.metadata().map_err(|source| fault("read", path, source))?.len();
    if length > 0 { Err(SessionError::BegunMeanwhile) } else { Ok(file) }
}

/// The file, made where it is not there, under its lock: whoever writes it just now is waited for.
fn create(path: &Path, mode: u32, patience: Patience) -> Result<File, SessionError> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(mode)
        .custom_flags(nix::libc::O_NOFOLLOW);
    let file = options.open(path).map_err(|source| fault("created", path, source))?;
    let until = Instant::now() + patience.deadline();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5))
            }
            Err(TryLockError::WouldBlock) => return Err(SessionError::Busy(patience.deadline())),
            Err(TryLockError::Error(source)) => return Err(fault("locked", path, source)),
        }
    }
}

impl Guard for Held {
    fn write(self: Box<Self>, data: Bytes) -> BoxFuture<'static, Result<(), SessionError>> {
        Box::pin(off_the_core(move || self.store(&data)))
    }

    fn touch(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>> {
        Box::pin(off_the_core(move || match &self.file {
            Some(file) => file
                .set_modified(std::time::SystemTime::now())
                .map_err(|source| fault("touched", &self.path, source)),
            // PHP makes the file when it starts the session.
            None => create(&self.path, self.mode, self.patience).map(drop),
        }))
    }

    fn destroy(self: Box<Self>) -> BoxFuture<'static, Result<(), SessionError>> {
        Box::pin(off_the_core(move || match std::fs::remove_file(&self.path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(fault("removed", &self.path, source)),
            _ => Ok(()),
        }))
    }

    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(std::future::ready(()))
    }
}

/// Disk I/O, on the runtime's bounded pool for it.
async fn off_the_core<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SessionError> + Send + 'static,
) -> Result<T, SessionError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn fault(what: &'static str, path: &Path, source: io::Error) -> SessionError {
    SessionError::File { what, path: path.to_owned(), source }
}
