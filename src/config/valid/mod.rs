//! What `routes.toml` says, once it cannot be wrong. Everything later reads these types alone.

mod kafka;
mod table;

pub(crate) use kafka::*;
pub(crate) use table::*;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use handover_pipeline::Pipeline;
use handover_shadow::{Gate, Policy};
use ipnet::IpNet;

use crate::admin::Access;
use crate::legacy::forwarded::Forwarding;
use crate::legacy::spec::Spec;
use crate::observe::{access, trace};
use crate::rollback::Limits;
use crate::route::canary::{Canary, Share};
use crate::route::explain::Explain;
use crate::route::matcher::Matcher;
use crate::route::pattern::Pattern;
use crate::route::{self, Stage};

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// A hash of all files that it was read from: the same text, the same hash.
    pub hash: String,
    /// Where clients and operators connect. Read at start only.
    pub listen: Listen,
    /// How people are known who open the admin's pages. Read at start only.
    pub access: Access,
    /// What legacy is told of clients.
    pub forwarding: Forwarding,
    /// What HTTP/1.1 clients are held to. For connections that come after it.
    pub http1: Arc<handover_http1::server::Config>,
    /// How much of legacy's answers is kept; `None` where no route asks for that.
    pub cache: Option<CacheLimits>,
    /// The access log. Read at start only.
    pub access_log: Option<access::Spec>,
    /// Where spans go. Read at start only.
    pub traces: Option<trace::Spec>,
    /// Why a request went where it went, and who may say where it goes.
    pub explain: Explain,
    /// How the process ends. As it is when that begins.
    pub shutdown: Shutdown,
    /// Where overrides, the last good configuration and the store are kept. Read at start only.
    pub state: PathBuf,
    /// How many cores serve clients. Read at start only.
    pub workers: usize,
    /// How many threads run handlers that block. Read at start only.
    pub blocking_threads: usize,
    /// All legacies, by name in order.
    pub legacies: Vec<Arc<Spec>>,
    /// The legacy that answers what no route matches.
    pub default_legacy: Arc<Spec>,
    /// All Kafka clusters, by name in order.
    pub kafka: Vec<Arc<Kafka>>,
    /// Where records wait for Kafka. Read when it is first needed.
    pub spool: Spool,
    /// Where evidence is judged, where that is not here. Read at start only.
    pub review: Option<Review>,
    /// How S3 is reached.
    pub s3: S3,
    /// All hot tables, by name in order.
    pub tables: Vec<Arc<Table>>,
    /// All routes, in the file's order, included files behind.
    pub routes: Vec<Arc<RouteSpec>>,
    /// The routes' patterns, compiled; its indices are those of `routes`.
    pub matcher: Matcher,
}

impl Config {
    /// How each route is compared, by its name: evidence is read by these.
    pub(crate) fn policies(&self) -> impl Iterator<Item = (String, Arc<Policy>)> {
        self.routes.iter().map(|route| (route.name.to_string(), Arc::clone(&route.shadow)))
    }
}

/// Where evidence of several processes is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Review {
    /// The cluster of the topic.
    pub kafka: Arc<Kafka>,
    /// The topic that experiments are sent to.
    pub topic: String,
    /// The key that placeholders are made with.
    pub key_file: PathBuf,
}

/// How much of legacy's answers is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CacheLimits {
    /// What all of them may take, in bytes.
    pub size: u64,
    /// The largest body, in bytes.
    pub entry_max: u64,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { size: 64 << 20, entry_max: 1 << 20 }
    }
}

/// Where the admin listens when the file does not say.
pub(crate) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);

/// Where clients connect when the file does not say.
pub(crate) const HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Where the process listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// For clients in the clear.
    pub http: Vec<SocketAddr>,
    /// For clients by TLS. Empty where there is no `tls`.
    pub https: Vec<SocketAddr>,
    /// What clients by TLS are served with.
    pub tls: Option<ServerTls>,
    /// Networks whose peers begin with a PROXY header, which is believed.
    pub proxies: Vec<IpNet>,
    /// For operators; `None` when it is switched off.
    pub admin: Option<SocketAddr>,
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shutdown {
    /// How long it goes on accepting connections although it says that it is not ready.
    pub delay: Duration,
    /// How long what is under way may take then.
    pub grace: Duration,
}

impl Listen {
    /// The same without what is for clients.
    pub(crate) fn for_operators_alone(&self) -> Self {
        Self { http: Vec::new(), https: Vec::new(), tls: None, ..self.clone() }
    }
}

/// What clients by TLS are served with. The files may be replaced at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerTls {
    /// Certificates and their keys: at least one. The first is for clients whose name no other has.
    pub pairs: Vec<Pair>,
    /// Who signs clients' certificates, and whether a client must have one.
    pub client: Option<(PathBuf, ClientAuth)>,
}

/// A certificate and its key, PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The certificate, and those that lead to its CA.
    pub cert_file: PathBuf,
    /// Its private key.
    pub key_file: PathBuf,
}

/// Whether a client must have a certificate. One that it has must be good either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// It may do without.
    Optional,
    /// It must.
    Required,
}

/// A route's pipeline, compiled for this configuration.
#[derive(Clone, Debug)]
pub(crate) struct NativePipeline {
    /// The handler.
    pub handler: Arc<Pipeline>,
    /// The file's hash: evidence belongs to it.
    pub hash: String,
}

/// One `[[route]]`.
#[derive(Clone, Debug)]
pub(crate) struct RouteSpec {
    /// Its name.
    pub name: Arc<str>,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// Who wrote its handler, and decides none of its differences.
    pub authors: Vec<String>,
    /// What it matches.
    pub pattern: Pattern,
    /// The stage that the file gives it.
    pub stage: Stage,
    /// The name of its handler, or the file of its pipeline. It or `candidate` is there whenever `stage` is beyond legacy.
    pub native: Option<String>,
    /// Its pipeline, where it has one; else `native` is registered.
    pub pipeline: Option<NativePipeline>,
    /// The legacy that answers it.
    pub legacy: Arc<Spec>,
    /// The legacy that is to take the place of `legacy`.
    pub candidate: Option<Arc<Spec>>,
    /// Whether legacy's answers to GET are kept and given again, as far as they allow that.
    pub cache: bool,
    /// Whether legacy may be asked twice.
    pub repeatable: bool,
    /// Whether its handler sees `$_SESSION`. The legacy then says how.
    pub session: bool,
    /// Who is answered by native at the stage canary.
    pub canary: Canary,
    /// The share that goes on being compared at the stage native.
    pub verify: Share,
    /// How both sides are compared.
    pub shadow: Arc<Policy>,
    /// What evidence must show before it may go beyond the stage shadow.
    pub gate: Option<Gate>,
    /// Why it is to be at its stage although its gate is not met.
    pub force: Option<String>,
    /// The sources that its handler is made of, as patterns; all that the binary was built from when empty.
    pub sources: Vec<String>,
    /// What takes it back by itself.
    pub rollback: Option<Limits>,
    /// The largest body that native gets, in bytes. A larger one goes to legacy.
    pub body_max: u64,
    /// How long native may take.
    pub timeout: Duration,
    /// What it may take of the process and of legacy.
    pub limits: route::limits::Spec,
    /// The Kafka cluster that its records go to.
    pub kafka: Option<Arc<Kafka>>,
    /// What a 2xx promises of its records; the cluster's unless the route says so.
    pub ack: Ack,
    /// For how long requests of the same event are answered alike; `None` when never.
    pub idempotency: Option<Idempotency>,
}

/// For how long requests of the same event are answered alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Idempotency {
    /// The header field that makes two requests the same event, in lower case.
    pub header: Option<String>,
    /// For how long.
    pub window: Duration,
    /// The most events that a process knows.
    pub keys_max: usize,
    /// The most bytes that their answers may have.
    pub size_max: usize,
    /// Where all processes know them.
    pub redis: Option<String>,
}

impl RouteSpec {
    /// The stage before that one: a canary needs a share.
    pub(crate) fn before(&self, stage: Stage) -> Stage {
        self.with_share(stage.before(), Stage::before)
    }

    /// The stage after that one.
    pub(crate) fn after(&self, stage: Stage) -> Stage {
        self.with_share(stage.after(), Stage::after)
    }

    /// Whether legacy may be asked beside native, only to be compared. What it chose (an id, a time) can't be injected
    /// into an answer that native has given already: such a route is compared by a share that legacy answers. The same holds
    /// where legacy would find a session that native has changed, unless the route says that this is all one. Of two legacies
    /// the one that is to be replaced is always the one that answers.
    pub(crate) fn may_ask_legacy_too(&self) -> bool {
        let dry = self.legacy.dry_run.is_some() && !self.session;
        (self.repeatable || dry) && !self.shadow.injects() && self.candidate.is_none()
    }

    /// Whether there is somebody who could take legacy's place.
    pub(crate) fn has_successor(&self) -> bool {
        self.native.is_some() || self.candidate.is_some()
    }

    fn with_share(&self, stage: Stage, next: impl Fn(Stage) -> Stage) -> Stage {
        if stage == Stage::Canary && self.canary.share.get() == 0.0 { next(stage) } else { stage }
    }
}
