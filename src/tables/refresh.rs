//! Keeps one table fresh: asks its source at intervals, checks what comes, swaps it whole.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use handover_api::Table as _;
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::last_good::LastGood;
use super::read::{self, Corrupt, Part};
use super::slot::Slot;
use super::snapshot::Snapshot;
use super::source::{Asked, Source, SourceError};
use crate::config::valid;
use crate::renewal::{blocking, pause};

/// How many rows of a version are read between two lines of the log.
const LOG_EVERY: usize = 1_000_000;
/// For how long a version that is no longer current is waited for to be let go of. Requests take less.
const HELD_MAX: Duration = Duration::from_secs(60);
/// The first wait after a failure; it doubles up to the table's interval.
const BACK_OFF: Duration = Duration::from_secs(5);

/// Everything that keeping one table fresh takes.
pub(super) struct Refresher {
    pub slot: Arc<Slot>,
    pub source: Source,
    pub last_good: Arc<LastGood>,
    pub spec: valid::Table,
    /// Wakes it before its interval is over.
    pub wake: Arc<Notify>,
    pub stop: CancellationToken,
    /// One table is read at a time: reading takes several times a table's size.
    pub reading: Arc<Semaphore>,
    /// Told once the source was asked for the first time.
    pub asked: watch::Sender<bool>,
}

/// A version is not to be taken over.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("what came is no table")]
    Corrupt(#[from] Corrupt),
    #[error(
        "it has {has} rows where the last good version has {had}: `shrink_max = {max}` is the largest share that may be \
         missing. If it is right, set that to 1 for as long"
    )]
    Shrunken { has: usize, had: usize, max: f64 },
    #[error("it lacks column `{0}`, which the last good version has")]
    LostColumn(String),
}

impl Refresher {
    /// Takes over what was kept on disk, if it is any good.
    pub(super) fn load_last_good(&self) {
        match self.last_good.load_built(&self.reading()) {
            Ok(Some(built)) => return self.begin_with(built.snapshot, built.confirmed, built.version),
            Ok(None) => {}
            Err(error) => self.ignore_last_good(&error),
        }
        let kept = match self.last_good.load() {
            Ok(Some(kept)) => kept,
            Ok(None) => return,
            Err(error) => return self.ignore_last_good(&error),
        };
        match self.read(&kept.parts) {
            Ok(snapshot) => {
                self.begin_with(snapshot, kept.confirmed, kept.version);
                self.slot.books(|books| books.unbuilt = true);
            }
            Err(error) => self.ignore_last_good(&error),
        }
    }

    fn begin_with(&self, snapshot: Snapshot, confirmed: SystemTime, version: Option<String>) {
        info!(table = %self.name(), rows = snapshot.len(), "took over the last good version from disk");
        // There is none before it.
        self.slot.swap(snapshot, confirmed);
        self.slot.books(|books| books.version = version);
    }

    /// Refreshes at intervals until it is stopped. A version that has arrived is dealt with to the end.
    pub(super) async fn run(self: Arc<Self>) {
        if self.slot.books(|books| books.unbuilt) {
            self.keep_built().await;
        }
        let mut failures = 0_u32;
        loop {
            let asked = tokio::select! {
                () = self.stop.cancelled() => return,
                asked = self.ask() => asked,
            };
            let refreshed = match asked {
                Ok(Asked::Unchanged) => self.confirm().await,
                Ok(Asked::Changed { version, parts }) => self.take_over(version, parts).await,
                Err(error) => self.unreachable(&error),
            };
            self.asked.send_replace(true);
            failures = if refreshed { 0 } else { failures.saturating_add(1) };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause(failures, BACK_OFF, self.spec.refresh, self.spec.jitter.get())) => {}
            }
        }
    }

    async fn ask(&self) -> Result<Asked, SourceError> {
        // Without a version in memory what the source calls unchanged would be missing.
        let known = self.slot.current().and_then(|_| self.slot.books(|books| books.version.clone()));
        self.source.ask(known.as_deref()).await
    }

    async fn confirm(self: &Arc<Self>) -> bool {
        let now = SystemTime::now();
        self.slot.confirm(now);
        self.on_disk(move |last_good| last_good.confirm(now)).await;
        self.slot.books(|books| {
            books.unchanged += 1;
            books.last_failure = None;
        });
        true
    }

    async fn take_over(self: &Arc<Self>, version: Option<String>, parts: Vec<Part>) -> bool {
        match self.checked(parts.clone()).await {
            Ok(snapshot) => {
                info!(table = %self.name(), rows = snapshot.len(), source = %self.source, "took over a new version");
                let before = self.slot.swap(snapshot, SystemTime::now());
                tokio::task::spawn_blocking(move || before.map(free));
                self.on_disk({
                    let version = version.clone();
                    move |last_good| last_good.store(version.as_deref(), &parts)
                })
                .await;
                self.slot.books(|books| {
                    books.loaded += 1;
                    books.last_failure = None;
                    books.version = version;
                });
                self.keep_built().await;
                true
            }
            Err(refused) => {
                warn!(table = %self.name(), source = %self.source, "refused a new version: {}", chain(&refused));
                self.slot.books(|books| {
                    books.refused += 1;
                    books.last_failure = Some(chain(&refused));
                });
                false
            }
        }
    }

    fn unreachable(&self, error: &SourceError) -> bool {
        warn!(table = %self.name(), source = %self.source, "the source cannot be read: {}", chain(error));
        self.slot.books(|books| {
            books.unreachable += 1;
            books.last_failure = Some(chain(error));
        });
        false
    }

    /// Reads a new version off the runtime's threads and compares it with the one before.
    async fn checked(self: &Arc<Self>, parts: Vec<Part>) -> Result<Snapshot, Refused> {
        let _one_at_a_time = self.reading.acquire().await;
        let this = Arc::clone(self);
        let snapshot = blocking(move || this.read(&parts)).await?;
        if let Some(before) = self.slot.current() {
            self.compare(&snapshot, &before)?;
        }
        Ok(snapshot)
    }

    fn compare(&self, new: &Snapshot, before: &Snapshot) -> Result<(), Refused> {
        let max = self.spec.shrink_max.get();
        if (new.len() as f64) < before.len() as f64 * (1.0 - max) {
            return Err(Refused::Shrunken { has: new.len(), had: before.len(), max });
        }
        match before.schema().columns().iter().find(|column| new.schema().position(column).is_none()) {
            Some(lost) => Err(Refused::LostColumn(lost.clone())),
            None => Ok(()),
        }
    }

    /// Reads a version. How far it has come is seen in the statistics and, of one that takes long, in the log.
    fn read(&self, parts: &[Part]) -> Result<Snapshot, Corrupt> {
        let progress = |rows| {
            self.slot.reads(rows);
            if rows.is_multiple_of(LOG_EVERY) {
                info!(table = %self.name(), rows, "reading a new version");
            }
        };
        let read = read::read(parts, &self.spec, &progress);
        self.slot.reads(0);
        read
    }

    /// Keeps the current version as it is in memory, for the next start.
    async fn keep_built(self: &Arc<Self>) {
        let Some(snapshot) = self.slot.current() else { return };
        let (reading, version) = (self.reading(), self.slot.books(|books| books.version.clone()));
        self.on_disk(move |last_good| last_good.store_built(&reading, version.as_deref(), &snapshot)).await;
    }

    /// What else decides, beside the objects, what table is read from them.
    fn reading(&self) -> String {
        let valid::Table { format, key, keys, size_max, .. } = &self.spec;
        format!("{format:?} {key:?} {keys:?} {size_max}")
    }

    /// Changes what is on disk. Without it the table is as good, until the next start.
    async fn on_disk(
        self: &Arc<Self>,
        change: impl FnOnce(&LastGood) -> std::io::Result<()> + Send + 'static,
    ) {
        let last_good = Arc::clone(&self.last_good);
        if let Err(error) = blocking(move || change(&last_good)).await {
            let path = self.last_good.path().display();
            warn!(table = %self.name(), %path, "the last good version cannot be kept on disk: {error}");
        }
    }

    fn ignore_last_good(&self, error: &(dyn Error + 'static)) {
        let path = self.last_good.path().display();
        warn!(table = %self.name(), %path, "the last good version on disk is not used: {}", chain(error));
    }

    fn name(&self) -> &str {
        self.slot.name()
    }
}

/// Frees a version once nobody looks anything up in it: a large one takes milliseconds, which are nobody's request's.
fn free(mut snapshot: Arc<Snapshot>) {
    let since = Instant::now();
    while since.elapsed() < HELD_MAX {
        match Arc::try_unwrap(snapshot) {
            Ok(alone) => return drop(alone),
            Err(held) => snapshot = held,
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An error with all its causes on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    anyhow::Chain::new(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
