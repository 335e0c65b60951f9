//! Asks legacy anew for what was given stale, beside the client's path: one thread with connections of its own.
//!
//! It takes part in legacy's permits, and asks for few things at once. What has no room is dropped and counted: the next
//! request for it tries again.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use handover_http1::RequestHead;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::fill::Ticket;
use super::key::Key;
use super::policy::Wanted;
use super::validate::Validating;
use super::visit::{Stale, Visit};
use super::{Cache, count};
use crate::exchange::nobody::{Nothing, Nowhere};
use crate::legacy::client_cert::Certified;
use crate::legacy::forwarded::Told;
use crate::legacy::spec::Spec;
use crate::legacy::{CoreLegacies, Legacies, Outbound};

/// The most questions at a time.
const AT_ONCE: usize = 8;

/// How long one may take to its end: a place is not held for an answer without one.
const WITHIN: Duration = Duration::from_secs(60);

/// The most that wait.
const WAITING: usize = 64;

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Queue {
    sender: mpsc::Sender<Asked>,
    dropped: AtomicU64,
}

pub(super) fn queue() -> (Queue, mpsc::Receiver<Asked>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Queue { sender, dropped: AtomicU64::new(0) }, receiver)
}

impl Queue {
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

/// A request as it was answered from the cache, to be asked anew.
pub(crate) struct Refresh {
    /// Its head.
    pub head: RequestHead,
    /// What legacy is told of the client.
    pub told: Told,
    /// Whether legacy is told of certificates.
    pub tells_cert: bool,
    /// The client, as legacy is to see it.
    pub peer: SocketAddr,
    /// Where the client connected to.
    pub local: SocketAddr,
    /// Whether the client came by TLS.
    pub secure: bool,
    /// The version that the client speaks.
    pub protocol: &'static str,
    /// Whom to ask.
    pub legacy: Arc<Spec>,
    /// Whether that may be done twice.
    pub repeatable: bool,
    /// The route, for log lines.
    pub route: Arc<str>,
}

/// A refresh on its way to the thread.
pub(super) struct Asked {
    refresh: Refresh,
    key: Key,
    stale: Stale,
}

impl Visit<'_> {
    /// Has a stale answer asked for anew.
    pub(crate) fn refresh(&self, cache: &Cache, stale: Stale, refresh: Refresh) {
        let asked = Asked { refresh, key: self.key().clone(), stale };
        if cache.refreshes.sender.try_send(asked).is_err() {
            count(&cache.refreshes.dropped);
        }
    }
}

/// Starts the thread. It ends with the cache.
pub(super) fn start(cache: Weak<Cache>, legacies: Legacies, asked: mpsc::Receiver<Asked>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("cache".to_owned()).spawn(move || {
        let legacies = Rc::new(legacies.on_core());
        LocalSet::new().block_on(&runtime, run(cache, legacies, asked));
    })?;
    Ok(())
}

async fn run(cache: Weak<Cache>, legacies: Rc<CoreLegacies>, mut asked: mpsc::Receiver<Asked>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(asked) = asked.recv().await {
        let (Some(cache), Ok(permit)) = (cache.upgrade(), Arc::clone(&room).acquire_owned().await) else {
            return;
        };
        let legacies = Rc::clone(&legacies);
        tokio::task::spawn_local(async move {
            one(&cache, &legacies, asked).await;
            drop(permit);
        });
    }
}

async fn one(cache: &Cache, legacies: &CoreLegacies, asked: Asked) {
    let Asked { refresh, key, stale: Stale { entry, flight } } = asked;
    let Some(question) = entry.condition(&refresh.head) else { return };
    let outbound = Outbound {
        head: &question,
        set: &refresh.told.fields(),
        trusted: refresh.told.trusted,
        begins_trace: refresh.told.begins_trace(),
        dry_run: refresh.legacy.dry_run_field(),
        // With a certificate it would not have been answered from the cache.
        certified: Certified::of(refresh.tells_cert, None),
        protocol: refresh.protocol,
        secure: refresh.secure,
        peer: refresh.peer,
        local: refresh.local,
        repeatable: refresh.repeatable,
        // Clients will wait for it, if it comes to nothing.
        aside: false,
        route: &refresh.route,
    };
    let ticket = Ticket { cache, key: &key, request: &refresh.head, flight: Some(flight) };
    let mut nowhere = Nowhere;
    let mut sink = Validating::new(&mut nowhere, ticket, entry, Wanted::of(&refresh.head));
    let mut nothing = Nothing;
    let exchanged = legacies.exchange(&refresh.legacy, &outbound, &mut nothing, &mut sink);
    match timeout(WITHIN, exchanged).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::debug!(route = &*refresh.route, %error, "a stale answer could not be asked for anew");
        }
        Err(_) => tracing::debug!(route = &*refresh.route, "a stale answer asked for anew does not end"),
    }
}
