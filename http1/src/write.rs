//! Writes heads, without formatting machinery.

use bytes::BytesMut;

use crate::{Fields, Misuse, Name, Refusal, date::date_now, head::is_token, io::Outbox};

/// The size of a body that is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// There is none, and none is spoken of. For an answer whose status could have a body this
    /// becomes `Content-Length: 0`.
    None,
    /// So many bytes. Where there can be no body (HEAD, 304) it is only declared.
    Known(u64),
    /// Not known: chunked, or up to the connection's end for HTTP/1.0.
    Unknown,
}

/// The framing line that a head gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FramingLine {
    None,
    Length(u64),
    Chunked,
}

/// What the engine writes into a head beside the caller's fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owed<'a> {
    pub(crate) framing: FramingLine,
    /// The value of `Connection`.
    pub(crate) connection: Option<&'a [u8]>,
    /// The value of `Upgrade`.
    pub(crate) upgrade: Option<&'a [u8]>,
}

/// Writes a head: the parts of its first line, then its fields. On an error nothing is written.
pub(crate) fn write_head(
    out: &mut Outbox,
    line: &[&[u8]],
    owed: Owed<'_>,
    fields: impl FnOnce(&mut FieldWriter<'_>),
) -> Result<(), Misuse> {
    let text = out.text();
    let start = text.len();
    line.iter().for_each(|part| text.extend_from_slice(part));
    text.extend_from_slice(b"\r\n");
    let mut writer = FieldWriter { out: &mut *text, framing: owed.framing, dated: false, wrong: false };
    fields(&mut writer);
    writer.end(owed).inspect_err(|_| text.truncate(start))
}

/// Writes the answer to a refused request: its status, no body, and the end of the connection.
pub(crate) fn write_refusal(out: &mut Outbox, refusal: Refusal) {
    let text = out.text();
    text.extend_from_slice(b"HTTP/1.1 ");
    text.extend_from_slice(refusal.status_line());
    text.extend_from_slice(b"\r\nDate: ");
    text.extend_from_slice(&date_now());
    if refusal == Refusal::Connect {
        // RFC 9110 §15.5.6 wants the allowed methods: as a tunnel, the target has none.
        text.extend_from_slice(b"\r\nAllow:");
    }
    text.extend_from_slice(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/// Writes a head's fields. Fields of the connection (see [`Name::is_hop_by_hop`]) and of framing are
/// the engine's own: they are skipped here and written as they have to be. A declared length that
/// agrees with the body's size keeps its place and case.
#[derive(Debug)]
pub struct FieldWriter<'a> {
    out: &'a mut BytesMut,
    framing: FramingLine,
    /// Whether a `Date` was written.
    dated: bool,
    wrong: bool,
}

impl FieldWriter<'_> {
    /// Appends a field. One with bytes that may not stand in a field spoils the head: the call that
    /// writes it fails, and nothing of it is sent.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        let kind = Name::of(name);
        if is_engines_own(kind) {
            return;
        }
        self.dated |= kind == Name::Date;
        self.wrong |= !is_token(name) || !is_value(value);
        self.line(name, value);
    }

    /// Appends the moment as `Date` where no field before was one: a final answer has one, and who passes one on that has none
    /// adds it (RFC 9110 §6.6.1).
    pub fn date(&mut self) {
        if !self.dated {
            self.dated = true;
            self.line(b"Date", &date_now());
        }
    }

    /// Appends all fields that travel on.
    pub fn copy(&mut self, fields: &Fields) {
        self.copy_if(fields, |_| true);
    }

    /// Appends the fields that travel on and that `keep` wants.
    pub fn copy_if(&mut self, fields: &Fields, mut keep: impl FnMut(&crate::Field<'_>) -> bool) {
        let bytes = fields.bytes();
        let mut run = 0..0;
        for (field, line) in fields.lines() {
            let travels = match field.kind {
                Name::ContentLength => self.declares(field.value),
                Name::TransferEncoding => false,
                _ => !field.hop_by_hop && keep(&field),
            };
            self.dated |= travels && field.kind == Name::Date;
            match line {
                Some(line) if travels && line.start == run.end => run.end = line.end,
                Some(line) if travels => {
                    self.out.extend_from_slice(&bytes[std::mem::replace(&mut run, line)]);
                }
                None if travels => {
                    self.out.extend_from_slice(&bytes[std::mem::take(&mut run)]);
                    self.line(field.name, field.value);
                }
                _ => {}
            }
        }
        self.out.extend_from_slice(&bytes[run]);
    }

    /// Writes what the engine still owes, and the empty line. Fails if a pushed field was wrong.
    fn end(mut self, owed: Owed<'_>) -> Result<(), Misuse> {
        self.wrong |= owed.upgrade.is_some_and(|protocol| !is_value(protocol));
        match self.framing {
            FramingLine::None => {}
            FramingLine::Length(length) => {
                let mut digits = [0; 20];
                self.line(b"Content-Length", decimal(&mut digits, length));
            }
            FramingLine::Chunked => self.line(b"Transfer-Encoding", b"chunked"),
        }
        if let Some(connection) = owed.connection {
            self.line(b"Connection", connection);
        }
        if let Some(protocol) = owed.upgrade {
            self.line(b"Upgrade", protocol);
        }
        self.out.extend_from_slice(b"\r\n");
        if self.wrong { Err(Misuse::Bytes) } else { Ok(()) }
    }

    fn line(&mut self, name: &[u8], value: &[u8]) {
        for part in [name, b": ", value, b"\r\n"] {
            self.out.extend_from_slice(part);
        }
    }

    /// Whether a Content-Length is the one that this head has to declare, which it then does.
    fn declares(&mut self, value: &[u8]) -> bool {
        let FramingLine::Length(length) = self.framing else { return false };
        let same = decimal(&mut [0; 20], length) == value;
        if same {
            self.framing = FramingLine::None;
        }
        same
    }
}

fn is_engines_own(kind: Name) -> bool {
    kind == Name::ContentLength || kind.is_hop_by_hop()
}

/// Visible bytes, spaces, tabs and bytes above 0x7F (RFC 9110 §5.5).
pub(crate) fn is_value(value: &[u8]) -> bool {
    value.iter().all(|&byte| byte >= b' ' && byte != 0x7F || byte == b'\t')
}

/// `number` in decimal, in the last of `digits`.
pub(crate) fn decimal(digits: &mut [u8; 20], mut number: u64) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// Appends `number` in hexadecimal.
pub(crate) fn push_hex(out: &mut BytesMut, number: u64) {
    let mut digits = [0; 16];
    let count = (number.max(1).ilog2() as usize / 4) + 1;
    for (at, digit) in digits[..count].iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (4 * at)) as usize & 15];
    }
    out.extend_from_slice(&digits[..count]);
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{decimal, push_hex};

    #[test]
    fn writes_numbers_as_the_formatter_would() {
        for number in [0, 1, 9, 10, 15, 16, 255, 256, 4095, 65_536, u64::MAX] {
            let mut hex = BytesMut::new();
            push_hex(&mut hex, number);
            assert_eq!(hex, format!("{number:x}"));
            assert_eq!(decimal(&mut [0; 20], number), number.to_string().as_bytes());
        }
    }
}
