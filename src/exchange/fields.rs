//! Fields between HTTP/1.1's bytes and HTTP/2's maps, which know no order and nothing of one connection. For both sides:
//! clients and upstreams.

use handover_http1::{Fields, Limits, Name, Size};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A field cannot be sent. The engine's and the list's own rules are as strict, so this is a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("a field of the answer cannot be sent over HTTP/2")]
pub(crate) struct Unsendable;

/// An answer's fields. Its length is declared where it is known, at the place where it was.
pub(crate) fn of_answer(fields: &Fields, size: Size) -> Result<HeaderMap, Unsendable> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields.iter() {
        match (field.kind, size) {
            (Name::ContentLength, Size::Known(length)) => declare(&mut map, length)?,
            (Name::ContentLength | Name::TransferEncoding, _) => {}
            _ if field.hop_by_hop => {}
            _ => append(&mut map, field.name, field.value)?,
        }
    }
    Ok(map)
}

/// Declares a length.
pub(crate) fn declare(map: &mut HeaderMap, length: u64) -> Result<(), Unsendable> {
    map.try_insert(http::header::CONTENT_LENGTH, length.into()).map_err(|_| Unsendable)?;
    Ok(())
}

/// Appends a field.
pub(crate) fn append(map: &mut HeaderMap, name: &[u8], value: &[u8]) -> Result<(), Unsendable> {
    let name = HeaderName::from_bytes(name).map_err(|_| Unsendable)?;
    let value = HeaderValue::from_bytes(value).map_err(|_| Unsendable)?;
    map.try_append(name, value).map_err(|_| Unsendable)?;
    Ok(())
}

/// Trailers travel on without the fields that an intermediary acts on (RFC 9110 §6.5.1).
pub(crate) fn of_trailers(fields: &Fields) -> Result<HeaderMap, Unsendable> {
    let mut map = HeaderMap::new();
    for field in fields.iter().filter(|field| field.kind == Name::Other) {
        append(&mut map, field.name, field.value)?;
    }
    Ok(map)
}

/// A request's trailers, under the rules that hold for those of HTTP/1.1.
pub(crate) fn from_trailers(map: &HeaderMap, limits: &Limits) -> Result<Fields, handover_http1::Refusal> {
    let mut section = Vec::new();
    for (name, value) in map {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            section.extend_from_slice(part);
        }
    }
    section.extend_from_slice(b"\r\n");
    if section.len() > usize::from(limits.trailers) {
        return Err(handover_http1::Refusal::TrailersTooLong);
    }
    Fields::parse(&section, limits)
}

#[cfg(test)]
mod tests {
    use handover_http1::ResponseHead;

    use super::*;

    #[test]
    fn what_speaks_of_a_connection_stays_behind() {
        let head = b"HTTP/1.1 200 OK\r\nX-B: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\
                     Content-Length: 5\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n";
        let head = ResponseHead::parse(head, false, &Limits::default()).unwrap();
        let map = of_answer(head.fields(), head.size()).unwrap();
        let given: Vec<_> =
            map.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(given, [("x-b", "1"), ("content-length", "5"), ("set-cookie", "a"), ("set-cookie", "b")]);
    }

    #[test]
    fn trailers_come_and_go() {
        let mut map = HeaderMap::new();
        append(&mut map, b"X-Sum", b"1").unwrap();
        append(&mut map, b"host", b"evil").unwrap();
        let fields = from_trailers(&map, &Limits::default()).unwrap();
        assert_eq!(fields.len(), 2);
        let map = of_trailers(&fields).unwrap();
        assert_eq!(map.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-sum"]);
        append(&mut HeaderMap::new(), b"a b", b"1").unwrap_err();
    }
}
