//! The threads and tasks of a serving process: its cores, its admin, and what is looked after now and then.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::accept::listener::Entrance;
use crate::accept::{balance, core};
use crate::control::Control;
use crate::every::Every;
use crate::process::Process;
use crate::route::limits::Limiter;

/// How often it is looked whether an hour of the progress has ended.
const HISTORY: Duration = Duration::from_secs(10);

/// How often clients that a route's rate limit knows are forgotten, where they have not come for a while.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Looks whether others have replaced certificates or passwords, and whether all cores move.
pub(super) fn looks(process: &Arc<Process>, side: &tokio::runtime::Handle) -> io::Result<Vec<Every>> {
    let tls = process.tls.clone().map(|tls| Every::second("tls-watch", move || tls.refresh()));
    let (producers, side) = (Arc::clone(&process.producers), side.clone());
    let kafka = Every::second("kafka-watch", move || producers.renew_secrets(&side));
    let watched = Arc::clone(process);
    let look = move || watched.watchdog.look(&watched.pulses, &watched.generations.load());
    tls.into_iter().chain([kafka, Every::second("watchdog", look)]).collect()
}

/// What is known of clients that have not come for a while is of no use.
pub(super) async fn forget_clients(process: Arc<Process>) {
    loop {
        tokio::time::sleep(FORGET_EVERY).await;
        process.offenders.forget();
        let generation = process.generations.load();
        generation.routes().iter().filter_map(|route| route.limiter.as_ref()).for_each(Limiter::forget);
    }
}

pub(super) fn start_cores(
    process: &Arc<Process>,
    sockets: Vec<Vec<(Entrance, TcpListener)>>,
) -> io::Result<Vec<JoinHandle<()>>> {
    let seats = balance::seats(sockets.len());
    let start = |(index, (seat, own)): (usize, (balance::Seat, Vec<_>))| {
        let process = Arc::clone(process);
        std::thread::Builder::new().name(format!("core-{index}")).spawn(move || {
            if let Err(error) = core::run(process, own, seat) {
                tracing::error!(index, %error, "a core could not start");
            }
        })
    };
    seats.into_iter().zip(sockets).enumerate().map(start).collect()
}

pub(super) async fn count_unrouted(control: Arc<Control>) {
    control.process.unrouted.count().await;
}

/// Notes each hour how far the takeover is.
pub(super) async fn keep_history(control: Arc<Control>) {
    let mut tick = tokio::time::interval(HISTORY);
    loop {
        tick.tick().await;
        control.history.tick(&control.process.metrics);
    }
}

pub(super) fn start_admin(
    runtime: &Runtime,
    listener: TcpListener,
    control: Arc<Control>,
    end: oneshot::Receiver<Infallible>,
) -> io::Result<()> {
    let _entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = crate::admin::router(control).into_make_service_with_connect_info::<SocketAddr>();
    runtime.spawn(async move {
        let ended = async { drop(end.await) };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
            tracing::error!(%error, "the admin has ended");
        }
    });
    Ok(())
}

pub(super) fn runtime(name: &str, threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build()
}
