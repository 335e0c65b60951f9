//! Recordings: experiments kept so that native can be run on them again, anywhere, without legacy.
//!
//! A recording is a text file of JSON lines. The first says what it is:
//!
//! ```text
//! {"handover-recording":2,"made":"2026-03-01T10:00:00Z","by":"0.1.0"}
//! ```
//!
//! each further one is one experiment ([`Recorded`]): the request byte for byte, what both sides answered and did, what
//! native's ports gave it, and the places where redaction put placeholders, which are not judged again. Bytes that are
//! UTF-8 stand as a string, all others as `{"base64": "…"}`.
//!
//! A version is raised when older programs would misread a line; a reader refuses what is newer than it. A line has at
//! most [`LINE_MAX`] bytes.

mod line;
mod ports;
pub mod testing;

use std::io::{BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

pub use line::{
    Content, Recorded, Saved, SavedEffects, SavedOutcome, SavedRead, SavedRecord, SavedSession, SavedSide,
    Unusable,
};
pub use ports::RecordedPorts;

/// The version that is written, and the newest that is read: 2 has effects of the application's own, which older programs would
/// not miss.
pub const VERSION: u32 = 2;

/// The longest line, in bytes: two bodies as large as a capture takes them, and as many records, escaped.
pub const LINE_MAX: u64 = 32 * 1024 * 1024;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format.
    #[serde(rename = "handover-recording")]
    pub version: u32,
    /// When it was begun (RFC 3339).
    pub made: String,
    /// The version of the program that made it.
    pub by: String,
}

/// Writes a recording.
pub struct RecordingWriter<W>(W);

impl<W: Write> RecordingWriter<W> {
    /// Begins one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut to: W) -> std::io::Result<Self> {
        let made = jiff::Timestamp::now().to_string();
        let head = Head { version: VERSION, made, by: env!("CARGO_PKG_VERSION").to_owned() };
        writeln!(to, "{}", serde_json::to_string(&head)?)?;
        Ok(Self(to))
    }

    /// Adds an experiment.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, recorded: &Recorded) -> std::io::Result<()> {
        writeln!(self.0, "{}", serde_json::to_string(recorded)?)
    }

    /// What it was written to.
    pub fn into_inner(self) -> W {
        self.0
    }

    /// Writes what is held back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Reads a recording, one experiment after the other.
pub struct RecordingReader<R> {
    from: R,
    line: u64,
    head: Head,
}

impl<R: BufRead> RecordingReader<R> {
    /// Reads its first line.
    ///
    /// # Errors
    /// When it is no recording, or of a version that this program does not know.
    pub fn open(mut from: R) -> Result<Self, RecordingError> {
        let first = next_line(&mut from, 1)?.unwrap_or_default();
        let head: Head = serde_json::from_slice(&first).map_err(|_| RecordingError::NoRecording)?;
        if head.version > VERSION || head.version == 0 {
            return Err(RecordingError::Version(head.version));
        }
        Ok(Self { from, line: 1, head })
    }

    /// What its first line says.
    pub fn head(&self) -> &Head {
        &self.head
    }

    fn read(&mut self) -> Result<Option<Recorded>, RecordingError> {
        self.line += 1;
        let Some(line) = next_line(&mut self.from, self.line)? else { return Ok(None) };
        let recorded = serde_json::from_slice(&line);
        recorded.map(Some).map_err(|source| RecordingError::Line { line: self.line, source })
    }
}

impl<R: BufRead> Iterator for RecordingReader<R> {
    type Item = Result<Recorded, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// The next line that is not empty; `None` at the end.
fn next_line(from: &mut impl BufRead, number: u64) -> Result<Option<Vec<u8>>, RecordingError> {
    loop {
        let mut line = Vec::new();
        let read = from.by_ref().take(LINE_MAX + 1).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 > LINE_MAX {
            return Err(RecordingError::TooLong(number));
        }
        if !line.trim_ascii().is_empty() {
            return Ok(Some(line));
        }
    }
}

/// A recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The system's reason.
    #[error("the recording cannot be read")]
    Read(#[from] std::io::Error),
    /// The first line is not one.
    #[error(
        "this is no recording: its first line does not say {{\"handover-recording\": …}}; `handover record` makes one"
    )]
    NoRecording,
    /// Made by a newer program.
    #[error("the recording is of version {0}, this program reads up to {VERSION}: use a newer one")]
    Version(u32),
    /// A line is not an experiment.
    #[error("line {line} of the recording is no experiment")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// Where in the line, and why.
        source: serde_json::Error,
    },
    /// A line is too long to be one.
    #[error("line {0} of the recording has more than {LINE_MAX} bytes")]
    TooLong(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Recorded>, RecordingError> {
        RecordingReader::open(text.as_bytes())?.collect()
    }

    #[test]
    fn what_is_no_recording_or_a_newer_one_is_refused_with_the_reason() {
        for (text, said) in [
            ("", "no recording"),
            ("{}\n", "no recording"),
            ("PK\x03\x04", "no recording"),
            ("{\"handover-recording\":99,\"made\":\"\",\"by\":\"\"}\n", "version 99"),
            ("{\"handover-recording\":0,\"made\":\"\",\"by\":\"\"}\n", "version 0"),
            ("{\"handover-recording\":1,\"made\":\"\",\"by\":\"\"}\n\n{\"id\":1}\n", "line 2"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let head = b"{\"handover-recording\":1,\"made\":\"\",\"by\":\"\"}\n";
        let endless = std::io::BufReader::new((&head[..]).chain(std::io::repeat(b'x')));
        let mut reader = RecordingReader::open(endless).unwrap();
        assert!(matches!(reader.next(), Some(Err(RecordingError::TooLong(2)))));
    }
}
