//! The proxy itself: a given binary with a given `routes.toml`.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, http};

/// Where the admin says that the proxy is ready.
const READY: &str = "/readyz";

/// Longest wait for a start: a managed PHP-FPM on a loaded machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running proxy.
#[derive(Debug)]
pub struct Handover {
    process: Process,
    http: SocketAddr,
    admin: SocketAddr,
}

impl Handover {
    /// Starts `binary serve` with `routes`, a `routes.toml` without `http` and `admin` in its `[listen]`: these are added,
    /// with free ports.
    ///
    /// # Panics
    /// When it does not start, or does not get ready.
    #[must_use]
    pub fn start(binary: impl AsRef<Path>, routes: &str) -> Self {
        Self::start_with(binary, routes, |_| {})
    }

    /// The same, and `prepare` may add arguments and environment variables.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with(binary: impl AsRef<Path>, routes: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let local = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (http, admin) = (local(), local());
        let folder = process::folder("proxy");
        process::write(folder.path().join("routes.toml"), with_listen(routes, http, admin));
        let mut command = Command::new(binary.as_ref());
        command.args(["serve", "--config", "routes.toml"]);
        prepare(&mut command);
        // SIGTERM drains, and lets it end a PHP-FPM of its own.
        let process = Process::start("handover", command, Signal::SIGTERM, folder);
        let mut handover = Self { process, http, admin };
        handover.wait_until_ready();
        handover
    }

    /// Where clients connect.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Where the admin listens.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    /// The file that it watches.
    #[must_use]
    pub fn routes(&self) -> PathBuf {
        self.process.folder().join("routes.toml")
    }

    /// Its working folder, where it keeps its state unless told otherwise.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// What it logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.process.log()).unwrap_or_default()
    }

    /// Its process id; `None` when it is stopped.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Puts new `routes` (again without `[listen]`) in the file's place, as editors do: a new file, renamed over it.
    ///
    /// # Panics
    /// When the file can't be written.
    pub fn replace_routes(&self, routes: &str) {
        let new = self.process.folder().join(".routes.toml.new");
        process::write(&new, with_listen(routes, self.http, self.admin));
        fs::rename(&new, self.routes()).expect("a rename within a folder of ours");
    }

    /// Waits until `check` holds.
    ///
    /// # Panics
    /// When the proxy ends before, or after `within`, with its log.
    pub fn wait_until(&mut self, what: &str, within: Duration, check: impl FnMut() -> bool) {
        self.process.wait_until(what, within, check);
    }

    /// An orderly stop (`SIGTERM`); gives its exit code, `None` when a signal ended it.
    pub fn stop(&mut self) -> Option<i32> {
        self.process.stop(Signal::SIGTERM, Duration::from_secs(60))?.code()
    }

    /// Sends a signal to its main process.
    pub fn signal(&self, signal: Signal) {
        self.process.signal_main(signal);
    }

    /// Waits for its end; gives its exit code, `None` when a signal ended it.
    pub fn ends(&mut self, within: Duration) -> Option<i32> {
        self.process.ends(within)?.code()
    }

    /// Has the binary take over from itself (`SIGUSR2`); gives the exit code of the former process.
    ///
    /// # Panics
    /// When no other process serves, or the former one does not end, within `within` each.
    pub fn upgrade(&mut self, within: Duration) -> Option<i32> {
        Process::inherit_orphans();
        let (before, admin) = (self.id().expect("it runs"), self.admin);
        self.process.signal_main(Signal::SIGUSR2);
        let began = Instant::now();
        let successor = loop {
            // The former process may end before the next look: that is no failure here.
            match serving(admin).filter(|serving| *serving != before) {
                Some(successor) => break successor,
                None if began.elapsed() > within => self.process.fail("no other process has taken over"),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        self.process.succeeded_by(successor, within)
    }

    /// A crash (`SIGKILL`).
    pub fn kill(&mut self) {
        self.process.stop(Signal::SIGKILL, Duration::from_secs(5));
    }

    /// Starts it again on the same ports, with the file and the state that are there.
    ///
    /// # Panics
    /// When it runs, or does not get ready.
    pub fn restart(&mut self) {
        self.process.respawn();
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let admin = self.admin;
        let ready = || http::get(admin, READY).is_ok_and(|response| response.status == 200);
        self.process.wait_until("its admin says that it is ready", PATIENCE, ready);
    }
}

/// The id of the process that the admin speaks for.
fn serving(admin: SocketAddr) -> Option<u32> {
    let status = http::get(admin, "/api/status").ok()?.text();
    let (_, rest) = status.split_once("\"process\":")?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

/// Into the `[listen]` that is there, or one at the end, where it swallows no top-level keys.
fn with_listen(routes: &str, http: SocketAddr, admin: SocketAddr) -> String {
    const LISTEN: &str = "[listen]\n";
    let addresses = format!("{LISTEN}http = \"{http}\"\nadmin = \"{admin}\"\n");
    if routes.contains(LISTEN) {
        return routes.replacen(LISTEN, &addresses, 1);
    }
    format!("{routes}\n\n{addresses}")
}
