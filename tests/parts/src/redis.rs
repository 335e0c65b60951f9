//! A real Redis.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, tools};

/// A running Redis that keeps nothing on disk.
#[derive(Debug)]
pub struct Redis {
    _process: Process,
    port: u16,
}

impl Redis {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// When Redis is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tools::program(&["redis-server"]));
        command.args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        let mut process = Process::start("redis", command, Signal::SIGTERM, process::folder("redis"));
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
