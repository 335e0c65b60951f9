//! The half of an exchange that writes the request's body.

use std::{
    future::poll_fn,
    io,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Cause, Error, Fields, Leg, Misuse, Sink, body::Encoder, io::Wire};

/// Writes a request's body. If writing fails the answer may still be there to be read: a backend that
/// answers early may close before it has read all.
#[derive(Debug)]
pub struct Sender<'a, S> {
    pub(super) wire: &'a Wire<S>,
    pub(super) encoder: &'a mut Encoder,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sender<'_, S> {
    /// Takes a piece of the body, and waits while there is too much that the backend has not taken
    /// yet. If dropped while it waits, the piece is not taken.
    pub async fn data(&mut self, data: Bytes) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.push(data)
    }

    /// Writes all that was taken.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Ends the body and writes what is left.
    pub async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), Error> {
        self.end(trailers)?;
        self.flush().await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink for Sender<'_, S> {
    type Error = Error;

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.wire.lock().poll_room(cx).map_err(write_error)
    }

    fn push(&mut self, data: Bytes) -> Result<(), Error> {
        self.encoder.push(data, &mut self.wire.lock().out).map_err(misuse)
    }

    fn end(&mut self, trailers: Option<&Fields>) -> Result<(), Error> {
        let mut transport = self.wire.lock();
        self.encoder.end(trailers, &mut transport.out).map_err(misuse)?;
        transport.is_sending = false;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.wire.lock().poll_flush(cx).map_err(write_error)
    }
}

fn misuse(misuse: Misuse) -> Error {
    Error::new(Leg::WriteRequest, misuse)
}

fn write_error(error: io::Error) -> Error {
    let timed_out = error.kind() == io::ErrorKind::TimedOut;
    Error::new(Leg::WriteRequest, if timed_out { Cause::TimedOut } else { Cause::Io(error) })
}
