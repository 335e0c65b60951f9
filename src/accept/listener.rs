//! Listening sockets: one per core on the same address (SO_REUSEPORT), so that accepting needs no shared lock.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds while a core is busy; the kernel caps it at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// What clients find behind a listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// HTTP, in the clear.
    Plain,
    /// TLS first.
    Tls,
}

/// A listening socket could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: is another process using it, or does it need more rights?")]
pub(crate) struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

impl ListenError {
    /// It could not be had on that address.
    pub(super) const fn of(address: SocketAddr, source: io::Error) -> Self {
        Self { address, source }
    }
}

/// Binds `count` sockets to one address. With port 0 the kernel chooses a port, once for all.
pub(crate) fn bind(address: SocketAddr, count: usize) -> Result<Vec<TcpListener>, ListenError> {
    let fault = |source| ListenError { address, source };
    // Two of our processes would share the port unnoticed by SO_REUSEPORT, so a first socket without it asks whether it is free.
    if address.port() != 0 {
        socket(address, false).map_err(fault)?;
    }
    let first = socket(address, true).map_err(fault)?;
    let bound = first.local_addr().map_err(fault)?;
    let others = (1..count).map(|_| socket(bound, true).map_err(fault));
    std::iter::once(Ok(first)).chain(others).collect()
}

fn socket(address: SocketAddr, share: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(share)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cores_listen_on_the_port_that_the_kernel_chose() {
        let listeners = bind("127.0.0.1:0".parse().unwrap(), 3).unwrap();
        let ports: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap().port()).collect();
        assert_eq!(ports, [ports[0]; 3]);
    }

    #[test]
    fn a_port_in_use_is_an_error_that_names_the_address() {
        let taken = bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let address = taken[0].local_addr().unwrap();
        let error = bind(address, 2).unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}
