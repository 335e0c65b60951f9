//! Refusing a request, and closing a connection so that its last answer arrives.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::Connection;
use crate::{Error, Leg, Refusal, write::write_refusal};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Answers a refused head with its status and no body, and closes.
    pub async fn refuse(mut self, refusal: Refusal) -> Result<(), Error> {
        write_refusal(&mut self.wire.get_mut().out, refusal);
        self.close().await
    }

    /// Writes what is left to write and closes. What the client still sends is read and dropped for
    /// a while: a socket that is closed with unread bytes resets the connection, and the client
    /// could lose the answer (RFC 9112 §9.6).
    pub async fn close(mut self) -> Result<(), Error> {
        let closed = poll_fn(|cx| self.poll_shutdown(cx)).await;
        closed.map_err(|error| Error::new(Leg::WriteResponse, error))?;
        let deadline = Instant::now() + self.config.timeouts.linger;
        let mut room = self.config.drain;
        poll_fn(|cx| self.poll_linger(cx, deadline, &mut room)).await;
        Ok(())
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let transport = self.wire.get_mut();
        ready!(transport.poll_flush(cx))?;
        Pin::new(&mut transport.stream).poll_shutdown(cx)
    }

    fn poll_linger(&mut self, cx: &mut Context<'_>, deadline: Instant, room: &mut u64) -> Poll<()> {
        let transport = self.wire.get_mut();
        while !self.input.ended && *room > 0 {
            self.input.skip(self.input.len());
            match transport.poll_fill(cx, &mut self.input) {
                Poll::Ready(Ok(count)) => *room = room.saturating_sub(count as u64),
                Poll::Ready(Err(_)) => break,
                Poll::Pending => {
                    ready!(transport.poll_deadline(cx, deadline));
                    break;
                }
            }
        }
        Poll::Ready(())
    }
}
