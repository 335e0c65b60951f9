//! A part's process: its folder, its log, its ready check, and the promise that it dies with the test.
//!
//! A part runs in a process group of its own, so that one signal reaches its workers too. Dropping it ends the group.
//! When the test's process is killed and drops nothing, a *watchdog* does: a small shell, in a group of its own, that
//! reads from a pipe which only the test's process holds. When the pipe closes, it ends the part's group and removes the
//! folder. (The kernel's parent-death signal would not do: it fires when the *thread* that spawned ends, and every test
//! has a thread of its own; nor would it reach the workers.)

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tempfile::TempDir;

/// How much of a log is shown when a test fails.
const TAIL_LINES: usize = 60;

/// `$1` is the part's process group, `$2` its folder. A line on stdin means that the part is stopped already.
const WATCHDOG: &str = r#"
read -r _ && exit
kill -s TERM -- "-$1"; kill -s CONT -- "-$1"
i=0; while [ $i -lt 30 ] && kill -s 0 -- "-$1"; do sleep 0.1; i=$((i + 1)); done
kill -s KILL -- "-$1"
rm -rf -- "$2"
"#;

/// A running part of a test.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    command: Command,
    stop_with: Signal,
    running: Option<Running>,
    /// Taken when the folder is to outlive a failed test.
    folder: Option<TempDir>,
}

#[derive(Debug)]
struct Running {
    member: Member,
    group: Pid,
    watchdog: Child,
    /// The pipe whose end means that the test's process is gone.
    alive: Option<ChildStdin>,
}

/// Which process is the part.
#[derive(Debug)]
enum Member {
    Started(Child),
    /// One that the started one has started in its place, and left to us.
    Successor(Pid),
}

impl Member {
    fn id(&self) -> u32 {
        match self {
            Self::Started(child) => child.id(),
            Self::Successor(id) => id.as_raw().cast_unsigned(),
        }
    }

    /// How it ended, if it has.
    fn ended(&mut self) -> Option<ExitStatus> {
        let id = match self {
            Self::Started(child) => return child.try_wait().ok().flatten(),
            Self::Successor(id) => *id,
        };
        match waitpid(id, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => Some(ExitStatus::from_raw(code << 8)),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(ExitStatus::from_raw(signal as i32)),
            _ => None,
        }
    }

    /// How it ended, once it has; `None` after `within`.
    fn ends(&mut self, within: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            let status = self.ended();
            if status.is_some() || Instant::now() > deadline {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Process {
    /// Starts `command` in `folder`, its output in the file `log` there. `stop_with` is what ends it soonest without
    /// leaving its workers behind.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn start(name: &'static str, command: Command, stop_with: Signal, folder: TempDir) -> Self {
        Self::start_with_input(name, command, stop_with, folder, Stdio::null())
    }

    /// The same with something on its standard input.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_input(
        name: &'static str,
        mut command: Command,
        stop_with: Signal,
        folder: TempDir,
        input: impl Into<Stdio>,
    ) -> Self {
        command.current_dir(folder.path()).stdin(input).process_group(0);
        let mut process = Self { name, command, stop_with, running: None, folder: Some(folder) };
        process.respawn();
        process
    }

    /// Starts it again, after a [`stop`](Self::stop), with the same command in the same folder.
    ///
    /// # Panics
    /// When it still runs, or cannot be started.
    pub fn respawn(&mut self) {
        assert!(self.running.is_none(), "{} is running already", self.name);
        let log =
            OpenOptions::new().create(true).append(true).open(self.log()).expect("the log can be written");
        let errors = log.try_clone().expect("the log's descriptor can be doubled");
        let child = self.command.stdout(log).stderr(errors).spawn().unwrap_or_else(|error| {
            panic!("{} could not be started ({:?}): {error}", self.name, self.command)
        });
        let group = Pid::from_raw(i32::try_from(child.id()).expect("a process id fits"));
        let mut watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog", &group.to_string()])
            .arg(self.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        let alive = watchdog.stdin.take();
        self.running = Some(Running { member: Member::Started(child), group, watchdog, alive });
    }

    /// The part's own folder. It is removed with the part, and kept when the test failed.
    ///
    /// # Panics
    /// Never: the folder is there as long as the part.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("the folder is kept until drop").path()
    }

    /// Everything that the part wrote to stdout and stderr.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// The process id of the part, and of its process group; `None` when it is stopped.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.member.id())
    }

    /// Makes processes ours that a part leaves behind, so that [`succeeded_by`](Self::succeeded_by) can see their end.
    ///
    /// # Panics
    /// When the kernel is too old for that.
    pub fn inherit_orphans() {
        nix::sys::prctl::set_child_subreaper(true).expect("a kernel of this century");
    }

    /// Follows the part's hand-over to a process that it has started in its own group. Waits for the end of the former one
    /// and gives its exit code; `None` where a signal ended it.
    ///
    /// # Panics
    /// When the part is stopped, or the former process does not end `within`.
    pub fn succeeded_by(&mut self, successor: u32, within: Duration) -> Option<i32> {
        let successor = Member::Successor(Pid::from_raw(successor.cast_signed()));
        let running = self.running.as_mut().expect("it runs");
        let mut former = std::mem::replace(&mut running.member, successor);
        match former.ends(within) {
            Some(status) => status.code(),
            None => self.fail(&format!("the former process, {}, did not end within {within:?}", former.id())),
        }
    }

    /// Sends `signal` to the part's main process alone.
    pub fn signal_main(&self, signal: Signal) {
        if let Some(id) = self.id() {
            let _ = kill(Pid::from_raw(id.cast_signed()), signal);
        }
    }

    /// Waits until `check` holds, asking every 20 ms.
    ///
    /// # Panics
    /// When the part ends before, or after `within`; `what` says what was waited for.
    pub fn wait_until(&mut self, what: &str, within: Duration, mut check: impl FnMut() -> bool) {
        let began = Instant::now();
        while !check() {
            let running = self.running.as_mut().unwrap_or_else(|| panic!("{} is stopped", self.name));
            if let Some(status) = running.member.ended() {
                self.fail(&format!("ended with {status} before {what}"));
            }
            if began.elapsed() > within {
                self.fail(&format!("waited {within:?} in vain for this: {what}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Panics with `what` and the end of the part's log.
    ///
    /// # Panics
    /// Always.
    pub fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}\n{}", self.name, self.tail())
    }

    /// Sends `signal` to the part and all its children; does nothing when it is stopped.
    pub fn signal(&self, signal: Signal) {
        if let Some(running) = &self.running {
            let _ = killpg(running.group, signal);
        }
    }

    /// Ends the part and its children: `signal` first, `SIGKILL` after `grace`. `None` when it was stopped already.
    pub fn stop(&mut self, signal: Signal, grace: Duration) -> Option<ExitStatus> {
        self.signal(signal);
        let mut running = self.running.take()?;
        let status = running.member.ends(grace);
        // Also when the part ended by itself: its children may not have.
        let _ = killpg(running.group, Signal::SIGKILL);
        let status = status.or_else(|| running.member.ends(Duration::from_secs(60)));
        if let Some(mut alive) = running.alive.take() {
            let _ = alive.write_all(b"stopped\n");
        }
        let _ = running.watchdog.wait();
        status
    }

    /// Waits for the end of a part that ends by itself; `None` when it does not, or was stopped already.
    pub fn ends(&mut self, within: Duration) -> Option<ExitStatus> {
        self.running.as_mut()?.member.ends(within)
    }

    /// The last lines of the log, under a heading.
    fn tail(&self) -> String {
        let log = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        format!("--- the end of {}'s log ({}):\n{}\n---", self.name, self.log().display(), tail.join("\n"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop(self.stop_with, Duration::from_secs(5));
        if std::thread::panicking() {
            eprintln!("{}", self.tail());
            let _ = self.folder.take().map(TempDir::keep);
        }
    }
}

/// A new folder for a part, below the system's temporary folder.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn folder(part: &str) -> TempDir {
    tempfile::Builder::new()
        .prefix(&format!("handover-{part}-"))
        .tempdir()
        .unwrap_or_else(|error| panic!("no temporary folder for {part}: {error}"))
}

/// Writes a part's file.
///
/// # Panics
/// When it cannot be written.
pub fn write(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| {
        let mut file = File::create(path)?;
        file.write_all(content.as_ref())
    });
    written.unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}
