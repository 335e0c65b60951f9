//! What an answer does to the world. A handler returns effects; the proxy commits them.

use bytes::Bytes;
use http::Method;

use crate::{Own, Session};

/// One effect of an answer.
///
/// A new kind is a change that breaks what matches on it, by intent: whoever commits or compares effects overlooks none.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A Kafka record.
    Record(Record),
    /// An HTTP call.
    Call(Call),
    /// An idempotency mark.
    Once(Once),
    /// The session is stored as it is here. Of several the last one counts.
    Session(Box<Session>),
    /// One of the application's own.
    Own(Box<Own>),
}

impl From<Own> for Effect {
    fn from(own: Own) -> Self {
        Self::Own(Box::new(own))
    }
}

impl From<Record> for Effect {
    fn from(record: Record) -> Self {
        Self::Record(record)
    }
}

impl From<Once> for Effect {
    fn from(once: Once) -> Self {
        Self::Once(once)
    }
}

impl From<Call> for Effect {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}

/// An HTTP call. It is made after the commit, by the spool: at least once, in no order, and again until the server takes it
/// (2xx) or refuses it for good (3xx, most of 4xx). An answer with calls goes through the spool whole, whatever the route's
/// `ack`. The server knows one that comes again by its `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Where it goes: `http://…` or `https://…`.
    pub url: String,
    /// The header fields, in order.
    pub fields: Vec<(String, Bytes)>,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// A call with that method, without fields and body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), fields: Vec::new(), body: Bytes::new() }
    }

    /// A POST of a JSON text that is already encoded.
    pub fn post_json(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        let call = Self::new(Method::POST, url).field("Content-Type", "application/json");
        Self { body: body.into(), ..call }
    }

    /// Adds a header field.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.fields.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

/// An idempotency mark: of all answers of a route with the same key, the effects of the first one are committed, and all
/// requests get its response. For how long, and by how many processes, the route's `idempotency` says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Once {
    /// The key: what makes two requests the same event.
    pub key: Bytes,
}

impl Once {
    /// By that key.
    pub fn by(key: impl Into<Bytes>) -> Self {
        Self { key: key.into() }
    }
}

impl From<Session> for Effect {
    fn from(session: Session) -> Self {
        Self::Session(Box::new(session))
    }
}

/// A Kafka record. Without a partition the topic's partitioner chooses, as legacy's client would.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Record {
    /// The topic.
    pub topic: String,
    /// The key; `None` is Kafka's null key, which is not the empty one.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Vec<(String, Bytes)>,
    /// A partition fixed by the handler.
    pub partition: Option<i32>,
}

impl Record {
    /// A record without key and headers.
    pub fn new(topic: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self {
            topic: topic.into(),
            key: None,
            value: Some(value.into()),
            headers: Vec::new(),
            partition: None,
        }
    }

    /// Sets the key.
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}
