//! What goes to the terminal: tables for people, JSON for programs, colours only where somebody looks.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Where a command's results and complaints go.
pub(super) struct Output {
    /// Whether complaints are coloured.
    pub colours: bool,
}

impl Output {
    /// Standard output for results, standard error for complaints. `NO_COLOR` is heeded.
    pub(super) fn of_this_process() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: wanted && io::stderr().is_terminal() }
    }

    /// Prints a result. That the reader has gone (`| head`) is no error.
    pub(super) fn text(&self, text: &str) -> anyhow::Result<()> {
        match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
            Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(why.into()),
            _ => Ok(()),
        }
    }

    /// Prints a result for programs.
    pub(super) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.text(&serde_json::to_string_pretty(value)?)
    }

    /// Prints something that is wrong.
    pub(super) fn complain(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}\n");
    }

    /// Prints why a command failed, with its causes.
    pub(super) fn error(&self, error: &anyhow::Error) {
        let mark = if self.colours { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
        let mut text = format!("{mark}: {error}");
        for cause in error.chain().skip(1) {
            text.push_str(&format!("\n  because {cause}"));
        }
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// A plain table with that head.
pub(super) fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(head);
    table
}

/// A table's text, without the blanks that it puts around and behind.
pub(super) fn lines(table: &Table) -> String {
    table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line).trim_end()))
        .collect()
}
