//! A core: one thread, one runtime, its own listeners, connections and upstream pools. A request never leaves it.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::balance::{Fresh, Seat};
use super::listener::Entrance;
use super::pulse::{self, Pulse};
use super::{connection, tls};
use crate::inventory::unrouted::Sampler;
use crate::legacy::CoreLegacies;
use crate::legacy::session::CoreSessions;
use crate::observe::access::{AccessLog, CoreLog};
use crate::observe::cells::CoreCells;
use crate::process::{Phase, Process};
use crate::route::generation::Generation;

/// How long accepting pauses when the process is out of file descriptors: spinning would keep others from ending.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(10);

/// How long commits may go on when their connections have ended: each has a limit of its own.
const COMMITS: Duration = Duration::from_secs(15);

/// What the connections of one core share.
pub(crate) struct Core {
    /// The process.
    pub process: Arc<Process>,
    /// This core's counters.
    pub cells: CoreCells,
    /// This core's way into the access log, where there is one.
    pub access: Option<CoreLog>,
    /// What of the requests that no route names this core hands over.
    pub unrouted: Sampler,
    /// This core's connections to legacies.
    pub legacies: CoreLegacies,
    /// This core's way to legacies' sessions.
    pub sessions: CoreSessions,
    /// Commits under way: they outlive the connections that they are for.
    pub commits: TaskTracker,
    /// The right to do a TLS handshake: they are the only work of a core that takes long.
    pub(super) handshakes: Semaphore,
    index: usize,
    generation: RefCell<Rc<Held>>,
}

/// A generation as one core holds it.
pub(crate) struct Held(Arc<Generation>);

impl Deref for Held {
    type Target = Generation;

    fn deref(&self) -> &Generation {
        &self.0
    }
}

impl Core {
    fn new(process: Arc<Process>, index: usize) -> Self {
        let generation = process.generations.load();
        process.cores[index].store(generation.number, Ordering::Relaxed);
        Self {
            index,
            cells: CoreCells::new(Arc::clone(&process.metrics)),
            access: process.access.as_ref().map(AccessLog::on_core),
            unrouted: process.unrouted.on_core(),
            legacies: process.legacies.on_core(),
            sessions: CoreSessions::default(),
            commits: TaskTracker::new(),
            handshakes: Semaphore::new(tls::HANDSHAKES_MAX),
            generation: RefCell::new(Rc::new(Held(generation))),
            process,
        }
    }

    /// What a connection that begins now is bound by.
    pub(super) fn bounds(&self) -> Arc<handover_http1::server::Config> {
        Arc::clone(&self.generation().config.http1)
    }

    /// Where is said what it is at.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.process.pulses[self.index]
    }

    /// The current generation. What is cloned is a count of this core's own, so that cores do not contend for one.
    pub(crate) fn generation(&self) -> Rc<Held> {
        let mut held = self.generation.borrow_mut();
        let current = self.process.generations.cell().load();
        if !Arc::ptr_eq(&held.0, &current) {
            *held = Rc::new(Held(Arc::clone(&current)));
            self.process.cores[self.index].store(current.number, Ordering::Relaxed);
        }
        Rc::clone(&held)
    }
}

/// Serves on the calling thread until the process is draining and the last connection has ended, or the grace is over.
pub(crate) fn run(
    process: Arc<Process>,
    listeners: Vec<(Entrance, TcpListener)>,
    seat: Seat,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = LocalSet::new().block_on(&runtime, serve(process, listeners, seat));
    // A handler that still blocks a thread keeps nobody from ending.
    runtime.shutdown_background();
    served
}

async fn serve(
    process: Arc<Process>,
    listeners: Vec<(Entrance, TcpListener)>,
    mut seat: Seat,
) -> io::Result<()> {
    let core = Rc::new(Core::new(Arc::clone(&process), seat.index()));
    let connections = TaskTracker::new();
    tokio::task::spawn_local(pulse::beat(process.clone(), seat.index()));
    let registered = |(entrance, listener)| Ok((entrance, tokio::net::TcpListener::from_std(listener)?));
    let listeners: Vec<_> = listeners.into_iter().map(registered).collect::<io::Result<_>>()?;
    let mut phase = process.phase.subscribe();
    let mut news = process.generations.subscribe();
    loop {
        tokio::select! {
            accepted = accept(&listeners) => match accepted {
                Ok((stream, peer, entrance)) => {
                    let placed = stream.into_std().ok().and_then(|stream| seat.place(stream, peer, entrance));
                    if let Some(fresh) = placed {
                        spawn(&connections, &core, fresh);
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(OUT_OF_SOCKETS).await;
                }
            },
            Some(fresh) = seat.arriving.recv() => spawn(&connections, &core, fresh),
            // A core without requests lets go of the old generation, too.
            Ok(()) = news.changed() => drop(core.generation()),
            _ = phase.wait_for(|phase| *phase >= Phase::Draining) => break,
        }
    }
    // What the kernel has accepted for us already.
    while let Ok(Ok((stream, peer, entrance))) = timeout(Duration::ZERO, accept(&listeners)).await {
        let placed = stream.into_std().ok().and_then(|stream| seat.place(stream, peer, entrance));
        if let Some(fresh) = placed {
            spawn(&connections, &core, fresh);
        }
    }
    drop(listeners);
    for fresh in seat.leave().await {
        spawn(&connections, &core, fresh);
    }
    connections.close();
    let grace = core.generation().config.shutdown.grace;
    if timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "the grace is over; connections are cut off");
    }
    core.commits.close();
    if timeout(COMMITS, core.commits.wait()).await.is_err() {
        tracing::error!(commits = core.commits.len(), "commits under way are cut off");
    }
    Ok(())
}

fn spawn(connections: &TaskTracker, core: &Rc<Core>, fresh: Fresh) {
    tokio::task::spawn_local(connections.track_future(connection::serve(Rc::clone(core), fresh)));
}

/// The next connection of any listener.
async fn accept(
    listeners: &[(Entrance, tokio::net::TcpListener)],
) -> io::Result<(tokio::net::TcpStream, SocketAddr, Entrance)> {
    std::future::poll_fn(|cx| {
        let mut polled = listeners.iter().map(|(entrance, listener)| (*entrance, listener.poll_accept(cx)));
        match polled.find(|(_, polled)| polled.is_ready()) {
            Some((entrance, ready)) => ready.map_ok(|(stream, peer)| (stream, peer, entrance)),
            None => Poll::Pending,
        }
    })
    .await
}
