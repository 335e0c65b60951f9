//! `handover inventory`: what clients ask for, from access logs, before anything is installed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;
use serde_json::json;

use super::{Context, count, output};
use crate::inventory::access_log::{self, Line};
use crate::inventory::strict;
use crate::inventory::templates::{Counts, Row, Seen, Templates};
use crate::route::generation::Generation;
use crate::route::matcher::Lookup;
use crate::route::{Asked, Values};

/// The longest line that is read; what is longer is cut.
const LINE_MAX: usize = 64 * 1024;

/// What `inventory` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads nginx's and Apache's common and combined formats, with a duration at the end if there is one ($request_time or
%D), and JSON lines with nginx's names. Where there is a routes.toml, what a route names already is left out.

Example: handover inventory /var/log/nginx/access.log*")]
pub(super) struct Args {
    /// The logs, `.gz` too; `-` is standard input.
    #[arg(required = true)]
    logs: Vec<PathBuf>,

    /// How many templates are shown.
    #[arg(long, default_value_t = 50)]
    top: usize,

    /// Show what a route names already, too.
    #[arg(long)]
    all: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was read.
#[derive(Default)]
struct Read {
    templates: Templates,
    lines: u64,
    /// Lines that are no request.
    others: u64,
}

/// Reads and shows.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().ok();
    let mut read = Read::default();
    for log in &args.logs {
        let shown = log.display();
        read_log(log, generation.as_deref(), &mut read).with_context(|| format!("{shown} cannot be read"))?;
    }
    if read.lines == read.others {
        bail!("none of {} is a request: is this an access log?", count(read.lines as usize, "line"));
    }
    let mut rows = read.templates.rows();
    rows.retain(|row| args.all || row.counts.unrouted() > 0);
    if args.json {
        let all =
            json!({ "requests": read.lines - read.others, "other_lines": read.others, "templates": rows });
        context.output.json(&all)?;
    } else {
        context.output.text(&shown(&rows, &read, args.top))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read_log(path: &Path, generation: Option<&Generation>, read: &mut Read) -> io::Result<()> {
    let is_packed = path.extension().is_some_and(|extension| extension == "gz");
    let mut lines: Box<dyn BufRead> = match path.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ if is_packed => Box::new(BufReader::new(MultiGzDecoder::new(File::open(path)?))),
        _ => Box::new(BufReader::with_capacity(1 << 20, File::open(path)?)),
    };
    let progress = progress(path);
    let mut bytes = Vec::new();
    while next_line(&mut lines, &mut bytes)? {
        progress.inc(1);
        read.lines += 1;
        match access_log::line(&String::from_utf8_lossy(&bytes)) {
            Some(line) => add(&line, generation, &mut read.templates),
            None => read.others += 1,
        }
    }
    progress.finish_and_clear();
    Ok(())
}

/// A counter for people who wait.
fn progress(path: &Path) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{prefix}: {human_pos} lines, {per_sec}");
    let bar = indicatif::ProgressBar::new_spinner().with_prefix(path.display().to_string());
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

/// The next line, at most [`LINE_MAX`] of it; `false` at the end.
fn next_line(lines: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let there = lines.fill_buf()?;
        if there.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = there.iter().position(|byte| *byte == b'\n');
        let part = &there[..end.unwrap_or(there.len())];
        line.extend_from_slice(&part[..part.len().min(LINE_MAX.saturating_sub(line.len()))]);
        let used = end.map_or(there.len(), |end| end + 1);
        lines.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

fn add(line: &Line, generation: Option<&Generation>, templates: &mut Templates) {
    let route = generation.and_then(|generation| match generation.config.matcher.find(&Logged(line)) {
        Lookup::Clear(found) => generation.routes().get(found.index).map(Arc::clone),
        _ => None,
    });
    templates.add(&Seen {
        method: &line.method,
        path: line.path(),
        status: line.status,
        took: line.took,
        at: line.at,
        count: 1,
        refused: strict::refusal(&line.method, &line.target),
        route: route.as_ref().map(|route| route.name()),
    });
}

/// A logged request, as far as routing looks at it: the host and header fields are not known.
struct Logged<'l>(&'l Line);

impl Asked for Logged<'_> {
    fn method(&self) -> &[u8] {
        self.0.method.as_bytes()
    }

    fn path(&self) -> &[u8] {
        self.0.path()
    }

    fn host(&self) -> Option<&[u8]> {
        None
    }

    fn field(&self, _: &str) -> Values<'_> {
        Values::Absent
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn draw(&self) -> f64 {
        0.0
    }
}

fn shown(rows: &[Row], read: &Read, top: usize) -> String {
    let all = read.lines - read.others;
    let mut table =
        output::table(["REQUESTS", "SHARE", "TEMPLATE", "METHODS", "STATUSES", "P99", "LAST", "NOTE"]);
    for row in rows.iter().take(top) {
        table.add_row(cells(row, all));
    }
    let mut text = output::lines(&table);
    if rows.len() > top {
        text.push_str(&format!("… and {}: --top {}\n", count(rows.len() - top, "more template"), rows.len()));
    }
    if rows.iter().take(top).any(|row| row.counts.quantile(0.99).is_none()) {
        text.push_str(NOT_LOGGED);
    }
    let named = count(all as usize, "request");
    text.push_str(&format!("{named} in {}\n", count(rows.len(), "template")));
    if read.others > 0 {
        text.push_str(&format!("{} left out: not a request\n", count(read.others as usize, "line")));
    }
    text
}

/// How the log comes to say how long answers took: no default format does.
const NOT_LOGGED: &str =
    "P99 is not logged: it takes `$request_time` (nginx) or `%D` (Apache) at the end of each line\n";

fn cells(Row { template, counts }: &Row, all: u64) -> [String; 8] {
    [
        counts.requests.to_string(),
        format!("{:.1} %", 100.0 * counts.requests as f64 / all.max(1) as f64),
        template.clone(),
        counts.methods.keys().cloned().collect::<Vec<_>>().join(" "),
        statuses(counts),
        counts.quantile(0.99).map_or_else(|| "not logged".to_owned(), |took| format!("≤ {}", short(took))),
        counts.last.map_or_else(String::new, |last| last.strftime("%F %H:%M").to_string()),
        note(counts),
    ]
}

fn statuses(counts: &Counts) -> String {
    let class = |(class, n): (&u16, &u64)| format!("{class}xx:{n}");
    counts.statuses.iter().map(class).collect::<Vec<_>>().join(" ")
}

/// `850 µs`, `12 ms`, `1.5 s`.
pub(crate) fn short(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!("{:.1} s", micros as f64 / 1e6),
    }
}

fn note(counts: &Counts) -> String {
    let refused = counts.refused.iter().map(|(why, n)| format!("{n} would be refused: {why}"));
    let routes = counts.routes.iter().map(|(route, n)| format!("{n} by route {route}"));
    refused.chain(routes).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_they_end_and_long_ones_are_cut() {
        let text = format!("one\n\n{}\nlast", "x".repeat(LINE_MAX * 2));
        let mut lines = BufReader::with_capacity(7, text.as_bytes());
        let (mut line, mut lengths) = (Vec::new(), Vec::new());
        while next_line(&mut lines, &mut line).unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [3, 0, LINE_MAX, 4]);
    }
}
