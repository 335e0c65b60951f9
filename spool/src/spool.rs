//! The handle: what others append, read and settle by.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, SystemTime};
use std::{io, thread};

use bytes::Bytes;

use crate::disk::{Barrier, Disk, Lock};
use crate::layout::framed;
use crate::limits::Limits;
use crate::reader::{Frame, Reader};
use crate::recover::recover;
use crate::room::{Refused, Room};
use crate::segment::{Damage, Segment};
use crate::stats::{Counters, Stats};
use crate::writer::{Order, Waiting, Writer};

/// A frame was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Nothing of it was written.
    #[error("the spool did not take it")]
    Refused(#[from] Refused),
    /// Writing or syncing failed: it may come to light after a restart, or never.
    #[error("it is unknown whether the spool has it: {0}")]
    Unknown(String),
}

/// What is told of a frame: its number, once it is durable.
pub(crate) type Done = Box<dyn FnOnce(Result<u64, AppendError>) + Send>;

/// An open spool: one folder, locked. Dropping it writes what waits.
pub struct Spool {
    shared: Arc<Shared>,
    writer: Option<thread::JoinHandle<()>>,
    _lock: Lock,
}

/// What handle, writer and readers share.
pub(crate) struct Shared {
    pub disk: Arc<dyn Disk>,
    pub folder: PathBuf,
    pub limits: Limits,
    pub counters: Counters,
    state: Mutex<State>,
    orders: mpsc::Sender<Order>,
    news: Box<dyn Fn() + Send + Sync>,
}

/// How it stands.
pub(crate) struct State {
    /// From the oldest; the last one is written to if it is `active`.
    pub segments: VecDeque<Segment>,
    pub active: bool,
    /// All frames up to here are settled.
    pub settled: u64,
    /// All frames up to here are acknowledged, or were found at the start.
    pub durable: u64,
    /// When frames were appended, about one a second: a number, and its time in ms since 1970.
    pub times: VecDeque<(u64, u64)>,
    /// Bytes promised and waiting.
    pub waiting: u64,
    pub poisoned: Option<String>,
    pub closed: bool,
}

impl State {
    /// Whether so many bytes more can be appended for certain: what waits already counts, and a segment may end half
    /// empty since the next frame does not fit.
    fn has_room(&self, bytes: u64, limits: &Limits) -> bool {
        let needed = self.waiting + bytes;
        let rest =
            self.segments.back().filter(|_| self.active).map_or(0, |segment| segment.size - segment.end);
        let on_disk: u64 = self.segments.iter().map(|segment| segment.size).sum();
        let more = limits.size_max().saturating_sub(on_disk) / limits.segment();
        needed <= rest || needed <= more * limits.segment() / 2
    }

    /// Takes out the oldest segment, if all of it is settled and nothing will be written to it.
    pub(crate) fn pop_settled(&mut self, settled: u64) -> Option<Segment> {
        let closed = self.segments.len() > usize::from(self.active);
        self.segments.pop_front_if(|front| closed && front.last <= settled)
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell_news(&self) {
        (self.news)();
    }
}

impl Spool {
    /// Opens a folder that is locked by `lock`, and shows each frame that is not settled.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        (folder, lock): (PathBuf, Lock),
        limits: Limits,
        news: Box<dyn Fn() + Send + Sync>,
        visit: &mut dyn FnMut(&Frame),
    ) -> io::Result<Self> {
        let recovered = recover(&*disk, &folder, visit)?;
        let (orders, inbox) = mpsc::channel();
        let state = State {
            segments: recovered.segments.into(),
            active: false,
            settled: recovered.settled,
            durable: recovered.next - 1,
            times: recovered.oldest.map(|time| (recovered.settled + 1, time)).into_iter().collect(),
            waiting: 0,
            poisoned: None,
            closed: false,
        };
        let counters = Counters::default();
        let shared =
            Arc::new(Shared { disk, folder, limits, counters, state: Mutex::new(state), orders, news });
        let writer = Writer::new(Arc::clone(&shared), inbox, recovered.cursor, recovered.next);
        let writer = thread::Builder::new().name("spool".into()).spawn(move || writer.run())?;
        Ok(Self { shared, writer: Some(writer), _lock: lock })
    }

    /// Promises room for a frame with a body of that size.
    pub fn reserve(&self, body: usize) -> Result<Room, Refused> {
        self.try_reserve(body).inspect_err(|_| {
            self.shared.counters.refused.fetch_add(1, Relaxed);
        })
    }

    fn try_reserve(&self, body: usize) -> Result<Room, Refused> {
        let limits = &self.shared.limits;
        if body == 0 {
            return Err(Refused::Empty);
        }
        if body > limits.frame_max() {
            return Err(Refused::TooLarge { bytes: body, frame_max: limits.frame_max() });
        }
        let bytes = framed(body) as u64;
        let mut state = self.shared.state();
        if let Some(why) = &state.poisoned {
            return Err(Refused::Poisoned(why.clone()));
        }
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.waiting + bytes > limits.waiting_max() {
            return Err(Refused::Busy { waiting: state.waiting });
        }
        if !state.has_room(bytes, limits) {
            return Err(Refused::Full { size_max: limits.size_max() });
        }
        state.waiting += bytes;
        Ok(Room { of: Arc::clone(&self.shared), bytes })
    }

    /// Appends a frame. This is the point of no return; `done` is told once the frame is durable, or why it is not,
    /// on the spool's own thread, and must not wait.
    pub fn append(
        &self,
        room: Room,
        body: Bytes,
        done: impl FnOnce(Result<u64, AppendError>) + Send + 'static,
    ) {
        debug_assert!(framed(body.len()) as u64 <= room.bytes, "more than was reserved");
        let waiting = Waiting { body, room, done: Box::new(done) };
        if let Err(mpsc::SendError(Order::Append(waiting))) = self.shared.orders.send(Order::Append(waiting))
        {
            (waiting.done)(Err(Refused::Closed.into()));
        }
    }

    /// A reader that begins behind what is settled. There should be one.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// Says that all frames up to that one have been dealt with. Kept on disk within a second; after a crash some may
    /// come again.
    pub fn settle(&self, number: u64) {
        let mut state = self.shared.state();
        state.settled = state.settled.max(number.min(state.durable));
        while state.times.get(1).is_some_and(|(first, _)| *first <= state.settled + 1) {
            state.times.pop_front();
        }
        if state.settled == state.durable {
            state.times.clear();
        }
        let closed = state.segments.len() > usize::from(state.active);
        let passed = closed && state.segments.front().is_some_and(|front| front.last <= state.settled);
        drop(state);
        if passed {
            // A writer that has ended writes no cursor; frames then come again.
            let _ = self.shared.orders.send(Order::Tidy);
        }
    }

    /// Keeps a frame that nobody can take in a file of its own, `NUMBER.frame`, durable when this returns.
    pub fn set_aside(&self, frame: &Frame) -> io::Result<PathBuf> {
        let (disk, folder) = (&self.shared.disk, &self.shared.folder);
        let path = folder.join(format!("{:020}.frame", frame.number));
        let file = match disk.create(&path) {
            // As an earlier attempt left it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => disk.open(&path)?,
            created => created?,
        };
        file.write_at(&frame.body, 0)?;
        file.sync_all(Barrier::SegmentLength)?;
        disk.sync_folder(folder, Barrier::SegmentName)?;
        self.shared.counters.set_aside.fetch_add(1, Relaxed);
        Ok(path)
    }

    /// Whether every acknowledged frame is settled.
    pub fn is_drained(&self) -> bool {
        let state = self.shared.state();
        state.settled == state.durable
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// Its bounds.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// How it stands.
    pub fn stats(&self) -> Stats {
        let state = self.shared.state();
        let oldest = state.times.front().map(|(_, time)| {
            let then = SystemTime::UNIX_EPOCH + Duration::from_millis(*time);
            then.elapsed().unwrap_or_default()
        });
        Stats {
            frames: state.durable - state.settled,
            disk_bytes: state.segments.iter().map(|segment| segment.size).sum(),
            waiting_bytes: state.waiting,
            oldest,
            poisoned: state.poisoned.clone(),
            ..self.shared.counters.stats()
        }
    }

    /// Closes a drained spool and takes its folder away, unless something is kept aside there.
    pub fn remove(mut self) -> io::Result<()> {
        self.close();
        let (disk, folder) = (Arc::clone(&self.shared.disk), self.shared.folder.clone());
        if !self.is_drained() {
            return Err(io::Error::other("frames are left in it"));
        }
        for name in disk.list(&folder)? {
            if !is_kept(&name) && name != crate::folder::LOCK {
                disk.remove(&folder.join(name))?;
            }
        }
        if disk.list(&folder)?.iter().all(|name| name == crate::folder::LOCK) {
            disk.remove(&folder.join(crate::folder::LOCK))?;
            disk.remove_folder(&folder)?;
        }
        Ok(())
    }

    fn close(&mut self) {
        self.shared.state().closed = true;
        let _ = self.shared.orders.send(Order::Stop);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

/// Whether a file is one that people are to look at.
pub(crate) fn is_kept(name: &str) -> bool {
    name.ends_with(".damaged") || name.ends_with(".frame")
}

/// Notes that frames could not be read.
pub(crate) fn report(shared: &Shared, damage: &Damage) {
    let Damage { first, frames, offset, .. } = damage;
    let file = damage.segment.display();
    if damage.acknowledged {
        shared.counters.lost.fetch_add(damage.frames, Relaxed);
        tracing::error!(first, frames, %file, offset, "acknowledged frames cannot be read: the disk is damaged");
    } else {
        tracing::warn!(first, frames, %file, offset, "frames are not whole: as a crash leaves what it cut off, or damage");
    }
}
