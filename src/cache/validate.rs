//! Legacy's word on an answer that is kept: it still holds, another takes its place, or legacy has failed.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use handover_http1::{Fields, ResponseHead};

use super::changes::Asked;
use super::entry::Entry;
use super::fill::{Filling, Ticket};
use super::policy::{Policy, Wanted};
use crate::exchange::{AnswerSink, ClientGone, Switched};

/// What legacy has said, once the exchange is over.
pub(super) enum Verdict {
    /// It was passed on: another answer, or a failure that no kept one stands in for.
    PassedOn,
    /// Nothing.
    Silent,
    /// The kept answer is to be given, with what legacy said anew.
    Holds(Arc<Entry>),
    /// It failed, and the kept answer stands in for it.
    StandsIn(Arc<Entry>),
}

/// A sink that passes on what is no word on the kept answer, and keeps it where it may.
pub(crate) struct Validating<'a, S> {
    filling: Filling<'a, S>,
    entry: Arc<Entry>,
    wanted: Wanted,
    verdict: Option<Verdict>,
    /// Whether an answer of legacy's was begun.
    begun: bool,
    ticket: Word<'a>,
}

/// What is needed to take a 304 in.
struct Word<'a> {
    cache: &'a super::Cache,
    key: &'a super::key::Key,
    request: &'a handover_http1::RequestHead,
    asked: Asked,
}

impl<'a, S> Validating<'a, S> {
    pub(super) fn new(inner: &'a mut S, ticket: Ticket<'a>, entry: Arc<Entry>, wanted: Wanted) -> Self {
        let Ticket { cache, key, request, .. } = ticket;
        let word = Word { cache, key, request, asked: cache.asked(key) };
        let filling = Filling::new(inner, ticket);
        Self { filling, entry, wanted, verdict: None, begun: false, ticket: word }
    }

    pub(super) fn verdict(self) -> Verdict {
        self.verdict.unwrap_or(if self.begun { Verdict::PassedOn } else { Verdict::Silent })
    }

    /// Takes a 304 in.
    fn holds(&self, not_modified: &ResponseHead) -> Arc<Entry> {
        let Word { cache, key, request, asked } = &self.ticket;
        let policy = |head: &ResponseHead| Policy::of(request, head, SystemTime::now());
        match self.entry.updated(request, not_modified, policy) {
            Some((updated, is_kept)) => {
                let updated = Arc::new(updated);
                if is_kept {
                    cache.keep(asked, Arc::clone(&updated));
                } else {
                    cache.forget(key, &self.entry);
                }
                updated
            }
            None => Arc::clone(&self.entry),
        }
    }
}

impl<S: AnswerSink> AnswerSink for Validating<'_, S> {
    async fn informational(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.filling.informational(head).await
    }

    async fn head(&mut self, head: &ResponseHead) -> Result<(), ClientGone> {
        self.verdict = match head.status() {
            304 => Some(Verdict::Holds(self.holds(head))),
            500 | 502..=504 if self.entry.usable_on_error(&self.wanted, Instant::now()) => {
                Some(Verdict::StandsIn(Arc::clone(&self.entry)))
            }
            _ => None,
        };
        match self.verdict {
            None => {
                self.begun = true;
                self.filling.head(head).await
            }
            Some(_) => Ok(()),
        }
    }

    async fn data(&mut self, piece: Bytes) -> Result<(), ClientGone> {
        match self.verdict {
            None => self.filling.data(piece).await,
            Some(_) => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), ClientGone> {
        match self.verdict {
            None => self.filling.flush().await,
            Some(_) => Ok(()),
        }
    }

    async fn finish(&mut self, trailers: Option<&Fields>) -> Result<(), ClientGone> {
        match self.verdict {
            None => self.filling.finish(trailers).await,
            Some(_) => Ok(()),
        }
    }

    async fn switch(&mut self, head: &ResponseHead, backend: Switched) -> Result<(), ClientGone> {
        self.filling.switch(head, backend).await
    }
}
