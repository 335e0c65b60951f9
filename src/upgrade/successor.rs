//! The successor, as its predecessor sees it.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::channel::Channel;
use super::inheritance::Inheritance;
use super::{Holds, Ready};
use crate::legacy::Legacies;

/// The argument that says to a process that it is a successor.
pub(crate) const ARGUMENT: &str = "--succeed";

/// How long a successor may take to serve: pools of its own and tables may have to be loaded first.
const READY_WITHIN: Duration = Duration::from_secs(120);

/// How long a successor that has closed the channel may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// How often the successor is told what we still hold.
const TELL_EVERY: Duration = Duration::from_millis(10);

/// The binary was not upgraded, and the running process goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpgradeError {
    /// The program cannot be started.
    #[error("{} cannot be started", .0.display())]
    Start(PathBuf, #[source] io::Error),
    /// The channel broke.
    #[error("the successor cannot be spoken to")]
    Channel(#[source] io::Error),
    /// It ended.
    #[error("the successor has ended ({0}); its log says why")]
    Ended(String),
    /// It did not get ready.
    #[error("the successor was not ready within {READY_WITHIN:?}")]
    Late,
}

/// A successor that serves.
#[derive(Debug)]
pub(crate) struct Successor {
    channel: Channel,
    /// Its process id.
    pub id: u32,
}

/// The process id of a successor that is not ready yet, 0 where there is none: so that it can be told to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beginning(Arc<AtomicI32>);

impl Beginning {
    /// Has it end.
    pub(crate) fn end(&self) {
        let id = self.0.load(Ordering::Acquire);
        if id > 0 {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}

/// Remembers where the program lies: afterwards its file may have been replaced.
pub(crate) fn remember_program() {
    program();
}

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into()))
}

/// Starts the program anew with all that it inherits, and waits until it serves.
pub(crate) fn start(inheritance: &Inheritance, beginning: &Beginning) -> Result<Successor, UpgradeError> {
    let (mut channel, theirs) = Channel::pair().map_err(UpgradeError::Channel)?;
    let given = env::args_os().skip(1).filter(|argument| argument != ARGUMENT);
    let args = given.chain([OsString::from(ARGUMENT)]);
    let mut command = Command::new(program());
    command.args(args).stdin(theirs);
    let mut child = command.spawn().map_err(|error| UpgradeError::Start(program().to_owned(), error))?;
    // Its end of the channel is the child's alone, so that its death is seen.
    drop(command);
    beginning.0.store(child.id().cast_signed(), Ordering::Release);
    let ready = hand_over(inheritance, &mut channel, &mut child);
    beginning.0.store(0, Ordering::Release);
    if ready.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    ready.map(|()| Successor { channel, id: child.id() })
}

fn hand_over(
    inheritance: &Inheritance,
    channel: &mut Channel,
    child: &mut Child,
) -> Result<(), UpgradeError> {
    channel.patience(Some(READY_WITHIN)).map_err(UpgradeError::Channel)?;
    let ready = inheritance.send(channel).and_then(|()| channel.receive::<Ready>());
    match ready {
        Ok(Some(_)) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(UpgradeError::Late),
        Ok(None) => Err(ended(child, io::ErrorKind::UnexpectedEof.into())),
        Err(error) => Err(ended(child, error)),
    }
}

/// It has ended; or it goes on, although the channel is of no use any more: then it is ended.
fn ended(child: &mut Child, why: io::Error) -> UpgradeError {
    let until = Instant::now() + ENDS_WITHIN;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < until => thread::sleep(TELL_EVERY),
            Ok(Some(status)) => return UpgradeError::Ended(status.to_string()),
            Ok(None) => return UpgradeError::Channel(why),
            Err(error) => return UpgradeError::Channel(error),
        }
    }
}

impl Successor {
    /// Tells it what we hold, from now on to our end, on a thread of its own.
    pub(crate) fn keep_told(mut self, legacies: Legacies) {
        let tell = move || {
            let mut told = None;
            loop {
                let holds = Holds { connections: legacies.needed() };
                if told.as_ref() != Some(&holds) {
                    // It may have ended meanwhile, and be its own successor's predecessor no more.
                    if self.channel.send(&holds, &[]).is_err() {
                        return;
                    }
                    told = Some(holds);
                }
                thread::sleep(TELL_EVERY);
            }
        };
        if let Err(error) = thread::Builder::new().name("successor".to_owned()).spawn(tell) {
            tracing::error!(%error, "the successor cannot be told what is still held here");
        }
    }
}
