//! What PHP writes to STDERR, as lines of our log.

use bytes::BytesMut;

/// The longest line that is logged whole, in bytes.
const LINE_MAX: usize = 4096;

/// The most lines of one request that are logged; the rest is counted.
const LINES_MAX: usize = 32;

/// Gathers lines of one request.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    legacy: &'a str,
    route: &'a str,
    partial: BytesMut,
    logged: usize,
    dropped: usize,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(legacy: &'a str, route: &'a str) -> Self {
        Self { legacy, route, partial: BytesMut::new(), logged: 0, dropped: 0 }
    }

    /// Takes a piece of the stream and logs the lines that it completes.
    pub(crate) fn push(&mut self, mut piece: &[u8]) {
        while let Some(end) = memchr::memchr(b'\n', piece) {
            self.gather(&piece[..end]);
            self.end_line();
            piece = &piece[end + 1..];
        }
        self.gather(piece);
    }

    fn gather(&mut self, piece: &[u8]) {
        let room = LINE_MAX.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&piece[..room.min(piece.len())]);
    }

    fn end_line(&mut self) {
        let line = printable(&self.partial);
        self.partial.clear();
        if line.is_empty() {
            return;
        }
        if self.logged == LINES_MAX {
            self.dropped += 1;
            return;
        }
        self.logged += 1;
        tracing::warn!(legacy = self.legacy, route = self.route, "{line}");
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.end_line();
        if self.dropped > 0 {
            tracing::warn!(
                legacy = self.legacy,
                route = self.route,
                lines = self.dropped,
                "more lines were dropped"
            );
        }
    }
}

/// Text that cannot forge log lines or steer a terminal: input of clients ends up in PHP's messages.
pub(crate) fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::logged;

    #[test]
    fn lines_are_put_together_cut_and_counted() {
        let long = "x".repeat(10_000);
        let mut input = format!("PHP message: one\r\n\n{long}\n\u{1b}[31mred\n");
        input.extend((0..40).map(|at| format!("line {at}\n")));
        input.push_str("the last");
        for step in [1, 100, input.len()] {
            let log = logged(|| {
                let mut lines = Lines::new("monolith", "a route");
                input.as_bytes().chunks(step).for_each(|piece| lines.push(piece));
            });
            let lines: Vec<_> = log.lines().collect();
            assert_eq!(lines.len(), LINES_MAX + 1, "in steps of {step}");
            assert!(lines[0].contains("PHP message: one") && lines[0].contains("a route"), "{}", lines[0]);
            assert!(
                lines[1].contains(&"x".repeat(LINE_MAX)) && !lines[1].contains(&"x".repeat(LINE_MAX + 1))
            );
            assert!(lines[2].contains(" [31mred"), "{}", lines[2]);
            assert!(lines[LINES_MAX].contains("lines=12"), "{}", lines[LINES_MAX]);
        }
    }
}
