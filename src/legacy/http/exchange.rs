//! One request to an HTTP legacy, and its answer: both ways at once, at one upstream or, where that is safe, at another.

use std::cell::Cell;
use std::time::Instant;

use bytes::Bytes;
use handover_http1::ResponseHead;

use super::balance::{Attempt, Tried, choose};
use super::upload::{Upload, take_small};
use super::upstream::Upstreams;
use crate::exchange::{AnswerSink, BodySource, Switched};
use crate::legacy::error::{Cause, ExchangeError, Failed, Leg};
use crate::legacy::outbound::Outbound;
use crate::legacy::permits::Permit;
use crate::legacy::served::Served;
use crate::legacy::socket::Socket;
use crate::legacy::spec::{Http, Spec};

/// The most upstreams that one request is put to.
const ATTEMPTS_MAX: usize = 3;

/// A request, whichever upstream it is put to.
pub(super) struct Asked<'a> {
    pub(super) spec: &'a Spec,
    pub(super) request: &'a Outbound<'a>,
    pub(super) upload: &'a Upload,
    /// Set once the client has been given a head.
    pub(super) committed: &'a Cell<bool>,
    /// Called when an answer has begun.
    pub(super) speaks: &'a dyn Fn(),
    pub(super) start: Instant,
}

/// What an upstream gave.
pub(super) enum Answered {
    /// An answer, passed on whole.
    Whole(Served),
    /// A 101, which is still to be passed on.
    Switched { served: Served, head: Box<ResponseHead>, socket: Socket, read: Bytes },
}

impl Upstreams {
    /// Asks for one request:
    ///
    /// 1. take a small body in, so that it can be sent again,
    /// 2. wait for a permit,
    /// 3. choose an upstream,
    /// 4. send it the request and pass the answer on, at the same time,
    /// 5. remember how that went; hand the connection to a tunnel, or ask another upstream, where this one certainly did
    ///    nothing or the route may be asked twice.
    ///
    /// Dropping the future closes the connection.
    pub(crate) async fn exchange(
        &self,
        spec: &Spec,
        http: &Http,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let committed = Cell::new(false);
        let outcome = self.run(spec, http, request, body, sink, &committed).await;
        outcome.map_err(|failed| failed.of(&spec.name, committed.get()))
    }

    async fn run(
        &self,
        spec: &Spec,
        http: &Http,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
        committed: &Cell<bool>,
    ) -> Result<Served, Failed> {
        let start = Instant::now();
        // :: Step 1
        let upload = take_small(body, spec.body_max).await?;
        // :: Step 2
        let permit = self.permits.acquire(spec, request.aside).await?;
        self.budget.earn();
        let (mut tried, mut attempts) = (Tried::default(), 0);
        let mut last = None;
        loop {
            // :: Step 3
            let attempt = match choose(&self.all, self.rules.as_ref(), tried) {
                Ok(attempt) => attempt,
                Err(all_out) => {
                    return Err(
                        last.unwrap_or_else(|| Failed::before(Leg::Choose, Cause::AllOut(all_out.wait)))
                    );
                }
            };
            // :: Step 4
            let upstream = &attempt.upstream;
            let speaks = || attempt.speaks();
            let asked = Asked { spec, request, upload: &upload, committed, speaks: &speaks, start };
            // Only HTTP/1.1 has upgrades.
            let outcome = if http.http2 && request.head.upgrade().is_none() {
                upstream.ask_http2(&asked, body, sink).await
            } else {
                upstream.ask_http1(&asked, body, sink).await
            };
            // :: Step 5
            match outcome {
                Ok(Answered::Whole(served)) => {
                    attempt.answered(self.rules.as_ref());
                    return Ok(served);
                }
                Ok(Answered::Switched { served, head, socket, read }) => {
                    attempt.answered(self.rules.as_ref());
                    committed.set(true);
                    sink.switch(&head, tunnel(spec, request, socket, read, (permit, attempt))).await?;
                    return Ok(served);
                }
                Err(failed) => {
                    attempts += 1;
                    self.note(&attempt, &failed, spec);
                    let is_last = attempts == ATTEMPTS_MAX.min(self.all.len());
                    if is_last || !self.may_ask_another(&attempt, &failed, &asked) {
                        return Err(failed);
                    }
                    tried.add(attempt.place);
                    last = Some(failed);
                }
            }
        }
    }

    fn note(&self, attempt: &Attempt, failed: &Failed, spec: &Spec) {
        // A kept connection that crossed with its upstream's close says nothing of the upstream.
        let counts = failed.is_legacys() && !matches!(failed.cause, Cause::Stale);
        if counts && attempt.failed(self.rules.as_ref()) {
            let upstream = attempt.upstream.place.to_string();
            tracing::warn!(
                legacy = spec.name,
                upstream,
                leg = failed.leg.label(),
                "an upstream is left alone for now"
            );
        }
    }

    /// Whether a request that has failed is put to another upstream, within the budget.
    fn may_ask_another(&self, attempt: &Attempt, failed: &Failed, asked: &Asked<'_>) -> bool {
        let nothing_sent = failed.retry_safe && failed.is_legacys();
        let may_be_sent_again =
            failed.is_legacys() && asked.request.repeatable && matches!(asked.upload, Upload::Here(_));
        if asked.committed.get() || !(nothing_sent || may_be_sent_again) {
            return false;
        }
        let affordable = self.budget.spend();
        let cells = &attempt.upstream.cells;
        if affordable {
            cells.repeated()
        } else {
            cells.unaffordable()
        }
        affordable
    }
}

fn tunnel(
    spec: &Spec,
    request: &Outbound<'_>,
    socket: Socket,
    read: Bytes,
    held: (Permit, Attempt),
) -> Switched {
    Switched {
        stream: Box::new(socket),
        read,
        idle: spec.tunnel_timeout,
        route: request.route.to_owned(),
        held: Box::new(held),
    }
}
