//! What a responder sends, decoded strictly, piece by piece as it comes, without I/O.
//!
//! Whatever it sends beyond one answer to one request is a [`Fault`], and the connection is never used again.

use bytes::{Buf, Bytes, BytesMut};

use super::record::{END_BODY, HEADER, REQUEST, VERSION};

/// The most that one answer may write to STDERR, in bytes. A request that logs a megabyte has gone astray.
pub(crate) const STDERR_MAX: u64 = 1 << 20;

/// Record types that a responder sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    End,
    Stdout,
    Stderr,
}

/// What a responder said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A piece of the answer: a CGI head, then a body. Never empty.
    Stdout(Bytes),
    /// A piece of what it logged. Never empty.
    Stderr(Bytes),
    /// The answer is complete; the application's exit status.
    End {
        /// What the script exited with.
        status: u32,
    },
}

/// What a responder must not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Not FastCGI 1.0.
    #[error("a record has version {0}, not 1: is this a FastCGI server?")]
    Version(u8),
    /// A management record, or another request's.
    #[error("a record is of request {0}, not 1")]
    RequestId(u16),
    /// A type that no responder sends.
    #[error("a record is of type {0}, which no responder sends")]
    Type(u8),
    /// STDOUT or STDERR goes on after it was closed.
    #[error("a stream goes on after its end")]
    StreamEnded,
    /// END_REQUEST is not 8 bytes long.
    #[error("the record that ends the request is {0} bytes long, not 8")]
    EndLength(u16),
    /// All children are busy, and the responder says so.
    #[error("the responder is overloaded")]
    Overloaded,
    /// END_REQUEST with another protocol status than "complete".
    #[error("the responder refused the request with protocol status {0}")]
    Refused(u8),
    /// Bytes after END_REQUEST.
    #[error("the responder goes on after the end of the request")]
    AfterEnd,
    /// More than [`STDERR_MAX`].
    #[error("the responder logged more than {STDERR_MAX} bytes for one request")]
    StderrFlood,
}

/// Takes what a responder sends apart.
#[derive(Debug)]
pub(crate) struct Decoder {
    at: At,
    stdout_ended: bool,
    stderr_ended: bool,
    stderr: u64,
}

/// Where in the stream of records the next byte belongs.
#[derive(Clone, Copy, Debug)]
enum At {
    Header,
    Content { kind: Received, left: usize, padding: u8 },
    Padding { left: u8, last: bool },
    Ended,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { at: At::Header, stdout_ended: false, stderr_ended: false, stderr: 0 }
    }
}

impl Decoder {
    /// Takes the next event off `input`; `None` asks for more bytes. Pieces are cut off `input`, not copied.
    pub(crate) fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Event>, Fault> {
        loop {
            match self.at {
                At::Header if input.len() < HEADER => return Ok(None),
                At::Header => {
                    let header = input.split_to(HEADER);
                    self.at = self.record(&header)?;
                }
                At::Content { kind: Received::End, padding, .. } => {
                    if input.len() < END_BODY {
                        return Ok(None);
                    }
                    let end = end(&input.split_to(END_BODY))?;
                    self.at = At::Padding { left: padding, last: true };
                    self.skip_padding(input);
                    return Ok(Some(end));
                }
                At::Content { left: 0, padding, .. } => {
                    self.at = At::Padding { left: padding, last: false };
                }
                At::Content { .. } if input.is_empty() => return Ok(None),
                At::Content { kind, left, padding } => {
                    let piece = input.split_to(left.min(input.len())).freeze();
                    self.at = At::Content { kind, left: left - piece.len(), padding };
                    return self.piece(kind, piece).map(Some);
                }
                At::Padding { .. } => {
                    if !self.skip_padding(input) {
                        return Ok(None);
                    }
                }
                At::Ended if input.is_empty() => return Ok(None),
                At::Ended => return Err(Fault::AfterEnd),
            }
        }
    }

    /// Whether the request has ended with its last byte, padding included: the connection may carry another.
    pub(crate) fn ended(&self) -> bool {
        matches!(self.at, At::Ended)
    }

    fn record(&mut self, header: &[u8]) -> Result<At, Fault> {
        let length = u16::from_be_bytes([header[4], header[5]]);
        let id = u16::from_be_bytes([header[2], header[3]]);
        let padding = header[6];
        if header[0] != VERSION {
            return Err(Fault::Version(header[0]));
        }
        if id != REQUEST {
            return Err(Fault::RequestId(id));
        }
        let kind = match header[1] {
            3 if usize::from(length) != END_BODY => return Err(Fault::EndLength(length)),
            3 => Received::End,
            6 => Received::Stdout,
            7 => Received::Stderr,
            other => return Err(Fault::Type(other)),
        };
        self.check_stream(kind, length)?;
        Ok(At::Content { kind, left: usize::from(length), padding })
    }

    /// An empty record ends its stream, so there is one at most: a flood of them is no stream of progress.
    fn check_stream(&mut self, kind: Received, length: u16) -> Result<(), Fault> {
        let ended = match kind {
            Received::Stdout => &mut self.stdout_ended,
            Received::Stderr => &mut self.stderr_ended,
            Received::End => return Ok(()),
        };
        if *ended {
            return Err(Fault::StreamEnded);
        }
        *ended = length == 0;
        Ok(())
    }

    fn piece(&mut self, kind: Received, piece: Bytes) -> Result<Event, Fault> {
        if kind == Received::Stdout {
            return Ok(Event::Stdout(piece));
        }
        self.stderr += piece.len() as u64;
        if self.stderr > STDERR_MAX {
            return Err(Fault::StderrFlood);
        }
        Ok(Event::Stderr(piece))
    }

    /// Drops padding; false when more of it is to come.
    fn skip_padding(&mut self, input: &mut BytesMut) -> bool {
        let At::Padding { left, last } = self.at else { return true };
        let here = usize::from(left).min(input.len());
        input.advance(here);
        let left = left - here as u8;
        self.at = match (left, last) {
            (0, true) => At::Ended,
            (0, false) => At::Header,
            (left, last) => At::Padding { left, last },
        };
        left == 0
    }
}

fn end(body: &[u8]) -> Result<Event, Fault> {
    match body[4] {
        0 => Ok(Event::End { status: u32::from_be_bytes([body[0], body[1], body[2], body[3]]) }),
        2 => Err(Fault::Overloaded),
        other => Err(Fault::Refused(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, id: u16, content: &[u8], padding: u8) -> Vec<u8> {
        let [id_high, id_low] = id.to_be_bytes();
        let [high, low] = (content.len() as u16).to_be_bytes();
        let mut record = vec![1, kind, id_high, id_low, high, low, padding, 0];
        record.extend_from_slice(content);
        record.extend(std::iter::repeat_n(0xEE, padding.into()));
        record
    }

    const DONE: [u8; 8] = [0; 8];

    /// Decodes `input` fed in pieces of `step` bytes; neighbouring pieces of a stream are put together.
    fn decode(input: &[u8], step: usize) -> (Vec<Event>, Result<bool, Fault>) {
        let (mut decoder, mut buffer, mut events) = (Decoder::default(), BytesMut::new(), Vec::new());
        for chunk in input.chunks(step) {
            buffer.extend_from_slice(chunk);
            loop {
                match decoder.decode(&mut buffer) {
                    Ok(Some(event)) => join(&mut events, event),
                    Ok(None) => break,
                    Err(fault) => return (events, Err(fault)),
                }
            }
        }
        (events, Ok(decoder.ended()))
    }

    fn join(events: &mut Vec<Event>, event: Event) {
        match (events.last_mut(), event) {
            (Some(Event::Stdout(old)), Event::Stdout(new))
            | (Some(Event::Stderr(old)), Event::Stderr(new)) => {
                *old = [old.as_ref(), new.as_ref()].concat().into();
            }
            (_, event) => events.push(event),
        }
    }

    #[test]
    fn an_answer_is_the_same_in_whatever_pieces_it_comes() {
        let input = [
            record(6, 1, b"Content-type: a\r\n\r\nhel", 5),
            record(7, 1, b"a notice", 0),
            record(6, 1, b"lo", 255),
            record(6, 1, b"", 3),
            record(3, 1, &[0, 0, 1, 2, 0, 0, 0, 0], 8),
        ]
        .concat();
        let expected = vec![
            Event::Stdout(Bytes::from_static(b"Content-type: a\r\n\r\nhel")),
            Event::Stderr(Bytes::from_static(b"a notice")),
            Event::Stdout(Bytes::from_static(b"lo")),
            Event::End { status: 258 },
        ];
        for step in [1, 2, 3, 7, 8, 9, 64, input.len()] {
            assert_eq!(decode(&input, step), (expected.clone(), Ok(true)), "in steps of {step}");
        }
    }

    #[test]
    fn what_no_responder_sends_is_a_fault() {
        let rows: Vec<(&str, Vec<u8>, Fault)> = vec![
            ("an HTTP answer", b"HTTP/1.1 200 OK\r\n".to_vec(), Fault::Version(b'H')),
            ("the management id", record(6, 0, b"x", 0), Fault::RequestId(0)),
            ("another request's id", record(6, 2, b"x", 0), Fault::RequestId(2)),
            ("the id with its bytes swapped", record(6, 0x100, b"x", 0), Fault::RequestId(0x100)),
            ("a type that only we send", record(5, 1, b"x", 0), Fault::Type(5)),
            ("an unknown type", record(12, 1, b"x", 0), Fault::Type(12)),
            ("a short end", record(3, 1, &[0; 7], 0), Fault::EndLength(7)),
            ("a long end", record(3, 1, &[0; 9], 0), Fault::EndLength(9)),
            ("no multiplexing", record(3, 1, &[0, 0, 0, 0, 1, 0, 0, 0], 0), Fault::Refused(1)),
            ("overload", record(3, 1, &[0, 0, 0, 0, 2, 0, 0, 0], 0), Fault::Overloaded),
            ("bytes after the end", [record(3, 1, &DONE, 0), vec![1]].concat(), Fault::AfterEnd),
            ("a second end", record(3, 1, &DONE, 2).repeat(2), Fault::AfterEnd),
            ("empty records for ever", record(6, 1, b"", 255).repeat(2), Fault::StreamEnded),
            (
                "stdout after its end",
                [record(6, 1, b"", 0), record(6, 1, b"x", 0)].concat(),
                Fault::StreamEnded,
            ),
        ];
        for (name, input, fault) in rows {
            for step in [1, 5, input.len()] {
                assert_eq!(decode(&input, step).1, Err(fault), "{name} in steps of {step}");
            }
        }
    }

    #[test]
    fn a_flood_of_messages_is_cut_off() {
        let (mut decoder, mut logged) = (Decoder::default(), 0);
        let fault = loop {
            let mut input = BytesMut::from(record(7, 1, &[b'x'; 0xFFFF], 0).as_slice());
            match decoder.decode(&mut input) {
                Ok(Some(Event::Stderr(piece))) => logged += piece.len() as u64,
                Ok(other) => panic!("{other:?}"),
                Err(fault) => break fault,
            }
            assert!(logged <= STDERR_MAX);
        };
        assert_eq!(fault, Fault::StderrFlood);
    }

    #[test]
    fn an_answer_that_breaks_off_anywhere_has_not_ended() {
        let whole = [record(6, 1, b"Status: 200\r\n\r\nx", 1), record(3, 1, &DONE, 4)].concat();
        for cut in 0..whole.len() {
            assert_eq!(decode(&whole[..cut], 64).1, Ok(false), "cut at {cut}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_comes_is_the_same_in_whatever_pieces(
            records in proptest::collection::vec((0u8..9, 0u16..3, proptest::collection::vec(0u8.., 0..20), 0u8..9), 0..8),
            noise in proptest::collection::vec(0u8.., 0..40),
            step in 1usize..30,
        ) {
            let mut input: Vec<u8> =
                records.iter().flat_map(|(kind, id, content, padding)| record(*kind, *id, content, *padding)).collect();
            input.extend_from_slice(&noise);
            let whole = decode(&input, input.len().max(1));
            proptest::prop_assert_eq!(decode(&input, step), whole);
        }
    }
}
