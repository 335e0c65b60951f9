//! What all cores of the process share: immutable snapshots, and what is off the client's path.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handover_api::Ports;
use ipnet::IpNet;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};

use crate::accept::counts::Counts;
use crate::accept::offenders::Offenders;
use crate::accept::pulse::{Pulse, Watchdog};
use crate::accept::tls::Tls;
use crate::cache::Cache;
use crate::commit::Producers;
use crate::inventory::unrouted::Inventory;
use crate::legacy::Legacies;
use crate::legacy::http::checks::Checks;
use crate::legacy::managed::Pools;
use crate::legacy::php::Phps;
use crate::mirror::Mirror;
use crate::mirror::recordings::Recordings;
use crate::mirror::tap::Taps;
use crate::native::blocking::Pool;
use crate::observe::access::AccessLog;
use crate::observe::cells::Registry;
use crate::observe::tolerated::Tolerated;
use crate::observe::trace::Spans;
use crate::review::Sender;
use crate::route::generation::Shared;
use crate::tables::Tables;

/// Where the process stands between its start and its end. Each phase does what the ones before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Connections are accepted and served, but whoever starts it is not told yet: signals that would end it in order still
    /// end it at once.
    Starting,
    /// Connections are accepted and served.
    Serving,
    /// It says that it is not ready, and connections end after their answer. New ones are still accepted: whoever sends
    /// them has to notice first.
    Unready,
    /// No new connections.
    Draining,
}

/// Whether idle connections are to be closed. Before, they wait for a request with whose answer they can be told.
///
/// Connections look at it between two requests, so that it is one load, with nothing that cores would contend for.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    now: AtomicBool,
    told: Notify,
}

impl Closing {
    /// Closes them.
    pub(crate) fn begin(&self) {
        self.now.store(true, Ordering::Release);
        self.told.notify_waiters();
    }

    /// Whether they are closed.
    pub(crate) fn is_so(&self) -> bool {
        self.now.load(Ordering::Acquire)
    }

    /// Ends when that begins, for whoever has polled it before.
    pub(crate) fn told(&self) -> Notified<'_> {
        self.told.notified()
    }
}

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// To serve clients.
    Serve,
    /// To judge what those that serve clients have sent.
    Review,
}

/// The shared state.
pub(crate) struct Process {
    /// What it is there for.
    pub role: Role,
    /// Where experiments are sent to, where they are judged elsewhere.
    pub sender: Option<Arc<Sender>>,
    /// The current generation.
    pub generations: Shared,
    /// The generation that each core works with.
    pub cores: Box<[AtomicU64]>,
    /// All cores' request counters.
    pub metrics: Arc<Registry>,
    /// What live handlers read from.
    pub ports: Arc<dyn Ports>,
    /// The threads for handlers that block.
    pub blocking: Pool,
    /// Whether each core moves.
    pub pulses: Box<[Pulse]>,
    /// Who looks whether they do.
    pub watchdog: Watchdog,
    /// The hot tables.
    pub tables: Arc<Tables>,
    /// The Kafka producers.
    pub producers: Arc<Producers>,
    /// What legacies share across cores: permits, parked connections.
    pub legacies: Legacies,
    /// Which PHP each legacy runs.
    pub phps: Arc<Phps>,
    /// What legacy has answered before.
    pub cache: Arc<Cache>,
    /// Asks upstreams how they are.
    pub checks: Checks,
    /// The php-fpm pools that run under us.
    pub managed: tokio::sync::Mutex<Pools>,
    /// Where experiments are handed to.
    pub mirror: Mirror,
    /// Who records experiments.
    pub recordings: Arc<Recordings>,
    /// What legacy sends.
    pub taps: Taps,
    /// Requests that were refused before they could be routed.
    pub refusals: Refusals,
    /// Clients whose HTTP/2 connections had to be ended again and again.
    pub offenders: Offenders,
    /// What is asked for that no route names.
    pub unrouted: Inventory,
    /// Requests that were passed on although they are unusual.
    pub tolerated: Tolerated,
    /// The access log, where there is one.
    pub access: Option<AccessLog>,
    /// Where spans of recorded requests go, where there is a collector.
    pub spans: Option<Spans>,
    /// How clients connect.
    pub clients: Counts,
    /// Networks whose peers say in a PROXY header whom they speak for.
    pub proxies: Vec<IpNet>,
    /// TLS towards clients, where there is any.
    pub tls: Option<Arc<Tls>>,
    /// Serving, or how far its end is.
    pub phase: watch::Sender<Phase>,
    /// Whether idle connections are to be closed.
    pub closing: Closing,
}

impl Process {
    /// Whether a peer has to say in a PROXY header whom it speaks for.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&peer.to_canonical()))
    }

    /// Waits until every core works with that generation or a later one, for that long at most.
    pub(crate) async fn switched(&self, generation: u64, within: Duration) -> bool {
        let all = || self.cores.iter().all(|core| core.load(Ordering::Relaxed) >= generation);
        let switched = async {
            while !all() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(within, switched).await.is_ok()
    }
}

/// Counts refused requests by reason. They are rare, so a lock is cheap enough.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<&'static str, u64>>);

impl Refusals {
    /// Counts one, by a label that stays the same.
    pub(crate) fn count(&self, reason: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
