//! `handover coverage`: the sources of legacy, with how often compared requests reached each line, and which none ever did.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

use super::progress::Progress;
use super::{Context, output, rehearsal};
use crate::rehearse::fuzz::Fuzz;
use crate::rehearse::kept::{self, Reached};
use crate::rehearse::pool::Wanted;

/// Lines around one that was never reached that are shown with it.
const AROUND: u32 = 2;

/// What `coverage` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a recording it shows what was found last, by this command or by `fuzz`. A line that no request reached \
                  holds what nobody has compared.\n\nExit status: 0 every line was reached; 3 some were not."
)]
pub(super) struct Args {
    /// The route's name.
    route: String,

    /// A recording whose requests are put to both sides, again for each.
    #[arg(long = "with", value_name = "FILE")]
    recordings: Vec<PathBuf>,

    /// Only sources whose path has this in it.
    #[arg(long, value_name = "TEXT")]
    file: Option<String>,

    /// Show sources whole, not only what was never reached.
    #[arg(long)]
    whole: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    legacy: Wanted,
}

/// Shows it.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    if !args.recordings.is_empty() {
        measure(args, context)?;
    }
    let Some(mut kept) = kept::load::<Reached>(&context.location.state(), &args.route)? else {
        bail!("nothing is known of {0} yet: `handover coverage {0} --with RECORDING`", args.route)
    };
    kept.lines.retain(|path, _| args.file.as_ref().is_none_or(|wanted| path.contains(wanted)));
    if args.json {
        context.output.json(&kept)?;
    } else {
        context.output.text(&shown(&kept, args.whole))?;
    }
    let all_reached = kept.lines.values().flat_map(BTreeMap::values).all(|hits| *hits > 0);
    Ok(if all_reached { ExitCode::SUCCESS } else { ExitCode::from(super::gate::SHUT) })
}

/// Puts recorded requests to both sides.
fn measure(args: &Args, context: &Context) -> anyhow::Result<()> {
    let requests = rehearsal::requests(&args.route, &args.recordings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let rehearsal = rehearsal::start(&args.route, &args.legacy, context).await?;
        let mut fuzz = Fuzz::new(rehearsal.both, 0, false)?;
        let mut progress = Progress::of(requests.len() as u64, "requests put to both sides");
        for some in requests.chunks(480) {
            fuzz.replay(some).await?;
            progress.advance(fuzz.standing.tried);
        }
        progress.end();
        if fuzz.standing.tried == 0 {
            bail!("none of these requests could be put to both sides");
        }
        keep(&args.route, &fuzz, context)?;
        fuzz.both.stop().await;
        Ok(())
    })
}

/// Keeps what a search reached.
pub(super) fn keep(route: &str, fuzz: &Fuzz, context: &Context) -> anyhow::Result<()> {
    let of_file = |lines: &BTreeMap<u32, handover_fuzzer::Line>| {
        lines.iter().map(|(n, line)| (*n, line.hits)).collect()
    };
    let reached = Reached {
        legacy: fuzz.legacy.clone(),
        sources: fuzz.both.own().sources.clone(),
        lines: fuzz.corpus.lines().iter().map(|(path, lines)| (path.clone(), of_file(lines))).collect(),
        requests: fuzz.standing.tried,
        made: fuzz.standing.made,
    };
    kept::keep(&context.location.state(), route, &reached)
}

fn shown(kept: &Reached, whole: bool) -> String {
    let mut table = output::table(["SOURCE", "LINES", "REACHED", "NEVER"]);
    let (mut all, mut reached) = (0, 0);
    for (path, lines) in &kept.lines {
        let hit = lines.values().filter(|hits| **hits > 0).count();
        (all, reached) = (all + lines.len(), reached + hit);
        let figures = [lines.len(), hit, lines.len() - hit].map(|n| n.to_string());
        let [of, hit, never] = figures;
        table.add_row([path.clone(), of, hit, never]);
    }
    let mut text = output::lines(&table);
    for (path, lines) in &kept.lines {
        if whole || lines.values().any(|hits| *hits == 0) {
            text.push_str(&source(&kept.sources.join(path), path, lines, whole));
        }
    }
    let recorded = kept.requests - kept.made;
    text.push_str(&format!(
        "\n{reached} of {all} lines were reached by {recorded} recorded requests and {} that were made up",
        kept.made
    ));
    text
}

/// A source with the count of each line that can run: `!` where it was never reached.
fn source(file: &Path, path: &str, lines: &BTreeMap<u32, u64>, whole: bool) -> String {
    let Ok(bytes) = fs::read(file) else { return format!("\n{path}: its source is gone\n") };
    let near = |number: u32| {
        lines.range(number.saturating_sub(AROUND)..=number + AROUND).any(|(_, hits)| *hits == 0)
    };
    let (mut text, mut skipped) = (format!("\n{path}\n"), false);
    for (number, line) in (1_u32..).zip(String::from_utf8_lossy(&bytes).lines()) {
        if !whole && !near(number) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) && !whole {
            text.push_str("         …\n");
        }
        let mark = match lines.get(&number) {
            None => String::new(),
            Some(0) => "!".to_owned(),
            Some(hits) => hits.to_string(),
        };
        text.push_str(&format!("{mark:>8} {number:>5}  {line}\n"));
    }
    text
}
