//! The ports of a live run: the clock, the system's randomness, the current tables.

use std::sync::Arc;

use handover_api::{BoxFuture, PortError, Ports, Table};
use jiff::Timestamp;
use legacy_compat::Php;

use crate::accept::core::Core;
use crate::route::Route;

/// Gives the current snapshot of each hot table.
pub(crate) trait TableSource: Send + Sync {
    /// The snapshot under that name.
    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError>;
}

/// What a handler reads from when a client waits for its answer.
pub(crate) struct LivePorts {
    tables: Arc<dyn TableSource>,
}

impl LivePorts {
    /// Ports on these tables.
    pub(crate) fn new(tables: Arc<dyn TableSource>) -> Self {
        Self { tables }
    }
}

impl Ports for LivePorts {
    fn now<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Timestamp, PortError>> {
        Box::pin(std::future::ready(Ok(Timestamp::now())))
    }

    fn chosen<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Option<String>, PortError>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        getrandom::fill(bytes).map_err(|_| PortError::NoRandomness)
    }

    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        self.tables.table(name)
    }
}

/// The ports of one request whose legacy has more to give: its PHP.
pub(crate) struct RequestPorts {
    /// All else.
    live: Arc<dyn Ports>,
    /// The legacy's PHP.
    php: Arc<Php>,
}

impl RequestPorts {
    /// The ports of a request to that route.
    pub(crate) fn of(core: &Core, route: &Route) -> Arc<dyn Ports> {
        let live = Arc::clone(&core.process.ports);
        match core.process.phps.of(&route.spec.legacy) {
            Some(php) => Arc::new(Self { live, php }),
            None => live,
        }
    }
}

impl Ports for RequestPorts {
    fn now<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Timestamp, PortError>> {
        self.live.now(name)
    }

    fn chosen<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, PortError>> {
        self.live.chosen(name)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        self.live.random(bytes)
    }

    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        self.live.table(name)
    }

    fn php(&self) -> Result<Arc<Php>, PortError> {
        Ok(Arc::clone(&self.php))
    }
}
