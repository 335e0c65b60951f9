//! Bounds on what comes from outside: how much is made of it, how much of it is shown, and that a fault that it finds in here
//! is one value's.

use std::fmt::Display;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many times its length a value may become, read or written: names of fields and defaults are in one form of it alone.
pub(crate) const FACTOR: usize = 64;

/// How many bytes may be made of that many.
pub(crate) fn room(length: usize) -> usize {
    length.saturating_mul(FACTOR).saturating_add(1 << 20)
}

/// What is said where there is more than that.
pub(crate) const NO_ROOM: &str = "its names and texts are longer than its length makes likely";

/// Counts what is written, as long as there is room for it.
pub(crate) struct Room(usize);

impl Room {
    /// For what is made of so many bytes.
    pub(crate) fn of(length: usize) -> Self {
        Self(room(length))
    }
}

impl io::Write for Room {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(written.len()).ok_or_else(|| io::Error::other(NO_ROOM))?;
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How much of a foreign text is shown, in characters.
const SHOWN: usize = 200;

/// As much as a message has room for of a text that somebody else wrote.
pub fn shown(text: impl Display) -> String {
    cut(text, SHOWN)
}

/// The first characters of a text; that there are more is told.
pub(crate) fn cut(text: impl Display, characters: usize) -> String {
    let mut text = text.to_string();
    if let Some((at, _)) = text.char_indices().nth(characters) {
        text.truncate(at);
        text.push('…');
    }
    text
}

/// A fault of ours.
pub(crate) const FAULT: &str = "a panic of ours, which the log of the process has";

/// Runs what deals with a schema or a value from outside. A panic in there must not end who reads or writes by schemas: it is
/// the error of this one.
pub(crate) fn guarded<T, E>(
    work: impl FnOnce() -> Result<T, E>,
    fault: impl FnOnce(&str) -> E,
) -> Result<T, E> {
    // What it has begun is thrown away with its error.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(fault(FAULT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_foreign_text_only_the_beginning_is_shown() {
        assert_eq!(shown("ä".repeat(200)), "ä".repeat(200));
        assert_eq!(shown("ä".repeat(201)), "ä".repeat(200) + "…");
    }
}
