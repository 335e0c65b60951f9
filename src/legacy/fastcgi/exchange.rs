//! One request to a FastCGI responder, and its answer: both ways at once, nothing without a bound.

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use super::download::{Download, Ended};
use super::handoff::{Handoff, Part, beside};
use super::hold::Held;
use super::pool::{Lease, Pool, Start};
use super::script::choose;
use super::upload::{self, Activity, Opening};
use crate::exchange::{AnswerSink, BodySource};
use crate::legacy::disk::Disk;
use crate::legacy::duplex::{both, ended_unanswered};
use crate::legacy::error::{ExchangeError, Failed};
use crate::legacy::outbound::Outbound;
use crate::legacy::served::{By, Served};
use crate::legacy::spec::{FastCgi, Spec};

/// A responder and what is needed to ask it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Responder<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) fastcgi: &'a FastCgi,
    pub(crate) pool: &'a Arc<Pool>,
    pub(crate) disk: &'a Disk,
}

impl Responder<'_> {
    /// Asks for one request:
    ///
    /// 1. hold what of its body must be held,
    /// 2. wait for a connection,
    /// 3. send the head, and a small body with it,
    /// 4. send the rest and read the answer, at the same time; hand the answer to the client at the client's pace.
    ///
    /// Dropping the future closes the connection; php-fpm ends the script when that next writes.
    pub(crate) async fn exchange(
        &self,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
    ) -> Result<Served, ExchangeError> {
        let committed = Cell::new(false);
        let outcome = self.run(request, body, sink, &committed).await;
        outcome.map_err(|failed| failed.of(&self.spec.name, committed.get()))
    }

    async fn run(
        &self,
        request: &Outbound<'_>,
        body: &mut impl BodySource,
        sink: &mut impl AnswerSink,
        committed: &Cell<bool>,
    ) -> Result<Served, Failed> {
        let start = Instant::now();
        // :: Step 1
        let mut held = Held::take(body, self.spec.body_max, self.disk).await?;
        let script = choose(self.fastcgi, request.head.path());
        let opening = Opening::new(self.fastcgi, self.pool.keeps(self.spec), &script, request, &held);
        loop {
            // :: Step 2
            let mut lease = self.pool.lease(self.spec, request.aside).await?;
            let waited = start.elapsed();
            // :: Step 3
            opening.send(&mut lease, self.spec).await?;
            let reused = lease.start != Start::Fresh;
            // :: Step 4
            let handoff = Handoff::default();
            let talk = pin!(self.talk(lease, &opening, request, (&mut held, &mut *body), &handoff));
            let deliver = Delivery { sink, committed, start, by: By::FastCgi { reused } };
            // A script may have run where a kept connection ends without an answer (over TCP, or when the child was
            // killed): only a repeatable request is sent again.
            match beside(&handoff, talk, pin!(deliver.run(&handoff))).await {
                Ok(served) => return Ok(Served { waited, ..served }),
                Err(failed) if reused && opening.whole && request.repeatable && ended_unanswered(&failed) => {
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    /// Legacy's side of step 4. What it comes to is the last part of the answer.
    async fn talk(
        &self,
        lease: Lease,
        opening: &Opening,
        request: &Outbound<'_>,
        (held, body): (&mut Held, &mut impl BodySource),
        handoff: &Handoff,
    ) -> Part {
        let activity = Activity::new(self.spec.read_timeout);
        let ended = {
            let download =
                pin!(Download::new(handoff, &self.spec.name, request).run(&lease.socket, &activity));
            let sent = Cell::new(opening.whole);
            let upload = pin!(async {
                if !sent.get() {
                    let all = upload::body(&lease.socket, &activity, held, body, self.disk);
                    if let Err(failed) = all.await {
                        return failed;
                    }
                    sent.set(true);
                }
                tokio::select! {
                    gone = body.gone() => gone.into(),
                    never = lease.watch_for_one_that_works_on() => match never {},
                }
            });
            both(&sent, upload, download).await
        };
        match ended {
            Ok((Ended { clean }, whole)) => {
                if clean && whole {
                    lease.end(self.spec);
                }
                Part::End
            }
            Err(failed) => Part::Broken(failed),
        }
    }
}

/// The client's side of step 4.
struct Delivery<'a, S> {
    sink: &'a mut S,
    committed: &'a Cell<bool>,
    start: Instant,
    by: By,
}

impl<S: AnswerSink> Delivery<'_, S> {
    async fn run(self, handoff: &Handoff) -> Result<Served, Failed> {
        let Self { sink, committed, start, by } = self;
        let mut served =
            Served { status: 0, sent: 0, by, waited: start.elapsed(), answered: start.elapsed() };
        let mut unflushed = false;
        loop {
            let part = match handoff.try_next() {
                Some(part) => part,
                None if unflushed => {
                    unflushed = false;
                    sink.flush().await?;
                    continue;
                }
                None => handoff.next().await,
            };
            match part {
                Part::Head(head) => {
                    (served.status, served.answered) = (head.status(), start.elapsed());
                    committed.set(true);
                    sink.head(&head).await?;
                }
                Part::Data(data) => {
                    served.sent += data.len() as u64;
                    sink.data(data).await?;
                }
                Part::End => {
                    sink.finish(None).await?;
                    return Ok(served);
                }
                Part::Broken(failed) => {
                    if unflushed {
                        sink.flush().await?;
                    }
                    return Err(failed);
                }
            }
            unflushed = true;
        }
    }
}
