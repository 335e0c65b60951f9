//! One answer's records and calls as the body of a frame.
//!
//! ```text
//! version u8 · cluster · route · records u16, each:
//!   topic · key · value · partition i32 (-1: none) · headers u16, each: name · value
//! in version 2 also calls u16, each: method · url · body · fields u16, each: name · value
//! ```
//!
//! Version 1 has no calls, and is written where there are none.
//! Numbers are big endian. A text or value is its length as u32 and its bytes; a key or value that is null has the length
//! `u32::MAX`.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use handover_api::{Call, Record};
use http::Method;

const WITHOUT_CALLS: u8 = 1;
const VERSION: u8 = 2;
const NULL: u32 = u32::MAX;

/// The records and calls of one answer, as they lie in the spool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spooled {
    /// The Kafka cluster that they go to.
    pub cluster: String,
    /// The route that they are from.
    pub route: String,
    /// The records, marked.
    pub records: Vec<Record>,
    /// The calls, marked.
    pub calls: Vec<Call>,
}

/// Not the body of a frame, or one of a later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame is none of this version")]
pub(crate) struct Unreadable;

impl Spooled {
    /// The topics that it has records for.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(|record| record.topic.as_str())
    }

    /// The body of its frame.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(256);
        out.put_u8(if self.calls.is_empty() { WITHOUT_CALLS } else { VERSION });
        put(&mut out, self.cluster.as_bytes());
        put(&mut out, self.route.as_bytes());
        out.put_u16(self.records.len() as u16);
        for record in &self.records {
            put(&mut out, record.topic.as_bytes());
            put_nullable(&mut out, record.key.as_deref());
            put_nullable(&mut out, record.value.as_deref());
            out.put_i32(record.partition.unwrap_or(-1));
            put_pairs(&mut out, &record.headers);
        }
        if !self.calls.is_empty() {
            out.put_u16(self.calls.len() as u16);
        }
        for call in &self.calls {
            put(&mut out, call.method.as_str().as_bytes());
            put(&mut out, call.url.as_bytes());
            put(&mut out, &call.body);
            put_pairs(&mut out, &call.fields);
        }
        out.freeze()
    }

    /// Reads the body of a frame. Values share its memory.
    pub(crate) fn decode(mut body: Bytes) -> Result<Self, Unreadable> {
        let from = &mut body;
        let version = from.try_get_u8().map_err(|_| Unreadable)?;
        if !(WITHOUT_CALLS..=VERSION).contains(&version) {
            return Err(Unreadable);
        }
        let (cluster, route) = (text(from)?, text(from)?);
        let count = from.try_get_u16().map_err(|_| Unreadable)?;
        let records = (0..count).map(|_| record(from)).collect::<Result<_, _>>()?;
        let mut calls = Vec::new();
        if version == VERSION {
            let count = from.try_get_u16().map_err(|_| Unreadable)?;
            calls = (0..count).map(|_| call(from)).collect::<Result<_, _>>()?;
        }
        if from.is_empty() { Ok(Self { cluster, route, records, calls }) } else { Err(Unreadable) }
    }
}

fn put(out: &mut BytesMut, bytes: &[u8]) {
    put_nullable(out, Some(bytes));
}

fn put_nullable(out: &mut BytesMut, bytes: Option<&[u8]>) {
    out.put_u32(bytes.map_or(NULL, |bytes| bytes.len() as u32));
    out.put_slice(bytes.unwrap_or_default());
}

fn put_pairs(out: &mut BytesMut, pairs: &[(String, Bytes)]) {
    out.put_u16(pairs.len() as u16);
    for (name, value) in pairs {
        put(out, name.as_bytes());
        put(out, value);
    }
}

fn pairs(from: &mut Bytes) -> Result<Vec<(String, Bytes)>, Unreadable> {
    let count = from.try_get_u16().map_err(|_| Unreadable)?;
    let pair = |from: &mut Bytes| Ok((text(from)?, nullable(from)?.ok_or(Unreadable)?));
    (0..count).map(|_| pair(from)).collect()
}

fn call(from: &mut Bytes) -> Result<Call, Unreadable> {
    let method = Method::from_bytes(text(from)?.as_bytes()).map_err(|_| Unreadable)?;
    let (url, body) = (text(from)?, nullable(from)?.ok_or(Unreadable)?);
    Ok(Call { method, url, body, fields: pairs(from)? })
}

fn record(from: &mut Bytes) -> Result<Record, Unreadable> {
    let (topic, key, value) = (text(from)?, nullable(from)?, nullable(from)?);
    let partition = from.try_get_i32().map_err(|_| Unreadable)?;
    let headers = pairs(from)?;
    Ok(Record { topic, key, value, headers, partition: (partition >= 0).then_some(partition) })
}

fn text(from: &mut Bytes) -> Result<String, Unreadable> {
    let bytes = nullable(from)?.ok_or(Unreadable)?;
    String::from_utf8(bytes.into()).map_err(|_| Unreadable)
}

fn nullable(from: &mut Bytes) -> Result<Option<Bytes>, Unreadable> {
    match from.try_get_u32().map_err(|_| Unreadable)? {
        NULL => Ok(None),
        length if length as usize <= from.len() => Ok(Some(from.split_to(length as usize))),
        _ => Err(Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled() -> Spooled {
        let records = vec![
            Record::new("flights", "{}").key("UA").header("handover-event-id", "1-0"),
            Record { value: None, partition: Some(3), ..Record::new("gone", "") },
            Record::new("empty", "").key(""),
        ];
        Spooled { cluster: "main".into(), route: "create".into(), records, calls: Vec::new() }
    }

    fn with_calls() -> Spooled {
        let calls = vec![
            Call::post_json("https://app.example/told", "{}").field("Idempotency-Key", "1-c0"),
            Call::new(Method::DELETE, "http://app.example/"),
        ];
        Spooled { calls, ..spooled() }
    }

    #[test]
    fn it_is_read_as_it_was_written_null_and_empty_apart() {
        assert_eq!(Spooled::decode(spooled().encode()), Ok(spooled()));
        assert_eq!(Spooled::decode(with_calls().encode()), Ok(with_calls()));
        assert_eq!(spooled().encode()[0], 1, "as an earlier release reads it");
    }

    #[test]
    fn whatever_is_cut_off_or_added_is_no_frame() {
        for body in [spooled().encode(), with_calls().encode()] {
            for length in 0..body.len() {
                assert_eq!(Spooled::decode(body.slice(..length)), Err(Unreadable), "{length} bytes");
            }
            let more = [&body[..], b"x"].concat();
            assert_eq!(Spooled::decode(more.into()), Err(Unreadable));
        }
    }
}
