//! Which mutants there are, as cargo-mutants lists them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Where the handler's sources are, in the repository.
pub(crate) const SOURCES: &str = "demo/src/flights";

/// One change of the handler's sources.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Mutant {
    /// File, place, and what is changed: `demo/src/flights/time.rs:12:9: replace < with == in utc_text`.
    pub(crate) name: String,
    /// The file.
    pub(crate) file: String,
    /// What kind of change.
    pub(crate) genre: Genre,
    /// What is replaced.
    pub(crate) span: Span,
    /// By what.
    pub(crate) replacement: String,
}

/// What kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Genre {
    /// A function gives a fixed value.
    FnValue,
    /// Another operator between two operands.
    BinaryOperator,
    /// An operator before its operand is gone.
    UnaryOperator,
    /// A match has an arm less.
    MatchArm,
    /// An arm's guard always holds, or never.
    MatchArmGuard,
    /// A field is the default's.
    StructField,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Span {
    pub(crate) start: At,
    pub(crate) end: At,
}

/// A place. Both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct At {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// All mutants of the handler.
pub(crate) fn mutants(repository: &Path) -> anyhow::Result<Vec<Mutant>> {
    let output = Command::new("cargo-mutants")
        .args(["mutants", "--list", "--json", "--package", "handover-demo", "--file"])
        .arg(format!("{SOURCES}/**"))
        .current_dir(repository)
        .output()
        .context("cargo-mutants does not run: `cargo install --locked cargo-mutants`")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("what cargo-mutants lists is no JSON of mutants")
}

impl Mutant {
    /// The file's text with the change.
    pub(crate) fn applied(&self, text: &str) -> String {
        let (start, end) = (self.span.start.offset(text), self.span.end.offset(text));
        format!("{}{}{}", &text[..start], self.replacement, &text[end..])
    }

    /// What is changed, without the place.
    pub(crate) fn what(&self) -> &str {
        self.name.splitn(4, ':').nth(3).unwrap_or_default().trim()
    }

    /// The line that the change begins on.
    pub(crate) fn line<'t>(&self, text: &'t str) -> &'t str {
        text.lines().nth(self.span.start.line - 1).unwrap_or_default().trim()
    }
}

impl At {
    /// Where it is in a text, in bytes.
    pub(crate) fn offset(self, text: &str) -> usize {
        let before: usize = text.split_inclusive('\n').take(self.line - 1).map(str::len).sum();
        let line = &text[before..];
        before + line.char_indices().nth(self.column - 1).map_or(line.len(), |(offset, _)| offset)
    }
}
