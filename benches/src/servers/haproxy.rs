//! HAProxy as a reverse proxy.

use std::net::SocketAddr;
use std::process::Command;

use handover_parts::process::{self, Process};
use handover_parts::tools;
use nix::sys::signal::Signal;

use super::{free_address, group, identity, wait_for};

const CONFIG: &str = include_str!("../../conf/haproxy.cfg");

/// HAProxy.
pub(crate) struct Haproxy {
    process: Process,
    address: SocketAddr,
    secured: SocketAddr,
}

impl Haproxy {
    /// Starts it in front of `origin`.
    pub(crate) fn start(origin: SocketAddr) -> Self {
        let (folder, address, secured) = (process::folder("haproxy"), free_address(), free_address());
        let config = CONFIG
            .replace("@LISTEN@", &address.to_string())
            .replace("@SECURED@", &secured.to_string())
            .replace("@ORIGIN@", &origin.to_string());
        process::write(folder.path().join("identity.pem"), identity().pem());
        process::write(folder.path().join("haproxy.cfg"), config);
        let mut command = Command::new(tools::program(&["haproxy"]));
        command.args(["-db", "-f", "haproxy.cfg"]);
        let mut process = Process::start("haproxy", command, Signal::SIGTERM, folder);
        wait_for(&mut process, address);
        Self { process, address, secured }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens with TLS, for both versions of HTTP.
    pub(crate) fn secured(&self) -> SocketAddr {
        self.secured
    }

    /// Its process group.
    pub(crate) fn group(&self) -> u32 {
        group(&self.process)
    }
}
