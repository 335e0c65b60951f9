//! A connection from a client.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{
    RequestBody, Responder,
    responder::{Answer, Stage},
};
use crate::{
    Cause, Error, Leg, Leniency, Limits, Refusal, RequestHead, Scanner, ServerTimeouts,
    io::{Input, Wire},
    read::Incoming,
};

/// What a server's connections are bound by; shared by all of a listener.
#[derive(Clone, Debug)]
pub struct Config {
    /// Sizes beyond which a request is refused.
    pub limits: Limits,
    /// What is let through although it is unusual.
    pub leniency: Leniency,
    /// How long a client is waited for.
    pub timeouts: ServerTimeouts,
    /// Bytes of an unread request body that are read and dropped to keep the connection.
    pub drain: u64,
}

impl Default for Config {
    /// The defaults of the parts, and 256 KiB to drain.
    fn default() -> Self {
        Config {
            limits: Limits::default(),
            leniency: Leniency::default(),
            timeouts: ServerTimeouts::default(),
            drain: 256 * 1024,
        }
    }
}

/// A connection from a client: one request after the other, pipelined ones too.
///
/// [`Connection::next_head`] gives a request's head, [`Connection::exchange`] the two halves that read its
/// body and write its answer. When both are dropped, `next_head` sees what became of them: it drains
/// what is left of the body, or ends the connection.
#[derive(Debug)]
pub struct Connection<S> {
    pub(super) wire: Wire<S>,
    pub(super) input: Input,
    pub(super) config: Arc<Config>,
    scanner: Scanner,
    /// An empty line before the request line has been skipped (RFC 9112 §2.2 asks for one).
    skipped_blank: bool,
    head_deadline: Option<Instant>,
    exchange: Option<Exchange>,
    is_first: bool,
    closing: bool,
}

/// One request and its answer.
#[derive(Debug)]
struct Exchange {
    body: Incoming,
    answer: Answer,
    /// How much of the body has been dropped after the answer.
    drained: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// A connection at its start.
    pub fn new(stream: S, config: Arc<Config>) -> Self {
        Connection::with_read(stream, &[], config)
    }

    /// A connection of which some bytes (at most 64 KiB) have already been read, as when its protocol was looked for.
    pub fn with_read(stream: S, read: &[u8], config: Arc<Config>) -> Self {
        Connection {
            wire: Wire::new(stream, config.timeouts.write),
            input: Input::starting_with(read),
            config,
            scanner: Scanner::default(),
            skipped_blank: false,
            head_deadline: None,
            exchange: None,
            is_first: true,
            closing: false,
        }
    }

    /// Waits for the next request. `None` when the connection is over: the client has closed it, was
    /// idle for too long, or the last exchange was its last; [`Connection::close`] it then.
    ///
    /// On a [`Cause::Refused`], [`Connection::refuse`] answers. May be dropped and called again:
    /// nothing is lost.
    pub async fn next_head(&mut self) -> Result<Option<RequestHead>, Error> {
        poll_fn(|cx| self.poll_next_head(cx)).await
    }

    /// As [`Connection::next_head`].
    pub fn poll_next_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<RequestHead>, Error>> {
        if self.exchange.is_some() {
            ready!(self.poll_end_exchange(cx));
        }
        if self.closing {
            return Poll::Ready(Ok(None));
        }
        loop {
            match self.parse_head() {
                Ok(None) => {}
                Ok(Some(head)) => return Poll::Ready(Ok(Some(head))),
                Err(refusal) => return Poll::Ready(Err(self.broken(refusal))),
            }
            if let Err(error) = ready!(self.wire.get_mut().poll_flush(cx)) {
                self.closing = true;
                return Poll::Ready(Err(Error::new(Leg::WriteResponse, error)));
            }
            match ready!(self.poll_fill(cx)) {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(Ok(None)),
                Err(cause) => return Poll::Ready(Err(self.broken(cause))),
            }
        }
    }

    /// The halves of the exchange that [`Connection::next_head`] has begun: the request's body and
    /// the answer. They can be used at the same time, from one task.
    ///
    /// # Panics
    /// If there is no exchange: `next_head` has not given a head since the last one ended.
    pub fn exchange(&mut self) -> (RequestBody<'_, S>, Responder<'_, S>) {
        let exchange = self.exchange.as_mut().expect("next_head has given a head");
        let body = RequestBody { wire: &self.wire, input: &mut self.input, incoming: &mut exchange.body };
        (body, Responder { wire: &self.wire, answer: &mut exchange.answer })
    }

    /// Whether the connection waits for a request of which nothing has come yet, so that closing it
    /// loses nothing.
    pub fn is_idle(&self) -> bool {
        self.exchange.is_none() && self.input.is_empty()
    }

    /// The stream.
    pub fn stream(&mut self) -> &mut S {
        &mut self.wire.get_mut().stream
    }

    /// The stream and what has been read beyond the request, after [`Responder::switch_protocols`].
    /// Flushes first.
    pub async fn into_tunnel(mut self) -> Result<(S, Bytes), Error> {
        let flushed = poll_fn(|cx| self.wire.get_mut().poll_flush(cx)).await;
        flushed.map_err(|error| Error::new(Leg::WriteResponse, error))?;
        Ok((self.wire.into_stream(), self.input.take_all()))
    }

    /// Whether the connection began with HTTP/2's preface (RFC 9113 §3.4), of a client that knows beforehand what it
    /// talks to. To be asked when its first head has been refused: [`Connection::into_read`] goes on from there.
    pub fn begins_http2(&self) -> bool {
        self.is_first && self.input.bytes().starts_with(b"PRI * HTTP/2.0\r\n\r\n")
    }

    /// The stream and what has been read from it and not been used.
    pub fn into_read(mut self) -> (S, Bytes) {
        (self.wire.into_stream(), self.input.take_all())
    }

    fn broken(&mut self, cause: impl Into<Cause>) -> Error {
        self.closing = true;
        Error::new(Leg::ReadRequestHead, cause)
    }

    fn parse_head(&mut self) -> Result<Option<RequestHead>, Refusal> {
        loop {
            let limits = &self.config.limits;
            let Some(end) = self.scanner.find_request_end(self.input.bytes(), limits)? else {
                return Ok(None);
            };
            if end == 2 && !self.skipped_blank {
                self.skipped_blank = true;
                self.input.skip(end);
                continue;
            }
            let head = RequestHead::parse(&self.input.bytes()[..end], limits, &self.config.leniency)?;
            self.input.skip(end);
            self.begin(&head);
            return Ok(Some(head));
        }
    }

    fn begin(&mut self, head: &RequestHead) {
        (self.skipped_blank, self.head_deadline, self.is_first) = (false, None, false);
        let transport = self.wire.get_mut();
        transport.owes_continue = head.expects_continue();
        let rate = self.config.timeouts.body;
        let body = Incoming::new(head.framing(), &self.config.limits, rate);
        self.exchange = Some(Exchange {
            body: if self.config.leniency.slow_body { body.tolerant(rate) } else { body },
            answer: Answer {
                stage: Stage::Head,
                to_head: head.is_head(),
                version: head.version(),
                keep_alive: head.keep_alive(),
            },
            drained: 0,
        });
    }

    /// Reads; false if there will be no further request.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Cause>> {
        let transport = self.wire.get_mut();
        let was_empty = self.input.is_empty();
        match transport.poll_fill(cx, &mut self.input) {
            Poll::Ready(Ok(0)) if was_empty => Poll::Ready(Ok(false)),
            Poll::Ready(Ok(0)) => Poll::Ready(Err(Cause::Closed)),
            Poll::Ready(Ok(_)) => {
                if was_empty && !self.is_first {
                    self.head_deadline = None;
                }
                Poll::Ready(Ok(true))
            }
            // An idle client that goes away with a reset has lost nothing, either.
            Poll::Ready(Err(_)) if was_empty => Poll::Ready(Ok(false)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending => {
                let timeouts = &self.config.timeouts;
                let idle = was_empty && !self.is_first;
                let wait = if idle { timeouts.idle } else { timeouts.head };
                let deadline = *self.head_deadline.get_or_insert_with(|| Instant::now() + wait);
                ready!(transport.poll_deadline(cx, deadline));
                if was_empty { Poll::Ready(Ok(false)) } else { Poll::Ready(Err(Refusal::HeadTimeout.into())) }
            }
        }
    }

    /// Ends an exchange whose halves are gone: the connection stays if the answer is complete and
    /// the rest of the request's body is small enough to be read and dropped.
    fn poll_end_exchange(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let drained = match &self.exchange {
            Some(exchange) if exchange.answer.is_kept() && !exchange.body.failed => {
                ready!(self.poll_drain(cx))
            }
            Some(_) => false,
            None => true,
        };
        self.closing |= !drained;
        self.exchange = None;
        Poll::Ready(())
    }

    /// Reads and drops what is left of a body; false if it is too much, or broken.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(Exchange { body, drained, .. }) = &mut self.exchange else { return Poll::Ready(true) };
        loop {
            if *drained + body.decoder.left().unwrap_or(0) > self.config.drain {
                return Poll::Ready(false);
            }
            match ready!(body.poll_data(cx, &self.wire, &mut self.input)) {
                Ok(Some(data)) => *drained += data.len() as u64,
                Ok(None) => return Poll::Ready(true),
                Err(_) => return Poll::Ready(false),
            }
        }
    }
}
