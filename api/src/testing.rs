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

    /// Gives `id` wherever the handler asks for an id of that name, or finishes its response by a receipt of it.
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

    /// Runs a handler that is expected to answer. Nothing of the answer is committed; a response that is finished by receipts
    /// gets the [given](Self::choosing) ones, and what stands for them elsewhere.
    ///
    /// # Panics
    /// When it declines or fails, and when it decides otherwise the second time: then it reads from elsewhere than its ports,
    /// and no dry run says anything of it.
    pub async fn run(&self, handler: &impl Handler, request: &Request) -> Answer {
        let answer = self.once(handler, request).await;
        let again = self.once(handler, request).await;
        assert!(
            (&answer.response, &answer.effects) == (&again.response, &again.effects),
            "run twice it decides twice: {answer:?}, then {again:?}"
        );
        answer
    }

    async fn once(&self, handler: &impl Handler, request: &Request) -> Answer {
        let cx = self.context();
        let mut answer = match handler.handle(request, &cx).await {
            Ok(Reply::Answer(answer)) => answer,
            other => panic!("expected an answer, got {other:?}"),
        };
        answer.rehearse(&cx).await.unwrap_or_else(|why| panic!("its response is not finished: {why:?}"));
        answer
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use http::Method;

    use super::*;
    use crate::{Outcome, Own, Response};

    fn request() -> Request {
        Request::builder(Method::POST, "/reports").build().unwrap()
    }

    /// Writes a row and answers its id.
    struct Reports;

    impl Handler for Reports {
        async fn handle(&self, _: &Request, _: &Context) -> Outcome {
            let row = Own::new("reports", r#"{"text":"late"}"#).receipt("report", "0");
            let answer = Answer::new(Response::json(201, "")).with(row);
            answer
                .finish(|response, receipts| {
                    Ok(response.body(format!(r#"{{"id":{}}}"#, receipts.get("report")?)))
                })
                .into()
        }
    }

    #[tokio::test]
    async fn a_response_is_finished_by_what_legacy_chose_or_by_what_stands_for_it() {
        let (ports, request) = (Frozen::default(), request());
        let answer = ports.run(&Reports, &request).await;
        assert_eq!(answer.response.body, r#"{"id":0}"#);
        let answer = ports.choosing("report", "17").run(&Reports, &request).await;
        assert_eq!(answer.response.body, r#"{"id":17}"#);
        assert!(!answer.is_unfinished() && answer.effects.len() == 1);
    }

    /// Counts its runs.
    #[derive(Default)]
    struct Counts(AtomicU64);

    impl Handler for Counts {
        async fn handle(&self, _: &Request, _: &Context) -> Outcome {
            let row = format!("{}", self.0.fetch_add(1, Ordering::Relaxed));
            Answer::new(Response::new(201)).with(Own::new("rows", row)).into()
        }
    }

    #[tokio::test]
    #[should_panic(expected = "run twice it decides twice")]
    async fn a_handler_that_reads_from_elsewhere_is_found_out() {
        _ = Frozen::default().run(&Counts::default(), &request()).await;
    }
}
