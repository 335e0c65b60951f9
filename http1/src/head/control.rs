//! The fields that decide framing and the connection's fate, read the same way on both sides.

use super::{Framing, Version};
use crate::{Fields, Name, Refusal};

/// What the framing and connection fields of a head say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Control {
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    close: bool,
    keep_alive: bool,
    pub(super) upgrade: bool,
}

impl Control {
    /// Reads a head's fields, and marks those that `Connection` names.
    pub(super) fn read(fields: &mut Fields) -> Result<Control, Refusal> {
        let mut control = Control::default();
        let mut names_others = false;
        for field in fields.iter() {
            match field.kind {
                Name::ContentLength if control.length.is_some() => return Err(Refusal::SecondLength),
                Name::ContentLength => control.length = Some(length(field.value)?),
                Name::TransferEncoding if control.chunked => return Err(Refusal::Encoding),
                Name::TransferEncoding => control.chunked = chunked(field.value)?,
                Name::Connection => names_others |= control.connection(field.value),
                _ => {}
            }
        }
        if control.chunked && control.length.is_some() {
            return Err(Refusal::LengthAndEncoding);
        }
        if names_others {
            mark_named(fields);
        }
        Ok(control)
    }

    /// Takes in one `Connection` value; true if it names fields that are not the engine's own.
    fn connection(&mut self, value: &[u8]) -> bool {
        let mut names_others = false;
        for token in tokens(value) {
            if token.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if token.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if token.eq_ignore_ascii_case(b"upgrade") {
                self.upgrade = true;
            } else {
                names_others = true;
            }
        }
        names_others
    }

    /// Whether the sender lets the connection be kept (RFC 9112 §9.3).
    pub(super) fn keeps_alive(self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }

    /// The framing that the fields alone say.
    pub(super) fn framing(self, version: Version) -> Result<Option<Framing>, Refusal> {
        if self.chunked && version == Version::Http10 {
            return Err(Refusal::EncodingBefore11);
        }
        Ok(if self.chunked { Some(Framing::Chunked) } else { self.length.map(Framing::Length) })
    }
}

/// The members of a comma-separated list, empty ones left out.
pub(super) fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

fn mark_named(fields: &mut Fields) {
    let named: Vec<Vec<u8>> = fields
        .iter()
        .filter(|field| field.kind == Name::Connection)
        .flat_map(|field| tokens(field.value))
        .map(<[u8]>::to_vec)
        .collect();
    fields.end_here(|name| named.iter().any(|token| token.eq_ignore_ascii_case(name)));
}

/// A plain decimal number: no sign, no list, no leading zero.
pub(super) fn length(value: &[u8]) -> Result<u64, Refusal> {
    let plain = !value.is_empty() && (value[0] != b'0' || value.len() == 1);
    if !plain || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::Length);
    }
    value
        .iter()
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .ok_or(Refusal::Length)
}

/// True for exactly one `chunked`. A known shape with a foreign coding is told apart, since RFC 9112
/// §6.1 has a status for it.
fn chunked(value: &[u8]) -> Result<bool, Refusal> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(true);
    }
    let codings = || value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let last_is_chunked = codings().next_back().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
    let rest_is_foreign = codings()
        .rev()
        .skip(1)
        .all(|coding| super::is_token(coding) && !coding.eq_ignore_ascii_case(b"chunked"));
    Err(if last_is_chunked && rest_is_foreign { Refusal::UnknownEncoding } else { Refusal::Encoding })
}

#[cfg(test)]
mod tests {
    use super::{chunked, length};
    use crate::Refusal;

    #[test]
    fn a_length_is_a_plain_decimal_number() {
        assert_eq!(length(b"0"), Ok(0));
        assert_eq!(length(b"18446744073709551615"), Ok(u64::MAX));
        for bad in ["", "+1", "-1", "01", "00", "1,1", "1 ", "0x1", "1e1", "18446744073709551616", "1.0"] {
            assert_eq!(length(bad.as_bytes()), Err(Refusal::Length), "{bad}");
        }
    }

    #[test]
    fn an_encoding_is_exactly_one_chunked() {
        assert_eq!(chunked(b"chunked"), Ok(true));
        assert_eq!(chunked(b"Chunked"), Ok(true));
        assert_eq!(chunked(b"gzip, chunked"), Err(Refusal::UnknownEncoding));
        for bad in [
            "",
            "chunked, chunked",
            "chunked, gzip",
            "gzip",
            "identity",
            "xchunked",
            "chunked;q=1",
            "\"chunked\"",
            ",chunked",
            "chunked,",
        ] {
            assert_eq!(chunked(bad.as_bytes()), Err(Refusal::Encoding), "{bad}");
        }
    }
}
