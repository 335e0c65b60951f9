//! Moves a body from where it is read to where it is written, beside whatever else goes on.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;

use crate::Fields;

/// Where a body is read from. Once it has failed it is not asked again.
pub trait Source {
    /// What reading can fail with.
    type Error;

    /// The next piece, never an empty one; `None` at the body's end, then and always after.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Self::Error>>;

    /// The trailer fields, once the body has ended.
    fn trailers(&self) -> Option<&Fields> {
        None
    }
}

/// Where a body is written to. Once it has failed it is not asked again.
pub trait Sink {
    /// What writing can fail with.
    type Error;

    /// Ready when there is room for another piece.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>>;

    /// Takes a piece, which is written with the next flush or when there is enough.
    fn push(&mut self, data: Bytes) -> Result<(), Self::Error>;

    /// Takes the body's end, which is written with the next flush.
    fn end(&mut self, trailers: Option<&Fields>) -> Result<(), Self::Error>;

    /// Writes all that was taken.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>>;
}

/// Which side of a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError<R, W> {
    /// The body could not be read.
    #[error("the body could not be read")]
    Source(#[source] R),
    /// The body could not be written.
    #[error("the body could not be written")]
    Sink(#[source] W),
}

/// A transfer of one body under way: what the source has ready is gathered, and flushed when the source has
/// nothing ready. It may be polled after its end, which is what makes it safe beside another
/// future: an answer may come before, with or after the end of the upload.
#[derive(Debug)]
pub struct Transfer<'a, R: Source, W: Sink> {
    source: &'a mut R,
    sink: &'a mut W,
    state: State<W::Error>,
}

#[derive(Debug)]
enum State<E> {
    Moving,
    /// The body has ended; its last bytes are being written.
    Ending,
    Done,
    SourceFailed,
    SinkFailed(E),
}

impl<'a, R: Source, W: Sink> Transfer<'a, R, W> {
    /// A transfer that has not begun. Nothing happens before it is polled.
    pub fn new(source: &'a mut R, sink: &'a mut W) -> Self {
        Transfer { source, sink, state: State::Moving }
    }

    /// Goes on as far as possible. `Ready` when the transfer is over, also if the sink has failed
    /// (see [`Transfer::sink_error`]); the source's error is given once.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), R::Error>> {
        loop {
            let step = match self.state {
                State::Moving => self.poll_move(cx),
                State::Ending => self.sink.poll_flush(cx).map(|flushed| match flushed {
                    Ok(()) => Ok(State::Done),
                    Err(error) => Ok(State::SinkFailed(error)),
                }),
                State::Done | State::SourceFailed | State::SinkFailed(_) => return Poll::Ready(Ok(())),
            };
            match ready!(step) {
                Ok(state) => self.state = state,
                Err(error) => {
                    self.state = State::SourceFailed;
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    /// Waits for `other` while the transfer goes on beside it. Fails only if the source does: then
    /// there is nobody left to wait for. A sink that has failed is left alone, since what `other`
    /// waits for may still come: an answer that was given before the body's end.
    pub async fn beside<T>(&mut self, other: impl Future<Output = T>) -> Result<T, R::Error> {
        let mut other = pin!(other);
        poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = self.poll(cx) {
                return Poll::Ready(Err(error));
            }
            other.as_mut().poll(cx).map(Ok)
        })
        .await
    }

    /// Waits for the transfer's end.
    pub async fn finish(mut self) -> Result<(), TransferError<R::Error, W::Error>> {
        poll_fn(|cx| self.poll(cx)).await.map_err(TransferError::Source)?;
        match self.state {
            State::SinkFailed(error) => Err(TransferError::Sink(error)),
            _ => Ok(()),
        }
    }

    /// Whether the whole body has been written.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Why the sink failed, if it did.
    pub fn sink_error(&self) -> Option<&W::Error> {
        match &self.state {
            State::SinkFailed(error) => Some(error),
            _ => None,
        }
    }

    /// The state after `Moving`, once there is one.
    fn poll_move(&mut self, cx: &mut Context<'_>) -> Poll<Result<State<W::Error>, R::Error>> {
        loop {
            if let Err(error) = ready!(self.sink.poll_room(cx)) {
                return Poll::Ready(Ok(State::SinkFailed(error)));
            }
            let taken = match self.source.poll_data(cx) {
                Poll::Ready(Ok(Some(data))) => self.sink.push(data),
                Poll::Ready(Ok(None)) => match self.sink.end(self.source.trailers()) {
                    Ok(()) => return Poll::Ready(Ok(State::Ending)),
                    Err(error) => Err(error),
                },
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => match self.sink.poll_flush(cx) {
                    Poll::Ready(Err(error)) => Err(error),
                    _ => return Poll::Pending,
                },
            };
            if let Err(error) = taken {
                return Poll::Ready(Ok(State::SinkFailed(error)));
            }
        }
    }
}

/// Moves a whole body.
pub async fn transfer<R: Source, W: Sink>(
    source: &mut R,
    sink: &mut W,
) -> Result<(), TransferError<R::Error, W::Error>> {
    Transfer::new(source, sink).finish().await
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        future::{pending, ready},
        task::Waker,
    };

    use super::*;

    /// Gives what it holds, `None` for "not ready"; panics if asked after it has failed.
    struct Script(VecDeque<Option<Result<&'static str, &'static str>>>);

    impl Source for Script {
        type Error = &'static str;

        fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, &'static str>> {
            match self.0.pop_front() {
                Some(Some(Ok(""))) => Poll::Ready(Ok(None)),
                Some(Some(Ok(data))) => Poll::Ready(Ok(Some(data.into()))),
                Some(Some(Err(error))) => Poll::Ready(Err(error)),
                Some(None) => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                None => panic!("asked after the end"),
            }
        }
    }

    /// Notes what it is told; fails at the given call, and panics at any after that.
    #[derive(Default)]
    struct Notes {
        said: String,
        fails_after: Option<usize>,
        failed: bool,
    }

    impl Notes {
        fn note(&mut self, what: &str) -> Result<(), &'static str> {
            assert!(!self.failed, "told {what} after it had failed");
            self.said.push_str(what);
            self.failed = self.fails_after == Some(self.said.len());
            if self.failed { Err("broken") } else { Ok(()) }
        }
    }

    impl Sink for Notes {
        type Error = &'static str;

        fn poll_room(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(self.note(""))
        }

        fn push(&mut self, data: Bytes) -> Result<(), &'static str> {
            self.note(std::str::from_utf8(&data).unwrap())
        }

        fn end(&mut self, _: Option<&Fields>) -> Result<(), &'static str> {
            self.note(".")
        }

        fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(self.note("|"))
        }
    }

    const BODY: [Option<Result<&str, &str>>; 5] =
        [Some(Ok("a")), Some(Ok("b")), None, Some(Ok("c")), Some(Ok(""))];

    #[tokio::test]
    async fn gathers_what_is_ready_and_flushes_when_nothing_is() {
        let (mut source, mut sink) = (Script(BODY.into()), Notes::default());
        transfer(&mut source, &mut sink).await.unwrap();
        assert_eq!(sink.said, "ab|c.|");
    }

    #[test]
    fn may_be_polled_after_its_end() {
        let (mut source, mut sink) = (Script(BODY.into()), Notes::default());
        let mut transfer = Transfer::new(&mut source, &mut sink);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(transfer.poll(&mut cx).is_pending());
        for _ in 0..3 {
            assert_eq!(transfer.poll(&mut cx), Poll::Ready(Ok(())));
            assert!(transfer.is_done());
        }
        assert_eq!(sink.said, "ab|c.|");
    }

    #[tokio::test]
    async fn a_sink_that_fails_anywhere_is_left_alone_and_the_other_is_waited_for() {
        for fails_after in 1..=6 {
            let (mut source, mut sink) = (Script(BODY.into()), Notes::default());
            sink.fails_after = Some(fails_after);
            let mut transfer = Transfer::new(&mut source, &mut sink);
            for _ in 0..3 {
                let other = async {
                    tokio::task::yield_now().await;
                    tokio::task::yield_now().await;
                    7
                };
                assert_eq!(transfer.beside(other).await, Ok(7));
            }
            assert_eq!(transfer.sink_error(), Some(&"broken"));
            assert_eq!(sink.said.len(), fails_after);
        }
    }

    #[tokio::test]
    async fn a_source_that_fails_ends_the_wait_and_the_body_never_looks_whole() {
        let (mut source, mut sink) =
            (Script([Some(Ok("a")), None, Some(Err("gone"))].into()), Notes::default());
        let mut transfer = Transfer::new(&mut source, &mut sink);
        assert_eq!(transfer.beside(pending::<()>()).await, Err("gone"));
        assert_eq!(transfer.beside(ready(1)).await, Ok(1));
        assert!(!transfer.is_done());
        assert_eq!(sink.said, "a|");
    }
}
