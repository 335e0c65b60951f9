//! A request's way through the cache.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use handover_http1::RequestHead;

use super::entry::{Entry, Use};
use super::fill::{Filling, Ticket};
use super::flights::Flight;
use super::key::{Key, is_cacheable};
use super::policy::Wanted;
use super::validate::{Validating, Verdict};
use super::{Cache, count};
use crate::exchange::{AnswerSink, ClientGone};
use crate::legacy::Outbound;
use crate::legacy::client_cert::Certified;

/// A request that the cache may answer.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    cache: &'a Cache,
    key: Key,
    request: &'a RequestHead,
    wanted: Wanted,
}

/// What there is for it.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A kept answer, to be given; and where legacy is to be asked anew beside that, the right to do so.
    Kept(Arc<Entry>, Option<Stale>),
    /// A kept answer that legacy has to confirm.
    Unsure(Unsure<'a>),
    /// Nothing; legacy's answer may be kept.
    Nothing(Missed<'a>),
    /// Nothing, and legacy's answer is not kept, either.
    Pass,
    /// Nothing, and the client wants no other answer.
    Refused,
}

/// A kept answer that is given although it is stale.
#[derive(Debug)]
pub(crate) struct Stale {
    pub(super) entry: Arc<Entry>,
    pub(super) flight: Flight,
}

/// A request for something that is not kept.
#[derive(Debug)]
pub(crate) struct Missed<'a>(Ticket<'a>);

/// A request for something that is kept, and might not hold any more.
#[derive(Debug)]
pub(crate) struct Unsure<'a> {
    entry: Arc<Entry>,
    wanted: Wanted,
    ticket: Ticket<'a>,
}

impl<'a> Visit<'a> {
    /// A visit; `None` where a request is none for a cache.
    pub(crate) fn new(cache: &'a Cache, legacy: &str, request: &Outbound<'a>) -> Option<Self> {
        // Whom a certificate names, legacy may answer as nobody else.
        if !is_cacheable(request.head) || matches!(request.certified, Certified::With(_)) {
            return None;
        }
        let key = Key::of(legacy, request)?;
        Some(Self { cache, key, request: request.head, wanted: Wanted::of(request.head) })
    }

    /// Looks for a kept answer. Where another request asks legacy for the same, it waits for that once.
    pub(crate) async fn look(&'a self) -> Found<'a> {
        let mut has_waited = false;
        loop {
            let now = Instant::now();
            let entry = self.cache.store.find(&self.key, self.request);
            let usable = entry.as_ref().map(|entry| entry.usable(&self.wanted, now));
            match (entry, usable) {
                (Some(entry), Some(Use::Fresh)) => {
                    count(&self.cache.counts.fresh);
                    return Found::Kept(entry, None);
                }
                (Some(entry), Some(Use::Revalidating)) => {
                    count(&self.cache.counts.stale);
                    // The answer to a HEAD has no body that could be kept, and is no word on the one that is.
                    let is_get = !self.request.is_head();
                    let flight = is_get.then(|| self.cache.flights.begin(&self.key).ok()).flatten();
                    let stale = flight.map(|flight| Stale { entry: Arc::clone(&entry), flight });
                    return Found::Kept(entry, stale);
                }
                _ if self.wanted.only_if_cached => return Found::Refused,
                // Its answer has no body that could be kept.
                _ if self.request.is_head() => return Found::Pass,
                (entry, _) => {
                    let lines_up = !has_waited && !self.cache.store.was_not_kept(&self.key, now);
                    let flight = match self.cache.flights.begin(&self.key) {
                        Ok(flight) => Some(flight),
                        Err(other) if lines_up => {
                            count(&self.cache.counts.waited);
                            other.wait().await;
                            has_waited = true;
                            continue;
                        }
                        Err(_) => None,
                    };
                    return self.ask(entry, flight);
                }
            }
        }
    }

    fn ask(&'a self, entry: Option<Arc<Entry>>, flight: Option<Flight>) -> Found<'a> {
        let ticket = Ticket { cache: self.cache, key: &self.key, request: self.request, flight };
        match entry {
            Some(entry) => Found::Unsure(Unsure { entry, wanted: self.wanted, ticket }),
            None => {
                count(&self.cache.counts.missed);
                Found::Nothing(Missed(ticket))
            }
        }
    }

    /// Gives a kept answer.
    pub(crate) async fn give(&self, entry: &Entry, sink: &mut impl AnswerSink) -> Result<(), ClientGone> {
        let Some((head, body)) = entry.answer(self.request, Instant::now()) else {
            return Err(ClientGone::Answer("a kept answer can't be written".into()));
        };
        sink.head(&head).await?;
        if !body.is_empty() {
            sink.data(body).await?;
        }
        sink.finish(None).await
    }

    /// The key, for a refresh.
    pub(super) fn key(&self) -> &Key {
        &self.key
    }
}

impl<'a> Missed<'a> {
    /// Keeps the answer on its way to `sink`, where it may be kept.
    pub(crate) fn filling<S>(self, sink: &'a mut S) -> Filling<'a, S> {
        Filling::new(sink, self.0)
    }
}

impl<'a> Unsure<'a> {
    /// What legacy is to be asked: whether the kept answer holds.
    pub(crate) fn question(&self) -> Option<RequestHead> {
        self.entry.condition(self.ticket.request)
    }

    /// Hears legacy's word, and passes on what is none.
    pub(crate) fn hearing<S>(self, sink: &'a mut S) -> Hearing<'a, S> {
        let (cache, entry, wanted) = (self.ticket.cache, Arc::clone(&self.entry), self.wanted);
        Hearing { sink: Validating::new(sink, self.ticket, self.entry, self.wanted), cache, entry, wanted }
    }
}

/// Legacy's word on a kept answer, as it comes.
pub(crate) struct Hearing<'a, S> {
    /// Where its answer goes.
    pub(crate) sink: Validating<'a, S>,
    cache: &'a Cache,
    entry: Arc<Entry>,
    wanted: Wanted,
}

impl<S> Hearing<'_, S> {
    /// The kept answer that is to be given, once the exchange has `failed` without an answer or not. `None` where the
    /// client has been given legacy's own, or has to be told of the failure.
    pub(crate) fn outcome(self, failed: bool) -> Option<Arc<Entry>> {
        let counts = &self.cache.counts;
        match self.sink.verdict() {
            Verdict::Holds(entry) => {
                counts.validated.fetch_add(1, Relaxed);
                Some(entry)
            }
            Verdict::StandsIn(entry) => {
                counts.stood_in.fetch_add(1, Relaxed);
                Some(entry)
            }
            Verdict::Silent if failed && self.entry.usable_on_error(&self.wanted, Instant::now()) => {
                counts.stood_in.fetch_add(1, Relaxed);
                Some(self.entry)
            }
            Verdict::PassedOn | Verdict::Silent => {
                counts.missed.fetch_add(1, Relaxed);
                None
            }
        }
    }
}
