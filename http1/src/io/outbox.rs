//! What is to be written to a stream and has not been taken by it yet.

use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use super::pool;

/// Pieces below this are copied behind what is there, larger ones are written from where they are.
const APART_FROM: usize = 8 * 1024;

/// Beyond this much, a writer waits until the stream has taken it.
pub(crate) const FULL: usize = pool::CAPACITY;

/// Text (heads, framing, small bodies), then one large piece of a body, then text again. Buffers
/// come from the pool and go back when all is written.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    front: BytesMut,
    piece: Bytes,
    back: BytesMut,
}

impl Outbox {
    /// Where the next text goes.
    pub(crate) fn text(&mut self) -> &mut BytesMut {
        let text = if self.piece.is_empty() { &mut self.front } else { &mut self.back };
        if text.capacity() == 0 {
            *text = pool::take();
        }
        text
    }

    /// Appends a piece of a body.
    pub(crate) fn push(&mut self, data: Bytes) {
        if data.len() >= APART_FROM && self.piece.is_empty() {
            self.piece = data;
        } else {
            self.text().extend_from_slice(&data);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.front.len() + self.piece.len() + self.back.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a writer should wait before it appends more.
    pub(crate) fn is_full(&self) -> bool {
        !self.piece.is_empty() || self.front.len() >= FULL
    }

    /// What to write next, as one slice or as several.
    pub(crate) fn slices(&self) -> [IoSlice<'_>; 3] {
        [IoSlice::new(&self.front), IoSlice::new(&self.piece), IoSlice::new(&self.back)]
    }

    /// The first of [`Outbox::slices`] that has bytes, and whether it is the only one.
    pub(crate) fn first(&self) -> (&[u8], bool) {
        let first = [&self.front[..], &self.piece, &self.back].into_iter().find(|slice| !slice.is_empty());
        let first = first.unwrap_or_default();
        (first, first.len() == self.len())
    }

    /// The stream has taken so many bytes.
    pub(crate) fn advance(&mut self, count: usize) {
        if count == self.len() {
            return self.clear();
        }
        let front = count.min(self.front.len());
        self.front.advance(front);
        let piece = (count - front).min(self.piece.len());
        self.piece.advance(piece);
        self.back.advance(count - front - piece);
        if self.front.is_empty() && self.piece.is_empty() {
            pool::give(std::mem::replace(&mut self.front, std::mem::take(&mut self.back)));
        }
        if self.piece.is_empty() {
            // What it was a part of need not be kept.
            self.piece = Bytes::new();
        }
    }

    /// Drops everything, and gives the buffers back.
    pub(crate) fn clear(&mut self) {
        self.piece = Bytes::new();
        for text in [&mut self.front, &mut self.back] {
            if text.capacity() > 0 {
                pool::give(std::mem::take(text));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{APART_FROM, Outbox};

    #[test]
    fn keeps_the_order_however_much_the_stream_takes_at_once() {
        for step in [1, 1_000, APART_FROM, 1 << 20] {
            let (mut outbox, mut sent, mut taken) = (Outbox::default(), Vec::new(), Vec::new());
            for round in 0..4u8 {
                for size in [3, APART_FROM + 5, 10, 2 * APART_FROM] {
                    let piece = vec![round; size];
                    sent.extend_from_slice(&piece);
                    outbox.push(Bytes::from(piece));
                }
                while !outbox.is_empty() {
                    let mut count = 0;
                    for slice in outbox.slices() {
                        let part = &slice[..slice.len().min(step - count)];
                        taken.extend_from_slice(part);
                        count += part.len();
                    }
                    outbox.advance(count);
                }
            }
            assert!(taken == sent, "step {step}");
        }
    }
}
