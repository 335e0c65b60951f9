//! nginx, as what stands behind all proxies and as one of them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use handover_parts::process::{self, Process};
use handover_parts::tools;
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::{free_address, group, identity, wait_for};

const ORIGIN: &str = include_str!("../../conf/origin.conf");
const PROXY: &str = include_str!("../../conf/nginx-proxy.conf");

/// A server that answers at once.
pub(crate) struct Origin {
    process: Process,
    address: SocketAddr,
}

impl Origin {
    /// Starts it: `/bare`, `/1k`, `/100k`, `/10m`.
    pub(crate) fn start() -> Self {
        let folder = process::folder("origin");
        let files = folder.path().join("files");
        for (name, size) in [("100k", 100 << 10), ("10m", 10 << 20)] {
            process::write(files.join(name), vec![b'x'; size]);
        }
        let config =
            ORIGIN.replace("@ROOT@", &files.to_string_lossy()).replace("@KILOBYTE@", &"x".repeat(1024));
        let (process, address) = start("origin", &config, folder);
        Self { process, address }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process group.
    pub(crate) fn group(&self) -> u32 {
        group(&self.process)
    }
}

/// nginx as a reverse proxy.
pub(crate) struct ProxyNginx {
    process: Process,
    address: SocketAddr,
    secured: SocketAddr,
}

impl ProxyNginx {
    /// Starts it in front of `origin`.
    pub(crate) fn start(origin: SocketAddr) -> Self {
        Self::with_slots(origin, 16_384)
    }

    /// The same, with memory set aside for so many connections of each of its two workers.
    pub(crate) fn with_slots(origin: SocketAddr, slots: usize) -> Self {
        let (secured, identity) = (free_address(), identity());
        let config = PROXY
            .replace("@ORIGIN@", &origin.to_string())
            .replace("@SLOTS@", &slots.to_string())
            .replace("@SECURED@", &secured.to_string())
            .replace("@CERTIFICATE@", &identity.cert_file.to_string_lossy())
            .replace("@KEY@", &identity.key_file.to_string_lossy());
        let (process, address) = start("nginx", &config, process::folder("nginx-proxy"));
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

fn start(name: &'static str, config: &str, folder: TempDir) -> (Process, SocketAddr) {
    let address = free_address();
    // The workers of a nginx that root starts are nobody, who could not enter the folders.
    let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
    let config = config.replace("@LISTEN@", &address.to_string()).replace("@USER@", user);
    process::write(folder.path().join("nginx.conf"), config);
    let mut process = Process::start(name, command(folder.path()), Signal::SIGTERM, folder);
    wait_for(&mut process, address);
    (process, address)
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(tools::program(&["nginx"]));
    command.arg("-p").arg(folder).args(["-e", "stderr", "-c", "nginx.conf"]);
    command
}
