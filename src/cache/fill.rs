//! An answer of legacy's on its way to a client, kept on the way where it may be.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use handover_http1::{Fields, RequestHead, ResponseHead};

use super::Cache;
use super::changes::Asked;
use super::entry::Entry;
use super::flights::Flight;
use super::key::Key;
use super::policy::Policy;
use crate::exchange::{AnswerSink, ClientGone, Switched};

/// What an answer is kept for.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    pub(super) cache: &'a Cache,
    pub(super) key: &'a Key,
    pub(super) request: &'a RequestHead,
    /// Those who wait for this answer, until it is known whether it is kept.
    pub(super) flight: Option<Flight>,
}

/// An answer that is kept once it is whole.
pub(crate) struct Filling<'a, S> {
    inner: &'a mut S,
    ticket: Ticket<'a>,
    asked: Asked,
    kept: Option<Kept>,
}

struct Kept {
    head: ResponseHead,
    policy: Policy,
    came: Instant,
    body: BytesMut,
}

impl<'a, S> Filling<'a, S> {
    pub(super) fn new(inner: &'a mut S, ticket: Ticket<'a>) -> Self {
        let asked = ticket.cache.asked(ticket.key);
        Self { inner, ticket, asked, kept: None }
    }

    /// This answer is not kept: nobody has to wait for its end.
    fn give_up(&mut self) {
        self.kept = None;
        self.ticket.cache.not_kept(self.ticket.key);
        self.ticket.flight = None;
    }

    fn begin(&mut self, head: &ResponseHead) {
        match Policy::of(self.ticket.request, head, SystemTime::now()) {
            Some(policy)
                if head.content_length().is_none_or(|length| self.ticket.cache.has_room_for(length)) =>
            {
                self.kept =
                    Some(Kept { head: head.clone(), policy, came: Instant::now(), body: BytesMut::new() });
            }
            _ => self.give_up(),
        }
    }

    fn add(&mut self, piece: &[u8]) {
        let Some(kept) = &mut self.kept else { return };
        if self.ticket.cache.has_room_for((kept.body.len() + piece.len()) as u64) {
            // Copied: a shared slice would keep a whole read buffer alive.
            kept.body.extend_from_slice(piece);
        } else {
            self.give_up();
        }
    }

    fn end(&mut self, trailers: Option<&Fields>) {
        let Some(Kept { head, policy, came, body }) = self.kept.take() else { return };
        // Copied: what grew piece by piece has room for twice as much, which nobody would count.
        let entry = Entry::new(self.ticket.request, head, Bytes::copy_from_slice(&body), policy, came);
        match entry.filter(|_| trailers.is_none()) {
            Some(entry) => self.ticket.cache.keep(&self.asked, Arc::new(entry)),
            None => self.give_up(),
        }
        self.ticket.flight = None;
    }
}

impl<S: AnswerSink> AnswerSink for Filling<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.inner.informational(head).await
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.begin(head);
        self.inner.head(head).await
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        self.add(&piece);
        self.inner.data(piece).await
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        self.inner.flush().await
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        // Legacy has answered whole, whether its client is still there or not.
        self.end(trailers);
        self.inner.finish(trailers).await
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        self.inner.switch(head, backend).await
    }
}
