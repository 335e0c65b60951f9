//! From a configuration to a serving process, and back to silence.
//!
//! Order at the start: the state folder, what runs beside the cores, what the configuration needs, listening sockets,
//! cores, the admin. At the end the reverse: unready, no new connections, answers under way, effects under way, evidence.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use handover_api::Ports;
use handover_shadow::{RedactionKey, Store, StoreError};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use crate::accept::counts::Counts;
use crate::accept::listener::{self, Entrance, ListenError};
use crate::accept::pulse::{Pulse, Watchdog};
use crate::accept::tls::{Tls, TlsError};
use crate::accept::{balance, core};
use crate::commit::Producers;
use crate::config::fault::Faults;
use crate::config::load::Location;
use crate::config::reload::Reloader;
use crate::config::valid::Config;
use crate::config::watch::Watch;
use crate::control::{self, Applier, Control, Unprepared};
use crate::every::Every;
use crate::legacy::Legacies;
use crate::legacy::managed::Pools;
use crate::mirror::court::Court;
use crate::mirror::experiment::Conductor;
use crate::mirror::tap::Taps;
use crate::mirror::{Mirror, asker};
use crate::native::blocking::Pool;
use crate::native::identity::Identities;
use crate::native::ports::LivePorts;
use crate::observe::tolerated::Tolerated;
use crate::process::{Phase, Process, Refusals};
use crate::rollback::watch::RollbackWatch;
use crate::route::generation::{Handlers, Shared};
use crate::tables::Tables;

/// The file of the evidence, in the state folder.
pub(crate) const EVIDENCE: &str = "evidence.sqlite";

/// How long answers under way may take once the process drains.
const GRACE: Duration = Duration::from_secs(30);

/// How long records under way may take to be delivered at the end.
const FLUSH: Duration = Duration::from_secs(15);

/// How many threads run handlers that block when they run dry: live runs don't wait for those.
const DRY_BLOCKING: usize = 2;

/// What a tap may be ahead of the court.
const TAPPED_MAX: usize = 4096;

/// The process could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The configuration is broken, and there is no last good one.
    #[error("the configuration is broken, and no good one was kept from an earlier run:\n{0}")]
    Config(#[from] Faults),
    /// The state folder cannot be used.
    #[error("the state folder {} cannot be used: choose another by `state = \"…\"`", .0.display())]
    State(PathBuf, #[source] io::Error),
    /// A thread or runtime.
    #[error("the system gives no thread or runtime")]
    Runtime(#[source] io::Error),
    /// A listening socket.
    #[error("the process cannot listen")]
    Listen(#[from] ListenError),
    /// The certificates for clients.
    #[error("clients cannot be served over TLS: look at `tls` in `[listen]`")]
    Tls(#[from] TlsError),
    /// What the configuration needs.
    #[error("what the configuration names cannot be had")]
    Unprepared(#[from] Unprepared),
    /// The evidence.
    #[error("the store of evidence cannot be used")]
    Store(#[from] StoreError),
    /// The key that placeholders are made with.
    #[error("the redaction key cannot be read or made")]
    Key(#[source] io::Error),
}

/// A running process.
pub(crate) struct Running {
    /// Changes it.
    pub control: Arc<Control>,
    /// Where clients connect to in the clear.
    pub http: Vec<SocketAddr>,
    /// Where clients connect to by TLS.
    pub https: Vec<SocketAddr>,
    /// Where operators connect to.
    pub admin: Option<SocketAddr>,
    cores: Vec<JoinHandle<()>>,
    side: Runtime,
    admin_runtime: Runtime,
    court: tokio::task::JoinHandle<()>,
    store: Store,
    watch: Watch,
    /// Look once a second: whether secrets and certificates were replaced, whether all cores move.
    looks: Vec<Every>,
    rollback: RollbackWatch,
}

impl Running {
    /// Starts. When it returns, the cores accept connections.
    pub(crate) fn start(
        location: Location,
        handlers: Handlers,
        identities: Identities,
    ) -> Result<Self, StartError> {
        let names: Vec<String> = handlers.keys().cloned().collect();
        let loaded =
            location.load(&names.iter().map(String::as_str).collect::<Vec<_>>(), identities.clone())?;
        let (config, overrides) = (Arc::clone(&loaded.config), Arc::clone(&loaded.overrides));
        let state = config.state.clone();
        let scratch = state.join("scratch");
        std::fs::create_dir_all(&scratch).map_err(|why| StartError::State(state.clone(), why))?;
        let side = runtime("side", 2).map_err(StartError::Runtime)?;
        let admin_runtime = runtime("admin", 1).map_err(StartError::Runtime)?;
        let key = RedactionKey::load_or_create(&state.join("redaction.key")).map_err(StartError::Key)?;
        let store_path = state.join(EVIDENCE);
        let store = Store::open(&store_path, &key, handover_shadow::Limits::default())?;

        let tls = config.listen.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
        let listeners = Listeners::bind(&config)?;
        let (workers, admin) = (config.workers, listeners.admin_address());
        let [http, https] = [Entrance::Plain, Entrance::Tls].map(|entrance| listeners.addresses(entrance));
        let tables = Arc::new(Tables::new(&state, side.handle().clone()));
        let ports: Arc<dyn Ports> = Arc::new(LivePorts::new(Arc::clone(&tables) as Arc<_>));
        let producers = Arc::<Producers>::default();
        let (mirror, mut begun) = Mirror::new();
        let (court, tapped) = mpsc::channel(TAPPED_MAX);
        let legacies = Legacies::new(scratch);
        let process = Arc::new(Process {
            generations: Shared::new(handlers, Arc::clone(&config), overrides),
            cores: std::iter::repeat_with(|| AtomicU64::new(1)).take(workers).collect(),
            metrics: Arc::default(),
            ports: Arc::clone(&ports),
            blocking: Pool::new(config.blocking_threads),
            pulses: std::iter::repeat_with(Pulse::default).take(workers).collect(),
            watchdog: Watchdog::default(),
            tables,
            producers: Arc::clone(&producers),
            managed: tokio::sync::Mutex::new(Pools::new(legacies.clone())),
            legacies,
            mirror,
            taps: Taps::new(court),
            refusals: Refusals::default(),
            tolerated: Tolerated::default(),
            clients: Counts::default(),
            proxies: config.listen.proxies.clone(),
            tls,
            phase: watch::Sender::new(Phase::Serving),
            grace: GRACE,
        });
        if let Some(asks) = begun.asks.take() {
            asker::start(process.legacies.clone(), asks).map_err(StartError::Runtime)?;
        }
        side.block_on(control::prepare(&process, &config, side.handle()))?;

        let blocking = Arc::new(Pool::new(DRY_BLOCKING));
        let conductor = Conductor { ports, producers, identities, blocking };
        let court = Court { conductor, recorder: store.recorder() };
        let court = side.spawn(court.sit(begun, tapped));
        let cores = start_cores(&process, listeners.clients, workers).map_err(StartError::Runtime)?;
        let applier = Arc::new(Applier::new(Arc::clone(&process), side.handle().clone()));
        let reloader = Arc::new(Reloader::new(location, loaded, names, applier));
        let control = Arc::new(Control::new(process, store_path, Arc::clone(&reloader)));
        if let Some(listener) = listeners.admin {
            start_admin(&admin_runtime, listener, Arc::clone(&control)).map_err(StartError::Runtime)?;
        }
        let watch = Watch::start(reloader).map_err(StartError::Runtime)?;
        let looks = looks(&control.process, side.handle()).map_err(StartError::Runtime)?;
        let rollback = RollbackWatch::start(&control, side.handle().clone()).map_err(StartError::Runtime)?;
        Ok(Self {
            control,
            http,
            https,
            admin,
            cores,
            side,
            admin_runtime,
            court,
            store,
            watch,
            looks,
            rollback,
        })
    }

    /// Takes no new connections, lets what is under way end within the grace, and keeps all evidence.
    pub(crate) fn stop(self) {
        drop((self.watch, self.looks, self.rollback));
        let process = &self.control.process;
        process.phase.send_replace(Phase::Draining);
        for core in self.cores {
            if core.join().is_err() {
                tracing::error!("a core had panicked");
            }
        }
        self.side.block_on(async {
            if let Some(spooler) = process.producers.spooler() {
                spooler.stop().await;
            }
            for (cluster, producer) in process.producers.running() {
                let left = producer.close(FLUSH).await;
                if left.not_persisted + left.possibly_persisted > 0 {
                    tracing::error!(cluster, ?left, "records were not delivered before the end");
                }
            }
            process.tables.stop().await;
            process.taps.stop();
            process.managed.lock().await.stop().await;
        });
        self.court.abort();
        self.admin_runtime.shutdown_background();
        self.side.shutdown_timeout(Duration::from_secs(1));
        // Dropping the store writes what is queued.
        drop(self.store);
    }
}

/// Looks whether others have replaced certificates or passwords, and whether all cores move.
fn looks(process: &Arc<Process>, side: &tokio::runtime::Handle) -> io::Result<Vec<Every>> {
    let tls = process.tls.clone().map(|tls| Every::second("tls-watch", move || tls.refresh()));
    let (producers, side) = (Arc::clone(&process.producers), side.clone());
    let kafka = Every::second("kafka-watch", move || producers.renew_secrets(&side));
    let watched = Arc::clone(process);
    let look = move || watched.watchdog.look(&watched.pulses, &watched.generations.load());
    tls.into_iter().chain([kafka, Every::second("watchdog", look)]).collect()
}

/// Bound sockets: for each core one of each address.
struct Listeners {
    clients: Vec<(Entrance, Vec<TcpListener>)>,
    admin: Option<TcpListener>,
}

impl Listeners {
    fn bind(config: &Config) -> Result<Self, ListenError> {
        let listen = &config.listen;
        let plain = listen.http.iter().map(|address| (Entrance::Plain, *address));
        let tls = listen.https.iter().map(|address| (Entrance::Tls, *address));
        let bind = |(entrance, address)| Ok((entrance, listener::bind(address, config.workers)?));
        let clients = plain.chain(tls).map(bind).collect::<Result<_, ListenError>>()?;
        let admin = listen.admin.map(|address| listener::bind(address, 1)).transpose()?;
        Ok(Self { clients, admin: admin.and_then(|mut bound| bound.pop()) })
    }

    fn addresses(&self, entrance: Entrance) -> Vec<SocketAddr> {
        let bound = self.clients.iter().filter(|(of, _)| *of == entrance);
        bound.filter_map(|(_, sockets)| sockets.first()?.local_addr().ok()).collect()
    }

    fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref()?.local_addr().ok()
    }
}

fn start_cores(
    process: &Arc<Process>,
    mut listeners: Vec<(Entrance, Vec<TcpListener>)>,
    workers: usize,
) -> io::Result<Vec<JoinHandle<()>>> {
    let seats = balance::seats(workers);
    let start = |(index, seat): (usize, balance::Seat)| {
        let own = listeners.iter_mut().filter_map(|(entrance, sockets)| Some((*entrance, sockets.pop()?)));
        let own = own.collect();
        let process = Arc::clone(process);
        std::thread::Builder::new().name(format!("core-{index}")).spawn(move || {
            if let Err(error) = core::run(process, own, seat) {
                tracing::error!(index, %error, "a core could not start");
            }
        })
    };
    seats.into_iter().enumerate().map(start).collect()
}

fn start_admin(runtime: &Runtime, listener: TcpListener, control: Arc<Control>) -> io::Result<()> {
    let _entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    runtime.spawn(async move {
        if let Err(error) = axum::serve(listener, crate::admin::router(control)).await {
            tracing::error!(%error, "the admin has ended");
        }
    });
    Ok(())
}

fn runtime(name: &str, threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build()
}
