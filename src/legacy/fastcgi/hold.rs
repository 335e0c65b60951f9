//! What of a request's body is held before legacy is asked.
//!
//! CGI needs an exact `CONTENT_LENGTH`, so a body of unknown length is held whole: in memory first, then in a
//! temporary file. Of any other body only the beginning is held, so that a slow client with a small body keeps no child
//! of php-fpm waiting.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, Write};

use bytes::{Bytes, BytesMut};

use crate::exchange::{BodyLength, BodySource};
use crate::legacy::disk::Disk;
use crate::legacy::error::{Cause, Failed, Leg};

/// How much of a body is held in memory, in bytes.
pub(crate) const HOLD_MAX: u64 = 64 * 1024;

/// How much is read from a file at a time, in bytes.
const FILE_PIECE: usize = 64 * 1024;

/// A body with a known length and perhaps its beginning.
#[derive(Debug)]
pub(crate) struct Held {
    pieces: VecDeque<Bytes>,
    file: Option<(File, u64)>,
    /// Of the whole body; `None` where there is none.
    length: Option<u64>,
    /// What is still with the client.
    outstanding: u64,
}

impl Held {
    /// Takes in what must be held. Fails where the body is larger than `max`.
    pub(crate) async fn take(body: &mut impl BodySource, max: u64, disk: &Disk) -> Result<Self, Failed> {
        match body.length() {
            BodyLength::Empty => {
                Ok(Self { pieces: VecDeque::new(), file: None, length: None, outstanding: 0 })
            }
            BodyLength::Exact(length) if length > max => Err(too_large(max)),
            BodyLength::Exact(length) => beginning(body, length).await,
            BodyLength::Unknown => whole(body, max, disk).await,
        }
    }

    /// The body's exact length, where there is a body.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// All of the body, if it is in memory and at most `max` bytes.
    pub(crate) fn small(&self, max: u64) -> Option<impl Iterator<Item = &Bytes>> {
        let all_here = self.outstanding == 0 && self.file.is_none() && self.length.unwrap_or(0) <= max;
        all_here.then(|| self.pieces.iter())
    }

    /// The next piece, from memory, the file or the client; `None` at the end.
    pub(crate) async fn next(
        &mut self,
        body: &mut impl BodySource,
        disk: &Disk,
    ) -> Result<Option<Bytes>, Failed> {
        if let Some(piece) = self.pieces.pop_front() {
            return Ok(Some(piece));
        }
        if let Some((file, left)) = self.file.take() {
            return self.piece_of_file(file, left, disk).await;
        }
        let piece = body.data().await?;
        let length = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if piece.is_none() && self.outstanding > 0 || length > self.outstanding {
            return Err(Failed::new(Leg::ClientBody, Cause::BodyLength));
        }
        self.outstanding -= length;
        Ok(piece)
    }

    /// Whether the next piece has to come from the client.
    pub(crate) fn is_with_client(&self) -> bool {
        self.pieces.is_empty() && self.file.is_none()
    }

    async fn piece_of_file(
        &mut self,
        mut file: File,
        left: u64,
        disk: &Disk,
    ) -> Result<Option<Bytes>, Failed> {
        let length = left.min(FILE_PIECE as u64) as usize;
        let read = disk.run(move || {
            let mut piece = BytesMut::zeroed(length);
            file.read_exact(&mut piece)?;
            Ok((file, piece.freeze()))
        });
        let (file, piece) = read.await.map_err(|error| Failed::new(Leg::Buffer, error))?;
        let left = left - length as u64;
        self.file = (left > 0).then_some((file, left));
        Ok(Some(piece))
    }
}

fn too_large(max: u64) -> Failed {
    Failed::before(Leg::Buffer, Cause::TooLarge(max))
}

/// Nothing has been sent when these fail, whoever is to blame.
async fn data(body: &mut impl BodySource) -> Result<Option<Bytes>, Failed> {
    body.data().await.map_err(|gone| Failed { retry_safe: true, ..gone.into() })
}

async fn beginning(body: &mut impl BodySource, length: u64) -> Result<Held, Failed> {
    let mut held = Held { pieces: VecDeque::new(), file: None, length: Some(length), outstanding: length };
    while held.outstanding > 0 && length - held.outstanding < HOLD_MAX {
        let Some(piece) = data(body).await?.filter(|piece| piece.len() as u64 <= held.outstanding) else {
            return Err(Failed::before(Leg::ClientBody, Cause::BodyLength));
        };
        held.outstanding -= piece.len() as u64;
        held.pieces.push_back(piece);
    }
    Ok(held)
}

async fn whole(body: &mut impl BodySource, max: u64, disk: &Disk) -> Result<Held, Failed> {
    let (mut pieces, mut length, mut file) = (VecDeque::new(), 0, None);
    while let Some(piece) = data(body).await? {
        length += piece.len() as u64;
        if length > max {
            return Err(too_large(max));
        }
        pieces.push_back(piece);
        if in_memory(&pieces) > HOLD_MAX {
            file = Some(spill(file, std::mem::take(&mut pieces), disk).await?);
        }
    }
    let Some(file) = file else {
        return Ok(Held { pieces, file: None, length: Some(length), outstanding: 0 });
    };
    let mut file = spill(Some(file), pieces, disk).await?;
    let rewound = disk.run(move || file.rewind().map(|()| file)).await;
    let file = rewound.map_err(|error| Failed::before(Leg::Buffer, error))?;
    Ok(Held { pieces: VecDeque::new(), file: Some((file, length)), length: Some(length), outstanding: 0 })
}

fn in_memory(pieces: &VecDeque<Bytes>) -> u64 {
    pieces.iter().map(|piece| piece.len() as u64).sum()
}

async fn spill(file: Option<File>, pieces: VecDeque<Bytes>, disk: &Disk) -> Result<File, Failed> {
    let spilled = async {
        let mut file = match file {
            Some(file) => file,
            None => disk.scratch_file().await?,
        };
        disk.run(move || {
            for piece in &pieces {
                file.write_all(piece)?;
            }
            Ok(file)
        })
        .await
    };
    spilled.await.map_err(|error| Failed::before(Leg::Buffer, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::Body;

    fn disk() -> Disk {
        Disk::new(std::env::temp_dir())
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|at| (at % 251) as u8).collect()
    }

    async fn drain(held: &mut Held, body: &mut Body) -> Result<Vec<u8>, Failed> {
        let mut all = Vec::new();
        while let Some(piece) = held.next(body, &disk()).await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn every_body_arrives_whole_and_with_its_length() {
        for size in [1, 1000, 65_536, 65_537, 300_000] {
            for unknown in [false, true] {
                let content = bytes(size);
                let mut body = Body::pieces(&content, 7000, unknown);
                let mut held = Held::take(&mut body, 1 << 20, &disk()).await.unwrap();
                assert_eq!(held.length(), Some(size as u64), "{size} {unknown}");
                assert_eq!(unknown && size as u64 > HOLD_MAX, held.file.is_some(), "{size} {unknown}");
                assert!(drain(&mut held, &mut body).await.unwrap() == content, "{size} {unknown}");
            }
        }
    }

    #[tokio::test]
    async fn a_small_body_is_with_us_before_legacy_is_asked() {
        let mut body = Body::pieces(&bytes(9000), 1000, false);
        let held = Held::take(&mut body, 1 << 20, &disk()).await.unwrap();
        assert_eq!(held.small(16_384).map(|pieces| pieces.map(Bytes::len).sum()), Some(9000));
        assert!(held.small(8999).is_none());
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused_before_anything_is_sent() {
        for unknown in [false, true] {
            let mut body = Body::pieces(&bytes(1001), 100, unknown);
            let failed = Held::take(&mut body, 1000, &disk()).await.unwrap_err();
            assert!(matches!(failed.cause, Cause::TooLarge(1000)), "{failed:?}");
            assert!(failed.retry_safe);
        }
    }

    #[tokio::test]
    async fn a_body_that_is_not_as_long_as_it_says_is_an_error() {
        for (said, sent) in [(100, 99), (100, 101), (200_000, 199_999), (200_000, 200_001)] {
            let mut body = Body::saying(BodyLength::Exact(said), &bytes(sent), 1000);
            let outcome = match Held::take(&mut body, 1 << 20, &disk()).await {
                Ok(mut held) => drain(&mut held, &mut body).await.map(drop),
                Err(failed) => Err(failed),
            };
            // One byte too many is seen only where it is asked for: the head's own framing rules it out before.
            if let Err(failed) = outcome {
                assert!(matches!(failed.cause, Cause::BodyLength), "{said} {sent}");
            } else {
                panic!("{said} announced, {sent} sent, and nobody noticed");
            }
        }
    }
}
