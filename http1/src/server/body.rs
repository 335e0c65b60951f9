//! The half of an exchange that reads the request's body.

use std::{
    future::poll_fn,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Cause, Error, Fields, Leg, Refusal, Source,
    io::{Input, Wire},
    read::Incoming,
};

/// A request's body. Where the client waits for `100 Continue`, the first read sends it.
#[derive(Debug)]
pub struct RequestBody<'a, S> {
    pub(super) wire: &'a Wire<S>,
    pub(super) input: &'a mut Input,
    pub(super) incoming: &'a mut Incoming,
}

/// As much of pipelined requests as is read while an answer is under way.
const READ_AHEAD: usize = 32 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> RequestBody<'_, S> {
    /// The next piece of the body; `None` at its end. May be dropped and called again.
    pub async fn data(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_data(cx)).await
    }

    /// The trailer fields, once the body has ended.
    pub fn trailers(&self) -> Option<&Fields> {
        self.incoming.decoder.trailers()
    }

    /// Whether the whole body has been read.
    pub fn is_done(&self) -> bool {
        self.incoming.decoder.is_done()
    }

    /// Whether it came more slowly than the least rate, where [`crate::Leniency::slow_body`] bears that.
    pub fn was_slow(&self) -> bool {
        self.incoming.was_slow()
    }

    /// Leaves `100 Continue` to the caller, who passes on a backend's by [`super::Responder::interim`].
    pub fn leave_continue(&mut self) {
        self.wire.lock().owes_continue = false;
    }

    /// Waits until the client has closed its sending side or the connection is broken: mostly, until
    /// nobody waits for the answer any more. Only after the body's end; before, [`RequestBody::data`]
    /// tells.
    pub async fn disconnected(&mut self) {
        poll_fn(|cx| self.poll_disconnected(cx)).await
    }

    /// As [`RequestBody::disconnected`].
    pub fn poll_disconnected(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.input.ended {
            if !self.is_done() || self.input.len() >= READ_AHEAD {
                return Poll::Pending;
            }
            if ready!(self.wire.lock().poll_fill(cx, self.input)).is_err() {
                break;
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Source for RequestBody<'_, S> {
    type Error = Error;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let polled = ready!(self.incoming.poll_data(cx, self.wire, self.input));
        Poll::Ready(polled.map_err(|cause| match cause {
            Cause::TimedOut => Error::new(Leg::ReadRequestBody, Refusal::BodyTimeout),
            other => Error::new(Leg::ReadRequestBody, other),
        }))
    }

    fn trailers(&self) -> Option<&Fields> {
        self.incoming.decoder.trailers()
    }
}
