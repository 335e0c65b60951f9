//! PHP's own web server: a real HTTP backend that can be killed, hung and started again on its port.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, tools};

/// A running web server. It answers one request at a time, and closes after each.
#[derive(Debug)]
pub struct PhpServer {
    process: Process,
    address: SocketAddr,
}

impl PhpServer {
    /// Starts one that answers every request by `script`, PHP without its opening tag.
    ///
    /// # Panics
    /// When PHP is not installed, or does not start.
    #[must_use]
    pub fn start(script: &str) -> Self {
        let folder = process::folder("php-server");
        process::write(folder.path().join("router.php"), format!("<?php\n{script}\n"));
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = Command::new(tools::php());
        command.args(["-S", &address.to_string(), "router.php"]);
        let process = Process::start("php-server", command, Signal::SIGKILL, folder);
        let mut server = Self { process, address };
        server.wait();
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.stop(Signal::SIGKILL, Duration::from_secs(5));
    }

    /// Starts it again after a [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub fn start_again(&mut self) {
        self.process.respawn();
        self.wait();
    }

    /// Stops it where it stands: connections are still taken in by the kernel, and nothing is answered.
    pub fn hang(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    fn wait(&mut self) {
        let address = self.address;
        self.process
            .wait_until("its port is open", Duration::from_secs(20), || TcpStream::connect(address).is_ok());
    }
}
