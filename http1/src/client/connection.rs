//! A connection to a backend.

use std::{
    sync::Arc,
    task::{Context, Waker},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Receiver, Sender, receiver::Answer};
use crate::{
    ClientTimeouts, Error, FieldWriter, Framing, Leg, Limits, Misuse, RequestHead, Size,
    body::Encoder,
    head::is_token,
    io::{Input, Wire},
    write::{FramingLine, Owed, write_head},
};

/// What a backend's connections are bound by; shared by all of them.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Sizes beyond which a response is refused.
    pub limits: Limits,
    /// How long a backend is waited for.
    pub timeouts: ClientTimeouts,
}

/// What a request asks for; its fields are written by [`Connection::request`]'s last argument.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// A token.
    pub method: &'a [u8],
    /// As it shall stand in the request line.
    pub target: &'a [u8],
    /// Of the body.
    pub size: Size,
    /// The protocols to switch to.
    pub upgrade: Option<&'a [u8]>,
}

impl<'a> Request<'a> {
    /// The request that asks for what a client's head asks for, with `target` in origin form.
    pub fn like(head: &'a RequestHead, target: &'a [u8]) -> Request<'a> {
        let size = match head.framing() {
            Framing::None => Size::None,
            Framing::Length(length) => Size::Known(length),
            Framing::Chunked | Framing::UntilClose => Size::Unknown,
        };
        Request { method: head.method(), target, size, upgrade: head.upgrade() }
    }
}

/// A connection to a backend: one request after the other, while [`Connection::is_reusable`].
#[derive(Debug)]
pub struct Connection<S> {
    wire: Wire<S>,
    input: Input,
    config: Arc<Config>,
    upload: Encoder,
    answer: Answer,
    has_answered: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection on which nothing has been sent yet.
    pub fn new(stream: S, config: Arc<Config>) -> Self {
        Connection {
            wire: Wire::new(stream, config.timeouts.write),
            input: Input::default(),
            upload: Encoder::Done,
            answer: Answer::None,
            has_answered: false,
            config,
        }
    }

    /// Begins a request and gives the halves that write its body and read its answer. They can be
    /// used at the same time, from one task. The head is written with the first data or flush.
    ///
    /// Content-Length, Transfer-Encoding, Connection and Upgrade follow from `request`; `fields` adds
    /// all others, Host among them. Fails if the connection is not reusable or a line is wrong.
    pub fn request(
        &mut self,
        request: Request<'_>,
        fields: impl FnOnce(&mut FieldWriter<'_>),
    ) -> Result<(Sender<'_, S>, Receiver<'_, S>), Error> {
        if !self.is_reusable() {
            return Err(Error::new(Leg::WriteRequest, Misuse::OutOfOrder));
        }
        if !is_token(request.method) || !is_target(request.target) {
            return Err(Error::new(Leg::WriteRequest, Misuse::Bytes));
        }
        let (framing, encoder) = framing(request.size);
        let owed =
            Owed { framing, connection: request.upgrade.map(|_| &b"upgrade"[..]), upgrade: request.upgrade };
        let line = [request.method, b" ", request.target, b" HTTP/1.1"];
        let transport = self.wire.get_mut();
        write_head(&mut transport.out, &line, owed, fields)
            .map_err(|error| Error::new(Leg::WriteRequest, error))?;
        transport.is_sending = true;
        self.upload = Encoder::new(encoder);
        self.answer = Answer::awaited(&request, &self.config.timeouts);
        let sender = Sender { wire: &self.wire, encoder: &mut self.upload };
        let receiver = Receiver {
            wire: &self.wire,
            input: &mut self.input,
            answer: &mut self.answer,
            config: &self.config,
            is_kept: std::mem::replace(&mut self.has_answered, true),
        };
        Ok((sender, receiver))
    }

    /// Whether another request can be sent: the last one was sent whole, its answer read whole, and
    /// neither side wants the connection to end.
    pub fn is_reusable(&mut self) -> bool {
        matches!(self.upload, Encoder::Done)
            && self.answer.leaves_reusable()
            && self.input.is_empty()
            && !self.input.ended
            && self.wire.get_mut().out.is_empty()
    }

    /// Whether an idle connection has neither been closed nor sent anything unasked. Costs a system
    /// call only if something has happened on it. To be asked before a kept connection is used.
    pub fn is_alive(&mut self) -> bool {
        let polled = self.wire.get_mut().poll_fill(&mut Context::from_waker(Waker::noop()), &mut self.input);
        polled.is_pending()
    }

    /// Gives back the buffer of a connection that is going to be idle. It takes another when there is something to read.
    pub fn rest(&mut self) {
        self.input.rest();
    }

    /// The stream.
    pub fn stream(&mut self) -> &mut S {
        &mut self.wire.get_mut().stream
    }

    /// The stream and what has been read beyond the head, after a 101.
    pub fn into_tunnel(mut self) -> (S, Bytes) {
        let read = self.input.take_all();
        (self.wire.into_stream(), read)
    }
}

fn framing(size: Size) -> (FramingLine, Framing) {
    match size {
        Size::None => (FramingLine::None, Framing::None),
        Size::Known(length) => (FramingLine::Length(length), Framing::Length(length)),
        Size::Unknown => (FramingLine::Chunked, Framing::Chunked),
    }
}

fn is_target(target: &[u8]) -> bool {
    !target.is_empty() && target.iter().all(|&byte| byte > b' ' && byte != 0x7F)
}
