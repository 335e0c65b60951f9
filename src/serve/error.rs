//! Why a process could not be started.

use std::io;
use std::path::PathBuf;

use handover_shadow::StoreError;

use crate::accept::listener::ListenError;
use crate::accept::tls::TlsError;
use crate::config::fault::Faults;
use crate::control::Unprepared;
use crate::review::{BenchError, SenderError};

/// The process could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The configuration is broken, and there is no last good one.
    #[error("the configuration is broken, and no good one was kept from an earlier run:\n{0}")]
    Config(#[from] Faults),
    /// The state folder cannot be used.
    #[error("the state folder {} cannot be used: choose another by `state = \"…\"`", .0.display())]
    State(PathBuf, #[source] io::Error),
    /// A thread or runtime.
    #[error("the system gives no thread or runtime")]
    Runtime(#[source] io::Error),
    /// A listening socket.
    #[error("the process cannot listen")]
    Listen(#[from] ListenError),
    /// The access log.
    #[error("the access log cannot be written: look at `to` in `[access_log]`")]
    AccessLog(#[source] io::Error),
    /// The way to a collector of spans.
    #[error("spans cannot be exported: look at `[traces]`")]
    Traces(#[source] reqwest::Error),
    /// The certificates for clients.
    #[error("clients cannot be served over TLS: look at `tls` in `[listen]`")]
    Tls(#[from] TlsError),
    /// What the configuration needs.
    #[error("what the configuration names cannot be had")]
    Unprepared(#[from] Unprepared),
    /// The evidence.
    #[error("the store of evidence cannot be used")]
    Store(#[from] StoreError),
    /// The key that placeholders are made with.
    #[error("the redaction key cannot be read or made")]
    Key(#[source] io::Error),
    /// Where experiments are sent to.
    #[error("experiments cannot be sent to the review: look at `[review]`")]
    Sender(#[from] SenderError),
    /// Where experiments come from.
    #[error("experiments cannot be read: look at `[review]`")]
    Bench(#[from] BenchError),
    /// A review without a topic.
    #[error("there is nothing to review: `[review]` says where experiments are sent to")]
    NoReview,
}
