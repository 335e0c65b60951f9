//! From a configuration to a serving process, and back to silence.
//!
//! Order at the start: the state folder, what runs beside the cores, what the configuration needs, listening sockets,
//! cores, the admin. At the end the reverse: unready, no new connections, answers under way, effects under way, evidence.
//! What a [predecessor](crate::upgrade) has, is taken over in place of being made.

mod beside;
mod error;

pub(crate) use error::StartError;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;
use std::time::Duration;

use handover_api::Ports;
use handover_shadow::{RedactionKey, Redactor, Store};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use crate::accept::counts::Counts;
use crate::accept::listener::Entrance;
use crate::accept::listeners::{Listeners, Sockets};
use crate::accept::offenders::Offenders;
use crate::accept::pulse::{Pulse, Watchdog};
use crate::accept::tls::Tls;
use crate::cache::Cache;
use crate::commit::Producers;
use crate::config::load::Location;
use crate::config::reload::Reloader;
use crate::config::watch::Watch;
use crate::control::{self, Applier, Control};
use crate::every::Every;
use crate::inventory::unrouted::Inventory;
use crate::legacy::Legacies;
use crate::legacy::http::checks::Checks;
use crate::legacy::managed::{Keeper, Pools};
use crate::legacy::php::Phps;
use crate::mirror::court::{Court, Judge};
use crate::mirror::experiment::Conductor;
use crate::mirror::recordings::Recordings;
use crate::mirror::tap::Taps;
use crate::mirror::{Mirror, asker};
use crate::native::application::Application;
use crate::native::blocking::Pool;
use crate::native::identity::Identities;
use crate::native::ports::LivePorts;
use crate::observe::access::AccessLog;
use crate::observe::tolerated::Tolerated;
use crate::observe::trace::Spans;
use crate::process::{Closing, Phase, Process, Refusals, Role};
use crate::review::{Bench, Sender};
use crate::rollback::watch::RollbackWatch;
use crate::route::generation::Shared;
use crate::tables::Tables;
use crate::upgrade::inheritance::Inheritance;
use crate::upgrade::predecessor::{Gone, Predecessor};
use crate::upgrade::successor::Successor;
use beside::{count_unrouted, forget_clients, keep_history, looks, runtime, start_admin, start_cores};

/// The file of the evidence, in the state folder.
pub(crate) const EVIDENCE: &str = "evidence.sqlite";

/// How long an idle connection is given to send a request with whose answer it can be told that we end.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long before the end of the grace idle connections are closed, where a successor takes all new requests.
const LAST: Duration = Duration::from_secs(1);

/// How long the last lines of the access log may take to be written, and the last spans to be exported.
const LINES: Duration = Duration::from_secs(1);

/// How long records under way may take to be delivered at the end.
const FLUSH: Duration = Duration::from_secs(15);

/// How many threads run handlers that block when they run dry: live runs don't wait for those.
const DRY_BLOCKING: usize = 2;

/// What a tap may be ahead of the court.
const TAPPED_MAX: usize = 4096;

/// Why the process ends.
pub(crate) enum End {
    /// It was told to (SIGTERM): whoever sends it requests may not know yet.
    Told,
    /// Somebody in front of it waits for that (Ctrl-C).
    Interrupted,
    /// Another one has taken over.
    Succeeded(Successor),
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
    sockets: Arc<Sockets>,
    side: Runtime,
    admin_runtime: Runtime,
    /// Dropping it ends the admin, once it has answered.
    admin_open: oneshot::Sender<Infallible>,
    court: tokio::task::JoinHandle<()>,
    store: Store,
    watch: Watch,
    /// Look once a second: whether secrets and certificates were replaced, whether all cores move.
    looks: Vec<Every>,
    rollback: RollbackWatch,
}

impl Running {
    /// Starts. When it returns, the cores accept connections; a review has none.
    pub(crate) fn start(
        location: Location,
        application: Application,
        identities: Identities,
        role: Role,
        inherited: Inheritance,
    ) -> Result<Self, StartError> {
        let names = application.names();
        let loaded = location.load(&names, identities.clone())?;
        let Application { handlers, committers, observers } = application;
        let (config, overrides) = (Arc::clone(&loaded.config), Arc::clone(&loaded.overrides));
        let state = config.state.clone();
        let scratch = state.join("scratch");
        std::fs::create_dir_all(&scratch).map_err(|why| StartError::State(state.clone(), why))?;
        let side = runtime("side", 2).map_err(StartError::Runtime)?;
        let admin_runtime = runtime("admin", 1).map_err(StartError::Runtime)?;
        let key = match &config.review {
            Some(review) => RedactionKey::load(&review.key_file),
            None => RedactionKey::load_or_create(&state.join("redaction.key")),
        };
        let key = key.map_err(StartError::Key)?;
        let store_path = state.join(EVIDENCE);
        let store = Store::open(&store_path, &key, handover_shadow::Limits::default())?;

        // Clients do not come to a review.
        let served = config.listen.tls.as_ref().filter(|_| role == Role::Serve);
        let tls = served.map(Tls::load).transpose()?.map(Arc::new);
        let (listen, workers) = match role {
            Role::Serve => (config.listen.clone(), config.workers),
            Role::Review => (config.listen.for_operators_alone(), 0),
        };
        let mut listeners = Listeners::bind(&listen, workers, inherited.sockets)?;
        let admin = listeners.admin_address();
        let [http, https] = [Entrance::Plain, Entrance::Tls].map(|entrance| listeners.addresses(entrance));
        let tables = Arc::new(Tables::new(&state, side.handle().clone()));
        let ports: Arc<dyn Ports> = Arc::new(LivePorts::new(Arc::clone(&tables) as Arc<_>));
        let producers = Arc::new(Producers::with(committers));
        let phps = Arc::<Phps>::default();
        let (mirror, mut begun) = Mirror::new();
        let (court, tapped) = mpsc::channel(TAPPED_MAX);
        let legacies = Legacies::new(scratch);
        legacies.lend(inherited.held);
        let mut pools = Pools::new(legacies.clone(), Keeper::ourselves(&[crate::cli::KEEP_POOL]));
        if !inherited.pools.is_empty() {
            let _entered = side.enter();
            pools.adopt(inherited.pools);
        }
        let spans = config.traces.as_ref().map(|spec| Spans::start(spec, side.handle()));
        let sender = match (&config.review, role) {
            (Some(review), Role::Serve) => {
                Some(Arc::new(Sender::start(review, Redactor::new(&key), side.handle())?))
            }
            (None, Role::Review) => return Err(StartError::NoReview),
            _ => None,
        };
        let process = Arc::new(Process {
            role,
            sender,
            generations: Shared::new(handlers, Arc::clone(&config), overrides),
            cores: std::iter::repeat_with(|| AtomicU64::new(1)).take(workers).collect(),
            metrics: Arc::default(),
            ports: Arc::clone(&ports),
            blocking: Pool::new(config.blocking_threads),
            pulses: std::iter::repeat_with(Pulse::default).take(workers).collect(),
            watchdog: Watchdog::default(),
            tables,
            producers: Arc::clone(&producers),
            cache: Cache::start(legacies.clone()).map_err(StartError::Runtime)?,
            checks: Checks::start(legacies.clone()).map_err(StartError::Runtime)?,
            managed: tokio::sync::Mutex::new(pools),
            phps: Arc::clone(&phps),
            legacies,
            mirror,
            recordings: Arc::new(Recordings::new(Redactor::new(&key))),
            taps: Taps::new(court),
            refusals: Refusals::default(),
            offenders: Offenders::default(),
            unrouted: Inventory::default(),
            tolerated: Tolerated::default(),
            access: config
                .access_log
                .as_ref()
                .map(AccessLog::start)
                .transpose()
                .map_err(StartError::AccessLog)?,
            spans: spans.transpose().map_err(StartError::Traces)?,
            clients: Counts::default(),
            proxies: config.listen.proxies.clone(),
            tls,
            phase: watch::Sender::new(Phase::Starting),
            closing: Closing::default(),
        });
        if let Some(asks) = begun.asks.take() {
            asker::start(process.legacies.clone(), asks).map_err(StartError::Runtime)?;
        }
        phps.start(process.legacies.clone()).map_err(StartError::Runtime)?;
        side.block_on(control::prepare(&process, &config, side.handle()))?;

        let recordings = Arc::clone(&process.recordings);
        let blocking = Arc::new(Pool::new(DRY_BLOCKING));
        let observers = Arc::new(observers);
        let conductor = Conductor { ports, producers, identities, phps, recordings, observers, blocking };
        let court = match (&config.review, &process.sender) {
            (Some(review), None) => {
                let reader = Store::read(&store_path)?;
                let (stored, redactor) = ((reader.as_ref(), store.recorder()), Redactor::new(&key));
                let bench = Bench::new(review, Arc::clone(&process), stored, redactor, side.handle())?;
                side.spawn(bench.sit(tapped))
            }
            (_, sender) => {
                let judge = match sender {
                    Some(sender) => Judge::Elsewhere(Arc::clone(sender)),
                    None => Judge::Here(store.recorder()),
                };
                side.spawn(Court { conductor, judge }.sit(begun, tapped))
            }
        };
        side.spawn(forget_clients(Arc::clone(&process)));
        let cores = start_cores(&process, listeners.of_cores()).map_err(StartError::Runtime)?;
        let applier = Arc::new(Applier::new(Arc::clone(&process), side.handle().clone()));
        let reloader = Arc::new(Reloader::new(location, loaded, names, applier));
        let control = Arc::new(Control::new(process, store_path, Arc::clone(&reloader)));
        let (admin_open, admin_end) = oneshot::channel();
        if let Some(listener) = listeners.admin {
            start_admin(&admin_runtime, listener, Arc::clone(&control), admin_end)
                .map_err(StartError::Runtime)?;
        }
        admin_runtime.spawn(keep_history(Arc::clone(&control)));
        admin_runtime.spawn(count_unrouted(Arc::clone(&control)));
        let watch = Watch::start(reloader).map_err(StartError::Runtime)?;
        let looks = looks(&control.process, side.handle()).map_err(StartError::Runtime)?;
        let rollback = RollbackWatch::start(&control, side.handle().clone()).map_err(StartError::Runtime)?;
        Ok(Self {
            control,
            http,
            https,
            admin,
            cores,
            sockets: Arc::new(listeners.kept),
            side,
            admin_runtime,
            admin_open,
            court,
            store,
            watch,
            looks,
            rollback,
        })
    }

    /// All that a successor needs, to be gathered where waiting is allowed.
    pub(crate) fn heritage(&self) -> impl FnOnce() -> io::Result<Inheritance> + Send + 'static {
        let (process, sockets) = (Arc::clone(&self.control.process), Arc::clone(&self.sockets));
        let side = self.side.handle().clone();
        move || side.block_on(Inheritance::of(&process, &sockets))
    }

    /// Tells the predecessor that we serve, and takes over what it lets go of.
    pub(crate) fn succeed(&self, predecessor: Predecessor) -> io::Result<Gone> {
        predecessor.take_over(Arc::clone(&self.control.process), self.side.handle().clone())
    }

    /// Says that it serves, now that signals are listened for.
    pub(crate) fn ready(&self) {
        self.control.process.phase.send_replace(Phase::Serving);
    }

    /// Takes no new connections, lets what is under way end within the grace, and keeps all evidence.
    pub(crate) fn stop(self, end: End) {
        drop((self.watch, self.looks, self.rollback));
        let process = &self.control.process;
        let shutdown = process.generations.load().config.shutdown;
        let patience = match end {
            End::Told => {
                process.phase.send_replace(Phase::Unready);
                std::thread::sleep(shutdown.delay);
                PATIENCE.min(shutdown.grace)
            }
            End::Interrupted => Duration::ZERO,
            End::Succeeded(successor) => {
                // Operators ask the successor from now on.
                drop(self.admin_open);
                self.side.block_on(async { process.managed.lock().await.release().await });
                process.legacies.leave();
                successor.keep_told(process.legacies.clone());
                shutdown.grace.saturating_sub(LAST)
            }
        };
        drop(self.sockets);
        process.phase.send_replace(Phase::Draining);
        let closing = Arc::clone(process);
        self.side.spawn(async move {
            tokio::time::sleep(patience).await;
            closing.closing.begin();
        });
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
            if let Some(sender) = &process.sender {
                sender.close(FLUSH).await;
            }
            process.tables.stop().await;
            process.taps.stop();
            process.managed.lock().await.stop().await;
        });
        if let Some(log) = &process.access {
            log.end(LINES);
        }
        if let Some(spans) = &process.spans {
            self.side.block_on(spans.end(LINES));
        }
        self.court.abort();
        self.admin_runtime.shutdown_background();
        self.side.shutdown_timeout(Duration::from_secs(1));
        self.control.history.end(&self.control.process.metrics);
        // Dropping the store writes what is queued.
        drop(self.store);
    }
}
