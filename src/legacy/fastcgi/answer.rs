//! The CGI answer that a responder's STDOUT carries (RFC 3875, §6): a head, which becomes an HTTP head, and a body.
//!
//! The status follows nginx: `Status:` if there is one, else 302 where there is a `Location`, else 200. Framing and
//! connection fields of the application are dropped: framing is made anew. Its orders to a proxy (`X-Accel-…`) are obeyed later.

use bytes::{Buf, Bytes, BytesMut};
use handover_http1::{Framing, Limits, Name, Refusal, ResponseHead};

/// The answer's head is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHead {
    /// The answer ended within its head.
    #[error("the answer ended before its head was complete")]
    Incomplete,
    /// Longer than the engine's limit.
    #[error("the head is longer than {0} bytes")]
    TooLong(usize),
    /// `Status:` is not a final status of three digits, or there are two.
    #[error("the Status field is not one status from 200 to 999")]
    Status,
    /// A field is malformed, or there are too many.
    #[error("a field is refused")]
    Refused(#[from] Refusal),
}

/// Gathers STDOUT until the head is complete.
#[derive(Debug)]
pub(crate) struct HeadReader {
    seen: BytesMut,
    /// Where the line begins that is not complete yet.
    line: usize,
    to_head: bool,
}

impl HeadReader {
    /// `to_head`: the request's method is HEAD, so that there is no body whatever the fields say.
    pub(crate) fn new(to_head: bool) -> Self {
        Self { seen: BytesMut::new(), line: 0, to_head }
    }

    /// Takes a piece; gives the head and what of its body came with it, once it is complete.
    pub(crate) fn push(&mut self, piece: Bytes) -> Result<Option<(ResponseHead, Bytes)>, BadHead> {
        // Most often the first piece holds the whole head: then nothing is gathered.
        if self.seen.is_empty() {
            if let Some(end) = self.end(&piece)? {
                return self.finish(&piece[..end], piece.slice(end..)).map(Some);
            }
            self.seen.extend_from_slice(&piece);
            return Ok(None);
        }
        self.seen.extend_from_slice(&piece);
        let seen = std::mem::take(&mut self.seen);
        match self.end(&seen)? {
            Some(end) => {
                let mut body = seen.freeze();
                let head = body.split_to(end);
                self.finish(&head, body).map(Some)
            }
            None => {
                self.seen = seen;
                Ok(None)
            }
        }
    }

    /// Where the head ends, its empty line included.
    fn end(&mut self, seen: &[u8]) -> Result<Option<usize>, BadHead> {
        let limit = usize::from(Limits::default().head);
        while let Some(length) = memchr::memchr(b'\n', &seen[self.line..]) {
            let line = &seen[self.line..self.line + length];
            self.line += length + 1;
            if self.line > limit {
                return Err(BadHead::TooLong(limit));
            }
            if line.is_empty() || line == b"\r" {
                return Ok(Some(self.line));
            }
        }
        if seen.len() > limit { Err(BadHead::TooLong(limit)) } else { Ok(None) }
    }

    fn finish(&self, cgi: &[u8], body: Bytes) -> Result<(ResponseHead, Bytes), BadHead> {
        let http = to_http(cgi)?;
        Ok((ResponseHead::parse(&http, self.to_head, &Limits::default())?, body))
    }
}

/// Writes a CGI head as an HTTP head. What is in the fields is checked by the engine's strict parser after it.
fn to_http(cgi: &[u8]) -> Result<Vec<u8>, BadHead> {
    let status = status(cgi)?;
    let mut http = Vec::with_capacity(cgi.len() + 32);
    http.extend_from_slice(b"HTTP/1.1 ");
    http.extend_from_slice(status);
    http.extend_from_slice(b"\r\n");
    for line in lines(cgi).filter(|line| travels(name(line))) {
        http.extend_from_slice(line);
        http.extend_from_slice(b"\r\n");
    }
    http.extend_from_slice(b"\r\n");
    Ok(http)
}

/// The lines of a head but the empty one at its end, without what ends them. RFC 3875 allows LF alone.
fn lines(cgi: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ended = cgi.strip_suffix(b"\n").unwrap_or(cgi);
    let line = |line: &'_ [u8]| line.len() - usize::from(line.ends_with(b"\r"));
    ended.split(|byte| *byte == b'\n').map(move |raw| &raw[..line(raw)]).take_while(|line| !line.is_empty())
}

fn name(line: &[u8]) -> &[u8] {
    &line[..memchr::memchr(b':', line).unwrap_or(line.len())]
}

fn travels(name: &[u8]) -> bool {
    let ours = match Name::of(name) {
        Name::Connection | Name::KeepAlive | Name::TransferEncoding => true,
        _ => name.eq_ignore_ascii_case(b"Status"),
    };
    !ours
}

/// The status and reason that `cgi` asks for.
fn status(cgi: &[u8]) -> Result<&[u8], BadHead> {
    let of = |wanted: &'static [u8]| lines(cgi).filter(move |line| name(line).eq_ignore_ascii_case(wanted));
    let mut stated = of(b"Status");
    let Some(line) = stated.next() else {
        return Ok(if of(b"Location").next().is_some() { b"302 Found" } else { b"200 OK" });
    };
    let value = line.get(b"Status:".len()..).unwrap_or_default().trim_ascii();
    let (code, reason) = value.split_at_checked(3).ok_or(BadHead::Status)?;
    let is_final = matches!(code[0], b'2'..=b'9') && code.iter().all(u8::is_ascii_digit);
    if !is_final || !matches!(reason.first(), None | Some(b' ')) || stated.next().is_some() {
        return Err(BadHead::Status);
    }
    Ok(value)
}

/// Lets through what the head declared of a body, and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyGate {
    /// How much may still come; `None` without a declared length.
    left: Option<u64>,
    /// Whether there is no body: bytes are dropped.
    closed: bool,
}

impl BodyGate {
    pub(crate) fn new(head: &ResponseHead) -> Self {
        Self { left: head.content_length(), closed: head.framing() == Framing::None }
    }

    /// What of a piece the client gets, and whether there was more than was declared.
    pub(crate) fn pass(&mut self, mut piece: Bytes) -> (Bytes, bool) {
        if self.closed {
            piece.advance(piece.len());
            return (piece, false);
        }
        let Some(left) = &mut self.left else { return (piece, false) };
        let over = piece.len() as u64 > *left;
        if over {
            piece.truncate(*left as usize);
        }
        *left -= piece.len() as u64;
        (piece, over)
    }

    /// How many declared bytes did not come.
    pub(crate) fn missing(&self) -> u64 {
        if self.closed { 0 } else { self.left.unwrap_or(0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cgi: &[u8], step: usize) -> Result<(ResponseHead, Vec<u8>), BadHead> {
        let mut reader = HeadReader::new(false);
        let mut pieces = cgi.chunks(step);
        while let Some(piece) = pieces.next() {
            if let Some((head, body)) = reader.push(Bytes::copy_from_slice(piece))? {
                return Ok((head, [body.as_ref(), &pieces.collect::<Vec<_>>().concat()].concat()));
            }
        }
        Err(BadHead::Incomplete)
    }

    fn shown(head: &ResponseHead) -> String {
        String::from_utf8_lossy(head.bytes()).replace("\r\n", "|")
    }

    #[test]
    fn a_head_reads_as_nginx_reads_it() {
        for (cgi, http) in [
            ("Content-type: a/b\r\n\r\n", "HTTP/1.1 200 OK|Content-type: a/b||"),
            ("Content-type: a/b\n\n", "HTTP/1.1 200 OK|Content-type: a/b||"),
            ("Status: 404 Not Found\r\nA: 1\r\n\r\n", "HTTP/1.1 404 Not Found|A: 1||"),
            ("A: 1\r\nstatus:204\r\n\r\n", "HTTP/1.1 204|A: 1||"),
            ("Status: 799 Own\r\n\r\n", "HTTP/1.1 799 Own||"),
            ("Location: /x\r\n\r\n", "HTTP/1.1 302 Found|Location: /x||"),
            ("Status: 201 Created\r\nLocation: /x\r\n\r\n", "HTTP/1.1 201 Created|Location: /x||"),
            (
                "Set-Cookie: a\r\nX-CASE: Kept\r\nset-cookie: b\r\n\r\n",
                "HTTP/1.1 200 OK|Set-Cookie: a|X-CASE: Kept|set-cookie: b||",
            ),
            (
                "Connection: close, X-Mine\r\nTransfer-Encoding: chunked\r\nX-Mine: 1\r\n\r\n",
                "HTTP/1.1 200 OK|X-Mine: 1||",
            ),
        ] {
            for step in [1, 3, cgi.len()] {
                let input = format!("{cgi}body: x\r\n\r\n");
                let (head, body) = read(input.as_bytes(), step).unwrap();
                assert_eq!(shown(&head), http, "{cgi:?} in steps of {step}");
                assert_eq!(body, b"body: x\r\n\r\n", "{cgi:?} in steps of {step}");
            }
        }
    }

    #[test]
    fn a_malformed_head_is_refused() {
        let long = format!("A: {}\r\n\r\n", "x".repeat(70_000));
        let endless = "x".repeat(70_000);
        for cgi in [
            "Status: 99\r\n\r\n",
            "Status: 101 Switching Protocols\r\n\r\n",
            "Status: 2000\r\n\r\n",
            "Status: -20\r\n\r\n",
            "Status: abc\r\n\r\n",
            "Status: 200 OK\r\nStatus: 404\r\n\r\n",
            "Status : 404\r\n\r\n",
            "Status: 200 O\u{0}K\r\n\r\n",
            "A: 1\rB: 2\r\n\r\n",
            "A: 1\r\n folded\r\n\r\n",
            "A: 1\u{0}\r\n\r\n",
            "no colon\r\n\r\n",
            ": no name\r\n\r\n",
            "Sp ace: 1\r\n\r\n",
            "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "Content-Length: +1\r\n\r\n",
            "<br />\n<b>Warning</b>\n\n",
            "A: 1\r\n",
            long.as_str(),
            endless.as_str(),
        ] {
            for step in [1000, cgi.len()] {
                assert!(read(cgi.as_bytes(), step).is_err(), "{:?}", &cgi[..cgi.len().min(80)]);
            }
        }
    }

    fn gate(cgi: &str, to_head: bool) -> BodyGate {
        let (head, _) =
            HeadReader::new(to_head).push(Bytes::copy_from_slice(cgi.as_bytes())).unwrap().unwrap();
        BodyGate::new(&head)
    }

    #[test]
    fn a_body_is_cut_at_its_declared_length() {
        for (cgi, to_head, pieces, passed, over, missing) in [
            ("A: 1\r\n\r\n", false, &["ab", "cd"][..], "abcd", false, 0),
            ("Content-Length: 4\r\n\r\n", false, &["ab", "cd"], "abcd", false, 0),
            ("Content-Length: 3\r\n\r\n", false, &["ab", "cd"], "abc", true, 0),
            ("Content-Length: 0\r\n\r\n", false, &["ab"], "", true, 0),
            ("Content-Length: 9\r\n\r\n", false, &["ab", "cd"], "abcd", false, 5),
            ("Content-Length: 9\r\n\r\n", true, &["ab"], "", false, 0),
            ("Status: 304\r\nContent-Length: 9\r\n\r\n", false, &["ab"], "", false, 0),
            ("Status: 204\r\n\r\n", false, &["ab"], "", false, 0),
        ] {
            let mut gate = gate(cgi, to_head);
            let (mut out, mut was_over) = (Vec::new(), false);
            for piece in pieces {
                let (piece, over) = gate.pass(Bytes::copy_from_slice(piece.as_bytes()));
                out.extend_from_slice(&piece);
                was_over |= over;
            }
            assert_eq!(
                (out.as_slice(), was_over, gate.missing()),
                (passed.as_bytes(), over, missing),
                "{cgi:?}"
            );
        }
    }
}
