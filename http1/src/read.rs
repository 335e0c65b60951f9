//! Reads bodies from a connection, the same way on both sides.

use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    Cause, Decoder, Framing, LeastRate, Limits, Refusal, Step,
    io::{Input, Pace, Wire},
};

/// A body as it is being read: its decoder, and how fast it has to come.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) decoder: Decoder,
    pace: Pace,
    /// Reading failed, so nothing more can be made of the connection.
    pub(crate) failed: bool,
}

impl Incoming {
    /// A body at its start.
    pub(crate) fn new(framing: Framing, limits: &Limits, rate: LeastRate) -> Incoming {
        Incoming { decoder: Decoder::new(framing, limits), pace: Pace::new(rate), failed: false }
    }

    /// The same, of a peer that may be slower than `rate`.
    pub(crate) fn tolerant(self, rate: LeastRate) -> Incoming {
        Incoming { pace: Pace::tolerant(rate), ..self }
    }

    /// Whether the body came more slowly than it should have.
    pub(crate) fn was_slow(&self) -> bool {
        self.pace.was_slow()
    }

    /// The next piece of the body.
    pub(crate) fn poll_data<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        wire: &Wire<S>,
        input: &mut Input,
    ) -> Poll<Result<Option<Bytes>, Cause>> {
        loop {
            match decode(&mut self.decoder, input) {
                Err(refusal) => return self.fail(refusal),
                Ok(Some(data)) => return Poll::Ready(Ok(Some(data))),
                Ok(None) if self.decoder.is_done() => return Poll::Ready(Ok(None)),
                Ok(None) => {}
            }
            if input.ended {
                return if self.decoder.end_of_input() {
                    Poll::Ready(Ok(None))
                } else {
                    self.fail(Cause::Closed)
                };
            }
            let mut transport = wire.lock();
            transport.poll_owed(cx);
            match transport.poll_fill(cx, input) {
                Poll::Ready(Ok(count)) => self.pace.arrived(count),
                Poll::Ready(Err(error)) => return self.fail(error),
                Poll::Pending => {
                    ready!(transport.poll_deadline(cx, self.pace.wait()));
                    if self.pace.is_too_slow() {
                        return self.fail(Cause::TimedOut);
                    }
                }
            }
        }
    }

    fn fail<T>(&mut self, cause: impl Into<Cause>) -> Poll<Result<T, Cause>> {
        self.failed = true;
        Poll::Ready(Err(cause.into()))
    }
}

/// The next piece of a body that is in the input. Small chunks are gathered into one piece.
fn decode(decoder: &mut Decoder, input: &mut Input) -> Result<Option<Bytes>, Refusal> {
    let mut gathered = BytesMut::new();
    loop {
        match decoder.step(input.bytes()) {
            Ok(Step::Skip(count)) => input.skip(count),
            Ok(Step::Data(count)) if gathered.is_empty() && is_last_at_hand(decoder, input, count) => {
                return Ok(Some(input.take(count)));
            }
            Ok(Step::Data(count)) => {
                gathered.extend_from_slice(&input.bytes()[..count]);
                input.skip(count);
            }
            Ok(Step::More | Step::End) => return Ok((!gathered.is_empty()).then(|| gathered.freeze())),
            Err(refusal) => return Err(refusal),
        }
    }
}

/// Whether nothing is to be gathered behind a piece: it is large, or all there is.
fn is_last_at_hand(decoder: &Decoder, input: &Input, count: usize) -> bool {
    /// Copying less than this costs less than handing over one more piece.
    const GATHERED_BELOW: usize = 4 * 1024;
    count >= GATHERED_BELOW || count == input.len() || decoder.is_done()
}
