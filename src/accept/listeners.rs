//! All listening sockets of the process: given by whoever started it, or bound.

use std::io;
use std::net::{SocketAddr, TcpListener};

use super::listener::{self, Entrance, ListenError};
use crate::config::valid::Listen;

/// Listening sockets, each with the address in the configuration that it is for: with port 0 that is not its own.
#[derive(Debug, Default)]
pub(crate) struct Sockets(Vec<(SocketAddr, TcpListener)>);

impl Sockets {
    /// Adds one.
    pub(crate) fn add(&mut self, asked: SocketAddr, socket: TcpListener) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        self.0.push((asked, socket));
        Ok(())
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SocketAddr, &TcpListener)> {
        self.0.iter().map(|(asked, socket)| (*asked, socket))
    }

    /// Doubles of all of them: the same sockets, to be closed apart.
    pub(crate) fn double(&self) -> io::Result<Self> {
        let double = |(asked, socket): &(SocketAddr, TcpListener)| Ok((*asked, socket.try_clone()?));
        self.0.iter().map(double).collect::<io::Result<_>>().map(Self)
    }

    /// Takes out those for one address.
    fn take(&mut self, asked: SocketAddr) -> Vec<TcpListener> {
        self.0.extract_if(.., |(known, _)| *known == asked).map(|(_, socket)| socket).collect()
    }
}

/// What the process listens on.
pub(crate) struct Listeners {
    /// For clients: of each address at least one for each core.
    clients: Vec<(Entrance, Vec<TcpListener>)>,
    /// For operators.
    pub admin: Option<TcpListener>,
    /// Doubles of all of them, for a successor.
    pub kept: Sockets,
    cores: usize,
}

impl Listeners {
    /// Binds what was not given.
    pub(crate) fn bind(listen: &Listen, cores: usize, mut given: Sockets) -> Result<Self, ListenError> {
        let mut kept = Sockets::default();
        let mut bind = |address, count| {
            let had = given.take(address);
            let bound = if had.is_empty() { listener::bind(address, count)? } else { had };
            let keep = bound.iter().try_for_each(|socket| kept.add(address, socket.try_clone()?));
            keep.and_then(|()| for_each_core(bound, count)).map_err(|source| ListenError::of(address, source))
        };
        let plain = listen.http.iter().map(|address| (Entrance::Plain, *address));
        let tls = listen.https.iter().map(|address| (Entrance::Tls, *address));
        let clients = plain.chain(tls).map(|(entrance, address)| Ok((entrance, bind(address, cores)?)));
        let clients = clients.collect::<Result<_, ListenError>>()?;
        let admin = listen.admin.map(|address| bind(address, 1)).transpose()?;
        for (address, _) in given.iter() {
            tracing::warn!(%address, "a listening socket was given that `[listen]` does not name; it is closed");
        }
        Ok(Self { clients, admin: admin.and_then(|mut bound| bound.pop()), kept, cores })
    }

    /// Where clients connect.
    pub(crate) fn addresses(&self, entrance: Entrance) -> Vec<SocketAddr> {
        let bound = self.clients.iter().filter(|(of, _)| *of == entrance);
        bound.filter_map(|(_, sockets)| sockets.first()?.local_addr().ok()).collect()
    }

    /// Where operators connect.
    pub(crate) fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }

    /// The sockets of each core. Where there are more than cores, some have several: none may be left unheard.
    pub(crate) fn of_cores(&mut self) -> Vec<Vec<(Entrance, TcpListener)>> {
        let mut cores: Vec<Vec<_>> = std::iter::repeat_with(Vec::new).take(self.cores).collect();
        for (entrance, sockets) in self.clients.drain(..) {
            for (index, socket) in sockets.into_iter().enumerate() {
                cores[index % self.cores].push((entrance, socket));
            }
        }
        cores
    }
}

/// At least `count` sockets: cores share one where there are fewer.
fn for_each_core(mut sockets: Vec<TcpListener>, count: usize) -> io::Result<Vec<TcpListener>> {
    for index in 0..count.saturating_sub(sockets.len()) {
        sockets.push(sockets[index].try_clone()?);
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(http: &str) -> Listen {
        let http = vec![http.parse().unwrap()];
        Listen { http, https: Vec::new(), tls: None, proxies: Vec::new(), admin: None }
    }

    #[test]
    fn what_was_given_is_not_bound_again_whatever_the_number_of_cores() {
        let asked = listen("127.0.0.1:0");
        let first = Listeners::bind(&asked, 3, Sockets::default()).unwrap();
        let address = first.addresses(Entrance::Plain);
        for cores in [1, 3, 7] {
            let mut next = Listeners::bind(&asked, cores, first.kept.double().unwrap()).unwrap();
            assert_eq!(next.addresses(Entrance::Plain), address);
            assert_eq!(next.kept.iter().count(), 3, "each of the sockets, once");
            let of_cores = next.of_cores();
            assert_eq!(of_cores.len(), cores);
            assert!(of_cores.iter().all(|sockets| !sockets.is_empty()));
            assert_eq!(of_cores.iter().map(Vec::len).sum::<usize>(), cores.max(3));
        }
    }

    #[test]
    fn another_address_is_bound() {
        let first = Listeners::bind(&listen("127.0.0.1:0"), 1, Sockets::default()).unwrap();
        let next = Listeners::bind(&listen("127.0.0.2:0"), 1, first.kept.double().unwrap()).unwrap();
        assert_eq!(next.addresses(Entrance::Plain)[0].ip().to_string(), "127.0.0.2");
    }
}
