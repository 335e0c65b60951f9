//! Spreads fresh connections over the cores.
//!
//! SO_REUSEPORT hashes connections to sockets; with few long-lived ones that is uneven. So a fresh connection may
//! move once, before its first byte is read, to the core that holds the fewest.

use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::listener::Entrance;

/// Connections that may wait to be taken over by a core; beyond it they stay where they were accepted.
const MOVING_MAX: usize = 1024;

/// How often a core that has left looks whether all have.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A fresh connection, counted for the core that is to serve it.
pub(crate) struct Fresh {
    /// The socket, non-blocking.
    pub stream: TcpStream,
    /// The client's address.
    pub peer: SocketAddr,
    /// The kind of listener that it came in by.
    pub entrance: Entrance,
    /// Keeps it counted.
    pub held: Held,
}

/// One core's seat: how to reach the others, and what comes from them.
pub(crate) struct Seat {
    index: usize,
    seats: Arc<[Side]>,
    /// Connections that other cores hand over.
    pub arriving: mpsc::Receiver<Fresh>,
    accepting: Option<Held>,
}

struct Side {
    connections: Arc<AtomicUsize>,
    sender: mpsc::Sender<Fresh>,
}

/// A seat for each core.
pub(crate) fn seats(cores: usize) -> Vec<Seat> {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..cores).map(|_| mpsc::channel(MOVING_MAX)).unzip();
    let seats: Arc<[Side]> =
        senders.into_iter().map(|sender| Side { connections: Arc::default(), sender }).collect();
    let all = Arc::<AtomicUsize>::default();
    let accepting = || Some(Held::new(Arc::clone(&all)));
    let seat =
        |(index, arriving)| Seat { index, seats: Arc::clone(&seats), arriving, accepting: accepting() };
    receivers.into_iter().enumerate().map(seat).collect()
}

impl Seat {
    /// Which core this is, from 0.
    pub(crate) const fn index(&self) -> usize {
        self.index
    }

    /// Takes a connection that this core accepted: it stays here (`Some`), or has gone to a core that holds fewer.
    pub(crate) fn place(&self, stream: TcpStream, peer: SocketAddr, entrance: Entrance) -> Option<Fresh> {
        let load =
            |index: &usize| (self.seats[*index].connections.load(Ordering::Relaxed), *index != self.index);
        let target = (0..self.seats.len()).min_by_key(load).unwrap_or(self.index);
        let fresh = Fresh { stream, peer, entrance, held: self.hold(target) };
        if target == self.index {
            return Some(fresh);
        }
        match self.seats[target].sender.try_send(fresh) {
            Ok(()) => None,
            Err(TrySendError::Full(fresh) | TrySendError::Closed(fresh)) => {
                Some(Fresh { held: self.hold(self.index), ..fresh })
            }
        }
    }

    /// Accepts no more, and gives what others still hand over until all have left.
    pub(crate) async fn leave(mut self) -> Vec<Fresh> {
        let mut late = Vec::new();
        let Some(Held(accepting)) = self.accepting.as_ref() else { return late };
        let accepting = Arc::clone(accepting);
        self.accepting = None;
        while accepting.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        while let Ok(fresh) = self.arriving.try_recv() {
            late.push(fresh);
        }
        late
    }

    fn hold(&self, index: usize) -> Held {
        Held::new(Arc::clone(&self.seats[index].connections))
    }
}

/// Counts one connection for its core as long as it lives.
pub(crate) struct Held(Arc<AtomicUsize>);

impl Held {
    fn new(count: Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> (TcpStream, SocketAddr) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let peer = stream.local_addr().unwrap();
        (stream, peer)
    }

    #[test]
    fn sixteen_connections_that_one_core_accepts_end_up_two_on_each_of_eight() {
        let mut seats = seats(8);
        let mut stayed = Vec::new();
        for _ in 0..16 {
            let (stream, peer) = connection();
            stayed.extend(seats[0].place(stream, peer, Entrance::Plain));
        }
        assert_eq!(stayed.len(), 2);
        for seat in &mut seats[1..] {
            let mut arrived = 0;
            while seat.arriving.try_recv().is_ok() {
                arrived += 1;
            }
            assert_eq!(arrived, 2);
        }
    }

    #[tokio::test]
    async fn what_is_on_its_way_to_a_core_that_leaves_is_not_lost() {
        let mut seats = seats(2);
        let (second, first) = (seats.pop().unwrap(), seats.pop().unwrap());
        let leaving = tokio::spawn(second.leave());
        tokio::task::yield_now().await;
        let (stream, peer) = connection();
        let stays = first.place(stream, peer, Entrance::Plain);
        let (stream, peer) = connection();
        assert!(stays.is_some() && first.place(stream, peer, Entrance::Plain).is_none(), "one goes over");
        assert_eq!(first.leave().await.len(), 0);
        assert_eq!(leaving.await.unwrap().len(), 1);
    }

    #[test]
    fn a_connection_that_ends_makes_room_on_its_core() {
        let seats = seats(2);
        let (stream, peer) = connection();
        let held = seats[0].place(stream, peer, Entrance::Plain);
        assert!(held.is_some());
        drop(held);
        let (stream, peer) = connection();
        assert!(
            seats[0].place(stream, peer, Entrance::Plain).is_some(),
            "it stays: both cores are empty again"
        );
    }
}
