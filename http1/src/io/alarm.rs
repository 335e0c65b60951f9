//! One timer for a connection, moved as rarely as possible.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set once and then left alone: a deadline that moves later is not written to it.
/// It goes off early, sees that the deadline is still ahead, and is set anew. So a busy connection
/// touches tokio's timer wheel once per idle time-out instead of twice per request.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    waker: Option<Waker>,
}

impl Alarm {
    /// Ready once `deadline` has passed; else the task is woken by then at the latest. Several
    /// deadlines may be waited for in turn, from one task.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if sleep.is_elapsed() || sleep.deadline() > deadline {
                sleep.as_mut().reset(deadline);
            } else if self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            self.waker = Some(cx.waker().clone());
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if sleep.deadline() >= deadline {
                self.waker = None;
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll, time::Duration};

    use tokio::time::Instant;

    use super::Alarm;

    #[tokio::test]
    async fn goes_off_at_the_deadline_that_was_asked_for_last() {
        let (start, mut alarm) = (Instant::now(), Alarm::default());
        for millis in [20, 10, 60, 120] {
            let deadline = start + Duration::from_millis(millis);
            let later = deadline + Duration::from_secs(100);
            let polled = poll_fn(|cx| Poll::Ready(alarm.poll(cx, later))).await;
            assert!(polled.is_pending());
            poll_fn(|cx| alarm.poll(cx, deadline)).await;
            assert!(Instant::now() >= deadline);
        }
        assert!(start.elapsed() < Duration::from_secs(50));
    }
}
