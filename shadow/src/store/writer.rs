//! The writer thread: gathers what comes, commits it in batches, survives a full disk and a broken file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::keep::Keeper;
use super::topic::{self, Places};
use super::{Judged, Limits, Lost, Message, Shared, retain, schema};
use crate::evidence::Loss;
use crate::redact::Redactor;

/// At most so long after an experiment was recorded, readers see it.
const COMMIT: Duration = Duration::from_millis(200);

/// A batch has at most so many experiments.
const BATCH: usize = 512;

/// How long several messages are waited for.
const SEVERAL: Duration = Duration::from_millis(5);

/// How often what is too old or too much is removed.
const RETAIN: Duration = Duration::from_secs(10);

pub(super) struct Writer {
    connection: Connection,
    path: PathBuf,
    limits: Limits,
    keeper: Keeper,
    shared: Arc<Shared>,
    retained: Instant,
    failing: bool,
}

/// What ended a batch.
enum End {
    Full,
    Flush(SyncSender<()>),
    Stop,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        path: PathBuf,
        limits: Limits,
        redactor: Redactor,
        shared: Arc<Shared>,
    ) -> Self {
        let keeper = Keeper::new(limits.clone(), redactor);
        Self { connection, path, limits, keeper, shared, retained: Instant::now(), failing: false }
    }

    /// Runs until [`Message::Stop`].
    pub(super) fn run(&mut self, messages: &Receiver<Message>) {
        loop {
            let (batch, end) = gather(messages);
            for judged in &batch.judged {
                self.shared.queued.fetch_sub(judged.size, Ordering::Relaxed);
            }
            self.write(&batch);
            match end {
                End::Full => {}
                End::Flush(done) => drop(done.try_send(())),
                End::Stop => return,
            }
        }
    }

    fn write(&mut self, batch: &Batch) {
        let losses = self.shared.losses.take();
        let retain = self.retained.elapsed() >= RETAIN;
        if batch.judged.is_empty()
            && batch.lost.is_empty()
            && batch.places.is_empty()
            && losses.is_empty()
            && !retain
        {
            return;
        }
        let written = self.commit(batch, &losses, retain);
        match written {
            Ok(()) => self.failing = false,
            Err(fault) => {
                self.keeper.forget();
                for judged in &batch.judged {
                    self.shared.losses.add(&judged.experiment.route, Loss::Dropped, "store-failed", 1);
                }
                for lost in &batch.lost {
                    self.shared.losses.add(&lost.route, lost.loss, &lost.what, lost.n);
                }
                for ((route, loss, what), n) in losses {
                    self.shared.losses.add(&route, loss, &what, n);
                }
                self.recover(&fault);
            }
        }
    }

    fn commit(
        &mut self,
        batch: &Batch,
        losses: &std::collections::HashMap<(String, Loss, String), u64>,
        retain: bool,
    ) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let now = Timestamp::now().as_microsecond();
        self.keeper.batch(&transaction, &batch.judged)?;
        self.keeper.losses(&transaction, losses)?;
        self.keeper.losses(&transaction, &topic::firsts(&transaction, &batch.lost, now)?)?;
        topic::reached(&transaction, &batch.places)?;
        if retain {
            retain::apply(&transaction, &self.limits, now)?;
            self.keeper.forget();
            self.retained = Instant::now();
        }
        transaction.commit()
    }

    /// Begins a new file when this one is broken; otherwise says so once and goes on trying.
    fn recover(&mut self, fault: &rusqlite::Error) {
        if !self.failing {
            tracing::error!(path = %self.path.display(), %fault, "cannot write the shadow store; experiments are dropped and counted");
        }
        self.failing = true;
        if !schema::is_corrupt(fault) {
            return;
        }
        match Connection::open_in_memory().map(|memory| std::mem::replace(&mut self.connection, memory)) {
            Ok(broken) => drop(broken),
            Err(_) => return,
        }
        match schema::set_aside(&self.path).and_then(|_| schema::open(&self.path, &self.limits)) {
            Ok((connection, _)) => self.connection = connection,
            Err(fault) => tracing::error!(%fault, "cannot begin a new shadow store"),
        }
    }
}

/// What is committed together.
#[derive(Default)]
struct Batch {
    judged: Vec<Judged>,
    lost: Vec<Lost>,
    places: Places,
}

/// The next experiments: as many as come within the commit interval, or fit into a batch.
fn gather(messages: &Receiver<Message>) -> (Batch, End) {
    let mut batch = Batch::default();
    let until = Instant::now() + COMMIT;
    let mut next = messages.recv_timeout(COMMIT);
    loop {
        match next {
            Ok(Message::Judged(judged)) => batch.judged.push(*judged),
            Ok(Message::Lost(lost)) => batch.lost.push(*lost),
            Ok(Message::Reached(topic, partition, next)) => _ = batch.places.insert((topic, partition), next),
            Ok(Message::Flush(done)) => return (batch, End::Flush(done)),
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return (batch, End::Stop),
            Err(RecvTimeoutError::Timeout) => return (batch, End::Full),
        }
        if batch.judged.len() == BATCH {
            return (batch, End::Full);
        }
        next = following(messages, until);
    }
}

/// The message that comes next before `until`. Where none is there, several are waited for: to be woken for each would
/// cost this thread and the judge's more than to write them.
fn following(messages: &Receiver<Message>, until: Instant) -> Result<Message, RecvTimeoutError> {
    loop {
        match messages.try_recv() {
            Ok(message) => return Ok(message),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) if Instant::now() >= until => return Err(RecvTimeoutError::Timeout),
            Err(TryRecvError::Empty) => std::thread::sleep(SEVERAL),
        }
    }
}
