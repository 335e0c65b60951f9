//! What an answer does to the world. A handler returns effects; the proxy commits them.

use bytes::Bytes;

use crate::Session;

/// One effect of an answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// A Kafka record.
    Record(Record),
    /// The session is stored as it is here. Of several the last one counts.
    Session(Box<Session>),
}

impl From<Record> for Effect {
    fn from(record: Record) -> Self {
        Self::Record(record)
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
