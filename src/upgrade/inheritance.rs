//! What a process is given by whoever started it: by systemd sockets, by a predecessor all that it has.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use serde::{Deserialize, Serialize};

use super::channel::Channel;
use crate::accept::listeners::Sockets;
use crate::legacy::managed::{Ends, Plan};
use crate::process::Process;

/// What a process is given.
#[derive(Debug, Default)]
pub(crate) struct Inheritance {
    /// Listening sockets.
    pub sockets: Sockets,
    /// php-fpm pools that run already.
    pub pools: Vec<(Plan, Ends)>,
    /// The connections to each FastCGI responder, by address, that a predecessor has a right to.
    pub held: BTreeMap<String, usize>,
}

/// The same as a message: its files come in this order.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Inventory {
    /// The address in the configuration that each socket was made for.
    sockets: Vec<SocketAddr>,
    /// Three files each: lifeline, report, log.
    pools: Vec<Plan>,
    held: BTreeMap<String, usize>,
}

impl Inheritance {
    /// All that a running process has.
    pub(crate) async fn of(process: &Process, sockets: &Sockets) -> io::Result<Self> {
        let pools = process.managed.lock().await.ends().await;
        Ok(Self { sockets: sockets.double()?, pools, held: process.legacies.shares() })
    }

    /// The sockets that systemd listens on for us, if any.
    pub(crate) fn of_systemd() -> io::Result<Self> {
        let mut given = listenfd::ListenFd::from_env();
        let mut sockets = Sockets::default();
        for index in 0..given.len() {
            if let Some(socket) = given.take_tcp_listener(index)? {
                sockets.add(socket.local_addr()?, socket)?;
            }
        }
        Ok(Self { sockets, ..Self::default() })
    }

    pub(super) fn send(&self, channel: &mut Channel) -> io::Result<()> {
        let inventory = Inventory {
            sockets: self.sockets.iter().map(|(asked, _)| asked).collect(),
            pools: self.pools.iter().map(|(plan, _)| plan.clone()).collect(),
            held: self.held.clone(),
        };
        let sockets = self.sockets.iter().map(|(_, socket)| socket.as_fd());
        let ends = self.pools.iter().flat_map(|(_, ends)| [&ends.lifeline, &ends.report, &ends.log]);
        let files: Vec<BorrowedFd<'_>> = sockets.chain(ends.map(AsFd::as_fd)).collect();
        channel.send(&inventory, &files)
    }

    pub(super) fn receive(channel: &mut Channel) -> io::Result<Self> {
        let none = || io::Error::other("the predecessor has gone");
        let (inventory, files) = channel.receive::<Inventory>()?.ok_or_else(none)?;
        let mut files = files.into_iter();
        let mut next = || files.next().ok_or_else(|| io::Error::other("fewer files than were announced"));
        let mut sockets = Sockets::default();
        for asked in inventory.sockets {
            sockets.add(asked, TcpListener::from(next()?))?;
        }
        let mut pool = |plan| {
            let [lifeline, report, log]: [io::Result<OwnedFd>; 3] = [next(), next(), next()];
            Ok((plan, Ends { lifeline: lifeline?, report: report?, log: log? }))
        };
        let pools = inventory.pools.into_iter().map(&mut pool).collect::<io::Result<_>>()?;
        Ok(Self { sockets, pools, held: inventory.held })
    }
}
