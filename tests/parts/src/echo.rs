//! A WebSocket server that sends every message back: Node's `ws`, which passes the conformance suite by itself.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, tools};

const SCRIPT: &str = "
const { WebSocketServer } = require(process.argv[2]);
const options = { port: +process.argv[3], host: '127.0.0.1', perMessageDeflate: false, maxPayload: 64 << 20 };
new WebSocketServer(options).on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
";

/// A running echo server.
#[derive(Debug)]
pub struct Echo {
    _process: Process,
    address: SocketAddr,
}

impl Echo {
    /// Starts it.
    ///
    /// # Panics
    /// When Node or `ws` is missing, with what to do about it.
    #[must_use]
    pub fn start() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let folder = process::folder("echo");
        process::write(folder.path().join("echo.js"), SCRIPT);
        let mut command = Command::new(tools::program(&["node", "nodejs"]));
        command.arg("echo.js").arg(tools::ws()).arg(address.port().to_string());
        let mut process = Process::start("echo", command, Signal::SIGKILL, folder);
        let listens = || TcpStream::connect(address).is_ok();
        process.wait_until("it listens", Duration::from_secs(60), listens);
        Self { _process: process, address }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
