//! How large a spool may grow.

/// The bounds of a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    size_max: u64,
    segment: u64,
}

/// Too small for a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a spool has {} KiB at least", Limits::SIZE_MIN >> 10)]
pub struct LimitError;

impl Limits {
    /// The least size, in bytes.
    pub const SIZE_MIN: u64 = 64 << 10;
    const SEGMENTS_MIN: u64 = 8;
    const SEGMENT_MAX: u64 = 16 << 20;

    /// A spool of at most `size_max` bytes on disk, in segments of an eighth of it, 16 MiB at most.
    pub fn new(size_max: u64) -> Result<Self, LimitError> {
        if size_max < Self::SIZE_MIN {
            return Err(LimitError);
        }
        let segment = (size_max / Self::SEGMENTS_MIN).min(Self::SEGMENT_MAX) & !4095;
        Ok(Self { size_max, segment })
    }

    /// The most bytes on disk.
    pub const fn size_max(&self) -> u64 {
        self.size_max
    }

    /// The largest body, in bytes: half a segment, so that every segment takes two frames at least.
    pub const fn frame_max(&self) -> usize {
        self.segment as usize / 2 - crate::layout::HEAD
    }

    /// The most bytes that may wait for the disk.
    pub(crate) const fn waiting_max(&self) -> u64 {
        self.segment
    }

    /// The size of a segment.
    pub(crate) const fn segment(&self) -> u64 {
        self.segment
    }
}

impl Default for Limits {
    /// 1 GiB.
    fn default() -> Self {
        Self { size_max: 1 << 30, segment: Self::SEGMENT_MAX }
    }
}
