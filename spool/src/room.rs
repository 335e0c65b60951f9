//! Room in the spool, promised before it is used: whoever has some can append.

use std::sync::Arc;

use crate::spool::Shared;

/// Nothing was written: whoever asked may do otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The spool has reached its size.
    #[error("the spool is full: {size_max} bytes; Kafka takes less than what comes")]
    Full {
        /// The limit.
        size_max: u64,
    },
    /// More waits for the disk than may.
    #[error("the disk is too slow: {waiting} bytes wait for it already")]
    Busy {
        /// Bytes that wait.
        waiting: u64,
    },
    /// A frame is larger than a segment takes.
    #[error(
        "a frame has {bytes} bytes, {frame_max} are the most that the spool takes; a larger `size_max` allows more"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        frame_max: usize,
    },
    /// A body must have something in it.
    #[error("a frame without a body")]
    Empty,
    /// A write or sync failed earlier.
    #[error("the disk failed, and the spool takes nothing until the process is started again: {0}")]
    Poisoned(String),
    /// No new segment could be made.
    #[error("the disk gives no room for the spool: {0}")]
    NoSegment(String),
    /// The spool is closed.
    #[error("the spool is closed")]
    Closed,
}

/// Promised room, given back when dropped.
pub struct Room {
    pub(crate) of: Arc<Shared>,
    pub(crate) bytes: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.state().waiting -= self.bytes;
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
