//! A process's way to the review: experiments go to the topic, and what had no room is told with the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use handover_api::Record;
use handover_kafka::{Frame, Producer, ProducerConfig, StartError};
use handover_shadow::{Experiment, Loss, Redactor, Sent};
use tokio::runtime::Handle;

use crate::commit::access::{self, Access};
use crate::config::valid::Review;

/// The memory that experiments on their way may take, in bytes; one more is lost, and counted.
const QUEUED_BYTES_MAX: usize = 64 << 20;

/// How many may be on their way.
const QUEUED_MAX: usize = 20_000;

/// How long one may be on its way: evidence has time.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The largest that is sent: two bodies as captures take them, escaped.
const SIZE_MAX: usize = 16 << 20;

/// Losses that are told apart until they are sent; more count as `other`.
const LOSSES_MAX: usize = 256;

/// The producer could not be made.
#[derive(Debug, thiserror::Error)]
#[error("experiments cannot be sent to the review")]
pub(crate) struct SenderError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Sends.
pub(crate) struct Sender {
    producer: Arc<Producer>,
    /// Looked at as long as it is here.
    _access: Arc<Access>,
    topic: String,
    redactor: Redactor,
    losses: Arc<Losses>,
    sent: AtomicU64,
    unsent: Arc<AtomicU64>,
}

/// What is still to be told.
#[derive(Default)]
struct Losses(Mutex<HashMap<(String, Loss, String), u64>>);

impl Losses {
    fn add(&self, route: &str, loss: Loss, what: &str, n: u64) {
        let mut losses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let what = if losses.len() < LOSSES_MAX { what } else { "other" };
        *losses.entry((route.to_owned(), loss, what.to_owned())).or_default() += n;
    }

    fn take(&self) -> HashMap<(String, Loss, String), u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What is lost where a record does not arrive.
struct AtStake {
    route: String,
    loss: Loss,
    what: String,
    n: u64,
}

impl Sender {
    /// Begins to connect.
    pub(crate) fn start(review: &Review, redactor: Redactor, side: &Handle) -> Result<Self, SenderError> {
        let access = Access::watched(&review.kafka, side).map_err(|why| SenderError(why.into()))?;
        let config = ProducerConfig {
            max_queued_bytes: QUEUED_BYTES_MAX,
            max_queued_records: QUEUED_MAX,
            max_record_bytes: SIZE_MAX,
            message_timeout: TIMEOUT,
            ..access::producer(&review.kafka, &access)
        };
        let producer = Producer::start(config).map_err(|why: StartError| SenderError(why.into()))?;
        Ok(Self {
            producer: Arc::new(producer),
            _access: access,
            topic: review.topic.clone(),
            redactor,
            losses: Arc::default(),
            sent: AtomicU64::new(0),
            unsent: Arc::default(),
        })
    }

    /// Sends an experiment whose legacy's effects are still awaited.
    pub(crate) fn experiment(&self, experiment: &Experiment) {
        let sent = Sent::of(experiment, &self.redactor);
        let (route, what) = (experiment.route.clone(), "review-undelivered".to_owned());
        let at_stake = AtStake { route, loss: Loss::Dropped, what, n: 1 };
        if let Err(why) = self.send(&experiment.id.to_string(), &sent, at_stake) {
            self.unsent.fetch_add(1, Ordering::Relaxed);
            self.lost(&experiment.route, Loss::Dropped, why, 1);
        }
    }

    /// Counts what never became an experiment; it is told with the next [`look`](Self::look).
    pub(crate) fn lost(&self, route: &str, loss: Loss, what: &str, n: u64) {
        self.losses.add(route, loss, what, n);
    }

    /// Sends what was lost meanwhile. What cannot be sent, or does not arrive, is tried again.
    pub(crate) fn look(&self) {
        for ((route, loss, what), n) in self.losses.take() {
            let id = format!("{:032x}", fastrand::u128(..));
            let sent = Sent::Lost { route: route.clone(), loss, what: what.clone(), n, id: id.clone() };
            let at_stake = AtStake { route: route.clone(), loss, what: what.clone(), n };
            if self.send(&id, &sent, at_stake).is_err() {
                self.lost(&route, loss, &what, n);
            }
        }
    }

    /// What is at stake is lost where the record is taken and does not arrive: no broker for too long, or one that takes no
    /// record of its size.
    fn send(&self, id: &str, sent: &Sent, at_stake: AtStake) -> Result<(), &'static str> {
        let value = sent.encode().map_err(|_| "review-unencodable")?;
        let key = Some(Bytes::copy_from_slice(id.as_bytes()));
        let record = Record { key, ..Record::new(self.topic.clone(), value) };
        let frame = Frame { records: &[&record], headers: &[] };
        let delivery = self.producer.hand_over(&frame).map_err(|_| "review-queue-full")?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let (unsent, losses) = (Arc::clone(&self.unsent), Arc::clone(&self.losses));
        tokio::spawn(async move {
            if delivery.await.is_err() {
                unsent.fetch_add(1, Ordering::Relaxed);
                losses.add(&at_stake.route, at_stake.loss, &at_stake.what, at_stake.n);
            }
        });
        Ok(())
    }

    /// How many were sent, and how many could not be.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.unsent.load(Ordering::Relaxed))
    }

    /// Waits until all that was sent has arrived, so long at most.
    pub(crate) async fn close(&self, within: Duration) {
        self.look();
        let left = self.producer.close(within).await;
        if left.not_persisted + left.possibly_persisted > 0 {
            tracing::error!(?left, "experiments did not reach the review before the end");
        }
    }
}
