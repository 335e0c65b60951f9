//! Asks a FastCGI responder directly, over one kept connection: what no HTTP server in between has touched.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

const BEGIN: u8 = 1;
const END: u8 = 3;
const PARAMS: u8 = 4;
const STDIN: u8 = 5;
const STDOUT: u8 = 6;
const STDERR: u8 = 7;

/// The longest content of a record.
const CONTENT_MAX: usize = 0xFFFF;

/// A connection to a responder, one request at a time.
pub struct FastCgi {
    reader: BufReader<Box<dyn Read + Send>>,
    writer: Box<dyn Write + Send>,
}

/// What a responder answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Header fields and body, as the script wrote them.
    pub stdout: Vec<u8>,
    /// What the script complained of.
    pub stderr: Vec<u8>,
}

impl Answer {
    /// The header fields: what stands before the first empty line.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        self.split().0
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.split().1
    }

    fn split(&self) -> (&[u8], &[u8]) {
        let empty = memchr::memmem::find(&self.stdout, b"\r\n\r\n");
        empty.map_or((&self.stdout, &[]), |at| (&self.stdout[..at + 2], &self.stdout[at + 4..]))
    }
}

impl FastCgi {
    /// Connects to `unix:/path/to/socket` or `127.0.0.1:PORT`.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    pub fn connect(address: &str) -> Self {
        let patience = Some(Duration::from_secs(60));
        let (reader, writer): (Box<dyn Read + Send>, Box<dyn Write + Send>) =
            match address.strip_prefix("unix:") {
                Some(path) => {
                    let socket = UnixStream::connect(path).expect("the responder listens");
                    socket.set_read_timeout(patience).expect("a time-out can be set");
                    (Box::new(socket.try_clone().expect("a socket can be cloned")), Box::new(socket))
                }
                None => {
                    let socket = TcpStream::connect(address).expect("the responder listens");
                    socket.set_read_timeout(patience).expect("a time-out can be set");
                    socket.set_nodelay(true).expect("a socket's delay can be set");
                    (Box::new(socket.try_clone().expect("a socket can be cloned")), Box::new(socket))
                }
            };
        Self { reader: BufReader::with_capacity(1 << 16, reader), writer }
    }

    /// Sends a request and reads its answer. The body must fit into the socket's buffer unless the script reads it first.
    ///
    /// # Errors
    /// The connection's: it is of no use afterwards.
    pub fn ask(&mut self, params: &[(&[u8], &[u8])], body: &[u8]) -> io::Result<Answer> {
        let mut out = Vec::with_capacity(body.len() + 1024);
        record(&mut out, BEGIN, &[0, 1, 1, 0, 0, 0, 0, 0]);
        let mut pairs = Vec::new();
        for (name, value) in params {
            length(&mut pairs, name.len());
            length(&mut pairs, value.len());
            pairs.extend_from_slice(name);
            pairs.extend_from_slice(value);
        }
        stream(&mut out, PARAMS, &pairs);
        stream(&mut out, STDIN, body);
        self.writer.write_all(&out)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Answer> {
        let mut answer = Answer::default();
        loop {
            let mut header = [0; 8];
            self.reader.read_exact(&mut header)?;
            let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
            let mut content = vec![0; length + usize::from(header[6])];
            self.reader.read_exact(&mut content)?;
            match header[1] {
                STDOUT => answer.stdout.extend_from_slice(&content[..length]),
                STDERR => answer.stderr.extend_from_slice(&content[..length]),
                END => return Ok(answer),
                other => return Err(io::Error::other(format!("a FastCGI record of type {other}"))),
            }
        }
    }
}

/// A whole stream: its records and the empty one that ends it.
fn stream(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    for piece in content.chunks(CONTENT_MAX) {
        record(out, kind, piece);
    }
    record(out, kind, b"");
}

fn record(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    let [high, low] = (content.len() as u16).to_be_bytes();
    out.extend_from_slice(&[1, kind, 0, 1, high, low, 0, 0]);
    out.extend_from_slice(content);
}

fn length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => out.extend_from_slice(&(length as u32 | 0x8000_0000).to_be_bytes()),
    }
}
