//! A real PHP-FPM over an application's folder.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, tools};

/// A running pool.
#[derive(Debug)]
pub struct PhpFpm {
    process: Process,
    root: PathBuf,
    address: String,
}

/// What the pool is to be like; made by [`PhpFpm::serving`].
#[derive(Debug)]
pub struct PhpFpmBuilder {
    root: PathBuf,
    children: u32,
    tcp: bool,
    environment: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    directives: Vec<(String, String)>,
}

impl PhpFpm {
    /// A pool for the application whose public folder (with `index.php`) is `root`.
    #[must_use]
    pub fn serving(root: impl Into<PathBuf>) -> PhpFpmBuilder {
        PhpFpmBuilder {
            root: root.into(),
            children: 4,
            tcp: false,
            environment: Vec::new(),
            settings: Vec::new(),
            directives: Vec::new(),
        }
    }

    /// The demo's legacy application, the flight intake, with its records going to topic `flights.v1` of `brokers`.
    #[must_use]
    pub fn flight_intake(brokers: &str) -> PhpFpmBuilder {
        Self::serving(concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/legacy/public"))
            .env("KAFKA_BROKERS", brokers)
            .setting("ffi.enable", "on")
    }

    /// `unix:/path/to/socket` or `127.0.0.1:PORT`: what nginx's `fastcgi_pass` takes.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The application's public folder, without symbolic links and `..`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The requests that PHP has finished since the pool was made, each as `METHOD URI STATUS`, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        let log = fs::read_to_string(self.process.folder().join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// The process id of its master, and of the process group; `None` when it is stopped.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// A crash of the whole pool.
    pub fn kill(&mut self) {
        self.process.stop(Signal::SIGKILL, Duration::from_secs(5));
    }

    /// Starts the pool again at the same address.
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub fn restart(&mut self) {
        self.process.respawn();
        self.wait_until_ready();
    }

    /// A hung pool: connections are taken into the backlog, nothing answers.
    pub fn pause(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    fn wait_until_ready(&mut self) {
        let address = self.address.clone();
        let open = || match address.strip_prefix("unix:") {
            Some(path) => UnixStream::connect(path).is_ok(),
            None => TcpStream::connect(&address).is_ok(),
        };
        self.process.wait_until("its socket is open", Duration::from_secs(20), open);
    }
}

impl PhpFpmBuilder {
    /// How many workers, so how many requests at once (4 unless told).
    #[must_use]
    pub fn children(mut self, children: u32) -> Self {
        self.children = children;
        self
    }

    /// Listen on TCP in place of a Unix socket.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// An environment variable for the application, which sees no others.
    ///
    /// # Panics
    /// When the value has a double quote, which the pool's file can't express.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        assert!(!value.contains('"'), "php-fpm's env[{key}] can't hold a double quote: {value}");
        self.environment.push((key.to_owned(), value));
        self
    }

    /// A setting as in `php.ini`, `ffi.enable` for instance; the application may change it with `ini_set`.
    #[must_use]
    pub fn setting(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// A directive of the pool's own file, `pm.max_requests` for instance.
    #[must_use]
    pub fn directive(mut self, key: &str, value: impl Into<String>) -> Self {
        self.directives.push((key.to_owned(), value.into()));
        self
    }

    /// Starts the pool.
    ///
    /// # Panics
    /// When PHP-FPM is not installed, or does not start.
    #[must_use]
    pub fn start(self) -> PhpFpm {
        let folder = process::folder("php-fpm");
        let address = if self.tcp {
            format!("127.0.0.1:{}", free_port())
        } else {
            format!("unix:{}", folder.path().join("fpm.sock").display())
        };
        process::write(folder.path().join("fpm.conf"), self.pool(&address, folder.path()));

        let mut command = Command::new(tools::program(&["php-fpm8.2", "php-fpm"]));
        command.args(["--nodaemonize", "--fpm-config", "fpm.conf"]);
        if is_root() {
            command.arg("--allow-to-run-as-root");
        }
        // Nothing of another pool's is found, nothing is left behind.
        for key in ["sys_temp_dir", "session.save_path"] {
            command.arg("-d").arg(format!("{key}={}", folder.path().display()));
        }
        for (key, value) in &self.settings {
            command.args(["-d", &format!("{key}={value}")]);
        }
        let process = Process::start("php-fpm", command, Signal::SIGTERM, folder);
        let root = self.root.canonicalize().expect("the application's folder is there");
        let mut php = PhpFpm { process, root, address };
        php.wait_until_ready();
        php
    }

    fn pool(&self, address: &str, folder: &Path) -> String {
        let listen = address.strip_prefix("unix:").unwrap_or(address);
        let mut pool = format!(
            "[global]\nerror_log = /dev/stderr\ndaemonize = no\n\n\
             [tests]\nlisten = {listen}\nlisten.backlog = 511\npm = static\npm.max_children = {}\n\
             ping.path = /fpm-ping\npm.status_path = /fpm-status\n\
             access.log = {}/access.log\naccess.format = \"%m %{{REQUEST_URI}}e %s\"\n\
             catch_workers_output = yes\ndecorate_workers_output = no\n",
            self.children,
            folder.display(),
        );
        if is_root() {
            pool.push_str("user = root\ngroup = root\n");
        }
        for (key, value) in &self.directives {
            let _ = writeln!(pool, "{key} = {value}");
        }
        for (key, value) in &self.environment {
            let _ = writeln!(pool, "env[{key}] = \"{value}\"");
        }
        pool
    }
}

/// Root must say that it means it, and its workers must be able to enter the private folder.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}
