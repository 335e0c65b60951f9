//! The two sides of one exchange: where a request's body comes from, and where its answer goes.
//!
//! A legacy (FastCGI or HTTP) is written against these two traits and knows nothing of clients; clients come by
//! HTTP/1.1 or HTTP/2, bodies are streamed or replayed after a fallback, answers are captured for the shadow. Each of
//! these is one more implementation or wrapper.

pub(crate) mod capped;
pub(crate) mod replayed;
mod switched;

use bytes::Bytes;
use handover_api::Response;
use handover_http1::{Fields, ResponseHead};

pub(crate) use switched::{Duplex, Switched};

/// How long a request's body is, as far as its head tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// There is none.
    Empty,
    /// So many bytes.
    Exact(u64),
    /// It ends where it ends (chunked, or HTTP/2 without a content-length).
    Unknown,
}

/// Where a request's body comes from.
pub(crate) trait BodySource {
    /// What the head says of its length.
    fn length(&self) -> BodyLength;

    /// The next piece; `None` at the end. Cancel-safe: dropping the future loses no bytes.
    async fn data(&mut self) -> Result<Option<Bytes>, ClientGone>;

    /// The fields behind the body, once it has ended.
    fn trailers(&self) -> Option<&Fields> {
        None
    }

    /// Whether it came more slowly than clients should send, and was borne with.
    fn was_slow(&self) -> bool {
        false
    }

    /// Ends when nobody waits for the answer any more. Asked once the body has been read.
    async fn gone(&mut self) -> ClientGone {
        std::future::pending().await
    }
}

/// Where an answer goes. Called in the order `informational* head data* finish`, or `informational* switch`.
pub(crate) trait AnswerSink {
    /// Passes a 1xx on.
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone>;

    /// Starts the final answer. The sink drops hop-by-hop fields and frames the body anew.
    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone>;

    /// A piece of the body. May be held back until [`flush`](Self::flush), `finish`, or a buffer's fill.
    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone>;

    /// Sends what is held back. Called when legacy has nothing more to give at the moment.
    async fn flush(&mut self) -> Result<(), ClientGone>;

    /// Ends the answer, with the fields behind its body if the client's protocol has room for them. Not called where legacy broke off: the client must see that it is incomplete.
    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone>;

    /// Answers `101 Switching Protocols`, which this client has asked for, and takes the backend's end of the tunnel.
    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone>;
}

/// A sink that can also give an answer of ours, and knows what it has given.
pub(crate) trait ClientSink: AnswerSink {
    /// Answers whole, with a response that was made here.
    async fn respond(&mut self, response: Response) -> Result<(), ClientGone>;

    /// The status of the final answer, once its head was given.
    fn status(&self) -> Option<u16>;

    /// How many bytes of the answer's body were given.
    fn sent(&self) -> u64;

    /// Has the final answer's head say this, too.
    fn add_field(&mut self, name: &str, value: String);
}

/// The client's side of an exchange failed. Nobody is left to answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientGone {
    /// Reading the request's body failed: it broke off, was malformed, too slow or too large.
    #[error("reading the request's body from the client failed")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Writing the answer failed.
    #[error("writing the answer to the client failed")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
}
