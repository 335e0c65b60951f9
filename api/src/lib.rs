//! What the author of a native handler sees.
//!
//! A [`Handler`] is a decision, not an action: it takes a [`Request`] and a [`Context`] and returns an
//! [`Answer`] (a response and the effects that it asks for), a [`Decline`] ("this one is not mine, let legacy
//! answer") or an error. The proxy commits the effects afterwards. So a dry run is an answer whose effects are
//! not committed, and falling back to legacy is always safe: nothing has happened yet.
//!
//! Beside records, calls and the session an answer can ask for effects of the application's own ([`Own`]): the application
//! registers who [commits](Commit) them, and who [sees](Observe) what legacy did of their kind.
//!
//! What a handler reads from the world (the clock, ids, hot tables, `$_SESSION`) it reads through the context, so that a
//! run can be recorded and repeated exactly.
//!
//! ```
//! use handover_api::{Answer, Context, Decline, Handler, Outcome, Request, Response};
//!
//! struct Greet;
//!
//! impl Handler for Greet {
//!     async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
//!         let Some(name) = request.param("name") else { return Decline::because("no name").into() };
//!         let hour = cx.now("greeting").await?.strftime("%H").to_string();
//!         let body = [b"hello ".as_slice(), name, b", it is ", hour.as_bytes()].concat();
//!         Answer::new(Response::text(200, body)).into()
//!     }
//! }
//! ```

mod answer;
mod commit;
mod context;
mod effect;
mod fields;
mod handler;
mod observe;
mod own;
mod ports;
mod request;
mod rules;
mod session;
mod table;
pub mod testing;

pub use answer::{Answer, Decline, HandlerError, Outcome, Reply, Response};
pub use commit::{BoxedCommit, Commit, CommitContext, CommitError, ErasedCommit};
pub use context::Context;
pub use effect::{Call, Effect, Once, Record};
pub use fields::{Field, Fields, InvalidField};
pub use handler::{BoxedHandler, ErasedHandler, Handler};
pub use observe::{BoxedObserve, ErasedObserve, NotObserved, Observe};
pub use own::{Awaited, NoReceipt, Own, Receipt, Receipts};
pub use ports::{BoxFuture, PortError, PortRead, Ports};
pub use request::{Request, RequestBuilder};
pub use rules::{RuleOutcome, RuleRun};
pub use session::{Left, Session};
pub use table::{Row, Rows, Schema, Table, lookup};
