//! A stream with what is to be written to it, shared by a connection's two halves.

use std::{
    io,
    pin::{Pin, pin},
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::Instant,
};

use super::{Input, Outbox, alarm::Alarm};

/// A stream, what is to be written to it, and the connection's one timer.
#[derive(Debug)]
pub(crate) struct Transport<S> {
    pub(crate) stream: S,
    pub(crate) out: Outbox,
    alarm: Alarm,
    write_timeout: Duration,
    write_deadline: Option<Instant>,
    /// Something was written that the stream may still hold.
    unflushed: bool,
    /// Writing has failed, and will go on failing.
    broken: Option<io::ErrorKind>,
    /// Server side: the client waits for `100 Continue`, and nobody has sent it.
    pub(crate) owes_continue: bool,
    /// Client side: the request's body has not ended yet.
    pub(crate) is_sending: bool,
}

/// A transport that the reading and the writing half lock for the length of one poll. Both live in
/// one task, so the lock is never contended: it costs two atomic operations, and spares a trait for
/// splitting each kind of stream.
#[derive(Debug)]
pub(crate) struct Wire<S>(Mutex<Transport<S>>);

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, write_timeout: Duration) -> Wire<S> {
        Wire(Mutex::new(Transport {
            stream,
            out: Outbox::default(),
            alarm: Alarm::default(),
            write_timeout,
            write_deadline: None,
            unflushed: false,
            broken: None,
            owes_continue: false,
            is_sending: false,
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Transport<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get_mut(&mut self) -> &mut Transport<S> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn into_stream(self) -> S {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).stream
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    /// Reads once. The input holds no buffer while this is pending and nothing is in it.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>, input: &mut Input) -> Poll<io::Result<usize>> {
        let polled = pin!(self.stream.read_buf(input.room())).poll(cx);
        match &polled {
            Poll::Ready(Ok(0)) => input.ended = true,
            Poll::Ready(Ok(_)) => return polled,
            _ => {}
        }
        input.rest();
        polled
    }

    /// Ready once `deadline` has passed.
    pub(crate) fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        self.alarm.poll(cx, deadline)
    }

    /// Writes all that there is. Fails with `TimedOut` if the peer takes nothing for too long.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(kind) = self.broken {
            return Poll::Ready(Err(kind.into()));
        }
        let flushed = ready!(self.poll_write_all(cx));
        if let Err(error) = &flushed {
            self.broken = Some(error.kind());
            self.out.clear();
        }
        Poll::Ready(flushed)
    }

    /// To be called before the peer is waited for: what it may be waiting for itself is written. An
    /// error shows at the next flush, or as the end of what is read.
    pub(crate) fn poll_owed(&mut self, cx: &mut Context<'_>) {
        if std::mem::take(&mut self.owes_continue) {
            self.out.text().extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        if !self.out.is_empty() || self.unflushed {
            let _ = self.poll_flush(cx);
        }
    }

    /// Ready when there is room for more.
    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_full() { self.poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }

    fn poll_write_all(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            match self.poll_write(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.out.advance(count);
                    (self.write_deadline, self.unflushed) = (None, true);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    let timeout = self.write_timeout;
                    let deadline = *self.write_deadline.get_or_insert_with(|| Instant::now() + timeout);
                    ready!(self.alarm.poll(cx, deadline));
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let (first, only) = self.out.first();
        if only || !self.stream.is_write_vectored() {
            return Pin::new(&mut self.stream).poll_write(cx, first);
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, &self.out.slices())
    }
}
