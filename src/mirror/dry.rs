//! A dry run: native decides beside legacy, on ports that give what legacy chose. Nothing is committed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use handover_api::{BoxFuture, Context, PortError, PortRead, Ports, Request, RuleRun, Table};
use handover_shadow::{Absent, Injected};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::native::blocking::Pool;
use crate::native::{self, NativeFailure, Ran};
use crate::route::Route;

/// What the ports are given of legacy's answer, by port name; `None` until legacy has answered.
pub(super) type Chosen = watch::Receiver<Option<BTreeMap<String, Result<Injected, Absent>>>>;

/// What a dry run came to.
pub(super) struct DryRun {
    /// The handler's decision; `None` where the route has no handler.
    pub ran: Option<Ran>,
    /// How long it took, without the wait for what legacy chose.
    pub took: Duration,
    /// What it read.
    pub reads: Vec<PortRead>,
    /// The rules that it applied.
    pub rules: Option<RuleRun>,
}

/// Runs a route's handler dry, on `pool` when it blocks. Waiting for what legacy chose does not count as the handler's
/// time.
pub(super) async fn run(
    route: &Route,
    request: &Request,
    live: Arc<dyn Ports>,
    chosen: Chosen,
    pool: &Pool,
) -> DryRun {
    let ports = Arc::new(DryPorts { live, chosen, waited_us: AtomicU64::new(0) });
    let cx = Context::recording(Arc::clone(&ports) as Arc<dyn Ports>);
    let (own, began) = (route.spec.timeout, Instant::now());
    let limit = own + route.spec.legacy.read_timeout;
    let mut ran = match &route.native {
        Some(handler) => Some(native::run(handler, request, &cx, limit, pool).await),
        None => None,
    };
    let took = began.elapsed().saturating_sub(ports.waited());
    if took > own && ran.is_some() {
        ran = Some(Err(NativeFailure::TimedOut(own)));
    }
    DryRun { ran, took, reads: cx.reads(), rules: cx.rules() }
}

/// Live ports, but for what the route's `inject` rules name.
struct DryPorts {
    live: Arc<dyn Ports>,
    chosen: Chosen,
    waited_us: AtomicU64,
}

impl DryPorts {
    /// What legacy chose under that name; `None` where no rule names it or legacy's answer has none.
    async fn injected(&self, name: &str) -> Option<Injected> {
        let (mut chosen, began) = (self.chosen.clone(), Instant::now());
        // An error is an exchange that broke off: the experiment is not going to be judged.
        let answered = chosen.wait_for(Option::is_some).await;
        self.waited_us.fetch_add(began.elapsed().as_micros() as u64, Ordering::Relaxed);
        answered.ok()?.as_ref()?.get(name)?.as_ref().ok().cloned()
    }

    fn waited(&self) -> Duration {
        Duration::from_micros(self.waited_us.load(Ordering::Relaxed))
    }
}

impl Ports for DryPorts {
    fn now<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Timestamp, PortError>> {
        Box::pin(async move {
            match self.injected(name).await {
                Some(Injected::Time(time)) => Ok(time),
                Some(Injected::Text(text)) => Err(PortError::NotInjected {
                    name: name.to_owned(),
                    why: format!("`{text}` has no time form"),
                }),
                None => self.live.now(name).await,
            }
        })
    }

    fn chosen<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, PortError>> {
        Box::pin(async move {
            match self.injected(name).await {
                Some(Injected::Text(text)) => Ok(Some(text)),
                Some(Injected::Time(time)) => {
                    Err(PortError::NotInjected { name: name.to_owned(), why: format!("`{time}` is a time") })
                }
                None => self.live.chosen(name).await,
            }
        })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        self.live.random(bytes)
    }

    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        self.live.table(name)
    }
}
