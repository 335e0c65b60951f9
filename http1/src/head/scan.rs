//! Finds a head's end across reads, each byte looked at once.

use crate::{Limits, Refusal};

/// Looks for the empty line that ends a head or a trailer section. Every line must end in CRLF.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    /// Where the line begins that has no end yet.
    line: usize,
    /// How far the input has been looked at.
    seen: usize,
}

impl Scanner {
    /// The length of the section, its empty line included, or `None` if it is still incomplete.
    /// `input` starts where it started at the last call; it may only have grown.
    pub fn find_end(&mut self, input: &[u8], limit: u16) -> Result<Option<usize>, Refusal> {
        let fresh = &input[self.seen..];
        for offset in memchr::memchr_iter(b'\n', fresh) {
            let end = self.seen + offset;
            if end == self.line || input[end - 1] != b'\r' {
                return Err(Refusal::BareLf);
            }
            if end + 1 > usize::from(limit) {
                return Err(Refusal::HeadTooLong);
            }
            if end - 1 == self.line {
                *self = Scanner::default();
                return Ok(Some(end + 1));
            }
            self.line = end + 1;
        }
        self.seen = input.len();
        if self.seen >= usize::from(limit) { Err(Refusal::HeadTooLong) } else { Ok(None) }
    }

    /// As [`Scanner::find_end`], for a request: a first line that outgrows the target's limit is told
    /// apart, and what cannot become a request is refused without waiting for its end.
    pub fn find_request_end(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Refusal> {
        /// More than any method in use, two spaces and the version.
        const REST_OF_LINE: usize = 64;
        if !input.first().is_none_or(|&byte| super::is_token_byte(byte) || byte == b'\r') {
            return Err(if input[0] == b'\n' { Refusal::BareLf } else { Refusal::RequestLine });
        }
        match self.find_end(input, limits.head) {
            Ok(None) | Err(Refusal::HeadTooLong)
                if self.line == 0 && input.len() > usize::from(limits.target) + REST_OF_LINE =>
            {
                Err(Refusal::TargetTooLong)
            }
            found => found,
        }
    }

    /// As [`Scanner::find_end`], for a response: what is none is refused without waiting for its end.
    pub fn find_response_end(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Refusal> {
        const START: &[u8] = b"HTTP/";
        let common = input.len().min(START.len());
        if input[..common] != START[..common] {
            return Err(Refusal::StatusLine);
        }
        self.find_end(input, limits.head)
    }
}

#[cfg(test)]
mod tests {
    use super::Scanner;
    use crate::{Limits, Refusal};

    #[test]
    fn finds_the_end_however_the_input_arrives() {
        let input = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
        let mut scanner = Scanner::default();
        for len in 0..27 {
            assert_eq!(scanner.find_end(&input[..len], 100), Ok(None), "{len}");
        }
        assert_eq!(scanner.find_end(input, 100), Ok(Some(27)));
        assert_eq!(Scanner::default().find_end(input, 100), Ok(Some(27)));
    }

    #[test]
    fn refuses_bare_lf_at_once() {
        for input in [&b"GET / HTTP/1.1\nHost: a"[..], b"\nGET", b"GET / HTTP/1.1\r\n\n", b"a\r\nb\r\n\n"] {
            assert_eq!(Scanner::default().find_end(input, 100), Err(Refusal::BareLf), "{input:?}");
        }
    }

    #[test]
    fn tells_a_long_target_from_a_long_head() {
        let limits = Limits::default();
        let target = [b"GET /", &[b'a'; 9000][..]].concat();
        assert_eq!(Scanner::default().find_request_end(&target, &limits), Err(Refusal::TargetTooLong));
        let head = [&b"GET / HTTP/1.1\r\nX: "[..], &[b'a'; 33_000][..]].concat();
        assert_eq!(Scanner::default().find_request_end(&head, &limits), Err(Refusal::HeadTooLong));
    }

    #[test]
    fn refuses_what_cannot_become_a_request_at_once() {
        let limits = Limits::default();
        assert_eq!(Scanner::default().find_request_end(b"\x16\x03\x01", &limits), Err(Refusal::RequestLine));
    }
}
