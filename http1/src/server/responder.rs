//! The half of an exchange that writes the answer.

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Cause, Error, Fields, Leg, Misuse, Refusal, Sink, Version,
    body::Encoder,
    io::Wire,
    write::{FieldWriter, FramingLine, Owed, Size, decimal, is_value, write_head, write_refusal},
};

/// Writes the answer to one request: [`interim`](Responder::interim) any number of times,
/// [`head`](Responder::head), [`data`](Responder::data) any number of times,
/// [`finish`](Responder::finish). A small answer goes out in one write. It never writes a body
/// that its head did not declare; an answer that is not finished ends the connection.
#[derive(Debug)]
pub struct Responder<'a, S> {
    pub(super) wire: &'a Wire<S>,
    pub(super) answer: &'a mut Answer,
}

/// How far an answer is, and what its request allows.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) stage: Stage,
    pub(super) to_head: bool,
    pub(super) version: Version,
    pub(super) keep_alive: bool,
}

#[derive(Debug)]
pub(super) enum Stage {
    Head,
    Body(Encoder),
    Finished,
    Switched,
}

impl Answer {
    /// Whether the answer is complete and leaves the connection usable.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.stage, Stage::Finished) && self.keep_alive
    }

    /// How an answer's body is declared and written.
    fn framing(&mut self, status: u16, size: Size) -> (FramingLine, Encoder) {
        let declared = match size {
            Size::Known(length) if status != 204 => FramingLine::Length(length),
            _ => FramingLine::None,
        };
        match (size, self.version) {
            _ if self.to_head => (declared, Encoder::Dropped),
            _ if matches!(status, 204 | 304) => (declared, Encoder::Forbidden),
            (Size::None, _) => (FramingLine::Length(0), Encoder::Length(0)),
            (Size::Known(length), _) => (declared, Encoder::Length(length)),
            (Size::Unknown, Version::Http11) => (FramingLine::Chunked, Encoder::Chunked),
            (Size::Unknown, Version::Http10) => {
                self.keep_alive = false;
                (FramingLine::None, Encoder::UntilClose)
            }
        }
    }

    fn connection(&self) -> Option<&'static [u8]> {
        match (self.keep_alive, self.version) {
            (false, _) => Some(b"close"),
            (true, Version::Http10) => Some(b"keep-alive"),
            (true, Version::Http11) => None,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Responder<'_, S> {
    /// Writes an interim answer (1xx but 101) at once. HTTP/1.0 clients, who know none, get none.
    pub async fn interim(
        &mut self,
        status: u16,
        reason: &[u8],
        fields: impl FnOnce(&mut FieldWriter<'_>),
    ) -> Result<(), Error> {
        if !matches!(status, 100 | 102..200) || !matches!(self.answer.stage, Stage::Head) {
            return Err(misuse(Misuse::Status));
        }
        if self.answer.version == Version::Http10 {
            return Ok(());
        }
        let owed = Owed { framing: FramingLine::None, connection: None, upgrade: None };
        self.write_head(status, reason, owed, fields)?;
        if status == 100 {
            self.wire.lock().owes_continue = false;
        }
        self.flush().await
    }

    /// Takes the final head; it is written with the first data, or by [`Responder::flush`].
    ///
    /// Content-Length, Transfer-Encoding and Connection follow from `size`, the request and the
    /// connection's fate; `fields` adds all others.
    pub fn head(
        &mut self,
        status: u16,
        reason: &[u8],
        size: Size,
        fields: impl FnOnce(&mut FieldWriter<'_>),
    ) -> Result<(), Error> {
        if !matches!(self.answer.stage, Stage::Head) {
            return Err(misuse(Misuse::OutOfOrder));
        }
        if !(200..=999).contains(&status) {
            return Err(misuse(Misuse::Status));
        }
        // A client that still waits for `100 Continue` may send its body or not: there is no telling
        // where the next request begins.
        self.answer.keep_alive &= !std::mem::take(&mut self.wire.lock().owes_continue);
        let (framing, encoder) = self.answer.framing(status, size);
        let owed = Owed { framing, connection: self.answer.connection(), upgrade: None };
        self.write_head(status, reason, owed, fields)?;
        self.answer.stage = Stage::Body(encoder);
        Ok(())
    }

    /// Takes `101 Switching Protocols`. The exchange is over then, and
    /// [`super::Connection::into_tunnel`] gives the stream.
    pub fn switch_protocols(
        &mut self,
        protocol: &[u8],
        reason: &[u8],
        fields: impl FnOnce(&mut FieldWriter<'_>),
    ) -> Result<(), Error> {
        if !matches!(self.answer.stage, Stage::Head) {
            return Err(misuse(Misuse::OutOfOrder));
        }
        let owed = Owed { framing: FramingLine::None, connection: Some(b"upgrade"), upgrade: Some(protocol) };
        self.write_head(101, reason, owed, fields)?;
        self.answer.stage = Stage::Switched;
        Ok(())
    }

    /// Answers with a refusal's status and no body, and lets the connection end: for what shows only
    /// in the body. Fails if the answer has begun.
    pub async fn refuse(&mut self, refusal: Refusal) -> Result<(), Error> {
        if !matches!(self.answer.stage, Stage::Head) {
            return Err(misuse(Misuse::OutOfOrder));
        }
        self.answer.keep_alive = false;
        self.answer.stage = Stage::Finished;
        write_refusal(&mut self.wire.lock().out, refusal);
        self.flush().await
    }

    /// Ends the connection after this answer. Called before the head, the client is told.
    pub fn close_after(&mut self) {
        self.answer.keep_alive = false;
    }

    /// Takes a piece of the body, and waits while there is too much that the client has not taken
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

    /// Whether the final head has been taken, so that no other answer can be given.
    pub fn has_begun(&self) -> bool {
        !matches!(self.answer.stage, Stage::Head)
    }

    fn write_head(
        &mut self,
        status: u16,
        reason: &[u8],
        owed: Owed<'_>,
        fields: impl FnOnce(&mut FieldWriter<'_>),
    ) -> Result<(), Error> {
        if !is_value(reason) {
            return Err(misuse(Misuse::Bytes));
        }
        let mut digits = [0; 20];
        let line = [b"HTTP/1.1 ", decimal(&mut digits, u64::from(status)), b" ", reason];
        write_head(&mut self.wire.lock().out, &line, owed, fields).map_err(misuse)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink for Responder<'_, S> {
    type Error = Error;

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.wire.lock().poll_room(cx).map_err(write_error)
    }

    fn push(&mut self, data: Bytes) -> Result<(), Error> {
        let Stage::Body(encoder) = &mut self.answer.stage else { return Err(misuse(Misuse::OutOfOrder)) };
        encoder.push(data, &mut self.wire.lock().out).map_err(misuse)
    }

    fn end(&mut self, trailers: Option<&Fields>) -> Result<(), Error> {
        let Stage::Body(encoder) = &mut self.answer.stage else { return Err(misuse(Misuse::OutOfOrder)) };
        encoder.end(trailers, &mut self.wire.lock().out).map_err(misuse)?;
        self.answer.stage = Stage::Finished;
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.wire.lock().poll_flush(cx).map_err(write_error)
    }
}

fn misuse(misuse: Misuse) -> Error {
    Error::new(Leg::WriteResponse, misuse)
}

fn write_error(error: std::io::Error) -> Error {
    let timed_out = error.kind() == std::io::ErrorKind::TimedOut;
    Error::new(Leg::WriteResponse, if timed_out { Cause::TimedOut } else { Cause::Io(error) })
}
