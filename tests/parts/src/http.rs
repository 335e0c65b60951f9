//! An HTTP/1.1 client on a bare socket: sends the bytes it is given, and gives back the bytes that came.
//!
//! It takes any server at its word and shares no code with the proxy, so that it can judge it.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest silence of a server before reading fails.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most header fields that an answer may have.
const MAX_FIELDS: usize = 256;

/// Header fields in order, names as they were written.
pub type Fields = Vec<(String, Vec<u8>)>;

/// One connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    /// What was read and belongs to no answer yet.
    unread: Vec<u8>,
    /// The last request's method was HEAD: its answer has no body.
    head: bool,
}

/// One answer, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub fields: Fields,
    /// The body, with the chunks' framing taken off.
    pub body: Vec<u8>,
    /// Every byte of the answer as it came, framing included, interim (1xx) answers left out.
    pub raw: Vec<u8>,
    /// The status codes of the interim (1xx) answers before it.
    pub interim: Vec<u16>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new(), head: false })
    }

    /// Sends these bytes and no others.
    ///
    /// # Errors
    /// When the connection is broken or the server reads nothing for 30 s.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.head = bytes.starts_with(b"HEAD ");
        self.stream.write_all(bytes)
    }

    /// Tells the server that nothing more will be sent.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn finish(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Reads one answer.
    ///
    /// # Errors
    /// `UnexpectedEof` when the server closes before its end (with "before an answer" when not one byte came),
    /// `InvalidData` when it is not HTTP, and what the socket says.
    pub fn response(&mut self) -> io::Result<Response> {
        let mut interim = Vec::new();
        loop {
            let mut response = self.one_response()?;
            if (100..200).contains(&response.status) && response.status != 101 {
                interim.push(response.status);
                continue;
            }
            response.interim = interim;
            return Ok(response);
        }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`response`](Self::response).
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Response> {
        self.send(request)?;
        self.response()
    }

    /// Everything that still comes until the server closes.
    ///
    /// # Errors
    /// When it does not close within 30 s of silence.
    pub fn rest(mut self) -> io::Result<Vec<u8>> {
        self.stream.read_to_end(&mut self.unread)?;
        Ok(self.unread)
    }

    fn one_response(&mut self) -> io::Result<Response> {
        let head = self.take_head()?;
        let (status, fields) = parse_head(&head)?;
        let mut response = Response { status, fields, body: Vec::new(), raw: head, interim: Vec::new() };
        let bodiless = self.head || (100..200).contains(&status) || status == 204 || status == 304;
        if bodiless {
            return Ok(response);
        }
        if response.is_chunked() {
            self.take_chunks(&mut response)?;
        } else if let Some(length) = response.content_length()? {
            response.body = self.take(length)?;
            response.raw.extend_from_slice(&response.body);
        } else {
            self.stream.read_to_end(&mut self.unread)?;
            response.body = std::mem::take(&mut self.unread);
            response.raw.extend_from_slice(&response.body);
        }
        Ok(response)
    }

    fn take_head(&mut self) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memmem::find(&self.unread[searched..], b"\r\n\r\n") {
                return self.take(searched + at + 4);
            }
            searched = self.unread.len().saturating_sub(3);
            let before = self.unread.len();
            self.read_more().map_err(|error| match (error.kind(), before) {
                (io::ErrorKind::UnexpectedEof, 0) => io::Error::new(error.kind(), "closed before an answer"),
                _ => error,
            })?;
        }
    }

    fn take_chunks(&mut self, response: &mut Response) -> io::Result<()> {
        loop {
            let line = self.take_line()?;
            let size = chunk_size(&line)?;
            response.raw.extend_from_slice(&line);
            if size == 0 {
                break;
            }
            let chunk = self.take(size + 2)?;
            response.raw.extend_from_slice(&chunk);
            match chunk.strip_suffix(b"\r\n") {
                Some(data) => response.body.extend_from_slice(data),
                None => return Err(invalid("a chunk does not end where it said")),
            }
        }
        loop {
            let trailer = self.take_line()?;
            response.raw.extend_from_slice(&trailer);
            if trailer == b"\r\n" {
                return Ok(());
            }
        }
    }

    fn take_line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.unread, b"\r\n") {
                return self.take(at + 2);
            }
            self.read_more()?;
        }
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            self.read_more()?;
        }
        let rest = self.unread.split_off(length);
        Ok(std::mem::replace(&mut self.unread, rest))
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        match read(&mut self.stream, &mut buffer)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed within an answer")),
            n => {
                self.unread.extend_from_slice(&buffer[..n]);
                Ok(())
            }
        }
    }
}

/// Reads once. A system call with a time-out is not taken up again by itself when a signal has interrupted it.
pub(crate) fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

impl Response {
    /// The first field of this name, in any case, as text; bytes that are not UTF-8 come as U+FFFD.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut named = self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as text; bytes that are not UTF-8 come as U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Does the server close the connection after this answer?
    #[must_use]
    pub fn closes(&self) -> bool {
        self.field("connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"))
            || (!self.is_chunked()
                && self.field("content-length").is_none()
                && !matches!(self.status, 204 | 304))
    }

    fn is_chunked(&self) -> bool {
        self.field("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().ends_with("chunked"))
    }

    fn content_length(&self) -> io::Result<Option<usize>> {
        let parse = |value: String| value.parse().map_err(|_| invalid("a Content-Length that is no number"));
        self.field("content-length").map(parse).transpose()
    }
}

/// A request as bytes: `fields` as given, and `Content-Length` when there is a body.
#[must_use]
pub fn request(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in fields {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// Gets `target` on a connection of its own.
///
/// # Errors
/// As [`Client::connect`] and [`Client::exchange`].
pub fn get(address: SocketAddr, target: &str) -> io::Result<Response> {
    let host = address.to_string();
    let request = request("GET", target, &[("Host", &host), ("Connection", "close")], b"");
    Client::connect(address)?.exchange(&request)
}

fn parse_head(head: &[u8]) -> io::Result<(u16, Fields)> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let complete = parsed.parse(head).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    let status =
        parsed.code.filter(|_| complete.is_complete()).ok_or_else(|| invalid("an incomplete head"))?;
    let fields = parsed.headers.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
    Ok((status, fields))
}

fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let digits = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let text = std::str::from_utf8(&line[..digits]).map_err(|_| invalid("a chunk size that is no text"))?;
    usize::from_str_radix(text, 16).map_err(|_| invalid("a chunk size that is no number"))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
