//! A legacy of our own: a php-fpm over the same application, apart from the one that serves clients, with a Kafka of its
//! own, that tells which lines each request reached.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use handover_fuzzer::Reach;
use handover_http1::{Leniency, Limits, RequestHead};
use handover_kafka::Embedded;
use handover_shadow::RecordedRequest;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};

use super::pool::{self, Wanted};
use super::reach::{FIELD, Told};
use super::trace::{self, Deed};
use crate::legacy::Legacies;
use crate::legacy::forwarded::{Forwarding, Hop};
use crate::legacy::managed::{Keeper, Pools};
use crate::legacy::spec::Kind;
use crate::mirror::asker::{self, Ask, Manner, Question};
use crate::mirror::capture::Answered;
use crate::route::Route;

/// A trace that has not grown for so long is whole.
const SETTLED: Duration = Duration::from_millis(300);

/// How often that is looked for.
const SETTLED_LOOKS: u32 = 100;

/// A running legacy of our own. Dropping it stops it.
pub(crate) struct OwnLegacy {
    /// The route, with this legacy in the place of its own.
    pub route: Arc<Route>,
    /// The application's sources.
    pub sources: PathBuf,
    /// Where it sends records.
    pub kafka: Option<Embedded>,
    asks: mpsc::Sender<Ask>,
    told: Told,
    forwarding: Forwarding,
    count: AtomicU64,
    pools: Pools,
    _folder: TempDir,
}

impl OwnLegacy {
    /// Starts one for a route.
    pub(crate) async fn start(
        route: &Arc<Route>,
        forwarding: &Forwarding,
        wanted: &Wanted,
    ) -> anyhow::Result<Self> {
        let Kind::FastCgi(fastcgi) = &route.spec.legacy.kind else {
            bail!("legacy {} is no php-fpm: only of one can we start one of our own", route.spec.legacy.name);
        };
        let folder = tempfile::Builder::new().prefix("handover-own-").tempdir()?;
        let sources = pool::sources_of(fastcgi, wanted)?;
        let told = Told { folder: folder.path().join("reach"), sources: sources.clone() };
        let kafka = pool::kafka(route)?;
        let managed = pool::managed(fastcgi, route, wanted, &told, kafka.as_ref())?;
        pool::prepare(folder.path(), &told, fastcgi.managed.as_ref())?;
        let spec = pool::own(&route.spec.legacy, fastcgi, managed, folder.path(), !wanted.watched);
        let legacies = Legacies::new(folder.path().to_owned());
        let mut pools = Pools::new(legacies.clone(), Keeper::ourselves(&[crate::cli::KEEP_POOL]));
        pools.apply(&[Arc::clone(&spec)]).await.context("a legacy of our own cannot be started")?;
        let (asks, asked) = mpsc::channel(1);
        asker::start(legacies, asked).context("no thread to ask it")?;
        let route_spec = crate::config::valid::RouteSpec { legacy: spec, ..(*route.spec).clone() };
        let route = Arc::new(Route {
            place: route.place,
            spec: Arc::new(route_spec),
            stage: route.stage,
            overridden: None,
            verify: route.verify,
            given_back: route.given_back,
            native: route.native.clone(),
            limiter: None,
        });
        let (forwarding, count) = (forwarding.clone(), AtomicU64::new(0));
        Ok(Self { route, sources, kafka, asks, told, forwarding, count, pools, _folder: folder })
    }

    /// Asks it. The answer comes by the channel; what was reached can be [taken](Self::reached) by the name that is
    /// returned once it has. `None` where HTTP has no such request.
    pub(crate) async fn ask(
        &self,
        request: &RecordedRequest,
        answer: oneshot::Sender<Answered>,
    ) -> Option<String> {
        let name = format!("{:x}", self.count.fetch_add(1, Ordering::Relaxed));
        let head = head(request, &name)?;
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let told = self.forwarding.tell(Hop { head: &head, peer, secure: false }, None);
        let question = Question {
            head,
            told,
            cert: None,
            tells_cert: false,
            peer,
            local: SocketAddr::from(([127, 0, 0, 1], 80)),
            secure: false,
            protocol: "HTTP/1.1",
            route: Arc::clone(&self.route),
        };
        let (body, legacy) = (request.body.bytes().clone(), Arc::clone(&self.route.spec.legacy));
        let ask = Ask { question, body, legacy, manner: Manner::Dry, answer };
        self.asks.send(ask).await.ok()?;
        Some(name)
    }

    /// Which lines a request reached.
    pub(crate) fn reached(&self, name: &str) -> Reach {
        self.told.take(name)
    }

    /// What each request did beside answering, by the names that [`ask`](Self::ask) gave them. Of a watched one.
    pub(crate) async fn deeds(&self) -> anyhow::Result<BTreeMap<String, BTreeSet<Deed>>> {
        let trace = pool::trace(&self.told);
        let mut before = None;
        for _ in 0..SETTLED_LOOKS {
            let size = std::fs::metadata(&trace).map(|meta| meta.len()).ok();
            if size.is_some() && size == before {
                break;
            }
            before = size;
            tokio::time::sleep(SETTLED).await;
        }
        let text = std::fs::read(&trace).with_context(|| {
            "strace has written nothing: may this user trace processes (in a container: the capability SYS_PTRACE)?"
        })?;
        Ok(trace::read(&String::from_utf8_lossy(&text), &self.told.folder))
    }

    /// Stops it.
    pub(crate) async fn stop(mut self) {
        self.pools.stop().await;
    }
}

/// The head as it would come over the wire.
fn head(request: &RecordedRequest, name: &str) -> Option<RequestHead> {
    let mut bytes = Vec::new();
    for part in [request.method.as_bytes(), b" ", &request.target, b" HTTP/1.1\r\n"] {
        bytes.extend_from_slice(part);
    }
    let mut line = |name: &[u8], value: &[u8]| bytes.extend([name, b": ", value, b"\r\n"].concat());
    let framing = ["content-length", "transfer-encoding", "connection", "expect", FIELD];
    for field in request.fields.iter().filter(|field| !framing.iter().any(|name| field.is(name))) {
        line(field.name(), field.value());
    }
    if request.fields.get("host").is_none() {
        line(b"Host", b"localhost");
    }
    line(FIELD.as_bytes(), name.as_bytes());
    let body = request.body.bytes();
    if !body.is_empty() {
        line(b"Content-Length", body.len().to_string().as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    let lenient = Leniency { non_ascii_target: true, ..Leniency::default() };
    RequestHead::parse(&bytes, &Limits::default(), &lenient).ok()
}
