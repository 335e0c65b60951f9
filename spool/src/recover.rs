//! What an earlier process left in a folder, made durable as it is found.

use std::io;
use std::path::Path;

use bytes::Bytes;

use crate::cursor::Cursor;
use crate::disk::{Barrier, Disk, DiskFile};
use crate::layout::parse_segment_name;
use crate::reader::Frame;
use crate::scan::{Found, Scan, read_all};
use crate::segment::Segment;

/// A folder as it was found.
pub(crate) struct Recovered {
    pub cursor: Cursor,
    /// All frames up to this one are settled.
    pub settled: u64,
    /// The number of the next frame to be appended.
    pub next: u64,
    /// When the oldest frame that is not settled was appended.
    pub oldest: Option<u64>,
    pub segments: Vec<Segment>,
}

/// Recovers a folder that is locked by us, and shows each frame that is not settled.
pub(crate) fn recover(
    disk: &dyn Disk,
    folder: &Path,
    visit: &mut dyn FnMut(&Frame),
) -> io::Result<Recovered> {
    let (cursor, at) = Cursor::open(disk, folder)?;
    let mut names: Vec<_> = disk.list(folder)?.iter().filter_map(|name| parse_segment_name(name)).collect();
    names.sort_unstable();
    if at.is_none() && !names.is_empty() {
        tracing::warn!(folder = %folder.display(), "the spool's cursor is lost: frames may be sent again");
    }
    let settled = at.unwrap_or_else(|| names.first().map_or(0, |(first, _)| first.saturating_sub(1)));
    let mut recovered = Recovered { cursor, settled, next: settled + 1, oldest: None, segments: Vec::new() };
    for (first, salt) in names {
        let segment = recovered.segment(disk, folder, (first, salt), visit)?;
        recovered.next = recovered.next.max(first).max(segment.last + 1);
        if segment.last > settled {
            recovered.segments.push(segment);
        } else {
            disk.remove(&segment.path(folder))?;
        }
    }
    Ok(recovered)
}

impl Segment {
    /// Gives the room back that nothing was written to, and nothing will be: a process that starts again and again while nobody
    /// takes its frames would fill the disk with zeros. That it cannot be given back is no reason not to start.
    fn give_back(&mut self, file: &dyn DiskFile) {
        if self.end < self.size && file.shorten(self.end).is_ok() {
            self.size = self.end;
        }
    }
}

impl Recovered {
    fn segment(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        (first, salt): (u64, u32),
        visit: &mut dyn FnMut(&Frame),
    ) -> io::Result<Segment> {
        let mut segment = Segment { first, salt, last: first - 1, end: 0, size: 0, damaged: false };
        let file = disk.open(&segment.path(folder))?;
        let bytes = read_all(&*file)?;
        segment.size = bytes.len() as u64;
        let mut scan = Scan::new(&bytes, salt, first);
        loop {
            match scan.next() {
                Found::Frame(frame) => {
                    (segment.last, segment.end) = (frame.number, scan.at() as u64);
                    if frame.number > self.settled {
                        self.oldest.get_or_insert(frame.time);
                        let body = Bytes::copy_from_slice(frame.body);
                        visit(&Frame { number: frame.number, time: frame.time, body });
                    }
                }
                Found::Lost { .. } => segment.damaged = true,
                Found::End { torn } => {
                    if !torn && !segment.damaged {
                        segment.give_back(&*file);
                    } else if torn {
                        tracing::info!(
                            file = %segment.path(folder).display(),
                            offset = scan.at(),
                            "the last frame of a segment is not whole: as after a crash, before it was acknowledged"
                        );
                    }
                    break;
                }
            }
        }
        if segment.last > self.settled {
            file.sync_all(Barrier::Recovered)?;
        }
        Ok(segment)
    }
}
