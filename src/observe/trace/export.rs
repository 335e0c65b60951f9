//! Spans on their way to a collector.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::otlp::{Span, message};
use crate::observe::chain;

/// Spans that may wait; those beyond are dropped and counted.
const WAITING: usize = 4096;

/// The most spans in one message.
const BATCH: usize = 512;

/// How long spans are gathered before they are sent.
const EVERY: Duration = Duration::from_secs(1);

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `[traces]` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Where spans go: an OTLP/HTTP endpoint, its path included.
    pub otlp: String,
    /// What we are called there.
    pub service: String,
}

/// The way to the collector.
#[derive(Debug)]
pub(crate) struct Spans {
    queue: mpsc::Sender<Span>,
    counts: Arc<Counts>,
    ending: Arc<Notify>,
    exporter: Mutex<JoinHandle<()>>,
}

/// What became of spans.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// A collector has them.
    pub exported: AtomicU64,
    /// There was no room, or no collector.
    pub dropped: AtomicU64,
}

struct Exporter {
    spec: Spec,
    client: reqwest::Client,
    waiting: mpsc::Receiver<Span>,
    counts: Arc<Counts>,
    ending: Arc<Notify>,
}

impl Spans {
    /// Begins to export on `side`.
    pub(crate) fn start(spec: &Spec, side: &Handle) -> Result<Self, reqwest::Error> {
        // It may be installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let (queue, waiting) = mpsc::channel(WAITING);
        let (counts, ending) = (Arc::<Counts>::default(), Arc::<Notify>::default());
        let (spec, counted, told) = (spec.clone(), Arc::clone(&counts), Arc::clone(&ending));
        let exporter = Exporter { spec, client, waiting, counts: counted, ending: told };
        let exporter = Mutex::new(side.spawn(exporter.run()));
        Ok(Self { queue, counts, ending, exporter })
    }

    /// Gives one on its way.
    pub(crate) fn send(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            self.counts.dropped.fetch_add(1, Relaxed);
        }
    }

    /// What became of them so far.
    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Has those that wait exported, for at most so long.
    pub(crate) async fn end(&self, within: Duration) {
        self.ending.notify_one();
        // Whoever is not there in time is not told.
        let _ = timeout(within, &mut *self.exporter.lock().await).await;
    }
}

impl Exporter {
    async fn run(mut self) {
        let (mut batch, mut ending) = (Vec::with_capacity(BATCH), false);
        while !ending {
            tokio::select! {
                () = sleep(EVERY) => {}
                () = self.ending.notified() => ending = true,
            }
            while let Ok(span) = self.waiting.try_recv() {
                batch.push(span);
                if batch.len() == BATCH {
                    self.export(&mut batch).await;
                }
            }
            self.export(&mut batch).await;
        }
    }

    async fn export(&self, batch: &mut Vec<Span>) {
        if batch.is_empty() {
            return;
        }
        let message = message(&self.spec.service, batch);
        let sent = self.client.post(&self.spec.otlp).json(&message).send().await;
        let count = batch.len() as u64;
        batch.clear();
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => {
                self.counts.exported.fetch_add(count, Relaxed);
            }
            Err(error) => {
                self.counts.dropped.fetch_add(count, Relaxed);
                tracing::warn!(spans = count, error = chain(&error), "spans could not be exported");
            }
        }
    }
}
