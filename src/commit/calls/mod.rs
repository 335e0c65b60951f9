//! HTTP calls that answers ask for: made after the commit, at least once each, in no order.
//!
//! An answer's calls lie in its frame in the spool. From there each goes into a spool of its own, so that a server that is
//! away holds up no record: many calls are under way at once, each tried again until it is taken, for as long as
//! `calls_for` says. What nobody takes by then, or is refused for good, is set aside in a file, and said.
//!
//! Whoever is called knows a call that comes again by its `Idempotency-Key`, unless the handler gave one the call's event id.

mod send;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use handover_api::Call;
use handover_spool::{AppendError, Disk, Frame, Limits, OpenError, Opened, Reader, RealDisk, Refused, Spool};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::send::Sender;
use super::spool::body::Spooled;
use crate::config::valid;
use crate::observe::chain;

/// The folder of the calls' spool in that of the records'.
pub(crate) const FOLDER: &str = "calls";

/// The field by which servers know a call that comes again (draft-ietf-httpapi-idempotency-key-header).
pub(super) const KEY_FIELD: &str = "Idempotency-Key";

/// The most calls that are under way, those that wait to be tried again among them.
const UNDER_WAY: usize = 1024;

/// About the most bytes that these have: they are in memory.
const BYTES: usize = 64 << 20;

/// The most calls that are known behind the first one that is not done: they are settled in order.
const BEHIND: usize = 1 << 16;

/// How often is looked again for what could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// How the calls stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallStats {
    /// Calls that wait or are under way.
    pub waiting: u64,
    /// Calls that were taken.
    pub taken: u64,
    /// Tries that were not taken and are tried again.
    pub tried_again: u64,
    /// Calls that were set aside.
    pub set_aside: u64,
}

/// What became of calls.
#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    tried_again: AtomicU64,
    set_aside: AtomicU64,
}

/// Makes calls, once there are any.
pub(super) struct Caller {
    folder: PathBuf,
    limits: Limits,
    calls_for: Duration,
    side: Handle,
    counts: Arc<Counts>,
    running: Mutex<Option<Running>>,
}

struct Running {
    own: Arc<Spool>,
    disk: Arc<dyn Disk>,
    news: Arc<Notify>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Caller {
    /// The caller of a spool. What an earlier run left is called now, on `side`.
    pub(super) fn new(spec: &valid::Spool, side: &Handle) -> Result<Self, OpenError> {
        let caller = Self {
            folder: spec.folder.join(FOLDER),
            limits: spec.limits,
            calls_for: spec.calls_for,
            side: side.clone(),
            counts: Arc::default(),
            running: Mutex::default(),
        };
        if caller.folder.is_dir() {
            caller.spool()?;
        }
        Ok(caller)
    }

    /// Whether there is room for the calls of one answer now. They are taken over later, so that they may have to wait all the
    /// same; but no answer is accepted whose calls would hold up all that comes behind it for certain. Never waits.
    pub(super) fn has_room(&self, calls: &[Call]) -> Result<(), Refused> {
        // Locked while the disk is worked on: then nobody knows.
        let Ok(running) = self.running.try_lock() else { return Ok(()) };
        let Some(own) = running.as_ref().map(|running| Arc::clone(&running.own)) else { return Ok(()) };
        drop(running);
        // Given back once there is room for all of them.
        calls.iter().map(|call| own.reserve(body(call).len())).collect::<Result<Vec<_>, _>>().map(drop)
    }

    /// Takes the calls of one answer over. When this returns they are durable.
    pub(super) async fn take(&self, calls: &[Call]) -> Result<(), AppendError> {
        if calls.is_empty() {
            return Ok(());
        }
        let spool = self.spool().map_err(|error| AppendError::Unknown(error.to_string()))?;
        for call in calls {
            let body = body(call);
            let room = spool.reserve(body.len())?;
            let (tell, told) = oneshot::channel();
            // Whoever asked may be gone.
            spool.append(room, body, move |done| drop(tell.send(done)));
            let gone = |_| Err(AppendError::Unknown("the spool's thread has ended".to_owned()));
            told.await.unwrap_or_else(gone)?;
        }
        Ok(())
    }

    /// How the calls stand.
    pub(super) fn stats(&self) -> CallStats {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        CallStats {
            waiting: running.as_ref().map_or(0, |running| running.own.stats().frames),
            taken: self.counts.taken.load(Relaxed),
            tried_again: self.counts.tried_again.load(Relaxed),
            set_aside: self.counts.set_aside.load(Relaxed),
        }
    }

    /// Ends it. What is under way comes again with the next start.
    pub(super) async fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { stop, tasks, .. }) = running else { return };
        stop.send_replace(true);
        for task in tasks {
            // An error is one that panicked; its calls come again.
            let _ = task.await;
        }
    }

    /// Takes over what other processes have left. It reads folders: not for a core.
    pub(super) fn adopt(&self) {
        if !self.folder.is_dir() || self.spool().is_err() {
            return;
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = &mut *running else { return };
        let (disk, told) = (Arc::clone(&running.disk), told(&running.news));
        match handover_spool::adopt(&disk, &self.folder, self.limits, told, &mut |_| {}) {
            Ok(spools) => spools.into_iter().for_each(|spool| self.empty(running, spool)),
            Err(error) => {
                tracing::warn!(error = chain(&error), "calls that others have left cannot be taken over");
            }
        }
    }

    /// The spool, opened when it is first needed.
    fn spool(&self) -> Result<Arc<Spool>, OpenError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Ok(Arc::clone(&running.own));
        }
        let (disk, news): (Arc<dyn Disk>, _) = (Arc::new(RealDisk), Arc::<Notify>::default());
        let Opened { own, adopted } =
            handover_spool::open(&disk, &self.folder, self.limits, told(&news), &mut |_| {})?;
        let own = Arc::new(own);
        let (tasks, stop) = (Vec::new(), watch::Sender::new(false));
        let mut opened = Running { own: Arc::clone(&own), disk, news, stop, tasks };
        let calls = self.calls(&opened, &own, false);
        opened.tasks.push(self.side.spawn(calls.run()));
        adopted.into_iter().for_each(|spool| self.empty(&mut opened, spool));
        *running = Some(opened);
        Ok(own)
    }

    /// Makes the calls that another process has left, to the end, and takes its folder away.
    fn empty(&self, running: &mut Running, spool: Spool) {
        let spool = Arc::new(spool);
        let calls = self.calls(running, &spool, true);
        running.tasks.retain(|task| !task.is_finished());
        running.tasks.push(self.side.spawn(empty(calls, spool)));
    }

    fn calls(&self, running: &Running, spool: &Arc<Spool>, to_the_end: bool) -> Calls {
        Calls {
            spool: Arc::clone(spool),
            sender: Arc::new(Sender::new(self.calls_for)),
            counts: Arc::clone(&self.counts),
            news: Arc::clone(&running.news),
            stop: running.stop.subscribe(),
            to_the_end,
        }
    }
}

/// The body of one call's frame.
fn body(call: &Call) -> Bytes {
    Spooled { calls: vec![call.clone()], ..Spooled::default() }.encode()
}

/// Tells the tasks that there is something new.
fn told(news: &Arc<Notify>) -> Arc<dyn Fn() + Send + Sync> {
    let news = Arc::clone(news);
    Arc::new(move || news.notify_one())
}

/// Makes the calls that lie in one spool.
struct Calls {
    spool: Arc<Spool>,
    sender: Arc<Sender>,
    counts: Arc<Counts>,
    news: Arc<Notify>,
    stop: watch::Receiver<bool>,
    /// Whether it ends once nothing is left: a spool that another process left.
    to_the_end: bool,
}

impl Calls {
    async fn run(mut self) {
        let mut reader = self.spool.reader();
        // By number; with what is done behind something that is not.
        let mut order = VecDeque::<(u64, bool)>::new();
        // With how many bytes.
        let (mut under_way, mut bytes) = (JoinSet::<(u64, usize)>::new(), 0);
        while !*self.stop.borrow() {
            let read;
            let room = (UNDER_WAY - under_way.len()).min(BEHIND - order.len());
            (reader, read) = next(reader, room, BYTES.saturating_sub(bytes), &self.spool).await;
            for found in read {
                match found {
                    Ok(frame) => {
                        order.push_back((frame.number, false));
                        bytes += frame.body.len();
                        under_way.spawn(self.call(frame));
                    }
                    // It was said where it was found.
                    Err(lost) => order.push_back((lost, true)),
                }
            }
            self.settle(&mut order);
            if self.to_the_end && under_way.is_empty() && !reader.is_behind() {
                return;
            }
            let has_room = under_way.len() < UNDER_WAY && order.len() < BEHIND && bytes < BYTES;
            tokio::select! {
                Some(ended) = under_way.join_next() => {
                    // A call's task that panicked comes again with the next start.
                    let Ok((number, size)) = ended else { continue };
                    bytes -= size;
                    order.iter_mut().filter(|(of, _)| *of == number).for_each(|(_, done)| *done = true);
                    self.settle(&mut order);
                }
                // What others have left gets no more, and must not take the news away from our own.
                () = self.news.notified(), if has_room && !self.to_the_end => {}
                // A segment could not be opened, which may pass.
                () = tokio::time::sleep(AGAIN), if has_room && reader.is_behind() => {}
                // An error is a caller that is gone: the spool as a whole could not be opened.
                changed = self.stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Settles as far as all before is done.
    fn settle(&self, order: &mut VecDeque<(u64, bool)>) {
        while let Some((number, true)) = order.front().copied() {
            self.spool.settle(number);
            order.pop_front();
        }
    }

    /// Makes one call until it is taken, or is set aside. Gives its number, and how many bytes it had.
    fn call(&self, frame: Frame) -> impl Future<Output = (u64, usize)> + Send + use<> {
        let (spool, sender, counts) =
            (Arc::clone(&self.spool), Arc::clone(&self.sender), Arc::clone(&self.counts));
        async move {
            let (number, size) = (frame.number, frame.body.len());
            let again = || _ = counts.tried_again.fetch_add(1, Relaxed);
            match sender.make(&frame, again).await {
                Ok(()) => _ = counts.taken.fetch_add(1, Relaxed),
                Err(why) => {
                    counts.set_aside.fetch_add(1, Relaxed);
                    let kept = tokio::task::spawn_blocking(move || spool.set_aside(&frame)).await;
                    match kept {
                        Ok(Ok(file)) => {
                            let file = file.display();
                            tracing::error!(%file, %why, "an HTTP call was not taken, and is set aside");
                        }
                        Ok(Err(error)) => {
                            tracing::error!(%error, %why, "an HTTP call was not taken, and can't be set aside: it is lost");
                        }
                        Err(error) => tracing::error!(%error, %why, "an HTTP call was not taken: it is lost"),
                    }
                }
            }
            (number, size)
        }
    }
}

/// The next frames, or the numbers through which frames are lost, on a thread that may wait for the disk.
async fn next(
    mut reader: Reader,
    most: usize,
    bytes_most: usize,
    spool: &Arc<Spool>,
) -> (Reader, Vec<Result<Frame, u64>>) {
    if most == 0 || bytes_most == 0 || !reader.is_behind() {
        return (reader, Vec::new());
    }
    let own = Arc::clone(spool);
    let reading = tokio::task::spawn_blocking(move || {
        let (mut found, mut bytes) = (Vec::new(), 0);
        while found.len() < most && bytes < bytes_most {
            match reader.read() {
                Ok(Some(read)) => {
                    bytes += read.as_ref().map_or(0, |frame| frame.body.len());
                    found.push(read.map_err(|damage| damage.through()));
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a segment of the calls' spool cannot be opened");
                    break;
                }
            }
        }
        (reader, found)
    });
    // Only a panic in there ends it otherwise; reading then begins anew.
    reading.await.unwrap_or_else(|_| (own.reader(), Vec::new()))
}

async fn empty(calls: Calls, spool: Arc<Spool>) {
    calls.run().await;
    if let Some(spool) = Arc::into_inner(spool).filter(Spool::is_drained) {
        let folder = spool.folder().to_owned();
        let removed = tokio::task::spawn_blocking(move || spool.remove()).await;
        if !matches!(removed, Ok(Ok(()))) {
            tracing::warn!(folder = %folder.display(), "an emptied spool of calls stays");
        }
    }
}
