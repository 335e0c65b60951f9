//! Reads acknowledged frames in their order, each once, over what is damaged.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::DiskFile;
use crate::layout::{Decoded, HEAD, announced, decode};
use crate::scan::{Found, Scan, read};
use crate::segment::{Damage, Segment};
use crate::spool::{Shared, report};

/// What is read at once.
const CHUNK: usize = 256 << 10;

/// A frame as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number.
    pub number: u64,
    /// When it was appended, in milliseconds since 1970.
    pub time: u64,
    /// Its body.
    pub body: Bytes,
}

/// Reads a spool's frames.
pub struct Reader {
    shared: Arc<Shared>,
    next: u64,
    open: Option<Open>,
}

/// The segment that is being read.
struct Open {
    first: u64,
    file: Arc<dyn DiskFile>,
    /// Where the next frame begins.
    offset: u64,
    /// Its number, or a lower one while frames that are settled are passed over.
    number: u64,
    /// Bytes from `base` on.
    chunk: Vec<u8>,
    base: u64,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let next = shared.state().settled + 1;
        Self { shared, next, open: None }
    }

    /// Goes back to behind what is settled.
    pub fn rewind(&mut self) {
        *self = Self::new(Arc::clone(&self.shared));
    }

    /// Whether there is something to read.
    pub fn is_behind(&self) -> bool {
        self.next <= self.shared.state().durable
    }

    /// The next frame, or what is lost in its place; `None` while there is none. An error is one of opening a file,
    /// and may pass.
    pub fn read(&mut self) -> io::Result<Option<Result<Frame, Damage>>> {
        loop {
            let state = self.shared.state();
            if self.next > state.durable {
                return Ok(None);
            }
            let found = state.segments.iter().find(|segment| segment.last >= self.next).cloned();
            let durable = state.durable;
            drop(state);
            match found {
                Some(segment) if segment.first <= self.next => {
                    if let Some(read) = self.within(&segment)? {
                        return Ok(Some(read));
                    }
                }
                // Between two segments, or behind the last one, frames are missing.
                Some(segment) => return Ok(Some(Err(self.lose(segment.first - 1, &segment, (0, true))))),
                None => {
                    let segment =
                        Segment { first: self.next, salt: 0, last: 0, end: 0, size: 0, damaged: false };
                    return Ok(Some(Err(self.lose(durable, &segment, (0, true)))));
                }
            }
        }
    }

    /// One step within a segment; `None` when it passed over a frame that is settled.
    fn within(&mut self, segment: &Segment) -> io::Result<Option<Result<Frame, Damage>>> {
        if self.open.as_ref().is_none_or(|open| open.first != segment.first) {
            let file = self.shared.disk.open(&segment.path(&self.shared.folder))?;
            let (first, number) = (segment.first, segment.first);
            self.open = Some(Open { first, file, offset: 0, number, chunk: Vec::new(), base: 0 });
        }
        let Some(open) = self.open.as_mut() else { return Ok(None) };
        open.load(segment.end);
        match decode(open.rest(), segment.salt, &(open.number..=open.number)) {
            Decoded::Frame(frame) => {
                let found = Frame {
                    number: frame.number,
                    time: frame.time,
                    body: Bytes::copy_from_slice(frame.body),
                };
                open.offset += frame.framed() as u64;
                open.number += 1;
                if found.number < self.next {
                    return Ok(None);
                }
                self.next = found.number + 1;
                Ok(Some(Ok(found)))
            }
            Decoded::End | Decoded::Bad => Ok(self.skip(segment)),
        }
    }

    /// Looks for the next frame that can be read in this segment, and tells what is lost before it.
    fn skip(&mut self, segment: &Segment) -> Option<Result<Frame, Damage>> {
        let open = self.open.as_mut()?;
        let offset = open.offset;
        let rest = read(&*open.file, offset, (segment.end.saturating_sub(offset)) as usize);
        let mut scan = Scan::new(&rest, segment.salt, open.number);
        let (through, acknowledged) = match scan.next() {
            Found::Lost { first, frames, acknowledged, .. } => {
                open.offset += scan.at() as u64;
                open.number = first + frames;
                (first + frames - 1, acknowledged)
            }
            // It can be read after all.
            Found::Frame(_) => {
                (open.chunk, open.base) = (rest, offset);
                return None;
            }
            Found::End { .. } => {
                (open.offset, open.number) = (segment.end, segment.last + 1);
                (segment.last, true)
            }
        };
        open.chunk.clear();
        (through >= self.next).then(|| Err(self.lose(through, segment, (offset, acknowledged))))
    }

    fn lose(&mut self, through: u64, segment: &Segment, (offset, acknowledged): (u64, bool)) -> Damage {
        let first = self.next;
        self.next = through + 1;
        if let Some(known) =
            self.shared.state().segments.iter_mut().find(|known| known.first == segment.first)
        {
            known.damaged = true;
        }
        let file = segment.path(&self.shared.folder);
        let damage = Damage { first, frames: through + 1 - first, acknowledged, segment: file, offset };
        report(&self.shared, &damage);
        damage
    }
}

impl Open {
    /// Has the frame at `offset` in the chunk, whole, if it ends before `end`.
    fn load(&mut self, end: u64) {
        let needed = |rest: &[u8]| announced(rest).unwrap_or(HEAD).max(HEAD);
        if self.has(needed(self.rest())) {
            return;
        }
        self.fill(CHUNK, end);
        let whole = needed(self.rest());
        if !self.has(whole) {
            self.fill(whole, end);
        }
    }

    fn fill(&mut self, length: usize, end: u64) {
        let left = usize::try_from(end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        self.chunk = read(&*self.file, self.offset, length.min(left));
        self.base = self.offset;
    }

    fn has(&self, length: usize) -> bool {
        self.rest().len() >= length
    }

    fn rest(&self) -> &[u8] {
        let at = self.offset.checked_sub(self.base).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.chunk.get(at..)).unwrap_or_default()
    }
}
