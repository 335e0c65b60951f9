//! Walks through the bytes of a segment, over what is damaged.

use std::io;

use crate::disk::DiskFile;
use crate::layout::{Decoded, RawFrame, decode};

/// The least that a frame takes.
const FRAME_MIN: u64 = 32;
/// What is read at once where a whole read failed: the part of a disk that fails as one.
const BLOCK: usize = 4096;

/// A walk through a segment's bytes.
pub(crate) struct Scan<'a> {
    bytes: &'a [u8],
    salt: u32,
    /// Where the zeros begin that all of the rest are.
    written: usize,
    at: usize,
    next: u64,
}

/// What the walk came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A frame.
    Frame(RawFrame<'a>),
    /// So many frames, from that number on, are lost at that offset; more follow. Unless a later batch does, they may
    /// never have been `acknowledged`.
    Lost { first: u64, frames: u64, offset: usize, acknowledged: bool },
    /// No more frames. `torn`: something stands there all the same.
    End { torn: bool },
}

impl<'a> Scan<'a> {
    /// A walk through what begins with frame `first`.
    pub(crate) fn new(bytes: &'a [u8], salt: u32, first: u64) -> Self {
        Self { bytes, salt, written: written(bytes), at: 0, next: first }
    }

    /// Where the frames passed so far end.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The next find. Each moves on, so that the walk ends.
    pub(crate) fn next(&mut self) -> Found<'a> {
        let bytes = self.bytes;
        match decode(&bytes[self.at..], self.salt, &(self.next..=self.next)) {
            Decoded::Frame(frame) => {
                self.at += frame.framed();
                self.next = frame.number.saturating_add(1);
                Found::Frame(frame)
            }
            // Zeros may be damage, too: a part of the disk that came back empty.
            Decoded::End | Decoded::Bad => self.look_ahead(),
        }
    }

    fn look_ahead(&mut self) -> Found<'a> {
        let Some((at, frame)) = self.find() else {
            return Found::End { torn: self.at < self.written };
        };
        let (first, offset) = (self.next, self.at);
        (self.at, self.next) = (at, frame.number);
        let acknowledged = first < frame.batch || self.later_batch(frame.batch);
        Found::Lost { first, frames: frame.number - first, offset, acknowledged }
    }

    /// The next whole frame behind what is none.
    fn find(&self) -> Option<(usize, RawFrame<'a>)> {
        // No frame begins in zeros.
        (self.at + 8..self.written).step_by(8).find_map(|at| {
            let lost_at_most = (at - self.at) as u64 / FRAME_MIN;
            let numbers = self.next..=self.next.saturating_add(lost_at_most);
            match decode(&self.bytes[at..], self.salt, &numbers) {
                Decoded::Frame(frame) if frame.number > self.next => Some((at, frame)),
                _ => None,
            }
        })
    }

    /// Whether frames of a later batch follow, without which that one would not have been synced.
    fn later_batch(&self, batch: u64) -> bool {
        let mut ahead = Self { ..*self };
        loop {
            match decode(&ahead.bytes[ahead.at..], ahead.salt, &(ahead.next..=ahead.next)) {
                Decoded::Frame(frame) if frame.batch > batch => return true,
                Decoded::Frame(frame) => {
                    (ahead.at, ahead.next) = (ahead.at + frame.framed(), frame.number + 1)
                }
                Decoded::End | Decoded::Bad => match ahead.find() {
                    Some((at, frame)) => (ahead.at, ahead.next) = (at, frame.number),
                    None => return false,
                },
            }
        }
    }
}

/// Where the zeros begin that all of the rest are: most of a segment is that until it is used, and it is looked at by blocks.
fn written(bytes: &[u8]) -> usize {
    let is_filled = |block: &&[u8]| **block != [0; BLOCK][..block.len()];
    let Some(zeros) = bytes.rchunks(BLOCK).position(|block| is_filled(&block)) else { return 0 };
    let upto = bytes.len() - zeros * BLOCK;
    bytes[..upto].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Reads `length` bytes from `offset` on. What the disk does not give back reads as damage.
pub(crate) fn read(file: &dyn DiskFile, offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    match file.read_at(&mut bytes, offset) {
        Ok(read) => bytes.truncate(read),
        Err(_) => read_by_blocks(file, offset, &mut bytes),
    }
    bytes
}

fn read_by_blocks(file: &dyn DiskFile, offset: u64, bytes: &mut [u8]) {
    for (index, block) in bytes.chunks_mut(BLOCK).enumerate() {
        let at = offset + (index * BLOCK) as u64;
        if file.read_at(block, at).is_err() {
            block.fill(0xff);
        }
    }
}

/// All of a file, as far as it can be read.
pub(crate) fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.length()?).map_err(io::Error::other)?;
    Ok(read(file, 0, length))
}

/// Walks through bytes of any kind as a segment that begins with that frame, and counts its frames and the lost ones.
/// For fuzzing: it must end, and never panic.
pub fn scan_untrusted(bytes: &[u8], salt: u32, first: u64) -> (u64, u64) {
    let mut scan = Scan::new(bytes, salt, first);
    let (mut frames, mut lost_frames) = (0, 0);
    loop {
        match scan.next() {
            Found::Frame(_) => frames += 1,
            Found::Lost { frames, .. } => lost_frames += frames,
            Found::End { .. } => return (frames, lost_frames),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{HEAD, encode, framed};

    fn segment() -> Vec<u8> {
        let mut bytes = Vec::new();
        (5..10)
            .for_each(|number| encode(&mut bytes, 3, number, (0, 0), format!("frame {number}").as_bytes()));
        bytes.resize(4096, 0);
        bytes
    }

    #[test]
    fn damage_costs_the_frames_that_it_hit_and_no_other() {
        let size = framed(7);
        for (hit, lost) in [(0, 5..6), (size + 2, 6..7), (2 * size + HEAD, 7..8)] {
            let mut bytes = segment();
            bytes[hit] ^= 0x40;
            assert_eq!(scan_untrusted(&bytes, 3, 5), (4, 1), "hit at {hit}");
            let mut scan = Scan::new(&bytes, 3, 5);
            let found = std::iter::from_fn(|| Some(scan.next())).take(6);
            let first = found.filter_map(|found| match found {
                Found::Lost { first, frames, .. } => Some(first..first + frames),
                _ => None,
            });
            assert_eq!(first.collect::<Vec<_>>(), [lost]);
        }
        let mut zeroed = segment();
        zeroed[size..3 * size].fill(0);
        assert_eq!(scan_untrusted(&zeroed, 3, 5), (3, 2), "a part that came back empty");
    }

    #[test]
    fn a_body_that_looks_like_frames_does_not_pass_for_some() {
        let mut inner = Vec::new();
        (6..9).for_each(|number| encode(&mut inner, 0, number, (0, 0), b"forged"));
        let mut bytes = Vec::new();
        encode(&mut bytes, 3, 5, (0, 0), &inner);
        encode(&mut bytes, 3, 6, (0, 0), b"real");
        bytes[0] ^= 1;
        assert_eq!(scan_untrusted(&bytes, 3, 5), (1, 1));
    }

    #[test]
    fn what_is_missing_in_the_last_batch_may_never_have_been_acknowledged() {
        let lost = |batches: [u64; 4]| {
            let mut bytes = Vec::new();
            for (number, batch) in (0..).zip(batches) {
                encode(&mut bytes, 3, number, (0, (number - batch) as u16), b"body");
            }
            bytes[framed(4)] ^= 1;
            let mut scan = Scan::new(&bytes, 3, 0);
            scan.next();
            let Found::Lost { first: 1, frames: 1, acknowledged, .. } = scan.next() else {
                panic!("not lost")
            };
            acknowledged
        };
        assert!(!lost([0, 1, 1, 1]), "a batch that is not followed by another");
        assert!(lost([0, 1, 1, 3]));
        assert!(lost([0, 1, 2, 2]));
    }

    #[test]
    fn what_was_written_is_told_from_the_zeros_behind_it() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
            assert_eq!(written(&vec![0; length]), 0, "{length}");
            for last in (0..length).step_by(997).chain(length.checked_sub(1)) {
                let mut bytes = vec![0; length];
                bytes[last] = 1;
                assert_eq!(written(&bytes), last + 1, "{last} of {length}");
            }
        }
    }

    #[test]
    fn a_torn_tail_is_told_from_an_empty_one() {
        let mut bytes = segment();
        assert_eq!(scan_untrusted(&bytes, 3, 5), (5, 0));
        bytes[5 * framed(7) + 9] = 1;
        let mut scan = Scan::new(&bytes, 3, 5);
        (0..5).for_each(|_| assert!(matches!(scan.next(), Found::Frame(_))));
        assert_eq!(scan.next(), Found::End { torn: true });
    }
}
