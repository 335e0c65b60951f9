//! Where verdicts are counted and pairs are kept: one SQLite file, one writer thread, any number of readers.
//!
//! Nothing here makes a request wait: [`Recorder::record`] puts the experiment into a bounded queue or counts it as
//! dropped. Every table has a bound:
//!
//! | what | bound | at the bound |
//! | --- | --- | --- |
//! | queue | [`Limits::queue`] experiments, [`Limits::queue_bytes`] | dropped, counted |
//! | file | twice [`Limits::pair_bytes`] and 64 MiB | what does not fit is dropped, counted |
//! | pairs | [`Limits::pairs`], [`Limits::pair_bytes`], [`Limits::age`] | the oldest goes |
//! | sample | [`Limits::sample`] for each evidence | the largest hash goes, so that it stays uniform |
//! | exemplars | [`Limits::exemplars`] for each cluster and evidence | the largest goes |
//! | clusters | [`Limits::clusters`] for each route, half of them of what rules set aside | not clustered, counted |
//! | hours of a cluster's trend | [`TREND_HOURS`] | the oldest goes |
//! | what legacy does twice | the clusters, for each evidence | as these |
//! | shapes | 4096 of an evidence | further ones count as one |
//! | ways to differ | 8192 of an evidence, as many again whatever the shape | further ones can't be set aside |
//! | reasons | 64 of a class | counted as `other` |
//! | evidence | 32 of a route, [`Limits::age`] | the oldest goes with all that hangs on it |
//! | what was counted once | 7 days, 5 million | the oldest goes: what comes again after that is counted again |

mod clusters;
mod decide;
mod derived;
mod differing;
mod erase;
mod keep;
mod noise;
mod read;
mod retain;
mod rules;
mod samples;
mod schema;
mod standing;
mod states;
mod tally;
mod topic;
mod trend;
mod way;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub use decide::{DecideError, Decider};
pub use erase::{Erased, Eraser};
pub use read::Reader;
pub use topic::Places;
pub use trend::{TREND_HOURS, Trend};

use crate::evidence::Loss;
use crate::experiment::Experiment;
use crate::policy::Policy;
use crate::redact::{RedactionKey, Redactor};
use crate::verdict::Judgement;
use tally::Losses;
use writer::Writer;

/// The store's bounds.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Experiments that wait to be stored.
    pub queue: usize,
    /// The memory that these may hold, in bytes.
    pub queue_bytes: usize,
    /// Pairs in the file.
    pub pairs: u64,
    /// The bytes that these may take.
    pub pair_bytes: u64,
    /// For how long a pair, and evidence that gets nothing new, is kept.
    pub age: Duration,
    /// Pairs of the uniform sample of one evidence.
    pub sample: u64,
    /// Pairs kept to look at, of one cluster and evidence.
    pub exemplars: u64,
    /// Clusters of one route.
    pub clusters: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 4096,
            queue_bytes: 64 * 1024 * 1024,
            pairs: 20_000,
            pair_bytes: 256 * 1024 * 1024,
            age: Duration::from_secs(30 * 24 * 3600),
            sample: 256,
            exemplars: 5,
            clusters: 500,
        }
    }
}

/// The store, open to write. Dropping it stores what is queued and ends the writer.
pub struct Store {
    recorder: Recorder,
    writer: Option<JoinHandle<()>>,
    set_aside: Option<PathBuf>,
}

impl Store {
    /// Opens or creates the file and starts the writer thread. A file that is corrupt or of another version is
    /// renamed and a new one begun: evidence starts anew, which the gate sees.
    ///
    /// # Errors
    /// When the file can neither be opened nor created, or the thread not be started.
    pub fn open(path: &Path, key: &RedactionKey, limits: Limits) -> Result<Self, StoreError> {
        let (connection, set_aside) = schema::open(path, &limits)?;
        let (queue, messages) = sync_channel(limits.queue);
        let shared = Arc::new(Shared {
            queued: AtomicUsize::new(0),
            queue_bytes: limits.queue_bytes,
            losses: Losses::default(),
        });
        let mut writer = Writer::new(connection, path.to_owned(), limits, Redactor::new(key), shared.clone());
        let writer = std::thread::Builder::new()
            .name("shadow-store".to_owned())
            .spawn(move || writer.run(&messages))
            .map_err(StoreError::Thread)?;
        Ok(Self { recorder: Recorder { queue, shared }, writer: Some(writer), set_aside })
    }

    /// A handle that records; cheap to clone.
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// The new name of the file that was found at the path and could not be used.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// Opens a store that another process may be writing, to read. `None` when there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or is of another version.
    pub fn read(path: &Path) -> Result<Option<Reader>, StoreError> {
        Ok(schema::open_to_read(path)?.map(Reader::new))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // A full queue is worked off first. A writer that is gone already has nothing to end.
        let _ = self.recorder.queue.send(Message::Stop);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Hands experiments to the writer. Never waits.
#[derive(Clone)]
pub struct Recorder {
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
}

impl Recorder {
    /// Records a judged experiment. What does not fit into the queue is counted as dropped.
    pub fn record(&self, experiment: Experiment, judgement: Judgement, policy: &Arc<Policy>) {
        self.put(experiment, judgement, policy, false);
    }

    /// The same of one that may come several times: it is counted once.
    pub fn record_once(&self, experiment: Experiment, judgement: Judgement, policy: &Arc<Policy>) {
        self.put(experiment, judgement, policy, true);
    }

    fn put(&self, experiment: Experiment, judgement: Judgement, policy: &Arc<Policy>, once: bool) {
        let size = experiment.size();
        let queued = self.shared.queued.fetch_add(size, Ordering::Relaxed);
        if queued + size > self.shared.queue_bytes {
            self.shared.queued.fetch_sub(size, Ordering::Relaxed);
            return self.lost(&experiment.route, Loss::Dropped, "store-queue-full", 1);
        }
        let judged = Judged { experiment, judgement, policy: policy.clone(), size, once };
        if let Err(
            TrySendError::Full(Message::Judged(judged)) | TrySendError::Disconnected(Message::Judged(judged)),
        ) = self.queue.try_send(Message::Judged(Box::new(judged)))
        {
            self.shared.queued.fetch_sub(size, Ordering::Relaxed);
            self.lost(&judged.experiment.route, Loss::Dropped, "store-queue-full", 1);
        }
    }

    /// Counts what never became a judged experiment, under the newest evidence of the route.
    pub fn lost(&self, route: &str, loss: Loss, what: &str, n: u64) {
        self.shared.losses.add(route, loss, what, n);
    }

    /// Counts a loss that may be told several times, once.
    pub fn lost_once(&self, id: &str, route: &str, loss: Loss, what: &str, n: u64) {
        let lost = Lost { id: id.to_owned(), route: route.to_owned(), loss, what: what.to_owned(), n };
        // A writer that is gone counts nothing any more.
        let _ = self.queue.send(Message::Lost(Box::new(lost)));
    }

    /// Notes that a topic's partition was worked off up to that offset, behind all that was recorded before. Waits where
    /// the queue is full.
    pub fn reached(&self, topic: &str, partition: i32, next: i64) {
        let _ = self.queue.send(Message::Reached(topic.to_owned(), partition, next));
    }

    /// Waits until all that was recorded before is in the file. For tests and for ends of processes; it blocks.
    pub fn flush(&self) {
        let (done, wait) = sync_channel(1);
        if self.queue.send(Message::Flush(done)).is_ok() {
            let _ = wait.recv();
        }
    }
}

/// What recorders and the writer share.
struct Shared {
    /// Bytes in the queue.
    queued: AtomicUsize,
    queue_bytes: usize,
    losses: Losses,
}

/// An experiment on its way to the file.
struct Judged {
    experiment: Experiment,
    judgement: Judgement,
    policy: Arc<Policy>,
    size: usize,
    /// Whether it may come again.
    once: bool,
}

/// A loss on its way to the file.
struct Lost {
    id: String,
    route: String,
    loss: Loss,
    what: String,
    n: u64,
}

enum Message {
    Judged(Box<Judged>),
    Lost(Box<Lost>),
    Reached(String, i32, i64),
    Flush(SyncSender<()>),
    Stop,
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be opened or created.
    #[error("cannot open the shadow store {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// The file is no store of this version.
    #[error("{} is no shadow store of this version: serve with this version once, it sets the file aside", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// The file was begun by an older process, and what it lacks cannot be added from here.
    #[error(
        "{} was begun by an older version, and what it lacks cannot be added from here: serve with this version once, or \
         look as somebody who may write the file",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// An unusable file cannot be renamed.
    #[error("cannot set {} aside: rename or remove it by hand", path.display())]
    SetAside {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The writer thread cannot be started.
    #[error("cannot start the shadow store's writer thread")]
    Thread(#[source] std::io::Error),
    /// A query failed.
    #[error("cannot read the shadow store")]
    Read(#[from] rusqlite::Error),
    /// A stored pair cannot be understood.
    #[error("cannot read a stored pair")]
    Pair(#[from] serde_json::Error),
}
