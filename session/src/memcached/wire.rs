//! memcached's text protocol: one command, one answer, over connections that are kept.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::SessionError;
use crate::address::At;

/// The most connections that are kept while nobody uses them.
const IDLE_MAX: usize = 8;

/// How long one command may take, connecting included.
const WITHIN: Duration = Duration::from_secs(1);

/// The largest value that is taken from the server: memcached's own default is 1 MiB.
const VALUE_MAX: usize = 64 << 20;

/// The longest line that is taken from the server.
const LINE_MAX: u64 = 4096;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

type Connection = BufStream<Box<dyn Stream>>;

/// What the server says.
pub(super) enum Said {
    /// A value.
    Value(Bytes),
    /// A line, without its end.
    Line(String),
}

/// Connections to one server.
#[derive(Clone)]
pub(super) struct Connections {
    at: Arc<At>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connections").field(&self.at).finish()
    }
}

impl Connections {
    pub(super) fn to(at: At) -> Self {
        Self { at: Arc::new(at), idle: Arc::default() }
    }

    /// Sends a command, with its data, and reads the answer.
    pub(super) async fn ask(&self, command: &str, data: Option<&[u8]>) -> Result<Said, SessionError> {
        let asked = timeout(WITHIN, self.ask_one(command, data)).await;
        asked.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())).map_err(SessionError::Memcached)
    }

    async fn ask_one(&self, command: &str, data: Option<&[u8]>) -> io::Result<Said> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(mut connection) = kept {
            match exchange(&mut connection, command, data).await {
                Ok(said) => return Ok(self.keep(connection, said)),
                // The server may have closed a kept connection. No command here does harm when it comes twice.
                Err(error) if error.kind() == ErrorKind::InvalidData => return Err(error),
                Err(_) => self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear(),
            }
        }
        let mut connection = self.connect().await?;
        let said = exchange(&mut connection, command, data).await?;
        Ok(self.keep(connection, said))
    }

    fn keep(&self, connection: Connection, said: Said) -> Said {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        said
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream: Box<dyn Stream> = match &*self.at {
            At::Unix(path) => Box::new(UnixStream::connect(path).await?),
            At::Tcp(server) => {
                let stream = TcpStream::connect(server).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        Ok(BufStream::new(stream))
    }
}

async fn exchange(connection: &mut Connection, command: &str, data: Option<&[u8]>) -> io::Result<Said> {
    connection.write_all(command.as_bytes()).await?;
    connection.write_all(b"\r\n").await?;
    if let Some(data) = data {
        connection.write_all(data).await?;
        connection.write_all(b"\r\n").await?;
    }
    connection.flush().await?;
    let said = line(connection).await?;
    // VALUE <key> <flags> <bytes>
    let Some(value) = said.strip_prefix("VALUE ") else { return Ok(Said::Line(said)) };
    let length = value.rsplit(' ').next().and_then(|length| length.parse().ok());
    let length = length.filter(|length| *length <= VALUE_MAX).ok_or(ErrorKind::InvalidData)?;
    let mut data = vec![0; length];
    connection.read_exact(&mut data).await?;
    match (line(connection).await?.as_str(), line(connection).await?.as_str()) {
        ("", "END") => Ok(Said::Value(data.into())),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

async fn line(connection: &mut Connection) -> io::Result<String> {
    let mut line = Vec::new();
    connection.take(LINE_MAX).read_until(b'\n', &mut line).await?;
    match line.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None if line.len() as u64 == LINE_MAX => Err(ErrorKind::InvalidData.into()),
        None => Err(ErrorKind::UnexpectedEof.into()),
    }
}
