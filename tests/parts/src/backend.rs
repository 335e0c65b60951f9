//! A backend in the test itself: a socket, and a script of what to read and write on each connection.
//!
//! It records every byte that it received, so that a test can say what legacy must never have seen.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longest silence before a read fails.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A listening backend. Its threads end with the test's process.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    received: Received,
}

type Received = Arc<Mutex<Vec<u8>>>;

impl Backend {
    /// Runs `script` with each connection, in a thread of its own. An error ends that connection.
    ///
    /// # Panics
    /// When there is no port to listen on.
    #[must_use]
    pub fn start(script: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (received, script) = (Received::default(), Arc::new(script));
        let record = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, received) = (Arc::clone(&script), Arc::clone(&record));
                thread::spawn(move || {
                    if let Ok(mut conversation) = Conversation::new(stream, received) {
                        let _ = script(&mut conversation);
                    }
                });
            }
        });
        Self { address, received }
    }

    /// One that answers every request with `answer`, a whole answer as bytes.
    #[must_use]
    pub fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |conversation| {
            loop {
                conversation.request()?;
                conversation.write(&answer)?;
            }
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A whole `routes.toml` with this as the only legacy.
    #[must_use]
    pub fn as_legacy(&self) -> String {
        format!("[legacy.app]\nhttp = \"http://{}\"\n", self.address)
    }

    /// Every byte that came so far, of all connections.
    #[must_use]
    pub fn received(&self) -> String {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&received).into_owned()
    }
}

/// One connection to a [`Backend`].
#[derive(Debug)]
pub struct Conversation {
    stream: TcpStream,
    unread: Vec<u8>,
    received: Received,
}

impl Conversation {
    fn new(stream: TcpStream, received: Received) -> io::Result<Self> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new(), received })
    }

    /// Reads a request's head, its empty line included.
    ///
    /// # Errors
    /// When the connection ends before.
    pub fn head(&mut self) -> io::Result<String> {
        self.until(b"\r\n\r\n")
    }

    /// Reads a request whole: its head, and the body that its Content-Length or its chunks delimit, framing included.
    ///
    /// # Errors
    /// When the connection ends before.
    pub fn request(&mut self) -> io::Result<String> {
        let head = self.head()?;
        let field = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        let body = match (field("content-length"), field("transfer-encoding")) {
            (Some(length), _) => self.bytes(length.parse().map_err(io::Error::other)?)?,
            (None, Some(_)) if head.contains("chunked") => self.chunks()?,
            _ => String::new(),
        };
        Ok(head + &body)
    }

    /// Reads so many bytes.
    ///
    /// # Errors
    /// When the connection ends before.
    pub fn bytes(&mut self, count: usize) -> io::Result<String> {
        while self.unread.len() < count {
            self.read_more()?;
        }
        Ok(self.take(count))
    }

    /// Reads up to the end of the connection.
    ///
    /// # Errors
    /// When it does not end, or breaks.
    pub fn rest(&mut self) -> io::Result<String> {
        loop {
            match self.read_more() {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(self.take(self.unread.len()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// The socket itself.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    fn chunks(&mut self) -> io::Result<String> {
        let mut all = String::new();
        loop {
            let line = self.until(b"\r\n")?;
            let size = line.trim_end().split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            all += &line;
            if size == 0 {
                break;
            }
            all += &self.bytes(size + 2)?;
        }
        loop {
            let line = self.until(b"\r\n")?;
            all += &line;
            if line == "\r\n" {
                return Ok(all);
            }
        }
    }

    fn until(&mut self, end: &[u8]) -> io::Result<String> {
        loop {
            if let Some(at) = memchr::memmem::find(&self.unread, end) {
                return Ok(self.take(at + end.len()));
            }
            self.read_more()?;
        }
    }

    fn take(&mut self, count: usize) -> String {
        let rest = self.unread.split_off(count);
        let taken = std::mem::replace(&mut self.unread, rest);
        String::from_utf8_lossy(&taken).into_owned()
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        let count = crate::http::read(&mut self.stream, &mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.unread.extend_from_slice(&buffer[..count]);
        self.received.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
        Ok(())
    }
}
