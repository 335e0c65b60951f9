//! The process between us and a pool: php-fpm's parent, which ends the pool once nobody holds its lifeline any more.
//!
//! A pool must end with us, even when we are killed; and it must not end with us where a successor has taken it over.
//! The kernel's parent-death signal alone can do the first and not the second: a process cannot change its parent. So
//! a small process of our own is the parent, and lives as long as anybody holds the other end of its standard input:
//!
//! ```text
//! us ── lifeline (stdin)   first the launch, a line of JSON; then orders, a byte each; its end: the pool ends
//!    ◀─ report   (stdout)  lines: `started PID` or `failed WHY`, at last `ended STATUS`
//!    ◀─ log      (stderr)  php-fpm's own
//! ```
//!
//! These words cannot change: after an upgrade of the binary, a keeper of the former one goes on.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// The order to read configuration and code anew.
pub(super) const RELOAD: u8 = b'r';

/// What begins a report's lines.
pub(super) const STARTED: &str = "started ";
pub(super) const FAILED: &str = "failed ";
pub(super) const ENDED: &str = "ended ";

/// How long children that were asked to end may take.
pub(super) const END_WITHIN: Duration = Duration::from_secs(5);

/// What is to be started.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Launch {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    /// All of its environment.
    pub(super) env: Vec<(OsString, OsString)>,
    pub(super) folder: OsString,
}

/// The master, until its number may be someone else's.
struct Master {
    number: Mutex<Option<Pid>>,
    gone: Condvar,
}

/// Keeps one pool, to its end.
pub(crate) fn keep() -> io::Result<()> {
    let mut lifeline = BufReader::new(io::stdin());
    let mut line = Vec::new();
    lifeline.read_until(b'\n', &mut line)?;
    // Whoever started us has gone already.
    if line.is_empty() {
        return Ok(());
    }
    let launch: Launch = serde_json::from_slice(&line)?;
    let mut child = match launch.start() {
        Ok(child) => child,
        Err(error) => return report(FAILED, &error.to_string()),
    };
    let number = Pid::from_raw(child.id().cast_signed());
    report(STARTED, &number.to_string())?;
    let master = Arc::new(Master { number: Mutex::new(Some(number)), gone: Condvar::new() });
    let obeying = Arc::clone(&master);
    thread::Builder::new().spawn(move || obeying.obey(lifeline))?;
    wait(number);
    // Whatever is left of it: its master cannot end it any more.
    let _ = killpg(number, Signal::SIGKILL);
    master.let_go();
    let status = child.wait()?;
    report(ENDED, &status.to_string())
}

/// Whoever reads it may be gone; the pool then ends by its lifeline.
fn report(what: &str, more: &str) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{what}{}", more.replace('\n', " "))?;
    out.flush()
}

/// Waits until the master has ended, without taking its exit status: as long as nobody has, its number is not given to
/// another process.
fn wait(master: Pid) {
    while waitid(Id::Pid(master), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
}

impl Launch {
    /// Starts it in a process group of its own. The calling thread must be the process' first: when it ends, however it
    /// ends, the kernel asks the master to end.
    fn start(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        end_with_us(&mut command);
        command.spawn()
    }
}

/// SIGTERM for the master when we end, even by SIGKILL. It survives php-fpm's own re-execution on reload.
#[allow(unsafe_code)] // there is no safe way to run code between fork and exec
fn end_with_us(command: &mut Command) {
    let us = Pid::this();
    // SAFETY: prctl and getppid are async-signal-safe, and nothing is allocated.
    unsafe {
        command.pre_exec(move || {
            prctl::set_pdeathsig(Signal::SIGTERM)?;
            // We may have gone before the line above.
            if nix::unistd::getppid() == us { Ok(()) } else { Err(Errno::ESRCH.into()) }
        });
    }
}

impl Master {
    /// Does what the lifeline says, and ends the pool when nobody holds it any more.
    fn obey(&self, lifeline: impl BufRead) {
        for order in lifeline.bytes().map_while(Result::ok) {
            if order == RELOAD {
                self.signal(Signal::SIGUSR2);
            }
        }
        // The master's own SIGTERM handler ends the children at once; they have nothing left to do: we have drained.
        self.signal(Signal::SIGTERM);
        let ended = self.gone.wait_timeout_while(self.number(), END_WITHIN, |number| number.is_some());
        if let Ok((number, _)) = ended
            && let Some(number) = *number
        {
            let _ = killpg(number, Signal::SIGKILL);
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(number) = *self.number() {
            let _ = kill(number, signal);
        }
    }

    fn let_go(&self) {
        *self.number() = None;
        self.gone.notify_all();
    }

    fn number(&self) -> MutexGuard<'_, Option<Pid>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
