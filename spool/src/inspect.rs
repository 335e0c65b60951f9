//! Looks at spools from outside, without a lock and without changing anything.

use std::io;
use std::path::{Path, PathBuf};

use crate::cursor::Cursor;
use crate::disk::Disk;
use crate::folder::is_name;
use crate::layout::parse_segment_name;
use crate::scan::{Found, Scan, read_all};
use crate::segment::{Damage, Segment};
use crate::spool::is_kept;

/// What lies in one process' folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderReport {
    /// The folder.
    pub folder: PathBuf,
    /// All frames up to this one are settled; `None` where the cursor can't be read.
    pub settled: Option<u64>,
    /// Whole frames behind that.
    pub frames: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// When the oldest of them was appended, in milliseconds since 1970.
    pub oldest: Option<u64>,
    /// Segments on disk.
    pub segments: usize,
    /// Frames behind the cursor that cannot be read.
    pub damage: Vec<Damage>,
    /// Segments in which something could not be read, and frames that nobody could take.
    pub kept_aside: Vec<PathBuf>,
}

/// Looks at all folders under `root`, and shows each frame that is not settled. Of a folder that a process works with,
/// it is a glance: what is settled or written meanwhile may be seen or not.
pub fn inspect(
    disk: &dyn Disk,
    root: &Path,
    visit: &mut dyn FnMut(&Path, &[u8]),
) -> io::Result<Vec<FolderReport>> {
    let mut names = match disk.list(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed?,
    };
    names.retain(|name| is_name(name));
    names.sort_unstable();
    names.into_iter().map(|name| folder(disk, root.join(name), visit)).collect()
}

fn folder(disk: &dyn Disk, folder: PathBuf, visit: &mut dyn FnMut(&Path, &[u8])) -> io::Result<FolderReport> {
    let names = disk.list(&folder)?;
    let mut segments: Vec<_> = names.iter().filter_map(|name| parse_segment_name(name)).collect();
    segments.sort_unstable();
    let kept_aside = names.iter().filter(|name| is_kept(name)).map(|name| folder.join(name));
    let settled = Cursor::peek(disk, &folder);
    let mut report = FolderReport {
        settled,
        frames: 0,
        bytes: 0,
        oldest: None,
        segments: segments.len(),
        damage: Vec::new(),
        kept_aside: kept_aside.collect(),
        folder,
    };
    let first = segments.first().map_or(0, |(first, _)| *first);
    let mut expected = settled.map_or(first, |settled| settled + 1);
    for (first, salt) in segments {
        let segment = Segment { first, salt, last: 0, end: 0, size: 0, damaged: false };
        let path = segment.path(&report.folder);
        // A process that works with it may have let it go by now.
        let Ok(file) = disk.open(&path) else { continue };
        report.missing(expected, first, &path, (0, true));
        expected = report.segment(&segment, &path, &read_all(&*file)?, expected.max(first), visit);
    }
    Ok(report)
}

impl FolderReport {
    /// Walks through a segment; gives the number that is expected behind it.
    fn segment(
        &mut self,
        segment: &Segment,
        path: &Path,
        bytes: &[u8],
        mut expected: u64,
        visit: &mut dyn FnMut(&Path, &[u8]),
    ) -> u64 {
        let mut scan = Scan::new(bytes, segment.salt, segment.first);
        loop {
            match scan.next() {
                Found::Frame(frame) if frame.number >= expected => {
                    self.frames += 1;
                    self.bytes += frame.body.len() as u64;
                    self.oldest.get_or_insert(frame.time);
                    visit(&self.folder, frame.body);
                    expected = frame.number + 1;
                }
                Found::Frame(_) => {}
                Found::Lost { first, frames, offset, acknowledged } => {
                    self.missing(expected, first + frames, path, (offset as u64, acknowledged));
                    expected = expected.max(first + frames);
                }
                Found::End { .. } => return expected,
            }
        }
    }

    fn missing(&mut self, expected: u64, found: u64, path: &Path, (offset, acknowledged): (u64, bool)) {
        if found > expected {
            let frames = found - expected;
            let segment = path.to_owned();
            self.damage.push(Damage { first: expected, frames, acknowledged, segment, offset });
        }
    }
}
