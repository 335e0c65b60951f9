//! An upstream's answer on its way to the client, by whichever version of HTTP: nothing is held back.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use handover_http1::{Fields, ResponseHead};

use crate::exchange::AnswerSink;
use crate::legacy::error::Failed;
use crate::legacy::served::{By, Served};

/// The half of an exchange that reads an answer.
pub(super) trait Answering {
    /// The next head: interim ones, then the final one.
    async fn head(&mut self) -> Result<ResponseHead, Failed>;

    /// A piece of the body that is there already; `None` within at the body's end.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Failed>>;

    /// Waits for the next piece, as long as the upstream may be silent.
    async fn data(&mut self) -> Result<Option<Bytes>, Failed>;

    /// The fields behind the body, once it has ended.
    fn trailers(&self) -> Option<&Fields>;
}

/// An answer that was passed on whole, or a 101, which the tunnel's maker passes on.
pub(super) struct Passed {
    pub(super) served: Served,
    pub(super) head: ResponseHead,
}

/// What is known of an exchange when its answer is waited for.
pub(super) struct Passing<'a> {
    /// Set once the client has been given a head.
    pub(super) committed: &'a Cell<bool>,
    /// Called when the final head has come.
    pub(super) speaks: &'a dyn Fn(),
    pub(super) start: Instant,
    /// From the start until a connection was at hand.
    pub(super) waited: Duration,
    pub(super) reused: bool,
}

impl Passing<'_> {
    /// Passes an answer on to its end.
    pub(super) async fn run(
        self,
        mut answer: impl Answering,
        sink: &mut impl AnswerSink,
    ) -> Result<Passed, Failed> {
        let head = loop {
            let head = answer.head().await?;
            if !head.is_interim() {
                break head;
            }
            sink.informational(&head).await?;
        };
        (self.speaks)();
        let answered = self.start.elapsed();
        let by = By::Http { reused: self.reused };
        let served = Served { status: head.status(), sent: 0, by, waited: self.waited, answered };
        if head.status() == 101 {
            return Ok(Passed { served, head });
        }
        self.committed.set(true);
        sink.head(&head).await?;
        let (mut sent, mut unflushed) = (0, true);
        loop {
            let ready = poll_fn(|cx| match answer.poll_data(cx) {
                Poll::Ready(data) => Poll::Ready(Some(data)),
                Poll::Pending => Poll::Ready(None),
            });
            let data = match ready.await {
                Some(data) => data,
                None => {
                    if std::mem::take(&mut unflushed) {
                        sink.flush().await?;
                    }
                    answer.data().await
                }
            };
            let Some(piece) = data? else { break };
            sent += piece.len() as u64;
            unflushed = true;
            sink.data(piece).await?;
        }
        sink.finish(answer.trailers()).await?;
        Ok(Passed { served: Served { sent, ..served }, head })
    }
}
