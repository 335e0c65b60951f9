//! Heads: strictly parsed, kept as their own bytes with indices.

mod control;
mod diagnose;
mod host;
mod request;
mod response;
mod scan;
mod target;

pub use request::{RequestHead, Tolerated};
pub use response::ResponseHead;
pub use scan::Scanner;

use crate::{Fields, Limits, Refusal, limits::MAX_FIELDS};

/// The version in a head's first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

/// How a message's body is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// There is no body.
    None,
    /// A body of so many bytes.
    Length(u64),
    /// A chunked body.
    Chunked,
    /// All until the connection's end; responses only.
    UntilClose,
}

/// Fields that fit most heads: a small table is quicker to set up than one of [`MAX_FIELDS`].
const USUAL_FIELDS: usize = 32;

/// Parses the field lines of `section` from `start` to its end, the empty line included.
pub(crate) fn parse_fields(section: &[u8], start: usize, limits: &Limits) -> Result<Fields, Refusal> {
    let lines = &section[start..];
    let mut usual = [httparse::EMPTY_HEADER; USUAL_FIELDS];
    match httparse::parse_headers(lines, &mut usual) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut most = [httparse::EMPTY_HEADER; MAX_FIELDS];
            index(section, lines, limits, httparse::parse_headers(lines, &mut most))
        }
        parsed => index(section, lines, limits, parsed),
    }
}

type Parsed<'h, 'b> = httparse::Result<(usize, &'h [httparse::Header<'b>])>;

fn index(section: &[u8], lines: &[u8], limits: &Limits, parsed: Parsed<'_, '_>) -> Result<Fields, Refusal> {
    match parsed {
        Ok(httparse::Status::Complete((used, fields))) if used == lines.len() => {
            if fields.len() > limits.fields {
                return Err(Refusal::TooManyFields);
            }
            let bytes = bytes::Bytes::copy_from_slice(section);
            Ok(Fields::index(section, bytes, fields, section.len() - 2))
        }
        Err(httparse::Error::TooManyHeaders) => Err(Refusal::TooManyFields),
        _ => Err(diagnose::fields(lines)),
    }
}

/// Whether a byte may stand in a token (RFC 9110 §5.6.2).
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[usize::from(byte)]
}

/// Whether `bytes` are a token.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

const TOKEN_BYTES: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    let marks = b"!#$%&'*+-.^_`|~";
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = true;
        at += 1;
    }
    table
};
