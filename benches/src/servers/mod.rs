//! The peers, what stands behind all of them, and the proxy itself.

mod haproxy;
mod nginx;
mod php;
mod proxy;

pub(crate) use haproxy::Haproxy;
pub(crate) use nginx::{Origin, ProxyNginx};
pub(crate) use php::{COUNTED, application, event, varied_event};
pub(crate) use proxy::{handover, served};

use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use handover_parts::process::Process;
use handover_parts::{Authority, Identity, free_port};

fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// The certificate that all who speak TLS have: one key, so one cost.
pub(crate) fn identity() -> &'static Identity {
    static MADE: OnceLock<(Authority, Identity)> = OnceLock::new();
    let made = || {
        let authority = Authority::new();
        let identity = authority.sign("bench.example");
        (authority, identity)
    };
    &MADE.get_or_init(made).1
}

/// Waits until a server listens.
fn wait_for(process: &mut Process, address: SocketAddr) {
    process.wait_until("its port is open", Duration::from_secs(20), || TcpStream::connect(address).is_ok());
}

/// The process group of a running server.
fn group(process: &Process) -> u32 {
    process.id().expect("it runs")
}
