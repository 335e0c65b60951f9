//! What has been read from a stream and not been used yet.

use bytes::{Buf, Bytes, BytesMut};

use super::pool;

/// Pieces below this are copied out, larger ones share the buffer: so a few bytes can pin at most
/// eight times their size, however a peer trickles them.
const SHARED_FROM: usize = 8 * 1024;

/// A buffer from the pool, held only while there is something in it.
#[derive(Debug, Default)]
pub(crate) struct Input {
    buffer: BytesMut,
    /// What of the buffer has been used already. Moving on here is cheaper than cutting the buffer,
    /// which has to be put together again.
    used: usize,
    /// The peer has closed its sending side.
    pub(crate) ended: bool,
}

impl Input {
    /// An input that begins with bytes which were read elsewhere.
    pub(crate) fn starting_with(bytes: &[u8]) -> Input {
        let mut input = Input::default();
        if !bytes.is_empty() {
            input.buffer = pool::take();
            input.buffer.extend_from_slice(bytes);
        }
        input
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.used == self.buffer.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.used
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.used += count;
        debug_assert!(self.used <= self.buffer.len());
        if self.is_empty() {
            self.buffer.clear();
            self.used = 0;
        }
    }

    /// The first `count` bytes, without a copy where they are many.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        if count >= SHARED_FROM {
            self.buffer.advance(std::mem::take(&mut self.used));
            return self.buffer.split_to(count).freeze();
        }
        let taken = Bytes::copy_from_slice(&self.bytes()[..count]);
        self.skip(count);
        taken
    }

    /// Everything, as when the connection becomes a tunnel.
    pub(crate) fn take_all(&mut self) -> Bytes {
        self.take(self.len())
    }

    /// The buffer with room for a good read behind what is in it.
    pub(crate) fn room(&mut self) -> &mut BytesMut {
        if self.buffer.is_empty() {
            if self.buffer.capacity() < pool::CAPACITY && !self.buffer.try_reclaim(pool::CAPACITY) {
                self.buffer = pool::take();
            }
        } else if self.buffer.capacity() - self.buffer.len() < SHARED_FROM {
            self.buffer.advance(std::mem::take(&mut self.used));
            self.buffer.reserve(pool::CAPACITY);
        }
        &mut self.buffer
    }

    /// Gives the buffer back if nothing is in it.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() && self.buffer.capacity() > 0 {
            pool::give(std::mem::take(&mut self.buffer));
        }
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.skip(self.len());
        self.rest();
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, SHARED_FROM};

    #[test]
    fn gives_the_same_bytes_copied_or_shared() {
        let sent: Vec<u8> = (0..3 * SHARED_FROM).map(|i| i as u8).collect();
        let mut input = Input::starting_with(&sent);
        let mut got = input.take(10).to_vec();
        got.extend_from_slice(&input.take(SHARED_FROM));
        got.extend_from_slice(&input.take_all());
        assert_eq!(got, sent);
        input.rest();
        assert_eq!(input.buffer.capacity(), 0);
    }
}
