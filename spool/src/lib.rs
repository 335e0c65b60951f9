//! A durable queue of byte frames: what [`append`](Spool::append) has acknowledged survives `kill -9` and a power cut.
//!
//! # On disk
//!
//! ```text
//! ROOT/                                  shared by the processes of a volume
//!   18f3c2a91b0-5d2e/                    one folder a process, by time and chance
//!     lock                               held (flock) as long as its process lives
//!     cursor                             how far the frames are settled
//!     00000000000000000001-9c3fa210.seg  a segment: number of its first frame, salt
//!     00000000000000004711-03b7e4d1.seg
//!     00000000000000000042.frame         a frame that nobody can take, kept aside
//! ```
//!
//! A **segment** has a fixed size, is filled with zeros before it is used, and holds frames one behind the other, each
//! beginning at a multiple of 8. It has no head that could be damaged: what is needed to read it stands in its name.
//! A **frame**, all numbers little endian:
//!
//! ```text
//!  0  length   u32   of the body, in bytes; 0 is no frame but the end
//!  4  checksum u32   CRC-32C of all other bytes of the frame without padding, begun with the segment's salt
//!  8  number   u64   one more than that of the frame before
//! 16  time     u48   when it was appended, in milliseconds since 1970
//! 22  index    u16   how many frames of the same batch, so of the same sync, lie before it
//! 24  body, then zeros to the next multiple of 8
//! ```
//!
//! The **cursor** is two slots of 512 bytes, written in turn: `number u64, !number u64`. All frames up to the larger
//! number that stands in a whole slot are settled.
//!
//! # Invariants
//!
//! 1. A frame is acknowledged after its bytes are synced, in a segment whose length and name are synced, in a folder
//!    whose name is synced. One writer thread syncs once for all frames that wait.
//! 2. Frames are read, and so settled, only once they are acknowledged.
//! 3. A segment goes after a cursor behind its last frame is synced; so numbers never repeat and no gap is a riddle.
//! 4. A batch lies in one segment. After a start no old segment is written to, but shortened by
//!    the zeros that it ends in. What was readable in it is synced before anything follows it: else a
//!    frame that only the page cache had could vanish later, out of the middle.
//! 5. A failed write or sync poisons the spool until the process ends: what the disk has is no longer known, and
//!    asking again would be told that all is well. Frames that waited are [`Unknown`](AppendError::Unknown); later ones
//!    are refused, before anything is written.
//! 6. What cannot be read is skipped, reported as [`Damage`] with the number of frames that it cost, and its segment
//!    is kept aside. Reading always moves on. In the last batch of a segment a frame that was damaged and one that was
//!    never synced look alike: the report says so.
//! 7. A body cannot pass for frames when damage has it read at a wrong place: it does not know the salt.
//! 8. Segments together never exceed `size_max`. At the limit frames are refused; what is there is never thrown away.
//!
//! Every sync is one of [`Barrier`]; the tests take out each of them in turn, and see frames lost on a
//! [simulated disk](Disk).

mod cursor;
mod disk;
mod folder;
mod inspect;
mod layout;
mod limits;
mod reader;
mod recover;
mod room;
mod scan;
mod segment;
mod spool;
mod stats;
mod writer;

pub use disk::{Barrier, Disk, DiskFile, Lock, RealDisk};
pub use folder::{OpenError, Opened, adopt, open};
pub use inspect::{FolderReport, inspect};
pub use limits::{LimitError, Limits};
pub use reader::{Frame, Reader};
pub use room::{Refused, Room};
pub use scan::scan_untrusted;
pub use segment::Damage;
pub use spool::{AppendError, Spool};
pub use stats::{SYNC_BOUNDS_US, Stats};
