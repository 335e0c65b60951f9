//! What goes to the terminal: tables for people, JSON for programs, colours only where somebody looks.

use std::borrow::Cow;
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

    /// Prints a result, of which a terminal obeys nothing. That the reader has gone (`| head`) is no error.
    pub(super) fn text(&self, text: &str) -> anyhow::Result<()> {
        printed(&harmless(text.trim_end()))
    }

    /// Prints a result for programs.
    pub(super) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        printed(&serde_json::to_string_pretty(value)?)
    }

    /// Prints something that is wrong.
    pub(super) fn complain(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}\n");
    }

    /// Prints why a command failed, with its causes.
    pub(super) fn error(&self, error: &anyhow::Error) {
        let mark = if self.colours { "\u{1b}[1;31merror\u{1b}[0m" } else { "error" };
        let mut text = error.to_string();
        for cause in error.chain().skip(1) {
            text.push_str(&format!("\n  because {cause}"));
        }
        let _ = writeln!(io::stderr().lock(), "{mark}: {}", harmless(&text));
    }
}

fn printed(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(why.into()),
        _ => Ok(()),
    }
}

/// Shows what a terminal would obey instead: what clients sent and what stands in legacy's sources is printed, too. JSON has such
/// characters escaped by its own rules.
fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| match c {
        '\u{0}'..='\u{1f}' if obeyed(c) => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if obeyed(c) => '\u{fffd}',
        c => c,
    });
    Cow::Owned(shown.collect())
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

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(harmless("a\tb\nü"), "a\tb\nü");
        assert_eq!(harmless("\u{1b}[2Jx\r\u{7f}\u{9b}31m"), "\u{241b}[2Jx\u{240d}\u{2421}\u{fffd}31m");
    }
}
