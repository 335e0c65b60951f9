//! The ports of a live run: the clock, the system's randomness, the current tables.

use std::sync::Arc;

use handover_api::{BoxFuture, PortError, Ports, Table};
use jiff::Timestamp;

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
