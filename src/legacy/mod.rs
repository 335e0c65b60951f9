//! The legacy backend: how it is reached and what it answers.
//!
//! [`Legacies`] is what the process shares: connections to FastCGI responders and who may open them. [`CoreLegacies`]
//! is one core's way to it; a request never leaves its core. [`fastcgi`] is php-fpm.

mod disk;
mod error;
pub(crate) mod fastcgi;
mod outbound;
mod path;
mod served;
mod socket;
pub(crate) mod spec;
#[cfg(test)]
mod testing;

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

pub(crate) use self::error::{Cause, ExchangeError, Leg};
pub(crate) use self::fastcgi::Load;
pub(crate) use self::outbound::Outbound;
pub(crate) use self::served::{By, Served};

use self::disk::Disk;
use self::fastcgi::{Pool, Responder};
use self::spec::{Address, Kind, Spec};
use crate::exchange::{AnswerSink, BodySource};

/// What all cores share of the way to legacy.
#[derive(Clone, Debug)]
pub(crate) struct Legacies {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    disk: Disk,
    /// Permits belong to the address: generations that reach the same responder share them.
    pools: Mutex<HashMap<Address, Weak<Pool>>>,
}

impl Legacies {
    /// Bodies whose length is not known go to files without names in `scratch`.
    pub(crate) fn new(scratch: PathBuf) -> Self {
        Self { shared: Arc::new(Shared { disk: Disk::new(scratch), pools: Mutex::default() }) }
    }

    /// One core's way to legacy. It must be used on that core's runtime only.
    pub(crate) fn on_core(&self) -> CoreLegacies {
        CoreLegacies { shared: Arc::clone(&self.shared), ways: RefCell::default() }
    }

    /// What the connections to each FastCGI responder are doing, for metrics.
    pub(crate) fn loads(&self) -> Vec<(Address, Load)> {
        let pools = self.shared.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.iter().filter_map(|(address, pool)| Some((address.clone(), pool.upgrade()?.load()))).collect()
    }
}

impl Shared {
    /// The pool of an address, with as many permits as the newest spec says.
    fn pool(&self, address: &Address, max: usize) -> Arc<Pool> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|_, pool| pool.strong_count() > 0);
        if let Some(pool) = pools.get(address).and_then(Weak::upgrade) {
            pool.resize(max);
            return pool;
        }
        let pool = Arc::new(Pool::new(address.clone(), max));
        pools.insert(address.clone(), Arc::downgrade(&pool));
        pool
    }
}

/// One core's way to each legacy.
#[derive(Debug)]
pub(crate) struct CoreLegacies {
    shared: Arc<Shared>,
    ways: RefCell<Vec<(Arc<Spec>, Way)>>,
}

/// How a spec is reached from this core.
#[derive(Clone, Debug)]
enum Way {
    FastCgi(Arc<Pool>),
    Http,
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
        match (&spec.kind, self.way(spec)) {
            (Kind::FastCgi(fastcgi), Way::FastCgi(pool)) => {
                let responder = Responder { spec, fastcgi, pool: &pool, disk: &self.shared.disk };
                responder.exchange(request, body, sink).await
            }
            (Kind::Http(_), _) | (_, Way::Http) => {
                let unsupported =
                    std::io::Error::new(std::io::ErrorKind::Unsupported, "HTTP is not spoken yet");
                Err(error::Failed::before(Leg::Connect, unsupported).of(&spec.name, false))
            }
        }
    }

    /// Found by the spec's own address in memory: hashing it for each request would cost more than the look-up saves.
    fn way(&self, spec: &Arc<Spec>) -> Way {
        let mut ways = self.ways.borrow_mut();
        if let Some((_, way)) = ways.iter().find(|(known, _)| Arc::ptr_eq(known, spec)) {
            return way.clone();
        }
        // A new generation: what only we still hold is of no live one.
        ways.retain(|(known, _)| Arc::strong_count(known) > 1);
        let way = match &spec.kind {
            Kind::FastCgi(fastcgi) => Way::FastCgi(self.shared.pool(&fastcgi.address, spec.connections_max)),
            Kind::Http(_) => Way::Http,
        };
        ways.push((Arc::clone(spec), way.clone()));
        way
    }
}
