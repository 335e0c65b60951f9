//! The one thread that writes: frames, the cursor, and segments that come and go.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use crate::cursor::Cursor;
use crate::disk::{Barrier, DiskFile};
use crate::layout::{BATCH_MAX, encode, framed};
use crate::room::{Refused, Room};
use crate::segment::Segment;
use crate::spool::{AppendError, Done, Shared, State};

/// The most bytes that one sync is for.
const BATCH: usize = 1 << 20;
/// How long a cursor may lag behind what is settled.
const CURSOR_LAG: Duration = Duration::from_secs(1);
/// How long a disk that gave no room for a segment is not asked again.
const DISK_FULL: Duration = Duration::from_secs(1);
const ZEROS: usize = 256 << 10;

/// What the thread is asked to do.
pub(crate) enum Order {
    Append(Waiting),
    /// Something was settled that may let a segment go.
    Tidy,
    Stop,
}

/// A frame that waits for the disk.
pub(crate) struct Waiting {
    pub body: Bytes,
    pub room: Room,
    pub done: Done,
}

/// The thread's side of a spool.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    inbox: Receiver<Order>,
    cursor: Cursor,
    cursor_at: u64,
    cursor_written: Instant,
    /// The number of the next frame.
    next: u64,
    active: Option<Active>,
    /// When the disk last gave no room for a segment, and what it said.
    no_segment: Option<(Instant, Refused)>,
}

struct Active {
    file: Arc<dyn DiskFile>,
    salt: u32,
    end: u64,
    size: u64,
}

/// Frames of one batch, encoded for one segment.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    waiting: Vec<(Room, Done)>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, inbox: Receiver<Order>, cursor: Cursor, next: u64) -> Self {
        let cursor_at = shared.state().settled;
        Self {
            shared,
            inbox,
            cursor,
            cursor_at,
            cursor_written: Instant::now(),
            next,
            active: None,
            no_segment: None,
        }
    }

    /// Writes until it is told to stop, and then what waits.
    pub(crate) fn run(mut self) {
        loop {
            match self.inbox.recv_timeout(CURSOR_LAG) {
                Ok(Order::Append(first)) => {
                    let stop = self.append(first);
                    self.tidy(stop);
                    if stop {
                        return;
                    }
                }
                Ok(Order::Tidy) => self.tidy(true),
                Err(RecvTimeoutError::Timeout) => self.tidy(false),
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return self.tidy(true),
            }
        }
    }

    /// Appends a frame and those behind it. `true` when there was an order to stop among them.
    fn append(&mut self, first: Waiting) -> bool {
        let (mut batch, mut stop, mut next) = (Batch::default(), false, Some(first));
        while let Some(waiting) = next {
            self.encode(&mut batch, waiting);
            next = None;
            while next.is_none() && batch.bytes.len() < BATCH && batch.waiting.len() < BATCH_MAX && !stop {
                match self.inbox.try_recv() {
                    Ok(Order::Append(waiting)) => next = Some(waiting),
                    // It is done after each batch anyhow.
                    Ok(Order::Tidy) => {}
                    Ok(Order::Stop) => stop = true,
                    Err(_) => break,
                }
            }
        }
        self.write(&mut batch);
        stop
    }

    fn encode(&mut self, batch: &mut Batch, waiting: Waiting) {
        let needed = (batch.bytes.len() + framed(waiting.body.len())) as u64;
        if self.active.as_ref().is_none_or(|active| active.end + needed > active.size) {
            self.write(batch);
            if let Err(refused) = self.begin_segment() {
                self.shared.counters.refused.fetch_add(1, Relaxed);
                drop(waiting.room);
                return (waiting.done)(Err(refused.into()));
            }
        }
        let salt = self.active.as_ref().map_or(0, |active| active.salt);
        let number = self.next + batch.waiting.len() as u64;
        let index = batch.waiting.len() as u16;
        encode(&mut batch.bytes, salt, number, (now(), index), &waiting.body);
        batch.waiting.push((waiting.room, waiting.done));
    }

    /// Writes and syncs a batch, then acknowledges it.
    fn write(&mut self, batch: &mut Batch) {
        let Batch { bytes, waiting } = std::mem::take(batch);
        let Some(active) = self.active.as_mut().filter(|_| !waiting.is_empty()) else { return };
        let poisoned = self.shared.state().poisoned.clone();
        if let Some(why) = poisoned {
            return fail(&self.shared, waiting, &Refused::Poisoned(why).into());
        }
        let began = Instant::now();
        let written = active.file.write_at(&bytes, active.end);
        if let Err(error) = written.and_then(|()| active.file.sync_data(Barrier::Frames)) {
            let why = poison(&self.shared, "frames could not be written", &error);
            return fail(&self.shared, waiting, &AppendError::Unknown(why));
        }
        self.shared.counters.synced(began.elapsed());
        active.end += bytes.len() as u64;
        let (first, count) = (self.next, waiting.len() as u64);
        self.next += count;
        note(self.shared.state(), active.end, first, self.next - 1);
        self.shared.counters.appended.fetch_add(count, Relaxed);
        for (number, (room, done)) in (first..).zip(waiting) {
            drop(room);
            done(Ok(number));
        }
        self.shared.tell_news();
    }

    fn begin_segment(&mut self) -> Result<(), Refused> {
        let limits = &self.shared.limits;
        let state = self.shared.state();
        let on_disk: u64 = state.segments.iter().map(|segment| segment.size).sum();
        let poisoned = state.poisoned.clone();
        drop(state);
        if let Some(why) = poisoned {
            return Err(Refused::Poisoned(why));
        }
        if on_disk + limits.segment() > limits.size_max() {
            return Err(Refused::Full { size_max: limits.size_max() });
        }
        if let Some((_, refused)) = self.no_segment.as_ref().filter(|(since, _)| since.elapsed() < DISK_FULL)
        {
            return Err(refused.clone());
        }
        let (salt, size, first) = (fastrand::u32(..), limits.segment(), self.next);
        let segment = Segment { first, salt, last: first - 1, end: 0, size, damaged: false };
        let file = self.make_file(&segment).map_err(|error| {
            tracing::warn!(folder = %self.shared.folder.display(), %error, "no new segment for the spool");
            // What is there of it has no frames; the next attempt has another salt.
            let _ = self.shared.disk.remove(&segment.path(&self.shared.folder));
            Refused::NoSegment(error.to_string())
        });
        let file = file.inspect_err(|refused| self.no_segment = Some((Instant::now(), refused.clone())))?;
        self.active = Some(Active { file, salt, end: 0, size });
        let mut state = self.shared.state();
        state.segments.push_back(segment);
        state.active = true;
        Ok(())
    }

    fn make_file(&self, segment: &Segment) -> io::Result<Arc<dyn DiskFile>> {
        let (disk, folder) = (&self.shared.disk, &self.shared.folder);
        let file = disk.create(&segment.path(folder))?;
        let zeros = vec![0; ZEROS.min(segment.size as usize)];
        for offset in (0..segment.size).step_by(zeros.len()) {
            let length = zeros.len().min((segment.size - offset) as usize);
            file.write_at(&zeros[..length], offset)?;
        }
        file.sync_all(Barrier::SegmentLength)?;
        disk.sync_folder(folder, Barrier::SegmentName)?;
        Ok(file)
    }

    /// Moves the cursor on and lets segments go. Not `now`: only when the cursor has lagged for long enough.
    fn tidy(&mut self, now: bool) {
        let state = self.shared.state();
        let settled = state.settled;
        let due = now || self.cursor_written.elapsed() >= CURSOR_LAG;
        if state.poisoned.is_some() || settled == self.cursor_at || !due {
            return;
        }
        drop(state);
        if let Err(error) = self.cursor.write(settled) {
            poison(&self.shared, "the cursor could not be written", &error);
            return;
        }
        (self.cursor_at, self.cursor_written) = (settled, Instant::now());
        self.let_go(settled);
    }

    fn let_go(&self, settled: u64) {
        // Not under the lock: removing takes its time, and cores reserve meanwhile.
        let next = || self.shared.state().pop_settled(settled);
        let (disk, folder) = (&self.shared.disk, &self.shared.folder);
        while let Some(segment) = next() {
            let gone = match segment.damaged {
                true => disk.rename(&segment.path(folder), &segment.kept_aside(folder)),
                false => disk.remove(&segment.path(folder)),
            };
            if let Err(error) = gone {
                // It goes at the next start.
                tracing::warn!(file = %segment.path(folder).display(), %error, "a settled segment stays");
            }
        }
    }
}

/// Notes frames as acknowledged.
fn note(mut state: MutexGuard<'_, State>, end: u64, first: u64, last: u64) {
    if let Some(segment) = state.segments.back_mut() {
        (segment.end, segment.last) = (end, last);
    }
    let time = now();
    if state.times.back().is_none_or(|(_, before)| time >= before + 1000) {
        state.times.push_back((first, time));
    }
    state.durable = last;
}

fn fail(shared: &Shared, waiting: Vec<(Room, Done)>, error: &AppendError) {
    let counter = match error {
        AppendError::Refused(_) => &shared.counters.refused,
        AppendError::Unknown(_) => &shared.counters.unknown,
    };
    counter.fetch_add(waiting.len() as u64, Relaxed);
    for (room, done) in waiting {
        drop(room);
        done(Err(error.clone()));
    }
}

fn poison(shared: &Shared, what: &str, error: &io::Error) -> String {
    let why = format!("{what}: {error}");
    tracing::error!(folder = %shared.folder.display(), "the spool takes nothing more until a restart: {why}");
    shared.state().poisoned.get_or_insert(why).clone()
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64)
}
