//! What an upstream's name stands for. The system is asked again every few seconds, and what it last said holds while it
//! says nothing better: a resolver that is away takes no upstream along.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::Semaphore;

use super::by_spec::ByKey;
use super::spec::Address;

/// How long an answer holds. The system's resolver does not tell how long it might.
const FRESH: Duration = Duration::from_secs(10);

/// The most addresses of a name that are looked at.
const ADDRESSES_MAX: usize = 32;

/// Questions to the system at a time, of the whole process: each takes a thread, for as long as the resolver is silent.
const QUESTIONS_MAX: usize = 4;

/// The names of the process.
#[derive(Debug)]
pub(crate) struct Names {
    known: ByKey<String, Name>,
    questions: Arc<Questions>,
}

#[derive(Debug)]
struct Questions {
    room: Semaphore,
    answered: AtomicU64,
    failed: AtomicU64,
}

impl Default for Names {
    fn default() -> Self {
        let room = Semaphore::new(QUESTIONS_MAX);
        let questions = Questions { room, answered: AtomicU64::new(0), failed: AtomicU64::new(0) };
        Self { known: ByKey::default(), questions: Arc::new(questions) }
    }
}

impl Names {
    /// Where that address is.
    pub(crate) fn place(&self, address: &Address) -> Place {
        match address {
            Address::Unix(path) => Place::Unix(path.clone()),
            Address::Tcp(text) => match text.parse() {
                Ok(address) => Place::Fixed(address),
                Err(_) => Place::Named(self.known.get(text, || Name::new(text, &self.questions))),
            },
        }
    }

    /// How often the system was asked, with and without an answer.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.questions.answered.load(Relaxed), self.questions.failed.load(Relaxed))
    }
}

/// Where an upstream is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A Unix socket.
    Unix(PathBuf),
    /// An IP address with its port.
    Fixed(SocketAddr),
    /// A name with its port.
    Named(Arc<Name>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Fixed(address) => address.fmt(f),
            Self::Named(name) => f.write_str(&name.text),
        }
    }
}

/// Whom a connection was made to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// `None` where a name has nothing to do with it.
    address: Option<SocketAddr>,
    /// The answer that it was in.
    answer: u64,
}

impl Peer {
    /// A peer that no name stands for.
    pub(crate) const FIXED: Self = Self { address: None, answer: 0 };
}

impl Place {
    /// For requests that name no host.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Fixed(address) => address.to_string(),
            Self::Named(name) => name.text.clone(),
        }
    }

    /// Whether a connection to that peer is one to this upstream still.
    pub(crate) fn still_has(&self, peer: &mut Peer) -> bool {
        match (self, peer.address) {
            (Self::Named(name), Some(address)) => name.still_has(address, &mut peer.answer),
            _ => true,
        }
    }
}

/// One name with its port, `host:port`.
#[derive(Debug)]
pub(crate) struct Name {
    text: String,
    known: Instant,
    answer: ArcSwapOption<Answer>,
    /// When the answer is no longer fresh, in milliseconds after `known`.
    stale_at: AtomicU64,
    is_asking: AtomicBool,
    /// Which of the addresses comes first next time.
    turn: AtomicUsize,
    questions: Arc<Questions>,
}

/// What the system said.
#[derive(Debug)]
struct Answer {
    /// Counts the answers that differ, from 1.
    number: u64,
    /// In order.
    addresses: Vec<SocketAddr>,
}

impl Name {
    fn new(text: &str, questions: &Arc<Questions>) -> Self {
        Self {
            text: text.to_owned(),
            known: Instant::now(),
            answer: ArcSwapOption::empty(),
            stale_at: AtomicU64::new(0),
            is_asking: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            questions: Arc::clone(questions),
        }
    }

    /// Its addresses, beginning with another one each time, each as a peer.
    pub(crate) async fn peers(self: &Arc<Self>) -> io::Result<Vec<(SocketAddr, Peer)>> {
        self.refresh();
        let answer = match self.answer.load_full() {
            Some(answer) => answer,
            None => self.ask().await?,
        };
        let (count, first) = (answer.addresses.len(), self.turn.fetch_add(1, Relaxed));
        let turned = (0..count).map(|at| answer.addresses[(first + at) % count]);
        let peer = |address| (address, Peer { address: Some(address), answer: answer.number });
        Ok(turned.map(peer).collect())
    }

    fn still_has(self: &Arc<Self>, address: SocketAddr, seen: &mut u64) -> bool {
        self.refresh();
        let answer = self.answer.load();
        let Some(answer) = answer.as_ref() else { return true };
        let has = *seen == answer.number || answer.addresses.contains(&address);
        *seen = answer.number;
        has
    }

    /// Asks beside whatever goes on, where the answer is there and no longer fresh.
    fn refresh(self: &Arc<Self>) {
        let stale_at = self.stale_at.load(Relaxed);
        if stale_at == 0 || self.now() < stale_at || self.is_asking.swap(true, Relaxed) {
            return;
        }
        let name = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = name.ask().await {
                tracing::warn!(name = name.text, %error, "a name could not be resolved; its last addresses hold");
            }
            name.is_asking.store(false, Relaxed);
        });
    }

    fn now(&self) -> u64 {
        self.known.elapsed().as_millis() as u64
    }

    async fn ask(&self) -> io::Result<Arc<Answer>> {
        let _room = self.questions.room.acquire().await.map_err(io::Error::other)?;
        if let Some(answer) = self.answer.load_full().filter(|_| self.now() < self.stale_at.load(Relaxed)) {
            return Ok(answer);
        }
        let found = tokio::net::lookup_host(self.text.as_str()).await;
        let counted = if found.is_ok() { &self.questions.answered } else { &self.questions.failed };
        counted.fetch_add(1, Relaxed);
        if self.answer.load().is_some() {
            self.stale_at.store(self.now() + FRESH.as_millis() as u64, Relaxed);
        }
        let mut addresses: Vec<_> = found?.take(ADDRESSES_MAX).collect();
        addresses.sort_unstable();
        addresses.dedup();
        self.take_in(addresses)
    }

    fn take_in(&self, addresses: Vec<SocketAddr>) -> io::Result<Arc<Answer>> {
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name stands for no address"));
        }
        let before = self.answer.load_full();
        let answer = match before {
            Some(before) if before.addresses == addresses => before,
            before => Arc::new(Answer { number: before.map_or(1, |before| before.number + 1), addresses }),
        };
        self.answer.store(Some(Arc::clone(&answer)));
        self.stale_at.store(self.now() + FRESH.as_millis() as u64, Relaxed);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(last: &[u8]) -> Vec<SocketAddr> {
        last.iter().map(|last| SocketAddr::from(([192, 0, 2, *last], 80))).collect()
    }

    fn named(names: &Names, text: &str) -> Arc<Name> {
        match names.place(&Address::Tcp(text.to_owned())) {
            Place::Named(name) => name,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_its_addresses_take_turns() {
        let names = Names::default();
        let name = named(&names, "localhost:80");
        assert!(name.peers().await.unwrap().iter().all(|(address, _)| address.ip().is_loopback()));
        assert_eq!(names.counts(), (1, 0));
        name.take_in(addresses(&[1, 2])).unwrap();
        let mut firsts = Vec::new();
        for _ in 0..2 {
            firsts.push(name.peers().await.unwrap()[0].0);
        }
        firsts.sort_unstable();
        assert_eq!(firsts, addresses(&[1, 2]));
        assert_eq!(names.counts(), (1, 0), "what is fresh is not asked for again");
    }

    #[tokio::test]
    async fn a_kept_connection_ends_when_its_name_stands_for_others() {
        let names = Names::default();
        let name = named(&names, "localhost:80");
        let place = Place::Named(Arc::clone(&name));
        name.take_in(addresses(&[1, 2])).unwrap();
        let mut peers: Vec<Peer> = name.peers().await.unwrap().into_iter().map(|(_, peer)| peer).collect();
        assert!(peers.iter_mut().all(|peer| place.still_has(peer)));
        name.take_in(addresses(&[2, 3])).unwrap();
        assert_eq!(peers.iter_mut().filter_map(|peer| place.still_has(peer).then_some(())).count(), 1);
        assert!(place.still_has(&mut Peer { ..Peer::FIXED }));
    }

    #[tokio::test]
    async fn a_name_that_is_none_fails_and_one_that_was_holds() {
        let names = Names::default();
        let name = named(&names, "no-such-name.invalid:80");
        assert!(name.peers().await.is_err());
        name.take_in(addresses(&[1])).unwrap();
        name.stale_at.store(1, Relaxed);
        let before = names.counts().1;
        assert_eq!(name.peers().await.unwrap()[0].0, addresses(&[1])[0], "an old answer is better than none");
        while names.counts().1 == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
            // Where the resolver said no within the first millisecond, nothing was stale yet.
            name.refresh();
        }
        assert_eq!(name.peers().await.unwrap()[0].0, addresses(&[1])[0]);
    }
}
