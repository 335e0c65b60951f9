//! Everything that routing knows at one moment, immutable, and the place where it is swapped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use handover_api::BoxedHandler;
use tokio::sync::watch;

use super::Route;
use super::canary::Share;
use super::limits::Limiter;
use super::overrides::{HeldBy, Overridden, Overrides};
use crate::config::valid::{Config, RouteSpec};
use crate::legacy::spec::Spec;

/// The share of a native route that is compared, at least, while its evidence is gathered anew.
const VERIFY_AFTER_CHANGE: Share = Share::TENTH;

/// The native handlers of a binary, by the name that `native = "…"` gives.
pub(crate) type Handlers = BTreeMap<String, BoxedHandler>;

/// One immutable state of the routes. A request keeps the generation that it started with.
pub(crate) struct Generation {
    /// Counts the generations of this process, from 1.
    pub number: u64,
    /// What the file says.
    pub config: Arc<Config>,
    /// What was set at run time.
    pub overrides: Arc<Overrides>,
    routes: Box<[Arc<Route>]>,
    live: Arc<AtomicUsize>,
}

impl Generation {
    /// The routes, in the file's order.
    pub(crate) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// The route of that name.
    pub(crate) fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.iter().find(|route| route.name() == name)
    }

    /// The legacy that answers a route, or what no route matches.
    pub(crate) fn legacy<'a>(&'a self, route: Option<&'a Route>) -> &'a Arc<Spec> {
        route.map_or(&self.config.default_legacy, |route| &route.spec.legacy)
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The current generation, and the only place where generations are made.
pub(crate) struct Shared {
    current: ArcSwap<Generation>,
    handlers: Handlers,
    made: AtomicU64,
    live: Arc<AtomicUsize>,
    news: watch::Sender<u64>,
}

impl Shared {
    /// The first generation.
    pub(crate) fn new(handlers: Handlers, config: Arc<Config>, overrides: Arc<Overrides>) -> Self {
        let live = Arc::default();
        let first = compile(&handlers, &live, None, config, overrides);
        Self {
            current: ArcSwap::from_pointee(first),
            handlers,
            made: AtomicU64::new(1),
            live,
            news: watch::Sender::new(1),
        }
    }

    /// The current generation. A core keeps an `arc_swap::Cache` of [`cell`](Self::cell) instead.
    pub(crate) fn load(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// The cell itself.
    pub(crate) const fn cell(&self) -> &ArcSwap<Generation> {
        &self.current
    }

    /// Makes a new generation and swaps it in. Requests that are under way keep theirs.
    pub(crate) fn swap(&self, config: Arc<Config>, overrides: Arc<Overrides>) -> Arc<Generation> {
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let before = self.load();
        let next = compile(&self.handlers, &self.live, Some((number, &before)), config, overrides);
        let next = Arc::new(next);
        self.current.store(Arc::clone(&next));
        self.news.send_replace(number);
        next
    }

    /// Tells the number of each new generation.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// How many generations are still held by somebody.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }
}

fn compile(
    handlers: &Handlers,
    live: &Arc<AtomicUsize>,
    after: Option<(u64, &Generation)>,
    config: Arc<Config>,
    overrides: Arc<Overrides>,
) -> Generation {
    live.fetch_add(1, Ordering::Relaxed);
    let routes = config
        .routes
        .iter()
        .enumerate()
        .map(|(place, spec)| {
            let (stage, overridden) = overrides.apply(spec);
            let native = native(spec, handlers);
            let verify = match &overridden {
                Some(Overridden::Held(held)) if held.by == HeldBy::Change => {
                    spec.verify.max(VERIFY_AFTER_CHANGE)
                }
                _ => spec.verify,
            };
            let limiter = limiter(spec, after.map(|(_, before)| before));
            let (spec, given_back) = (Arc::clone(spec), overrides.given_back());
            Arc::new(Route { place, spec, stage, overridden, verify, given_back, native, limiter })
        })
        .collect();
    let number = after.map_or(1, |(number, _)| number);
    Generation { number, config, overrides, routes, live: Arc::clone(live) }
}

/// What a route may take, with what is known of its clients and requests from the generation before.
fn limiter(spec: &RouteSpec, before: Option<&Generation>) -> Option<Limiter> {
    if spec.limits.concurrency.is_none() && spec.limits.rate.is_none() {
        return None;
    }
    let before = before.and_then(|before| before.route(&spec.name));
    Some(Limiter::new(&spec.limits, before.and_then(|route| route.limiter.as_ref())))
}

/// A route's pipeline, or the handler of that name.
fn native(spec: &RouteSpec, handlers: &Handlers) -> Option<BoxedHandler> {
    match &spec.pipeline {
        Some(pipeline) => Some(Arc::clone(&pipeline.handler) as BoxedHandler),
        None => spec.native.as_ref().and_then(|name| handlers.get(name)).cloned(),
    }
}
