//! A part's process: its folder, its log, its ready check, and the promise that it dies with the test.
//!
//! A part runs in a process group of its own, so that one signal reaches its workers too. Dropping it ends the group.
//! When the test's process is killed and drops nothing, a *watchdog* does: a small shell, in a group of its own, that
//! reads from a pipe which only the test's process holds. When the pipe closes, it ends the part's group and removes the
//! folder. (The kernel's parent-death signal would not do: it fires when the *thread* that spawned ends, and every test
//! has a thread of its own; nor would it reach the workers.)

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
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
    child: Child,
    group: Pid,
    watchdog: Child,
    /// The pipe whose end means that the test's process is gone.
    alive: Option<ChildStdin>,
}

impl Process {
    /// Starts `command` in `folder`, its output in the file `log` there. `stop_with` is what ends it soonest without
    /// leaving its workers behind.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn start(name: &'static str, mut command: Command, stop_with: Signal, folder: TempDir) -> Self {
        command.current_dir(folder.path()).stdin(Stdio::null()).process_group(0);
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
        self.running = Some(Running { child, group, watchdog, alive });
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
        self.running.as_ref().map(|running| running.child.id())
    }

    /// Waits until `check` holds, asking every 20 ms.
    ///
    /// # Panics
    /// When the part ends before, or after `within`; `what` says what was waited for.
    pub fn wait_until(&mut self, what: &str, within: Duration, mut check: impl FnMut() -> bool) {
        let began = Instant::now();
        while !check() {
            let running = self.running.as_mut().unwrap_or_else(|| panic!("{} is stopped", self.name));
            if let Ok(Some(status)) = running.child.try_wait() {
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
        let deadline = Instant::now() + grace;
        let mut status = None;
        while status.is_none() && Instant::now() < deadline {
            status = running.child.try_wait().ok().flatten();
            std::thread::sleep(Duration::from_millis(5));
        }
        // Also when the part ended by itself: its children may not have.
        let _ = killpg(running.group, Signal::SIGKILL);
        let status = status.or_else(|| running.child.wait().ok());
        if let Some(mut alive) = running.alive.take() {
            let _ = alive.write_all(b"stopped\n");
        }
        let _ = running.watchdog.wait();
        status
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
