//! The ports of a live run: the clock, the system's randomness, the current tables.

use std::sync::Arc;

use handover_api::{BoxFuture, PortError, Ports, Request, Session, Table};
use jiff::Timestamp;
use legacy_compat::Php;

use super::session::LiveSession;
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

/// The ports of one request whose legacy has more to give: its PHP, the request's session.
pub(crate) struct RequestPorts {
    /// All else.
    live: Arc<dyn Ports>,
    /// The legacy's PHP, where it is known by now.
    php: Option<Arc<Php>>,
    /// The session, where the route has any.
    session: Option<Arc<LiveSession>>,
}

impl RequestPorts {
    /// The ports of a request to that route, and its session, which the commit stores.
    pub(crate) fn of(
        core: &Core,
        route: &Route,
        request: &Request,
    ) -> (Arc<dyn Ports>, Option<Arc<LiveSession>>) {
        let (legacy, live) = (&route.spec.legacy, Arc::clone(&core.process.ports));
        let php = core.process.phps.of(legacy);
        if php.is_none() && !route.spec.session {
            return (live, None);
        }
        let sessions = if route.spec.session { core.sessions.of(legacy) } else { None };
        let session = php.as_ref().zip(sessions).map(|(php, sessions)| {
            Arc::new(LiveSession::new(sessions, php, request, legacy.front_controller()))
        });
        (Arc::new(Self { live, php, session: session.clone() }), session)
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
        self.php.clone().ok_or(PortError::NoPhp)
    }

    fn session(&self) -> BoxFuture<'_, Result<Session, PortError>> {
        match &self.session {
            Some(session) => Box::pin(session.start()),
            // Until the probe has answered there is none, which is no route's fault.
            None => {
                let why = if self.php.is_none() { PortError::NoPhp } else { PortError::NoSession };
                Box::pin(std::future::ready(Err(why)))
            }
        }
    }
}
