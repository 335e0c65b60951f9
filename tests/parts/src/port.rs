//! Ports that nobody else will get before the part binds them.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// A free TCP port on 127.0.0.1, held for about a minute against everyone who does not ask for it by number.
///
/// A connection is made to the port and closed from the listening side, which leaves the port in `TIME_WAIT`: the
/// kernel gives it to no outgoing connection and to no `bind` to port 0, while a server, which sets `SO_REUSEADDR`, may
/// bind it. Merely closing the listener would let a load test's next connection take the port.
///
/// # Panics
/// When the machine has no loopback interface or no port left.
#[must_use]
pub fn free_port() -> u16 {
    let reserve = || -> std::io::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let _client = TcpStream::connect(address)?;
        let (server, _) = listener.accept()?;
        drop(server);
        Ok(address.port())
    };
    reserve().unwrap_or_else(|error| panic!("no free port on 127.0.0.1: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_given_to_nobody_else_but_can_be_bound() {
        let port = free_port();
        for _ in 0..200 {
            let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            assert_ne!(other.local_addr().unwrap().port(), port);
        }
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
