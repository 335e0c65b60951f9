//! What was measured, as a table for people, as Markdown for documents and as JSON for programs.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

/// The spread of a figure over the rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// The least.
    pub min: f64,
    /// The one in the middle.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of at least one figure.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        Self { min: at(0), median: at(figures.len() / 2), max: at(figures.len().saturating_sub(1)) }
    }
}

/// One figure of a row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// Its column.
    pub name: &'static str,
    /// What it came to in each round, in their order: contenders of the same round met the same machine.
    pub rounds: Vec<f64>,
}

impl Figure {
    /// Over all rounds.
    pub(crate) fn spread(&self) -> Spread {
        Spread::of(self.rounds.iter().copied())
    }
}

/// A goal, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    /// Against whom.
    pub against: String,
    /// What share of theirs ours is.
    pub ratio: f64,
    /// What it is to be at the most.
    pub at_most: f64,
}

impl Verdict {
    /// Whether the goal is met.
    pub(crate) fn holds(&self) -> bool {
        self.ratio <= self.at_most
    }
}

/// What one contender came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The work.
    pub work: String,
    /// Who did it.
    pub who: String,
    /// The figures.
    pub figures: Vec<Figure>,
    /// What came of its goals.
    pub verdicts: Vec<Verdict>,
}

impl Row {
    /// The figure of that name.
    ///
    /// # Panics
    /// When the row has none: a case asks for figures that it has measured.
    pub(crate) fn figure(&self, name: &str) -> &Figure {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.unwrap_or_else(|| panic!("{} has no figure `{name}`", self.who))
    }
}

/// The rows of a case, for a terminal.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = filled(rows, "\n");
    table.load_style(UTF8_FULL_CONDENSED);
    table
}

fn filled(rows: &[Row], between_goals: &str) -> Table {
    let mut columns: Vec<&str> = Vec::new();
    for figure in rows.iter().flat_map(|row| &row.figures) {
        if !columns.contains(&figure.name) {
            columns.push(figure.name);
        }
    }
    let mut table = Table::new();
    table.set_header(["work", "who"].into_iter().chain(columns.iter().copied()).chain(["goals"]));
    for row in rows {
        let cell = |name: &&str| row.figures.iter().find(|f| f.name == *name).map_or_else(String::new, shown);
        let goals: Vec<String> = row.verdicts.iter().map(told).collect();
        let texts = [row.work.clone(), row.who.clone()].into_iter();
        table.add_row(texts.chain(columns.iter().map(cell)).chain([goals.join(between_goals)]));
    }
    for column in table.column_iter_mut().skip(2).take(columns.len()) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn shown(figure: &Figure) -> String {
    let Spread { min, median, max } = figure.spread();
    match (median < 1000.0, min < max && figure.name.contains("CPU")) {
        (true, true) => format!("{median:.1} ({min:.1} to {max:.1})"),
        (true, false) => format!("{median:.1}"),
        (false, _) => format!("{median:.0}"),
    }
}

fn told(verdict: &Verdict) -> String {
    let Verdict { against, ratio, at_most } = verdict;
    let outcome = if verdict.holds() { "holds" } else { "MISSED" };
    format!("{ratio:.3} of {against}, goal {at_most:.3}: {outcome}")
}

/// Writes a table for each case as Markdown, below the day and the machine.
pub(crate) fn write_markdown(path: &Path, cases: &[Vec<Row>]) -> anyhow::Result<()> {
    let mut text = format!("Measured on {} on {}.\n", jiff::Zoned::now().strftime("%Y-%m-%d"), machine());
    for rows in cases {
        let mut table = filled(rows, "<br>");
        table.load_style(ASCII_MARKDOWN);
        text.push_str(&format!("\n{table}\n"));
    }
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

/// Cores, model and kernel, as `/proc` has them.
fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']))
        .collect();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{} cores of {}, Linux {}",
        models.len(),
        models.first().unwrap_or(&"an unknown model"),
        kernel.trim()
    )
}

/// Writes all figures as JSON.
pub(crate) fn write(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let json = serde_json::to_vec_pretty(rows).context("figures are numbers")?;
    fs::write(path, json).with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        let spread = Spread::of([5.0, 1.0, 3.0]);
        assert_eq!((spread.min, spread.median, spread.max), (1.0, 3.0, 5.0));
    }

    #[test]
    fn a_missed_goal_is_said_loudly() {
        let verdict = Verdict { against: "nginx".into(), ratio: 0.9, at_most: 0.7 };
        assert!(told(&verdict).contains("MISSED"));
    }
}
