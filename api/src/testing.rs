//! For the tests of a handler: ports that stand still.
//!
//! ```
//! # use handover_api::{testing::Frozen, *};
//! # struct Teapot;
//! # impl Handler for Teapot {
//! #     async fn handle(&self, _: &Request, cx: &Context) -> Outcome {
//! #         let id = cx.id("cup", |b: [u8; 2]| format!("{:02x}{:02x}", b[0], b[1])).await?;
//! #         Answer::new(Response::text(418, id)).into()
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let request = Request::builder(http::Method::GET, "/tea").build().unwrap();
//! let answer = Frozen::at("2013-01-01T10:00:00Z").choosing("cup", "c0ffee").run(&Teapot, &request).await;
//! assert_eq!(answer.response.body, "c0ffee");
//! # }
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use legacy_compat::Php;

use crate::{Answer, BoxFuture, Context, Handler, PortError, Ports, Reply, Request, Session, Table};

/// Ports whose clock stands still, whose random bytes count up, whose ids, tables and session are given.
#[derive(Clone, Default)]
pub struct Frozen {
    now: Timestamp,
    chosen: HashMap<String, String>,
    tables: HashMap<String, Arc<dyn Table>>,
    php: Option<Arc<Php>>,
    session: Option<Session>,
}

impl Frozen {
    /// A clock that stands at `time` (RFC 3339).
    ///
    /// # Panics
    /// When `time` is not such a time.
    pub fn at(time: &str) -> Self {
        Self { now: time.parse().expect("an RFC 3339 time"), ..Self::default() }
    }

    /// Gives `id` wherever the handler asks for an id of that name.
    pub fn choosing(mut self, name: &str, id: &str) -> Self {
        self.chosen.insert(name.to_owned(), id.to_owned());
        self
    }

    /// Adds a table.
    pub fn table(mut self, name: &str, table: impl Table + 'static) -> Self {
        self.tables.insert(name.to_owned(), Arc::new(table));
        self
    }

    /// Says which PHP the legacy runs.
    pub fn php(mut self, php: Php) -> Self {
        self.php = Some(Arc::new(php));
        self
    }

    /// Gives the request that session.
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// A context on these ports, recording what is read.
    pub fn context(&self) -> Context {
        Context::recording(Arc::new(self.clone()))
    }

    /// Runs a handler that is expected to answer.
    ///
    /// # Panics
    /// When it declines or fails.
    pub async fn run(&self, handler: &impl Handler, request: &Request) -> Answer {
        match handler.handle(request, &self.context()).await {
            Ok(Reply::Answer(answer)) => answer,
            other => panic!("expected an answer, got {other:?}"),
        }
    }
}

impl Ports for Frozen {
    fn now<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Timestamp, PortError>> {
        Box::pin(std::future::ready(Ok(self.now)))
    }

    fn chosen<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, PortError>> {
        Box::pin(std::future::ready(Ok(self.chosen.get(name).cloned())))
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), PortError> {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = index as u8;
        }
        Ok(())
    }

    fn table(&self, name: &str) -> Result<Arc<dyn Table>, PortError> {
        self.tables.get(name).cloned().ok_or_else(|| PortError::NoTable(name.to_owned()))
    }

    fn php(&self) -> Result<Arc<Php>, PortError> {
        self.php.clone().ok_or(PortError::NoPhp)
    }

    fn session(&self) -> BoxFuture<'_, Result<Session, PortError>> {
        Box::pin(std::future::ready(self.session.clone().ok_or(PortError::NoSession)))
    }
}
