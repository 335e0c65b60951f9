//! The intake's clients: what they send, again and again the same for the same seed.
//!
//! [`records()`] reads the real departures, [`tidy`] makes the request that a well-behaved client sends of one,
//! [`OldClients`] what thirty years of other clients send, so that every rule of the legacy fires both ways
//! (a test proves it), and [`others()`] lists requests for the other pages.

mod draft;
mod old;
mod others;
mod records;
mod rng;

pub use draft::Draft;
pub use old::OldClients;
pub use others::others;
pub use records::{Record, records};
pub use rng::Rng;

/// One request, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path, with its query.
    pub path: String,
    /// The `Content-Type` header, where the client sends one.
    pub content_type: Option<String>,
    /// The other headers.
    pub headers: Vec<(String, String)>,
    /// The body's bytes, in whatever encoding the client has.
    pub body: Vec<u8>,
}

impl Request {
    /// A GET without body.
    pub fn get(path: impl Into<String>) -> Self {
        Request {
            method: "GET",
            path: path.into(),
            content_type: None,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

/// What a tidy client makes of a record: JSON, numbers as numbers, gaps as the feed's `NA`.
pub fn tidy(record: &Record) -> Request {
    Draft::of(record).request()
}
