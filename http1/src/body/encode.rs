//! Puts a body into its framing.

use bytes::{Bytes, BytesMut};

use crate::{Fields, Framing, Misuse, Name, io::Outbox, write::push_hex};

/// A body on its way out. It cannot write what its head did not declare.
#[derive(Debug)]
pub(crate) enum Encoder {
    /// The answer to HEAD: what a handler gives is dropped.
    Dropped,
    /// So many bytes are still to come; none at all where the head declared no body.
    Length(u64),
    /// 204 or 304: any byte is a mistake.
    Forbidden,
    Chunked,
    UntilClose,
    Done,
}

impl Encoder {
    pub(crate) fn new(framing: Framing) -> Encoder {
        match framing {
            Framing::None => Encoder::Length(0),
            Framing::Length(length) => Encoder::Length(length),
            Framing::Chunked => Encoder::Chunked,
            Framing::UntilClose => Encoder::UntilClose,
        }
    }

    /// Appends a piece of the body; on an error nothing is.
    pub(crate) fn push(&mut self, data: Bytes, out: &mut Outbox) -> Result<(), Misuse> {
        if data.is_empty() {
            return Ok(());
        }
        match self {
            Encoder::Dropped => {}
            Encoder::Forbidden => return Err(Misuse::BodyNotAllowed),
            Encoder::Done => return Err(Misuse::BodyTooLong),
            Encoder::UntilClose => out.push(data),
            Encoder::Length(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(Misuse::BodyTooLong)?;
                out.push(data);
            }
            Encoder::Chunked => {
                push_hex(out.text(), data.len() as u64);
                out.text().extend_from_slice(b"\r\n");
                out.push(data);
                out.text().extend_from_slice(b"\r\n");
            }
        }
        Ok(())
    }

    /// Appends the body's end. Trailers are written where the framing has room for them.
    pub(crate) fn end(&mut self, trailers: Option<&Fields>, out: &mut Outbox) -> Result<(), Misuse> {
        match *self {
            Encoder::Length(missing @ 1..) => return Err(Misuse::BodyTooShort { missing }),
            Encoder::Chunked => {
                let text = out.text();
                text.extend_from_slice(b"0\r\n");
                push_trailers(text, trailers);
                text.extend_from_slice(b"\r\n");
            }
            _ => {}
        }
        *self = Encoder::Done;
        Ok(())
    }
}

/// Trailers travel on without the fields that an intermediary acts on (RFC 9110 §6.5.1).
fn push_trailers(out: &mut BytesMut, trailers: Option<&Fields>) {
    for field in trailers.into_iter().flat_map(Fields::iter).filter(|field| field.kind == Name::Other) {
        for part in [field.name, b": ", field.value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
}
