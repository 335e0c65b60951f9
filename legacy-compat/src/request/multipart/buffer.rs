//! The window through which PHP reads a multipart body.
//!
//! PHP reads into a buffer of 5 KiB, and some of what it does shows where the buffer ended: a header line that fills it is cut
//! there, and a boundary that begins at its end stops a part. So the window is kept, over the body as it lies: nothing is copied.

use memchr::{memchr, memmem};

use crate::request::c_string;

/// The size of PHP's buffer, in bytes, unless a boundary needs more.
const FILL: usize = 5 * 1024;

/// A body and the window of it that PHP's buffer would hold.
pub(super) struct Buffer<'a> {
    body: &'a [u8],
    begin: usize,
    filled: usize,
    size: usize,
    boundary: Vec<u8>,
    finder: memmem::Finder<'static>,
}

impl<'a> Buffer<'a> {
    pub(super) fn new(body: &'a [u8], boundary: &[u8]) -> Self {
        let next = [b"\n--", boundary].concat();
        Self {
            body,
            begin: 0,
            filled: 0,
            size: FILL.max(boundary.len() + 6),
            boundary: next[1..].to_vec(),
            finder: memmem::Finder::new(&next).into_owned(),
        }
    }

    /// How much of the body PHP has read, in bytes.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// Where it is, in bytes from the body's beginning.
    pub(super) fn position(&self) -> usize {
        self.begin
    }

    /// What was read since then.
    pub(super) fn since(&self, position: usize) -> &'a [u8] {
        &self.body[position..self.begin]
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        if self.begin < self.filled {
            return false;
        }
        self.fill();
        self.begin == self.filled
    }

    /// Skips to the line behind the next boundary; false where there is none.
    pub(super) fn skip_boundary(&mut self) -> bool {
        while let Some(line) = self.line() {
            if line == self.boundary {
                return true;
            }
        }
        false
    }

    /// The next line without its end, as a C string: what stands behind a NUL is lost.
    pub(super) fn line(&mut self) -> Option<&'a [u8]> {
        let line = match self.buffered_line() {
            Some(line) => line,
            None => {
                self.fill();
                self.buffered_line()?
            }
        };
        Some(c_string(line))
    }

    /// The rest of a part, whether or not a boundary ends it.
    pub(super) fn part(&mut self) -> &'a [u8] {
        let begin = self.begin;
        while self.read(&mut false) > 0 {}
        self.since(begin)
    }

    /// The next piece of a part in bytes, 0 at its end. `ended` is set where the boundary is in sight.
    pub(super) fn read(&mut self, ended: &mut bool) -> usize {
        if self.filled - self.begin < FILL {
            self.fill();
        }
        let window = &self.body[self.begin..self.filled];
        let whole = self.finder.find(window);
        let bound = whole.or_else(|| self.partial(window));
        *ended |= whole.is_some();
        let mut len = bound.unwrap_or(window.len()).min(FILL - 1);
        if bound.is_some() && len > 0 && window[len - 1] == b'\r' {
            len -= 1;
        }
        self.begin += len;
        len
    }

    /// Where the end of the window may be the beginning of a boundary.
    fn partial(&self, window: &[u8]) -> Option<usize> {
        let needle = self.finder.needle();
        let from = window.len().saturating_sub(needle.len() - 1);
        (from..window.len()).find(|at| needle.starts_with(&window[*at..]))
    }

    fn fill(&mut self) {
        self.filled = self.body.len().min(self.begin + self.size);
    }

    fn buffered_line(&mut self) -> Option<&'a [u8]> {
        let window = &self.body[self.begin..self.filled];
        match memchr(b'\n', window) {
            Some(end) => {
                self.begin += end + 1;
                let line = &window[..end];
                Some(line.strip_suffix(b"\r").unwrap_or(line))
            }
            None if window.len() < self.size => None,
            None => {
                self.begin = self.filled;
                Some(window)
            }
        }
    }
}
