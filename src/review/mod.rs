//! Evidence of many processes in one store: each sends its experiments, redacted, to a topic; `handover review` reads it,
//! taps what legacy sends, judges, and is where people look.
//!
//! ```text
//! pod ── Sender ─┐                         ┌─ tap of legacy's topics
//! pod ── Sender ─┴─► topic ─► Bench: join ─┴► judge ─► store, pages
//! ```
//!
//! Nothing is counted twice: each experiment has an id, and what is counted is noted with it in the same transaction.
//! Nothing is left out in silence: a partition's place moves on only behind what is in the store.

mod bench;
mod places;
mod sender;

pub(crate) use bench::{Bench, BenchError};
pub(crate) use sender::{Sender, SenderError};
