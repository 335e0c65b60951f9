//! A response as it lies in Redis.
//!
//! ```text
//! status u16 · fields u16, each: name u16 and its bytes, value u32 and its bytes · body: the rest
//! ```
//!
//! Numbers are big endian.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use handover_api::Response;

/// Not a response, or one of a later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what Redis holds is no response of this version")]
pub(super) struct Unreadable;

/// Writes it behind `out`.
pub(super) fn encode(response: &Response, out: &mut BytesMut) {
    out.put_u16(response.status.as_u16());
    // A response of native's has fewer than fit, each smaller than fits.
    out.put_u16(response.fields.len() as u16);
    for field in response.fields.iter() {
        out.put_u16(field.name().len() as u16);
        out.put_slice(field.name());
        out.put_u32(field.value().len() as u32);
        out.put_slice(field.value());
    }
    out.put_slice(&response.body);
}

/// Reads it.
pub(super) fn decode(mut from: Bytes) -> Result<Response, Unreadable> {
    let status = from.try_get_u16().map_err(|_| Unreadable)?;
    let fields = from.try_get_u16().map_err(|_| Unreadable)?;
    if !(100..1000).contains(&status) {
        return Err(Unreadable);
    }
    let mut response = Response::new(status);
    for _ in 0..fields {
        let name = from.try_get_u16().map_err(|_| Unreadable)?;
        let name = take(&mut from, name.into())?;
        let value = from.try_get_u32().map_err(|_| Unreadable)?;
        let value = take(&mut from, value as usize)?;
        response.fields.append(name, value).map_err(|_| Unreadable)?;
    }
    Ok(response.body(from))
}

fn take(from: &mut Bytes, length: usize) -> Result<Bytes, Unreadable> {
    if length > from.len() { Err(Unreadable) } else { Ok(from.split_to(length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_else_not_at_all() {
        let response = Response::json(201, "{}").field("X-Id", "7").unwrap().field("X-Id", "").unwrap();
        let mut out = BytesMut::new();
        encode(&response, &mut out);
        let stored = out.freeze();
        assert_eq!(decode(stored.clone()), Ok(response));
        for length in 0..stored.len() - 2 {
            assert_eq!(decode(stored.slice(..length)), Err(Unreadable), "{length} bytes");
        }
    }
}
