//! What a route may take of the process: how many requests at once, and how many from one client.
//!
//! Counters go by a route's name: they outlive the generation that they were made for. What is known of clients is
//! bounded: beyond [`CLIENTS_MAX`] new requests are counted by a hash of their client, so that some clients share.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// The most clients that are told apart, a route.
const CLIENTS_MAX: usize = 1 << 16;

/// How many counters clients share beyond that.
const SHARED: u64 = 1 << 12;

/// What `limits` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spec {
    /// The most requests at once.
    pub concurrency: Option<usize>,
    /// The largest request body, in bytes.
    pub body: Option<u64>,
    /// How long legacy may take for a whole answer.
    pub legacy_timeout: Option<Duration>,
    /// How many requests a client may send.
    pub rate: Option<Rate>,
}

/// How many requests a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// So many.
    pub requests: NonZeroU32,
    /// In each such time.
    pub per: Duration,
    /// How many of them may come at once.
    pub burst: NonZeroU32,
}

/// A route's limits at work.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    running: Arc<AtomicUsize>,
    clients: Option<Arc<Clients>>,
    /// Requests that were refused.
    pub refused: Arc<Refused>,
}

/// Requests that were refused, by limit.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// By `concurrency`.
    pub busy: AtomicU64,
    /// By `rate`.
    pub too_many: AtomicU64,
}

#[derive(Debug)]
struct Clients {
    rate: Rate,
    known: DefaultKeyedRateLimiter<Client>,
    /// An upper bound of how many are known: requests since they were counted, and how many they were then.
    may_be: AtomicUsize,
    hasher: RandomState,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Client {
    Network(IpAddr),
    Shared(u64),
}

/// A request may not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// As many of the route's requests run as may.
    Concurrency,
    /// Its client has sent as many as it may; it may send one after so long.
    Rate(Duration),
}

/// A request that counts as running.
#[derive(Debug)]
pub(crate) struct Running(#[expect(dead_code, reason = "held for its drop")] Option<Counted>);

#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// What stands for a client where clients are counted: its address, of IPv6 the first half, since the other is the
/// client's own to choose.
pub(crate) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

impl Limiter {
    /// For these limits, with what is known from before.
    pub(crate) fn new(spec: &Spec, before: Option<&Self>) -> Self {
        let kept = |rate: Rate| before?.clients.clone().filter(|clients| clients.rate == rate);
        Self {
            running: before.map(|before| Arc::clone(&before.running)).unwrap_or_default(),
            clients: spec.rate.and_then(|rate| kept(rate).or_else(|| Clients::new(rate).map(Arc::new))),
            refused: before.map(|before| Arc::clone(&before.refused)).unwrap_or_default(),
        }
    }

    /// Counts a request in, or refuses it.
    pub(crate) fn enter(&self, spec: &Spec, client: IpAddr) -> Result<Running, Exceeded> {
        if let Some(clients) = &self.clients {
            clients.check(client).inspect_err(|_| {
                self.refused.too_many.fetch_add(1, Relaxed);
            })?;
        }
        let Some(most) = spec.concurrency else { return Ok(Running(None)) };
        let counted = Counted(Arc::clone(&self.running));
        if self.running.fetch_add(1, Relaxed) >= most {
            self.refused.busy.fetch_add(1, Relaxed);
            return Err(Exceeded::Concurrency);
        }
        Ok(Running(Some(counted)))
    }

    /// Forgets clients that have not come for a while. To be called now and then.
    pub(crate) fn forget(&self) {
        if let Some(clients) = &self.clients {
            clients.known.retain_recent();
            clients.may_be.store(clients.known.len(), Relaxed);
        }
    }
}

impl Clients {
    /// `None` where the rate is beyond what can be told apart: more than one request a nanosecond.
    fn new(rate: Rate) -> Option<Self> {
        let quota = Quota::with_period(rate.per / rate.requests.get())?.allow_burst(rate.burst);
        let (known, may_be) = (RateLimiter::dashmap(quota), AtomicUsize::new(0));
        Some(Self { rate, known, may_be, hasher: RandomState::new() })
    }

    fn check(&self, client: IpAddr) -> Result<(), Exceeded> {
        let network = network(client);
        let key = match self.may_be.fetch_add(1, Relaxed) >= CLIENTS_MAX {
            true => Client::Shared(self.hasher.hash_one(network) % SHARED),
            false => Client::Network(network),
        };
        self.known
            .check_key(&key)
            .map_err(|not_yet| Exceeded::Rate(not_yet.wait_time_from(DefaultClock::default().now())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(at: u32) -> IpAddr {
        IpAddr::from(at.to_be_bytes())
    }

    fn rate(requests: u32, per: Duration, burst: u32) -> Spec {
        let [requests, burst] = [requests, burst].map(|n| NonZeroU32::new(n).unwrap());
        Spec { rate: Some(Rate { requests, per, burst }), ..Spec::default() }
    }

    #[test]
    fn so_many_run_at_once_and_one_that_ends_makes_room_whatever_the_generation() {
        let spec = Spec { concurrency: Some(2), ..Spec::default() };
        let limiter = Limiter::new(&spec, None);
        let (first, _second) = (limiter.enter(&spec, ip(1)).unwrap(), limiter.enter(&spec, ip(1)).unwrap());
        assert_eq!(limiter.enter(&spec, ip(2)).unwrap_err(), Exceeded::Concurrency);
        let next = Limiter::new(&spec, Some(&limiter));
        assert_eq!(next.enter(&spec, ip(2)).unwrap_err(), Exceeded::Concurrency);
        drop(first);
        let _third = next.enter(&spec, ip(2)).unwrap();
        assert_eq!(limiter.enter(&spec, ip(2)).unwrap_err(), Exceeded::Concurrency);
        assert_eq!(next.refused.busy.load(Relaxed), 3, "counted on through the generations");
    }

    #[test]
    fn a_client_that_has_had_its_share_waits_and_others_do_not() {
        let spec = rate(1, Duration::from_secs(3600), 2);
        let limiter = Limiter::new(&spec, None);
        assert!(limiter.enter(&spec, ip(1)).is_ok() && limiter.enter(&spec, ip(1)).is_ok());
        let Err(Exceeded::Rate(wait)) = limiter.enter(&spec, ip(1)) else { panic!("it has had two") };
        assert!((3590..=3600).contains(&wait.as_secs()), "{wait:?}");
        assert!(limiter.enter(&spec, ip(2)).is_ok());
        let next = Limiter::new(&spec, Some(&limiter));
        assert!(next.enter(&spec, ip(1)).is_err(), "a reload does not begin anew");
        let [one, same, other]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|ip| ip.parse().unwrap());
        assert!(limiter.enter(&spec, one).is_ok() && limiter.enter(&spec, same).is_ok());
        assert!(limiter.enter(&spec, one).is_err() && limiter.enter(&spec, other).is_ok());
    }

    #[test]
    fn clients_without_end_do_not_fill_the_memory() {
        let spec = rate(1_000_000, Duration::from_secs(1), 1_000_000);
        let limiter = Limiter::new(&spec, None);
        let clients = limiter.clients.as_ref().unwrap();
        for at in 0..300_000 {
            assert!(limiter.enter(&spec, ip(at)).is_ok());
        }
        assert!(clients.known.len() <= CLIENTS_MAX + SHARED as usize, "{}", clients.known.len());
        std::thread::sleep(Duration::from_millis(5));
        limiter.forget();
        assert!(clients.known.len() < 1000, "{}", clients.known.len());
    }
}
