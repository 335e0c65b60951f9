//! The legacy backend: how it is reached and what it answers.
//!
//! [`Legacies`] is what the process shares: the right to connections, and idle ones to FastCGI responders.
//! [`CoreLegacies`] is one core's way to legacy; a request never leaves its core. [`fastcgi`] is php-fpm,
//! [`managed`] one that runs under us, [`files`] what lies beside its front controller, [`http`] any other backend.

mod accel;
#[cfg(test)]
mod accel_tests;
mod by_spec;
pub(crate) mod client_cert;
mod disk;
mod duplex;
mod error;
pub(crate) mod fastcgi;
mod files;
pub(crate) mod forwarded;
pub(crate) mod http;
pub(crate) mod managed;
mod names;
mod outbound;
mod path;
mod permits;
pub(crate) mod php;
pub(crate) mod probe;
pub(crate) mod rewrite;
mod served;
pub(crate) mod session;
mod socket;
pub(crate) mod spec;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use self::accel::Accel;
pub(crate) use self::error::{Cause, ExchangeError, Leg};
pub(crate) use self::fastcgi::Load;
pub(crate) use self::files::Coding;
pub(crate) use self::outbound::Outbound;
#[cfg(test)]
pub(crate) use self::served::By;
pub(crate) use self::served::Served;

use self::accel::Accelerated;
use self::by_spec::{ByKey, BySpec};
use self::disk::Disk;
use self::fastcgi::{Pool, Responder};
use self::files::Kept;
use self::http::{Upstream, Upstreams};
use self::names::Names;
use self::permits::Permits;
use self::rewrite::Rewritten;
use self::spec::{Address, Http, Kind, Spec};
use crate::exchange::{AnswerSink, BodySource};

/// What all cores share of the way to legacy.
#[derive(Clone, Debug)]
pub(crate) struct Legacies {
    shared: Arc<Shared>,
}

/// Permits belong to an address, or a list of them: generations that reach the same backend share them. What is known of an
/// upstream belongs to a legacy's name and an address.
#[derive(Debug)]
struct Shared {
    disk: Disk,
    responders: ByKey<Address, Pool>,
    /// The connections to each FastCGI responder that a predecessor holds.
    lent: Mutex<BTreeMap<String, usize>>,
    http_permits: ByKey<Vec<Address>, Permits>,
    http_upstreams: ByKey<(String, Address), http::Shared>,
    names: Names,
}

impl Legacies {
    /// Bodies whose length is not known go to files without names in `scratch`.
    pub(crate) fn new(scratch: PathBuf) -> Self {
        Self {
            shared: Arc::new(Shared {
                disk: Disk::new(scratch),
                responders: ByKey::default(),
                lent: Mutex::default(),
                http_permits: ByKey::default(),
                http_upstreams: ByKey::default(),
                names: Names::default(),
            }),
        }
    }

    /// One core's way to legacy. It must be used on that core's runtime only.
    pub(crate) fn on_core(&self) -> CoreLegacies {
        CoreLegacies { all: self.clone(), pools: BySpec::default(), upstreams: BySpec::default() }
    }

    /// Closes the connections to a FastCGI responder as soon as they are idle, so that its children can end.
    pub(crate) fn let_go(&self, address: &Address) {
        for (_, pool) in self.shared.responders.all().into_iter().filter(|(known, _)| known == address) {
            pool.let_go();
        }
    }

    /// Closes the connections to all FastCGI responders as soon as they are idle, for good: a successor needs them.
    pub(crate) fn leave(&self) {
        self.shared.responders.all().into_iter().for_each(|(_, pool)| pool.leave());
    }

    /// The connections to each FastCGI responder, by address, that we may have.
    pub(crate) fn shares(&self) -> BTreeMap<String, usize> {
        self.by_responder(|load| load.max)
    }

    /// The connections to each FastCGI responder, by address, that we have or wait for.
    pub(crate) fn needed(&self) -> BTreeMap<String, usize> {
        self.by_responder(|load| load.busy + load.waiting)
    }

    fn by_responder(&self, count: impl Fn(Load) -> usize) -> BTreeMap<String, usize> {
        let all = self.shared.responders.all().into_iter();
        all.map(|(address, pool)| (address.to_string(), count(pool.load()))).collect()
    }

    /// Does without the connections to FastCGI responders, by address, that a predecessor still holds. A child serves
    /// one connection at a time: a kept one of ours would keep the predecessor's requests waiting for ever.
    pub(crate) fn lend(&self, lent: BTreeMap<String, usize>) {
        *self.shared.lent.lock().unwrap_or_else(PoisonError::into_inner) = lent;
        self.shared
            .responders
            .all()
            .into_iter()
            .for_each(|(address, pool)| pool.lend(self.shared.lent(&address)));
    }

    /// Has the children of a FastCGI responder that runs under us read what was sent to them, before they are told to end.
    pub(crate) async fn ask_ahead(&self, address: &Address) {
        for (_, pool) in self.shared.responders.all().into_iter().filter(|(known, _)| known == address) {
            pool.ask_ahead().await;
        }
    }

    /// What the connections to each backend are doing, for metrics.
    pub(crate) fn loads(&self) -> Vec<(String, Load)> {
        let load = |permits: &Permits| {
            let (max, busy, waiting) = permits.counts();
            Load { max, busy, parked: 0, waiting }
        };
        let listed =
            |addresses: &[Address]| addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(",");
        let responders = self.shared.responders.all().into_iter();
        let http = self.shared.http_permits.all().into_iter();
        responders
            .map(|(address, pool)| (address.to_string(), pool.load()))
            .chain(http.map(|(addresses, permits)| (listed(&addresses), load(&permits))))
            .collect()
    }

    /// What is known of each HTTP upstream, by legacy and address, for metrics.
    pub(crate) fn http_upstreams(&self) -> Vec<((String, Address), Arc<http::Shared>)> {
        self.shared.http_upstreams.all()
    }

    /// How often the system was asked what a name stands for, with and without an answer.
    pub(crate) fn name_counts(&self) -> (u64, u64) {
        self.shared.names.counts()
    }

    fn http_shared(&self, legacy: &str, address: &Address) -> Arc<http::Shared> {
        let key = (legacy.to_owned(), address.clone());
        self.shared.http_upstreams.get(&key, http::Shared::new)
    }

    /// One HTTP upstream, for the core that this is called on.
    fn http_upstream(&self, spec: &Spec, upstream: &spec::Upstream) -> Upstream {
        let shared = self.http_shared(&spec.name, &upstream.address);
        Upstream::new(self.shared.names.place(&upstream.address), upstream, shared, spec)
    }
}

impl Shared {
    fn lent(&self, address: &Address) -> usize {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        lent.get(&address.to_string()).copied().unwrap_or(0)
    }
}

/// One core's way to each legacy.
#[derive(Debug)]
pub(crate) struct CoreLegacies {
    all: Legacies,
    pools: BySpec<Arc<Pool>>,
    upstreams: BySpec<Rc<Upstreams>>,
}

impl CoreLegacies {
    /// Asks legacy for one request and hands its answer to `sink`. Dropping the future aborts the request.
    pub(crate) async fn exchange(
        &self,
        spec: &Arc<Spec>,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        if let Some(rewrite) = &spec.rewrite
            && let Some(mut sink) = Rewritten::new(sink, rewrite, request)
        {
            // Boxed, as whatever is rare.
            return Box::pin(self.answer(spec, request, body, &mut sink)).await;
        }
        self.answer(spec, request, body, sink).await
    }

    /// From a file, or by legacy, whose answer may order a file in its place.
    async fn answer(
        &self,
        spec: &Arc<Spec>,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let disk = &self.all.shared.disk;
        if let Kind::FastCgi(fastcgi) = &spec.kind
            && let Some(file) = files::find(fastcgi, request, disk).await
        {
            return files::serve(file, &Kept::default(), spec, request, sink, disk).await;
        }
        let mut accelerated = Accelerated::new(sink, spec);
        let served = self.ask(spec, request, body, &mut accelerated).await?;
        let Some(order) = accelerated.order() else { return Ok(served) };
        // Boxed, as whatever is rare.
        Box::pin(async {
            match order.find(spec, disk).await {
                Some(file) => files::serve(file, &order.kept, spec, request, sink, disk).await,
                None => Err(ExchangeError::no_file(spec, &order.name)),
            }
        })
        .await
    }

    /// Whether so many requests wait for that legacy that nothing should be done beside them.
    pub(crate) fn is_strained(&self, spec: &Arc<Spec>) -> bool {
        match &spec.kind {
            Kind::FastCgi(fastcgi) => {
                self.pools.get(spec, || self.pool(&fastcgi.address, spec)).is_strained(spec)
            }
            Kind::Http(http) => self.upstreams.get(spec, || self.http(http, spec)).is_strained(spec),
        }
    }

    async fn ask(
        &self,
        spec: &Arc<Spec>,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        match &spec.kind {
            Kind::FastCgi(fastcgi) => {
                let pool = self.pools.get(spec, || self.pool(&fastcgi.address, spec));
                let responder = Responder { spec, fastcgi, pool: &pool, disk: &self.all.shared.disk };
                responder.exchange(request, body, sink).await
            }
            Kind::Http(http) => {
                let upstreams = self.upstreams.get(spec, || self.http(http, spec));
                upstreams.exchange(spec, http, request, body, sink).await
            }
        }
    }

    fn pool(&self, address: &Address, spec: &Spec) -> Arc<Pool> {
        let shared = &self.all.shared;
        let pool = shared.responders.get(address, || {
            let pool = Pool::new(address.clone(), spec.connections_max);
            pool.lend(shared.lent(address));
            pool
        });
        pool.resize(spec.connections_max);
        pool
    }

    fn http(&self, http: &Http, spec: &Spec) -> Rc<Upstreams> {
        let addresses = http.upstreams.iter().map(|upstream| upstream.address.clone()).collect();
        let permits = self.all.shared.http_permits.get(&addresses, || Permits::new(spec.connections_max));
        permits.resize(spec.connections_max);
        let upstreams = http.upstreams.iter().map(|upstream| self.all.http_upstream(spec, upstream));
        Rc::new(Upstreams::new(http, permits, upstreams.collect()))
    }
}
