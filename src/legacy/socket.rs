//! A connection to legacy, Unix or TCP, on one core's runtime; and between requests, parked for any core to take.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, ToSocketAddrs, UnixStream};
use tokio::runtime;

use super::error::{Cause, Failed, Leg};
use super::names::{Peer, Place};
use super::spec::{Address, FastCgi, Kind, Spec};

/// How long to wait when a Unix socket's queue of new connections is full; there is no event for it.
const BACKLOG_PAUSE: Duration = Duration::from_millis(5);

/// How often a managed pool that is not there is tried.
const RESTART_PAUSE: Duration = Duration::from_millis(20);

/// A connection, registered with this core's runtime.
#[derive(Debug)]
pub(crate) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// A connection between two requests. It stays with the core that used it last until another one takes it, which costs
/// four calls of the kernel.
#[derive(Debug)]
pub(crate) struct Parked {
    socket: Socket,
    on: runtime::Id,
}

/// Calls the same method on either stream.
macro_rules! either {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket {
            Socket::Unix($stream) => $call,
            Socket::Tcp($stream) => $call,
        }
    };
}

/// Connects to a legacy within its time. A managed pool that is being started again is waited for.
pub(crate) async fn connect(address: &Address, spec: &Spec) -> Result<Socket, Failed> {
    let managed = matches!(&spec.kind, Kind::FastCgi(FastCgi { managed: Some(_), .. }));
    let limit = spec.connect_timeout;
    let connected = async {
        loop {
            match Socket::connect(address).await {
                Err(error) if managed && is_absent(&error) => tokio::time::sleep(RESTART_PAUSE).await,
                connected => return connected,
            }
        }
    };
    match tokio::time::timeout(limit, connected).await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(Failed::before(Leg::Connect, error)),
        Err(_) => Err(Failed::before(Leg::Connect, Cause::TimedOut(limit))),
    }
}

/// Connects to an upstream within its time. Where its name stands for several addresses, each gets a share of that time.
pub(crate) async fn connect_to(place: &Place, limit: Duration) -> Result<(Socket, Peer), Failed> {
    let connected = async {
        match place {
            Place::Unix(path) => Ok((Socket::connect_unix(path).await?, Peer::FIXED)),
            Place::Fixed(address) => Ok((Socket::connect_tcp(*address).await?, Peer::FIXED)),
            Place::Named(name) => connect_any(&name.peers().await?, limit).await,
        }
    };
    match tokio::time::timeout(limit, connected).await {
        Ok(Ok(connected)) => Ok(connected),
        Ok(Err(error)) => Err(Failed::before(Leg::Connect, error)),
        Err(_) => Err(Failed::before(Leg::Connect, Cause::TimedOut(limit))),
    }
}

async fn connect_any(peers: &[(SocketAddr, Peer)], limit: Duration) -> io::Result<(Socket, Peer)> {
    let share = limit / peers.len().max(1) as u32;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for (address, peer) in peers {
        match tokio::time::timeout(share, Socket::connect_tcp(*address)).await {
            Ok(Ok(socket)) => return Ok((socket, *peer)),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// Whether nobody listens.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Who may open a pool's socket is what a new set-up stumbles over first.
fn explained(path: &Path, error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error;
    }
    let path = path.display();
    let why = format!(
        "this user may not open {path}: run as one of the group it belongs to (the pool's listen.group)"
    );
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

impl Socket {
    /// Connects; a name is resolved anew each time.
    async fn connect(address: &Address) -> io::Result<Self> {
        match address {
            Address::Unix(path) => Self::connect_unix(path).await,
            Address::Tcp(address) => Self::connect_tcp(address.as_str()).await,
        }
    }

    async fn connect_unix(path: &Path) -> io::Result<Self> {
        loop {
            match UnixStream::connect(path).await {
                // The listener's queue is full (unix(7)): someone else's connections, since ours are counted.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::time::sleep(BACKLOG_PAUSE).await;
                }
                connected => return connected.map(Self::Unix).map_err(|error| explained(path, error)),
            }
        }
    }

    async fn connect_tcp(address: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    /// Reads what there is behind what `buffer` holds, or waits for it; 0 at the end.
    pub(crate) async fn read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        loop {
            match either!(self, stream => stream.try_read_buf(buffer)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    either!(self, stream => stream.readable().await)?;
                }
                read => return read,
            }
        }
    }

    /// Writes some of `parts`, or waits until that is possible.
    pub(crate) async fn write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.try_write(parts) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            written => return written,
        }
        loop {
            match either!(self, stream => stream.try_write_vectored(parts)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    either!(self, stream => stream.writable().await)?;
                }
                written => return written,
            }
        }
    }

    /// Writes what goes without waiting. Past the runtime, which knows nothing yet of a connection that it was just
    /// given.
    pub(crate) fn try_write(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        either!(self, stream => SockRef::from(stream).send_vectored(parts))
    }

    /// Waits until the peer closes or says something; true when it closed.
    pub(crate) async fn closed(&self) -> bool {
        let mut unasked = [0; 1];
        loop {
            match either!(self, stream => stream.try_read(&mut unasked)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if either!(self, stream => stream.readable().await).is_err() {
                        return true;
                    }
                }
                Ok(read) => return read == 0,
                Err(_) => return true,
            }
        }
    }

    /// Whether the peer's process has read all that was written. Only a Unix socket can tell; over TCP the answer
    /// is yes, since the peer's kernel acknowledges in its place.
    pub(crate) fn is_drained(&self) -> bool {
        match self {
            Self::Unix(stream) => unread(stream).is_none_or(|bytes| bytes == 0),
            Self::Tcp(_) => true,
        }
    }

    /// Waits until [`is_drained`](Self::is_drained). A Unix socket becomes writable anew whenever its peer has read.
    pub(crate) async fn drained(&self) -> io::Result<()> {
        match self {
            Self::Tcp(_) => Ok(()),
            Self::Unix(stream) => {
                let check = || if self.is_drained() { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) };
                stream.async_io(Interest::WRITABLE, check).await
            }
        }
    }

    /// Of a connection that ended without an answer: whether the peer's process certainly has not read all that was
    /// written. Over TCP a close answers unread bytes with a reset, and bytes that come after it too; a process that
    /// had read everything leaves an orderly end.
    pub(crate) fn was_left_unread(&self) -> bool {
        match self {
            Self::Unix(_) => false,
            Self::Tcp(stream) => stream.peer_addr().is_err() || unread(stream).is_some_and(|bytes| bytes > 0),
        }
    }

    /// Leaves the connection to whoever needs it next. Called on the core that has used it.
    pub(crate) fn park(self) -> Parked {
        Parked { socket: self, on: this_core() }
    }
}

impl Parked {
    /// Whether the peer still holds the connection and has said nothing unasked.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut byte = [MaybeUninit::uninit()];
        let peeked = either!(&self.socket, stream => SockRef::from(stream).peek(&mut byte));
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Whether it is with that core.
    pub(crate) fn is_on(&self, core: runtime::Id) -> bool {
        self.on == core
    }

    /// Takes the connection onto this core.
    pub(crate) fn take(self) -> io::Result<Socket> {
        if self.is_on(this_core()) {
            return Ok(self.socket);
        }
        Ok(match self.socket {
            Socket::Unix(stream) => Socket::Unix(UnixStream::from_std(stream.into_std()?)?),
            Socket::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream.into_std()?)?),
        })
    }
}

/// The core that this runs on: each has a runtime of its own.
pub(crate) fn this_core() -> runtime::Id {
    runtime::Handle::current().id()
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_read(cx, into))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(cx, parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(cx))
    }
}

/// Bytes of ours that the peer's process (unix(7)) or kernel (tcp(7)) has not taken; `None` where ours cannot say.
#[allow(unsafe_code)] // no crate in the tree wraps this call
fn unread(stream: &impl AsRawFd) -> Option<i32> {
    let mut bytes: nix::libc::c_int = 0;
    // SAFETY: the descriptor is open while `stream` is borrowed; TIOCOUTQ (the same number as SIOCOUTQ) writes one c_int.
    let result = unsafe { nix::libc::ioctl(stream.as_raw_fd(), nix::libc::TIOCOUTQ, &mut bytes) };
    (result == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn pair() -> (Socket, std::os::unix::net::UnixStream) {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Socket::Unix(UnixStream::from_std(ours).unwrap()), theirs)
    }

    #[test]
    fn a_socket_that_may_not_be_opened_says_whose_it_is() {
        let said = |kind: io::ErrorKind| explained(Path::new("/run/php/app.sock"), kind.into()).to_string();
        assert!(said(io::ErrorKind::PermissionDenied).contains("/run/php/app.sock: run as one of the group"));
        assert!(!said(io::ErrorKind::NotFound).contains("group"));
    }

    #[tokio::test]
    async fn a_unix_socket_tells_when_its_peer_has_read_everything() {
        let (ours, mut theirs) = pair();
        assert!(ours.is_drained());
        assert_eq!(ours.try_write(&[IoSlice::new(b"0123456789")]).unwrap(), 10);
        theirs.read_exact(&mut [0; 6]).unwrap();
        let waits = tokio::time::timeout(Duration::from_millis(50), ours.drained()).await;
        assert!(waits.is_err(), "four bytes are unread");
        let reading = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            theirs.read_exact(&mut [0; 4]).unwrap();
            theirs
        });
        tokio::time::timeout(Duration::from_secs(5), ours.drained()).await.unwrap().unwrap();
        reading.join().unwrap();
    }

    #[tokio::test]
    async fn a_parked_connection_is_quiet_until_its_peer_speaks_or_closes() {
        let (ours, mut theirs) = pair();
        let ours = ours.park();
        assert!(ours.is_quiet());
        theirs.write_all(b"x").unwrap();
        assert!(!ours.is_quiet(), "unasked bytes would be taken for the next answer");
        let (ours, theirs) = pair();
        let ours = ours.park();
        drop(theirs);
        assert!(!ours.is_quiet());
    }

    #[test]
    fn a_parked_connection_goes_on_with_another_core() {
        let core = || runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (parked, mut theirs) = core().block_on(async {
            let (ours, theirs) = pair();
            (ours.park(), theirs)
        });
        core().block_on(async {
            assert!(!parked.is_on(this_core()));
            let ours = parked.take().unwrap();
            let answer = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                theirs.write_all(b"answer").unwrap();
                theirs
            });
            let mut buffer = BytesMut::with_capacity(64);
            let read = tokio::time::timeout(Duration::from_secs(5), ours.read(&mut buffer)).await;
            assert_eq!((read.unwrap().unwrap(), &buffer[..]), (6, &b"answer"[..]));
            answer.join().unwrap();
        });
    }
}
