//! A response's head.

use super::{Framing, Version, control::Control, parse_fields};
use crate::{Fields, Limits, Name, Refusal, write::Size};

/// A response's head: its own bytes with indices, everything in it as the backend sent it.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    fields: Fields,
    status: u16,
    reason_end: u16,
    version: Version,
    framing: Framing,
    length: Option<u64>,
    keep_alive: bool,
}

/// `HTTP/1.1 200`
const STATUS_END: usize = 12;

impl ResponseHead {
    /// Parses a whole head, its empty line included. `to_head` says whether the request's method was
    /// HEAD: then there is no body, whatever the fields say.
    pub fn parse(head: &[u8], to_head: bool, limits: &Limits) -> Result<ResponseHead, Refusal> {
        if head.len() > usize::from(limits.head) {
            return Err(Refusal::HeadTooLong);
        }
        let line = StatusLine::parse(head)?;
        let mut fields = parse_fields(head, line.len, limits)?;
        let control = Control::read(&mut fields)?;
        let declared = control.framing(line.version)?;
        let framing = match line.status {
            _ if to_head => Framing::None,
            100..200 | 204 | 304 => Framing::None,
            _ => declared.unwrap_or(Framing::UntilClose),
        };
        Ok(ResponseHead {
            fields,
            status: line.status,
            reason_end: (line.len - 2) as u16,
            version: line.version,
            framing,
            length: control.length,
            keep_alive: control.keeps_alive(line.version) && framing != Framing::UntilClose,
        })
    }

    /// The status, 100 to 999.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase as it was sent, possibly empty.
    pub fn reason(&self) -> &[u8] {
        let start = (STATUS_END + 1).min(usize::from(self.reason_end));
        &self.bytes()[start..usize::from(self.reason_end)]
    }

    /// The version that the backend speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The fields in their original order and case.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Takes out the fields that `unwanted` picks: not ones that frame the message, which were read already.
    pub fn remove_fields(&mut self, unwanted: impl Fn(&[u8]) -> bool) {
        self.fields.remove(unwanted);
    }

    /// How the body is delimited.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The declared Content-Length; on an answer to HEAD and on 304 it speaks of a body that is not there.
    pub fn content_length(&self) -> Option<u64> {
        self.length
    }

    /// The size to declare when this answer is passed on.
    pub fn size(&self) -> Size {
        match (self.framing, self.length) {
            (Framing::Chunked | Framing::UntilClose, _) => Size::Unknown,
            (_, Some(length)) => Size::Known(length),
            (_, None) => Size::None,
        }
    }

    /// Whether the connection can be used again after this answer.
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }

    /// Whether another head follows for the same request: 1xx, but not `101 Switching Protocols`.
    pub fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }

    /// The protocol that was switched to, in a 101.
    pub fn upgrade(&self) -> Option<&[u8]> {
        if self.status == 101 { self.fields.first(Name::Upgrade) } else { None }
    }

    /// The whole head as it was sent.
    pub fn bytes(&self) -> &[u8] {
        self.fields.bytes()
    }
}

/// `HTTP/1.x SP 3DIGIT [SP reason] CRLF`
struct StatusLine {
    version: Version,
    status: u16,
    /// Of the line, its CRLF included.
    len: usize,
}

impl StatusLine {
    fn parse(head: &[u8]) -> Result<StatusLine, Refusal> {
        let len = memchr::memchr(b'\n', head).ok_or(Refusal::StatusLine)? + 1;
        let line = head[..len].strip_suffix(b"\r\n").ok_or(Refusal::BareLf)?;
        let version = match line.get(..9) {
            Some(b"HTTP/1.1 ") => Version::Http11,
            Some(b"HTTP/1.0 ") => Version::Http10,
            Some(other) if other.starts_with(b"HTTP/") => return Err(Refusal::Version),
            _ => return Err(Refusal::StatusLine),
        };
        let (status, reason) = line[9..].split_at_checked(3).ok_or(Refusal::StatusLine)?;
        let digits = status.iter().all(u8::is_ascii_digit) && status[0] != b'0';
        let reason_is_apart = matches!(reason.first(), None | Some(b' '));
        let reason_is_text = reason.iter().all(|&byte| byte >= b' ' && byte != 0x7F || byte == b'\t');
        if !digits || !reason_is_apart || !reason_is_text {
            return Err(Refusal::StatusLine);
        }
        let status = status.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        Ok(StatusLine { version, status, len })
    }
}
