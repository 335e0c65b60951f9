//! FastCGI records (FastCGI 1.0, §3.3 and §5), without I/O: what we send, appended to a buffer. [`super::decode`] reads
//! what a responder sends.
//!
//! ```text
//! version(1)=1  type(1)  request id(2)=1  content length(2)  padding length(1)  reserved(1)  content  padding
//! ```
//!
//! A connection carries one request at a time, always with the id 1: php-fpm does not multiplex.

use bytes::BytesMut;

/// Bytes before a record's content.
pub(crate) const HEADER: usize = 8;

/// The longest content of a record that we write: the longest there is, kept to a multiple of 8.
pub(crate) const CONTENT_MAX: usize = 0xFFF8;

pub(super) const VERSION: u8 = 1;
pub(super) const REQUEST: u16 = 1;
const RESPONDER: u16 = 1;
const KEEP_CONNECTION: u8 = 1;
pub(super) const END_BODY: usize = 8;

/// Bytes of the record that begins a request.
pub(crate) const BEGIN: usize = HEADER + END_BODY;

/// Record types that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Sent {
    Begin = 1,
    Params = 4,
    Stdin = 5,
}

/// Appends the record that begins a request. With `keep` the responder leaves the connection open after it.
pub(crate) fn begin(out: &mut BytesMut, keep: bool) {
    header(out, Sent::Begin, END_BODY);
    out.extend_from_slice(&RESPONDER.to_be_bytes());
    out.extend_from_slice(&[if keep { KEEP_CONNECTION } else { 0 }, 0, 0, 0, 0, 0]);
}

/// Appends the header of an STDIN record of `length` bytes, at most [`CONTENT_MAX`]; 0 ends the stream.
pub(crate) fn stdin(out: &mut BytesMut, length: usize) {
    debug_assert!(length <= CONTENT_MAX);
    header(out, Sent::Stdin, length);
}

fn header(out: &mut BytesMut, kind: Sent, length: usize) {
    let [high, low] = (length as u16).to_be_bytes();
    let [id_high, id_low] = REQUEST.to_be_bytes();
    out.extend_from_slice(&[VERSION, kind as u8, id_high, id_low, high, low, 0, 0]);
}

/// Writes name-value pairs as PARAMS records, in place: a record's header is filled in when the record ends.
pub(crate) struct Params<'a> {
    out: &'a mut BytesMut,
    record: usize,
}

impl<'a> Params<'a> {
    /// Starts the stream behind what `out` holds.
    pub(crate) fn new(out: &'a mut BytesMut) -> Self {
        let record = out.len();
        header(out, Sent::Params, 0);
        Self { out, record }
    }

    /// Announces a pair of these lengths; exactly so many bytes must be [`put`](Self::put).
    pub(crate) fn pair(&mut self, name: usize, value: usize) {
        self.length(name);
        self.length(value);
    }

    /// Appends bytes, across as many records as it takes.
    pub(crate) fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = CONTENT_MAX - self.content();
            if room == 0 {
                self.close_record();
                self.record = self.out.len();
                header(self.out, Sent::Params, 0);
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.out.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Ends the stream.
    pub(crate) fn finish(mut self) {
        self.close_record();
        header(self.out, Sent::Params, 0);
    }

    fn content(&self) -> usize {
        self.out.len() - self.record - HEADER
    }

    fn close_record(&mut self) {
        let length = (self.content() as u16).to_be_bytes();
        self.out[self.record + 4..self.record + 6].copy_from_slice(&length);
    }

    /// One byte up to 127, else four with the highest bit set (§3.4).
    fn length(&mut self, length: usize) {
        if length < 0x80 {
            self.put(&[length as u8]);
        } else {
            self.put(&(length as u32 | 0x8000_0000).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_the_specification_shows_it() {
        let mut out = BytesMut::new();
        begin(&mut out, true);
        let mut params = Params::new(&mut out);
        params.pair(4, 2);
        params.put(b"NAME");
        params.put(b"ab");
        params.finish();
        stdin(&mut out, 3);
        out.extend_from_slice(b"xyz");
        stdin(&mut out, 0);
        let expected = [
            &[1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0][..],
            &[1, 4, 0, 1, 0, 8, 0, 0, 4, 2, b'N', b'A', b'M', b'E', b'a', b'b'],
            &[1, 4, 0, 1, 0, 0, 0, 0],
            &[1, 5, 0, 1, 0, 3, 0, 0, b'x', b'y', b'z'],
            &[1, 5, 0, 1, 0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(out, expected);
    }

    #[test]
    fn long_parameters_take_four_bytes_of_length_and_as_many_records_as_needed() {
        let value = vec![b'v'; CONTENT_MAX];
        let mut out = BytesMut::new();
        let mut params = Params::new(&mut out);
        params.pair(1, value.len());
        params.put(b"N");
        params.put(&value);
        params.finish();
        assert_eq!(out[..8], [1, 4, 0, 1, 0xFF, 0xF8, 0, 0]);
        assert_eq!(out[8..14], [1, 0x80, 0, 0xFF, 0xF8, b'N']);
        let second = HEADER + CONTENT_MAX;
        assert_eq!(out[second..second + 8], [1, 4, 0, 1, 0, 6, 0, 0]);
        assert_eq!(out[second + 14..], [1, 4, 0, 1, 0, 0, 0, 0]);
    }
}
