//! What a client's frames ask for, beside what they carry.
//!
//! The `h2` crate bounds what can fill memory (streams, windows, header lists, CONTINUATION frames, resets that nobody
//! has accepted yet, small DATA frames). It has no bound for frames that cost us work and bring nothing: PING, SETTINGS,
//! PRIORITY, WINDOW_UPDATE, and RST_STREAM one by one (rapid reset at walking pace). Here each of them takes from a
//! credit, which time and everything useful give back; a connection without credit is a flood, and ended.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most credit that a connection has, and what it begins with.
const CREDIT_MAX: u64 = 2000;

/// Credit that comes back each second.
const CREDIT_A_SECOND: u64 = 100;

/// Bytes of answers for which one credit comes back: who reads must send WINDOW_UPDATE.
const BYTES_A_CREDIT: u64 = 1024;

/// What of a client's frames is taken in before others have their turn, in bytes.
///
/// h2 goes on for as long as it finds something to read, and frames are made faster than they are understood: one
/// client could keep a core to itself.
const TURN: usize = 32 * 1024;

/// HTTP/2's connection preface (RFC 9113 §3.4), which is no frame.
const PREFACE: usize = 24;

/// A frame's head.
const HEAD: usize = 9;

/// The client sends frames that ask for work and carry nothing.
#[derive(Debug, thiserror::Error)]
#[error("a flood of HTTP/2 frames that carry nothing")]
struct Flood;

/// Counts frames as their bytes pass by.
#[derive(Debug)]
struct Meter {
    head: [u8; HEAD],
    have: usize,
    /// Of the current frame's payload, or the preface.
    left: usize,
    credit: u64,
    refilled: Instant,
    written: u64,
}

impl Meter {
    fn new() -> Self {
        Self {
            head: [0; HEAD],
            have: 0,
            left: PREFACE,
            credit: CREDIT_MAX,
            refilled: Instant::now(),
            written: 0,
        }
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        while !bytes.is_empty() {
            let payload = self.left.min(bytes.len());
            self.left -= payload;
            bytes = &bytes[payload..];
            let head = (HEAD - self.have).min(bytes.len());
            self.head[self.have..self.have + head].copy_from_slice(&bytes[..head]);
            self.have += head;
            bytes = &bytes[head..];
            if self.have == HEAD {
                self.have = 0;
                self.frame()?;
            }
        }
        Ok(())
    }

    /// Takes a frame's head in.
    fn frame(&mut self) -> Result<(), Flood> {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const RST_STREAM: u8 = 3;
        let [high, middle, low, kind, flags, ..] = self.head;
        self.left = u32::from_be_bytes([0, high, middle, low]) as usize;
        let ends_stream = flags & 1 == 1;
        match kind {
            HEADERS => self.give(1),
            DATA if self.left > 0 || ends_stream => self.give(1),
            // Twice: the HEADERS that it takes back gave one.
            RST_STREAM => return self.take(2),
            _ => return self.take(1),
        }
        Ok(())
    }

    fn give(&mut self, credit: u64) {
        self.credit = (self.credit + credit).min(CREDIT_MAX);
    }

    fn take(&mut self, credit: u64) -> Result<(), Flood> {
        if self.credit < credit {
            let seconds = self.refilled.elapsed().as_secs_f64();
            self.refilled = Instant::now();
            self.give((seconds * CREDIT_A_SECOND as f64) as u64);
        }
        self.credit = self.credit.checked_sub(credit).ok_or(Flood)?;
        Ok(())
    }

    fn wrote(&mut self, count: usize) {
        self.written += count as u64;
        self.give(self.written / BYTES_A_CREDIT);
        self.written %= BYTES_A_CREDIT;
    }
}

/// A client's stream under a meter, with what was read of it before.
#[derive(Debug)]
pub(super) struct Metered<S> {
    read: Bytes,
    stream: S,
    meter: Meter,
    /// What was read since somebody else had a turn, in bytes.
    turn: usize,
    /// Set when reading has failed because of a flood: h2 keeps of an error only its text.
    flooded: Rc<Cell<bool>>,
}

impl<S> Metered<S> {
    /// A stream at its preface, of which `read` has been read. `flooded` becomes true when it is ended by the meter.
    pub(super) fn new(stream: S, read: Bytes, flooded: Rc<Cell<bool>>) -> Self {
        Self { read, stream, meter: Meter::new(), turn: 0, flooded }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        if self.turn >= TURN {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.read.is_empty() {
            let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, into) else {
                self.turn = 0;
                return Poll::Pending;
            };
            read?;
        } else {
            let count = self.read.len().min(into.remaining());
            into.put_slice(&self.read.split_to(count));
        }
        self.turn += into.filled().len() - before;
        let metered = self.meter.read(&into.filled()[before..]);
        self.flooded.set(metered.is_err());
        Poll::Ready(metered.map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.meter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, parts))?;
        self.meter.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::task::{Wake, Waker};

    use super::*;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let [_, high, middle, low] = u32::try_from(payload).unwrap().to_be_bytes();
        let mut frame = vec![high, middle, low, kind, flags, 0, 0, 0, 1];
        frame.resize(HEAD + payload, 0);
        frame
    }

    /// How many times `frames` pass, up to 10,000, arriving in pieces of `step` bytes.
    fn passes(frames: &[Vec<u8>], step: usize) -> usize {
        let mut meter = Meter::new();
        meter.read(&[0; PREFACE]).unwrap();
        let once = frames.concat();
        let pass = |_: &usize| once.chunks(step).all(|piece| meter.read(piece).is_ok());
        (0..10_000).take_while(pass).count()
    }

    #[test]
    fn frames_that_carry_nothing_run_out_and_others_do_not() {
        let (headers, data, reset) = (frame(1, 4, 30), frame(0, 0, 100), frame(3, 0, 4));
        for (frames, flood) in [
            (vec![frame(6, 0, 8)], true),                   // PING
            (vec![frame(4, 0, 6)], true),                   // SETTINGS
            (vec![frame(2, 0, 5)], true),                   // PRIORITY
            (vec![frame(8, 0, 4)], true),                   // WINDOW_UPDATE
            (vec![frame(0xFA, 0, 0)], true),                // unknown
            (vec![frame(0, 0, 0)], true),                   // empty DATA
            (vec![headers.clone(), reset], true),           // rapid reset
            (vec![headers.clone(), frame(0, 1, 0)], false), // a request with an empty body
            (vec![headers, data, frame(8, 0, 4)], false),
        ] {
            for step in [1, 7, 1000] {
                let passed = passes(&frames, step);
                assert_eq!(passed < 10_000, flood, "{frames:?} passed {passed} times");
                assert!(passed >= 1000, "{frames:?} passed {passed} times only");
            }
        }
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Relaxed);
        }
    }

    #[test]
    fn who_sends_without_end_leaves_others_their_turn() {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        let mut stream = Metered::new(tokio::io::repeat(1), Bytes::new(), Rc::default());
        let mut read = || {
            let mut bytes = [0; 8192];
            let mut into = ReadBuf::new(&mut bytes);
            Pin::new(&mut stream).poll_read(&mut cx, &mut into).map(|read| read.map(|()| into.filled().len()))
        };
        let turns = (0..100).take_while(|_| read().is_ready()).count();
        assert_eq!(turns * 8192, TURN);
        assert!(woken.0.load(Relaxed), "it goes on when it is its turn again");
        assert!(matches!(read(), Poll::Ready(Ok(8192))));
    }

    #[test]
    fn who_reads_much_may_send_many_window_updates() {
        let mut meter = Meter::new();
        meter.left = 0;
        for _ in 0..100_000 {
            meter.wrote(4096);
            meter.read(&frame(8, 0, 4).repeat(2)).unwrap();
        }
    }
}
