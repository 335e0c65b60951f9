//! A dry run: native decides beside legacy, on ports that give what legacy chose. Nothing is committed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use handover_api::{
    BoxFuture, Context, Effect, Fields, PortError, PortRead, Ports, Request, RuleRun, Session, Table,
};
use handover_shadow::{Absent, Injected};
use jiff::Timestamp;
use legacy_compat::Php;
use tokio::sync::watch;

use super::noted::Notes;
use super::session::DrySession;
use crate::native::blocking::Pool;
use crate::native::{self, Decided, NativeFailure, Ran, message, unwinding};
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

impl DryRun {
    /// The effects of its answer.
    pub(super) fn effects(&self) -> &[Effect] {
        match &self.ran {
            Some(Ok(Decided::Answer(answer))) => &answer.effects,
            _ => &[],
        }
    }

    /// Adds to its answer what the session would have added.
    pub(super) async fn tell(&mut self, session: &DrySession, route: &Route, legacy: &Fields) {
        if let Some(Ok(Decided::Answer(answer))) = &mut self.ran {
            let response = answer.response.clone();
            answer.response = session.told(route, response, &answer.effects, legacy).await;
        }
    }
}

/// What a dry run is given besides its request.
pub(super) struct Given {
    /// Live ports, but for what legacy chose.
    pub live: Arc<dyn Ports>,
    /// What legacy chose.
    pub chosen: Chosen,
    /// The legacy's PHP, where it is known.
    pub php: Option<Arc<Php>>,
    /// The session, where the route has any.
    pub session: Option<Arc<DrySession>>,
    /// Whether the rows that it looks up are kept with what it reads.
    pub noting: bool,
    /// The threads for a handler that blocks.
    pub blocking: Arc<Pool>,
}

/// Runs a route's handler dry. Waiting for what legacy chose does not count as the handler's time.
pub(super) async fn run(route: &Route, request: &Request, given: Given) -> DryRun {
    let notes = given.noting.then(Notes::default);
    let (wait, pool) = (route.spec.legacy.read_timeout, Arc::clone(&given.blocking));
    let ports = Arc::new(DryPorts { given, waited_us: AtomicU64::new(0), notes: notes.clone() });
    let mut dry = run_on(route, request, Arc::clone(&ports) as Arc<_>, wait, &pool).await;
    dry.took = dry.took.saturating_sub(ports.waited());
    let own = route.spec.timeout;
    if dry.took > own && dry.ran.is_some() {
        dry.ran = Some(Err(NativeFailure::TimedOut(own)));
    }
    dry.reads.extend(notes.iter().flat_map(Notes::take));
    dry
}

/// The same on ports that have all there is to read. `wait`: how much longer than its own time it may take.
pub(super) async fn run_on(
    route: &Route,
    request: &Request,
    ports: Arc<dyn Ports>,
    wait: Duration,
    pool: &Pool,
) -> DryRun {
    let (cx, began, limit) = (Context::recording(ports), Instant::now(), route.spec.timeout + wait);
    let ran = match &route.native {
        Some(handler) => {
            Some(finished(native::run(handler, request, &cx, limit, pool).await, &cx, limit).await)
        }
        None => None,
    };
    DryRun { ran, took: began.elapsed(), reads: cx.reads(), rules: cx.rules() }
}

/// The same with its response finished, where it waits for receipts: by what legacy chose, or what stands for it.
async fn finished(ran: Ran, cx: &Context, limit: Duration) -> Ran {
    let Ok(Decided::Answer(mut answer)) = ran else { return ran };
    match tokio::time::timeout(limit, unwinding(answer.rehearse(cx))).await {
        Ok(Ok(Ok(()))) => Ok(Decided::Answer(answer)),
        Ok(Ok(Err(error))) => Err(NativeFailure::Error(error)),
        Ok(Err(panic)) => Err(NativeFailure::Panic(message(&*panic))),
        Err(_) => Err(NativeFailure::TimedOut(limit)),
    }
}

/// Live ports, but for what the route's `inject` rules name.
struct DryPorts {
    given: Given,
    waited_us: AtomicU64,
    notes: Option<Notes>,
}

impl DryPorts {
    /// What legacy chose under that name; `None` where no rule names it or legacy's answer has none.
    async fn injected(&self, name: &str) -> Option<Injected> {
        let (mut chosen, began) = (self.given.chosen.clone(), Instant::now());
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
                None => self.given.live.now(name).await,
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
                None => self.given.live.chosen(name).await,
            }
        })
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        self.given.live.random(bytes)
    }

    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        let table = self.given.live.table(name)?;
        Ok(match &self.notes {
            Some(notes) => notes.of(name, table),
            None => table,
        })
    }

    fn php(&self) -> Result<Arc<Php>, PortError> {
        self.given.php.clone().ok_or(PortError::NoPhp)
    }

    fn session(&self) -> BoxFuture<'_, Result<Session, PortError>> {
        let none = || if self.given.php.is_none() { PortError::NoPhp } else { PortError::NoSession };
        let session = self.given.session.as_ref().ok_or_else(none);
        Box::pin(std::future::ready(session.and_then(|session| session.start())))
    }
}
