//! A connection whose protocol was switched (WebSocket, and whatever else a legacy agrees to): bytes both ways until
//! both sides have ended, one breaks off, or both are silent for too long.
//!
//! Nothing is held but what one side has sent and the other has not taken yet, at most [`PIECE`] bytes each way; an
//! idle tunnel has no buffer. At the end of the process tunnels go on within the grace.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::counts::{Count, Counts};
use crate::exchange::{Duplex, Switched};

/// What is read at once.
const PIECE: usize = 32 * 1024;

thread_local! {
    /// Where this core's tunnels read into, one after the other.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; PIECE].into());
}

/// Runs a tunnel to its end. `read` is what the client sent behind its request.
pub(super) async fn run(counts: &Counts, mut client: impl Duplex, read: Bytes, backend: Switched) {
    let _open = counts.tunnels.enter();
    let began = Instant::now();
    let Switched { stream: mut far, read: sent, idle, route, held: _held } = backend;
    let (mut up, mut down) = (Way::new(read, &counts.tunnelled_up), Way::new(sent, &counts.tunnelled_down));
    let mut silence = Silence::new(idle);
    let ended = poll_fn(|cx| {
        let moved = up.moved + down.moved;
        let both = [up.poll(cx, &mut client, &mut far)?, down.poll(cx, &mut far, &mut client)?];
        if both.iter().all(Poll::is_ready) {
            return Poll::Ready(Ok(()));
        }
        silence.poll(cx, up.moved + down.moved > moved).map(Err)
    });
    let ended = ended.await;
    tracing::debug!(
        route,
        up = up.moved,
        down = down.moved,
        took = ?began.elapsed(),
        error = ended.as_ref().err().map(tracing::field::display),
        "a tunnel has ended"
    );
}

/// Bytes from one side to the other.
struct Way<'a> {
    /// What was read and not written yet.
    held: Bytes,
    stage: Stage,
    /// The other side may still hold what was written.
    unflushed: bool,
    moved: u64,
    count: &'a Count,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The sender has ended; the receiver is to be told.
    Ending,
    Ended,
}

impl<'a> Way<'a> {
    fn new(held: Bytes, count: &'a Count) -> Self {
        Self { held, stage: Stage::Open, unflushed: false, moved: 0, count }
    }

    /// Moves what there is. Ready when the sender has ended and the receiver was told.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut impl Duplex,
        to: &mut impl Duplex,
    ) -> io::Result<Poll<()>> {
        match self.poll_move(cx, from, to) {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) => Ok(Poll::Ready(())),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        loop {
            while !self.held.is_empty() {
                let count = ready!(Pin::new(&mut *to).poll_write(cx, &self.held))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.held.advance(count);
                self.wrote(count);
            }
            match self.stage {
                Stage::Open => match self.poll_read(cx, from, to) {
                    Poll::Ready(read) => read?,
                    Poll::Pending => {
                        if std::mem::take(&mut self.unflushed) {
                            self.unflushed = Pin::new(&mut *to).poll_flush(cx)?.is_pending();
                        }
                        return Poll::Pending;
                    }
                },
                Stage::Ending => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.stage = Stage::Ended;
                }
                Stage::Ended => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Reads a piece and writes of it what goes at once; the rest is held.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Poll<io::Result<()>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut piece = ReadBuf::new(scratch);
            ready!(Pin::new(from).poll_read(cx, &mut piece))?;
            let piece = piece.filled();
            if piece.is_empty() {
                self.stage = Stage::Ending;
                return Poll::Ready(Ok(()));
            }
            let written = match Pin::new(to).poll_write(cx, piece)? {
                Poll::Ready(count) => count,
                Poll::Pending => 0,
            };
            self.held = Bytes::copy_from_slice(&piece[written..]);
            self.wrote(written);
            Poll::Ready(Ok(()))
        })
    }

    fn wrote(&mut self, count: usize) {
        self.unflushed = true;
        self.moved += count as u64;
        self.count.add(count as u64);
    }
}

/// How long nothing has moved. The timer is set once and left alone: it goes off early, and is set anew if something
/// has moved meanwhile.
struct Silence {
    max: Duration,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Silence {
    fn new(max: Duration) -> Self {
        Self { max, last: Instant::now(), timer: Box::pin(sleep(max)) }
    }

    fn poll(&mut self, cx: &mut Context<'_>, moved: bool) -> Poll<io::Error> {
        if moved {
            self.last = Instant::now();
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if self.last + self.max <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.timer.as_mut().reset(self.last + self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    struct World {
        counts: &'static Counts,
        client: DuplexStream,
        backend: DuplexStream,
        tunnel: tokio::task::JoinHandle<()>,
    }

    /// A tunnel whose ends hold 64 bytes each.
    fn tunnel(idle: Duration) -> World {
        let ((near, client), (far, backend)) = (duplex(64), duplex(64));
        let counts: &Counts = Box::leak(Box::default());
        let switched = Switched {
            stream: Box::new(far),
            read: Bytes::from_static(b"first down"),
            idle,
            route: "chat".into(),
            held: Box::new(()),
        };
        let run = run(counts, near, Bytes::from_static(b"first up"), switched);
        World { counts, client, backend, tunnel: tokio::task::spawn_local(run) }
    }

    async fn local<T>(test: impl Future<Output = T>) -> T {
        tokio::task::LocalSet::new().run_until(test).await
    }

    #[tokio::test]
    async fn each_side_ends_by_itself_and_nothing_is_lost() {
        local(async {
            let World { counts, mut client, mut backend, tunnel } = tunnel(Duration::from_secs(60));
            let sent = vec![7; 100_000];
            let up = async {
                client.write_all(&sent).await.unwrap();
                client.shutdown().await.unwrap();
            };
            let mut got = Vec::new();
            let ((), read) = tokio::join!(up, backend.read_to_end(&mut got));
            assert_eq!((read.unwrap(), &got[..8], got[8..] == sent[..]), (100_008, &b"first up"[..], true));
            assert_eq!(counts.tunnels.now(), 1, "the other way is still open");
            backend.write_all(b", last down").await.unwrap();
            drop(backend);
            let mut got = String::new();
            client.read_to_string(&mut got).await.unwrap();
            assert_eq!(got, "first down, last down");
            tunnel.await.unwrap();
            let carried = (counts.tunnelled_up.get(), counts.tunnelled_down.get());
            assert_eq!((carried, counts.tunnels.now(), counts.tunnels.total()), ((100_008, 21), 0, 1));
        })
        .await;
    }

    #[tokio::test]
    async fn silence_of_both_ends_it() {
        local(async {
            let idle = Duration::from_millis(400);
            let World { mut client, mut backend, tunnel, .. } = tunnel(idle);
            let began = Instant::now();
            client.read_exact(&mut [0; 10]).await.unwrap();
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(100)).await;
                backend.write_all(b"ping").await.unwrap();
                client.read_exact(&mut [0; 4]).await.unwrap();
            }
            tunnel.await.unwrap();
            assert!(began.elapsed() >= Duration::from_millis(500) + idle);
        })
        .await;
    }
}
