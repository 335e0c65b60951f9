//! One answer's records as the body of a frame.
//!
//! ```text
//! version u8 = 1 · cluster · route · records u16, each:
//!   topic · key · value · partition i32 (-1: none) · headers u16, each: name · value
//! ```
//!
//! Numbers are big endian. A text or value is its length as u32 and its bytes; a key or value that is null has the length
//! `u32::MAX`.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use handover_api::Record;

const VERSION: u8 = 1;
const NULL: u32 = u32::MAX;

/// The records of one answer, as they lie in the spool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spooled {
    /// The Kafka cluster that they go to.
    pub cluster: String,
    /// The route that they are from.
    pub route: String,
    /// The records, marked.
    pub records: Vec<Record>,
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
        out.put_u8(VERSION);
        put(&mut out, self.cluster.as_bytes());
        put(&mut out, self.route.as_bytes());
        out.put_u16(self.records.len() as u16);
        for record in &self.records {
            put(&mut out, record.topic.as_bytes());
            put_nullable(&mut out, record.key.as_deref());
            put_nullable(&mut out, record.value.as_deref());
            out.put_i32(record.partition.unwrap_or(-1));
            out.put_u16(record.headers.len() as u16);
            for (name, value) in &record.headers {
                put(&mut out, name.as_bytes());
                put(&mut out, value);
            }
        }
        out.freeze()
    }

    /// Reads the body of a frame. Values share its memory.
    pub(crate) fn decode(mut body: Bytes) -> Result<Self, Unreadable> {
        let from = &mut body;
        if from.try_get_u8() != Ok(VERSION) {
            return Err(Unreadable);
        }
        let (cluster, route) = (text(from)?, text(from)?);
        let count = from.try_get_u16().map_err(|_| Unreadable)?;
        let records = (0..count).map(|_| record(from)).collect::<Result<_, _>>()?;
        if from.is_empty() { Ok(Self { cluster, route, records }) } else { Err(Unreadable) }
    }
}

fn put(out: &mut BytesMut, bytes: &[u8]) {
    put_nullable(out, Some(bytes));
}

fn put_nullable(out: &mut BytesMut, bytes: Option<&[u8]>) {
    out.put_u32(bytes.map_or(NULL, |bytes| bytes.len() as u32));
    out.put_slice(bytes.unwrap_or_default());
}

fn record(from: &mut Bytes) -> Result<Record, Unreadable> {
    let (topic, key, value) = (text(from)?, nullable(from)?, nullable(from)?);
    let partition = from.try_get_i32().map_err(|_| Unreadable)?;
    let count = from.try_get_u16().map_err(|_| Unreadable)?;
    let header = |from: &mut Bytes| Ok((text(from)?, nullable(from)?.ok_or(Unreadable)?));
    let headers = (0..count).map(|_| header(from)).collect::<Result<_, _>>()?;
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
        Spooled { cluster: "main".into(), route: "create".into(), records }
    }

    #[test]
    fn it_is_read_as_it_was_written_null_and_empty_apart() {
        assert_eq!(Spooled::decode(spooled().encode()), Ok(spooled()));
    }

    #[test]
    fn whatever_is_cut_off_or_added_is_no_frame() {
        let body = spooled().encode();
        for length in 0..body.len() {
            assert_eq!(Spooled::decode(body.slice(..length)), Err(Unreadable), "{length} bytes");
        }
        let more = [&body[..], b"x"].concat();
        assert_eq!(Spooled::decode(more.into()), Err(Unreadable));
    }
}
