//! What legacy has said and the client has not taken yet: a bounded queue between two futures of one task.
//!
//! Legacy's side fills it, so a child of php-fpm is free as soon as its answer fits here, however slow the client is.
//! Both sides are polled in turn by [`beside`], so no waker passes between them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use handover_http1::ResponseHead;

use crate::legacy::error::Failed;

/// How much of an answer is held for a client that is slower than legacy, in bytes. One piece may reach beyond it.
const HELD_MAX: usize = 256 * 1024;

/// A part of an answer.
#[derive(Debug)]
pub(crate) enum Part {
    /// Boxed: there is one among many pieces, and it is eight times their size.
    Head(Box<ResponseHead>),
    Data(Bytes),
    /// The answer is complete.
    End,
    /// It will not be completed.
    Broken(Failed),
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct Handoff {
    parts: RefCell<VecDeque<Part>>,
    held: Cell<usize>,
    wants_room: Cell<bool>,
}

impl Handoff {
    /// Appends a part.
    pub(crate) fn push(&self, part: Part) {
        if let Part::Data(data) = &part {
            self.held.set(self.held.get() + data.len());
        }
        self.parts.borrow_mut().push_back(part);
    }

    /// Waits for room.
    pub(crate) async fn room(&self) {
        poll_fn(|_| {
            let full = self.is_full();
            self.wants_room.set(full);
            if full { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// The next part, if it is there.
    pub(crate) fn try_next(&self) -> Option<Part> {
        let part = self.parts.borrow_mut().pop_front()?;
        if let Part::Data(data) = &part {
            self.held.set(self.held.get() - data.len());
        }
        Some(part)
    }

    /// Waits for the next part.
    pub(crate) async fn next(&self) -> Part {
        poll_fn(|_| self.try_next().map_or(Poll::Pending, Poll::Ready)).await
    }

    fn is_full(&self) -> bool {
        self.held.get() >= HELD_MAX
    }
}

/// Polls legacy's side, which fills `handoff`, and the client's, which empties it, until the client's side ends. What
/// legacy's side comes to is pushed as the last part. Both come pinned, as in [`both`](crate::legacy::duplex::both).
pub(crate) async fn beside<T>(
    handoff: &Handoff,
    mut legacy: Pin<&mut impl Future<Output = Part>>,
    mut client: Pin<&mut impl Future<Output = T>>,
) -> T {
    let mut over = false;
    poll_fn(|cx| {
        loop {
            if !over && let Poll::Ready(last) = legacy.as_mut().poll(cx) {
                over = true;
                handoff.push(last);
            }
            if let Poll::Ready(outcome) = client.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            if over || handoff.is_full() || !handoff.wants_room.take() {
                return Poll::Pending;
            }
        }
    })
    .await
}
