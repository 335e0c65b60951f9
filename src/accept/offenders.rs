//! Clients whose HTTP/2 connections had to be ended for a flood of frames, again and again.
//!
//! Ending an abusive connection costs its client nothing: it makes the next one. What every further connection costs us
//! (a handshake, the first hundred requests) is what others then wait for. So a client that has offended
//! [`OFFENCES_MAX`] times within [`WINDOW`] is not served by HTTP/2 for [`BARRED`]. HTTP/1.1, where none of these attacks
//! exist, stays open to it, since many people can come from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::route::limits::network;

/// Connections of one client that may be ended for a flood before it is barred.
const OFFENCES_MAX: u32 = 4;

/// The time in which they count together.
const WINDOW: Duration = Duration::from_secs(10);

/// How long it is barred then.
const BARRED: Duration = Duration::from_secs(10);

/// The most clients that are known. Who comes beyond them takes the place of the one that has been known the longest.
const CLIENTS_MAX: usize = 4096;

/// The clients that offended lately.
#[derive(Debug, Default)]
pub(crate) struct Offenders {
    /// How many are known, so that nobody asks for the lock while there is none: as most of the time.
    known: AtomicUsize,
    clients: Mutex<HashMap<IpAddr, Record>>,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    /// When the first of its offences was that count.
    since: Instant,
    offences: u32,
    barred_until: Option<Instant>,
}

impl Record {
    fn is_over(&self, now: Instant) -> bool {
        self.barred_until.map_or(now >= self.since + WINDOW, |until| now >= until)
    }
}

impl Offenders {
    /// Whether this client is barred.
    pub(super) fn is_barred(&self, client: IpAddr) -> bool {
        self.known.load(Relaxed) > 0 && self.is_barred_at(client, Instant::now())
    }

    /// Takes an offence of this client down.
    pub(super) fn note(&self, client: IpAddr) {
        self.note_at(client, Instant::now());
    }

    /// Forgets those whose time is over. To be called now and then.
    pub(crate) fn forget(&self) {
        self.forget_at(Instant::now());
    }

    fn forget_at(&self, now: Instant) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, record| !record.is_over(now));
        self.known.store(clients.len(), Relaxed);
    }

    fn is_barred_at(&self, client: IpAddr, now: Instant) -> bool {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let until = clients.get(&network(client)).and_then(|record| record.barred_until);
        until.is_some_and(|until| now < until)
    }

    fn note_at(&self, client: IpAddr, now: Instant) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let client = network(client);
        if clients.len() >= CLIENTS_MAX && !clients.contains_key(&client) {
            make_room(&mut clients, now);
        }
        let new = Record { since: now, offences: 0, barred_until: None };
        let record = clients.entry(client).or_insert(new);
        if record.is_over(now) {
            *record = new;
        }
        record.offences += 1;
        if record.offences >= OFFENCES_MAX && record.barred_until.is_none() {
            record.barred_until = Some(now + BARRED);
            tracing::warn!(
                %client,
                offences = record.offences,
                seconds = BARRED.as_secs(),
                "HTTP/2 connections of a client had to be ended again and again; it is not served by HTTP/2 for a while"
            );
        }
        self.known.store(clients.len(), Relaxed);
    }
}

/// Forgets those whose time is over, or else the one that has been known the longest.
fn make_room(clients: &mut HashMap<IpAddr, Record>, now: Instant) {
    clients.retain(|_, record| !record.is_over(now));
    if clients.len() >= CLIENTS_MAX {
        let oldest = clients.iter().min_by_key(|(_, record)| record.since).map(|(client, _)| *client);
        oldest.map(|client| clients.remove(&client));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(at: u32) -> IpAddr {
        IpAddr::from(at.to_be_bytes())
    }

    fn noted(offenders: &Offenders, client: IpAddr, times: u32, now: Instant) {
        for _ in 0..times {
            offenders.note_at(client, now);
        }
    }

    #[test]
    fn who_offends_often_is_barred_for_a_while_and_nobody_else() {
        let (offenders, now) = (Offenders::default(), Instant::now());
        noted(&offenders, ip(1), OFFENCES_MAX - 1, now);
        assert!(!offenders.is_barred_at(ip(1), now));
        noted(&offenders, ip(1), 1, now);
        assert!(offenders.is_barred_at(ip(1), now) && !offenders.is_barred_at(ip(2), now));
        assert!(!offenders.is_barred_at(ip(1), now + BARRED));
        offenders.forget_at(now);
        assert!(offenders.is_barred_at(ip(1), now), "its time is not over");
        offenders.forget_at(now + BARRED);
        assert_eq!(offenders.known.load(Relaxed), 0);
    }

    #[test]
    fn offences_that_lie_far_apart_do_not_count_together() {
        let (offenders, now) = (Offenders::default(), Instant::now());
        for at in 0..20 {
            noted(&offenders, ip(1), OFFENCES_MAX - 1, now + at * WINDOW);
            assert!(!offenders.is_barred_at(ip(1), now + at * WINDOW));
        }
    }

    #[test]
    fn an_address_of_ipv6_is_its_network() {
        let (offenders, now) = (Offenders::default(), Instant::now());
        let [one, same, other]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|ip| ip.parse().unwrap());
        noted(&offenders, one, OFFENCES_MAX, now);
        assert!(offenders.is_barred_at(same, now) && !offenders.is_barred_at(other, now));
    }

    #[test]
    fn clients_without_end_do_not_fill_the_memory() {
        let (offenders, now) = (Offenders::default(), Instant::now());
        noted(&offenders, ip(0), OFFENCES_MAX, now);
        for at in 1..CLIENTS_MAX as u32 + 10 {
            offenders.note_at(ip(at), now + Duration::from_micros(at.into()));
        }
        let known = offenders.clients.lock().unwrap().len();
        assert_eq!(known, CLIENTS_MAX);
        assert!(!offenders.is_barred_at(ip(0), now), "the oldest made room");
    }
}
