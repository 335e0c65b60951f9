//! The proxy in front of several PHP servers, each of which says who it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use handover_parts::load::{Outcome, drive};
use handover_parts::{Handover, PhpServer, http};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// Says on which port it was asked, and how.
const SCRIPT: &str = "header('Content-Type: text/plain');\n\
    if (isset($_GET['ms'])) { usleep(1000 * (int) $_GET['ms']); }\n\
    if (isset($_GET['drips'])) { for ($i = 0; $i < 100; $i++) { echo '.'; flush(); usleep(100000); } }\n\
    echo $_SERVER['SERVER_PORT'];\n";

/// A GET of the route that may be asked twice.
pub(crate) const REPEATABLE: &[u8] = b"GET /repeatable HTTP/1.1\r\nHost: h\r\n\r\n";

/// A GET of one that may not.
pub(crate) const ONCE: &[u8] = b"GET /once HTTP/1.1\r\nHost: h\r\n\r\n";

const ROUTES: &str = "[[route]]\nname = 'repeatable'\nmatch = 'GET /repeatable'\nrepeatable = true\n";

/// The proxy and its upstreams, which are known by their places.
pub(crate) struct World {
    pub(crate) proxy: Handover,
    addresses: Vec<SocketAddr>,
    servers: Vec<Mutex<PhpServer>>,
}

impl World {
    /// With so many upstreams, and `more` in the legacy's section.
    pub(crate) fn new(upstreams: usize, more: &str) -> Self {
        let servers: Vec<_> = (0..upstreams).map(|_| PhpServer::start(SCRIPT)).collect();
        let addresses: Vec<_> = servers.iter().map(PhpServer::address).collect();
        let servers = servers.into_iter().map(Mutex::new).collect();
        Self { proxy: start(&addresses, more), addresses, servers }
    }

    /// Does something to an upstream, also while it is under load.
    pub(crate) fn upstream(&self, place: usize) -> MutexGuard<'_, PhpServer> {
        self.servers[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who answers a request.
    pub(crate) fn ask(&self, request: &[u8]) -> http::Response {
        http::Client::connect(self.proxy.http()).unwrap().exchange(request).unwrap()
    }

    /// The upstream's place that answers, or the status of what is no answer of theirs.
    pub(crate) fn who(&self, request: &[u8]) -> Result<usize, u16> {
        self.whose(&self.ask(request))
    }

    fn whose(&self, answer: &http::Response) -> Result<usize, u16> {
        let port = answer.text();
        let found = self.addresses.iter().position(|address| address.port().to_string() == port);
        found.ok_or(answer.status)
    }

    /// Waits until requests are answered by that upstream again.
    pub(crate) fn wait_for(&self, place: usize) {
        let until = Instant::now() + Duration::from_secs(30);
        while self.who(REPEATABLE) != Ok(place) {
            assert!(Instant::now() < until, "upstream {place} does not come back:\n{}", self.proxy.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until that upstream is left alone (0), or back (1).
    pub(crate) fn wait_until_up(&self, place: usize, up: u64) {
        let until = Instant::now() + Duration::from_secs(30);
        while self.seen("handover_upstream_up", place) != Some(up) {
            assert!(Instant::now() < until, "upstream {place} is never {up}:\n{}", self.proxy.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The first value of a metric of that upstream.
    pub(crate) fn metric(&self, name: &str, place: usize) -> u64 {
        self.seen(name, place).expect("the metric is there")
    }

    /// The same, from when the upstream was first looked at.
    fn seen(&self, name: &str, place: usize) -> Option<u64> {
        let address = self.addresses[place];
        let text = http::get(self.proxy.admin(), "/metrics").unwrap().text();
        let label = format!("upstream=\"{address}\"");
        let mut lines = text.lines().filter(|line| line.starts_with(name) && line.contains(&label));
        lines.next()?.rsplit_once(' ')?.1.parse().ok()
    }

    /// Keeps four clients busy with `request` while `meanwhile` runs; who answered how often.
    pub(crate) fn under_load(
        &self,
        request: &[u8],
        meanwhile: impl FnOnce(),
    ) -> BTreeMap<Result<usize, u16>, usize> {
        /// Ends the load, also where `meanwhile` panics.
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let over = AtomicBool::new(false);
        let outcomes = std::thread::scope(|scope| {
            let load = scope.spawn(|| {
                drive(self.proxy.http(), 4, |_| (!over.load(Ordering::Relaxed)).then(|| request.to_vec()))
            });
            let end = End(&over);
            meanwhile();
            drop(end);
            load.join().unwrap()
        });
        let mut counts = BTreeMap::new();
        for outcome in &outcomes {
            *counts.entry(self.whose(Outcome::response(outcome))).or_default() += 1;
        }
        counts
    }
}

/// A proxy in front of `addresses`.
pub(crate) fn start(addresses: &[SocketAddr], more: &str) -> Handover {
    let urls: Vec<_> = addresses.iter().map(|address| format!("'http://{address}'")).collect();
    Handover::start(
        BINARY,
        &format!("workers = 1\n[legacy.app]\nhttp = [{}]\n{more}\n{ROUTES}", urls.join(", ")),
    )
}

/// Requests that clients got no answer of an upstream to.
pub(crate) fn failures(counts: &BTreeMap<Result<usize, u16>, usize>) -> usize {
    counts.iter().filter(|(who, _)| who.is_err()).map(|(_, count)| count).sum()
}
