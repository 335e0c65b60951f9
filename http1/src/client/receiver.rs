//! The half of an exchange that reads the answer.

use std::{
    future::poll_fn,
    io,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::{Config, Request};
use crate::{
    Cause, ClientTimeouts, Error, Fields, Leg, Misuse, Refusal, ResponseHead, Scanner, Source,
    io::{Input, Wire},
    read::Incoming,
};

/// More interim answers than this to one request are refused.
const MAX_INTERIM: u8 = 32;

/// Reads a request's answer: [`head`](Receiver::head) until it is no interim one, then
/// [`data`](Receiver::data) until `None`.
#[derive(Debug)]
pub struct Receiver<'a, S> {
    pub(super) wire: &'a Wire<S>,
    pub(super) input: &'a mut Input,
    pub(super) answer: &'a mut Answer,
    pub(super) config: &'a Arc<Config>,
    /// The connection has answered before, so the backend may have closed it meanwhile.
    pub(super) is_kept: bool,
}

/// How far an answer is.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing has been asked.
    None,
    Awaited(Awaited),
    Body {
        incoming: Incoming,
        keep_alive: bool,
    },
    Switched,
    Failed,
}

/// An answer of which no final head has come.
#[derive(Debug)]
pub(super) struct Awaited {
    scanner: Scanner,
    to_head: bool,
    may_switch: bool,
    interim: u8,
    timeout: Duration,
    deadline: Option<Instant>,
}

impl Answer {
    pub(super) fn awaited(request: &Request<'_>, timeouts: &ClientTimeouts) -> Answer {
        Answer::Awaited(Awaited {
            scanner: Scanner::default(),
            to_head: request.method == b"HEAD",
            may_switch: request.upgrade.is_some(),
            interim: 0,
            timeout: timeouts.answer,
            deadline: None,
        })
    }

    pub(super) fn leaves_reusable(&self) -> bool {
        match self {
            Answer::None => true,
            Answer::Body { incoming, keep_alive } => *keep_alive && incoming.decoder.is_done(),
            _ => false,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receiver<'_, S> {
    /// The next head: interim ones ([`ResponseHead::is_interim`]), then the final one. Before it
    /// waits, it writes what the [`super::Sender`] has taken. May be dropped and called again.
    pub async fn head(&mut self) -> Result<ResponseHead, Error> {
        poll_fn(|cx| self.poll_head(cx)).await
    }

    /// Bounds the wait for the final head, counted from the request's end or, if later, from now.
    pub fn answer_within(&mut self, timeout: Duration) {
        if let Answer::Awaited(awaited) = self.answer {
            (awaited.timeout, awaited.deadline) = (timeout, None);
        }
    }

    /// The next piece of the body; `None` at its end. May be dropped and called again.
    pub async fn data(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_data(cx)).await
    }

    /// As [`Receiver::head`].
    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Error>> {
        let polled = ready!(self.poll_next_head(cx));
        Poll::Ready(polled.map_err(|cause| {
            *self.answer = Answer::Failed;
            Error::new(Leg::ReadResponseHead, cause)
        }))
    }

    fn poll_next_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Cause>> {
        loop {
            if let Some(head) = self.parse_head()? {
                return Poll::Ready(Ok(head));
            }
            let Answer::Awaited(awaited) = &mut *self.answer else {
                return Poll::Ready(Err(Misuse::OutOfOrder.into()));
            };
            let mut transport = self.wire.lock();
            transport.poll_owed(cx);
            let first = self.input.is_empty() && awaited.interim == 0;
            match transport.poll_fill(cx, self.input) {
                Poll::Ready(Ok(0)) if first && self.is_kept => return Poll::Ready(Err(Cause::Stale)),
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Cause::Closed)),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) if first && self.is_kept && is_close(&error) => {
                    return Poll::Ready(Err(Cause::Stale));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                // The backend need not answer before it has the whole request.
                Poll::Pending if transport.is_sending => return Poll::Pending,
                Poll::Pending => {
                    let timeout = awaited.timeout;
                    let deadline = *awaited.deadline.get_or_insert_with(|| Instant::now() + timeout);
                    ready!(transport.poll_deadline(cx, deadline));
                    return Poll::Ready(Err(Cause::TimedOut));
                }
            }
        }
    }

    fn parse_head(&mut self) -> Result<Option<ResponseHead>, Cause> {
        let Answer::Awaited(awaited) = &mut *self.answer else { return Err(Misuse::OutOfOrder.into()) };
        let limits = &self.config.limits;
        let Some(end) = awaited.scanner.find_response_end(self.input.bytes(), limits)? else {
            return Ok(None);
        };
        let head = ResponseHead::parse(&self.input.bytes()[..end], awaited.to_head, limits)?;
        self.input.skip(end);
        if head.is_interim() {
            awaited.interim += 1;
            return if awaited.interim > MAX_INTERIM {
                Err(Refusal::TooManyInterim.into())
            } else {
                Ok(Some(head))
            };
        }
        *self.answer = match head.status() {
            101 if !awaited.may_switch => return Err(Refusal::UnaskedUpgrade.into()),
            101 => Answer::Switched,
            _ => Answer::Body {
                incoming: Incoming::new(head.framing(), limits, self.config.timeouts.body),
                keep_alive: head.keep_alive(),
            },
        };
        Ok(Some(head))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Source for Receiver<'_, S> {
    type Error = Error;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let Answer::Body { incoming, .. } = &mut *self.answer else {
            return Poll::Ready(Err(Error::new(Leg::ReadResponseBody, Misuse::OutOfOrder)));
        };
        let polled = ready!(incoming.poll_data(cx, self.wire, self.input));
        Poll::Ready(polled.map_err(|cause| Error::new(Leg::ReadResponseBody, cause)))
    }

    fn trailers(&self) -> Option<&Fields> {
        match &*self.answer {
            Answer::Body { incoming, .. } => incoming.decoder.trailers(),
            _ => None,
        }
    }
}

fn is_close(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), ConnectionReset | BrokenPipe | ConnectionAborted)
}
