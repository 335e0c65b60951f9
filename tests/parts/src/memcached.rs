//! A real memcached.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::php_fpm::is_root;
use crate::process::{self, Process};
use crate::{free_port, tools};

/// A running memcached.
#[derive(Debug)]
pub struct Memcached {
    _process: Process,
    port: u16,
}

impl Memcached {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When memcached is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tools::program(&["memcached"]));
        command.args(["-l", "127.0.0.1", "-p", &port.to_string(), "-U", "0", "-m", "16"]);
        if is_root() {
            command.args(["-u", "root"]);
        }
        let mut process = Process::start("memcached", command, Signal::SIGTERM, process::folder("memcached"));
        process.wait_until("its port is open", Duration::from_secs(20), || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { _process: process, port }
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}
