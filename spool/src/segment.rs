//! What is known of a segment, and what may be wrong in one.

use std::path::{Path, PathBuf};

use crate::layout::segment_name;

/// A segment of an open spool.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// The number of its first frame.
    pub first: u64,
    /// What its checksums begin with.
    pub salt: u32,
    /// The number of its last acknowledged frame; one less than `first` while there is none.
    pub last: u64,
    /// Where that frame ends.
    pub end: u64,
    /// Its whole size.
    pub size: u64,
    /// Whether something in it could not be read.
    pub damaged: bool,
}

impl Segment {
    /// Its file.
    pub(crate) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(segment_name(self.first, self.salt))
    }

    /// The name under which it is kept for people to look at.
    pub(crate) fn kept_aside(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.damaged", segment_name(self.first, self.salt)))
    }
}

/// Frames that cannot be read any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The first frame that is lost.
    pub first: u64,
    /// How many are.
    pub frames: u64,
    /// Whether they were acknowledged for certain; `false` of some in the last batch of a segment, which a crash leaves
    /// as damage would.
    pub acknowledged: bool,
    /// The file where they should be.
    pub segment: PathBuf,
    /// Where in it.
    pub offset: u64,
}

impl Damage {
    /// The last frame that is lost.
    pub const fn through(&self) -> u64 {
        self.first + self.frames - 1
    }
}
