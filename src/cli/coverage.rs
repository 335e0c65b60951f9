//! `handover coverage`: the sources of legacy, with how often compared requests reached each line, and which none ever did.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use handover_shadow::Gate;
use jiff::Timestamp;

use super::progress::Progress;
use super::{Context, output, rehearsal};
use crate::rehearse::fuzz::Fuzz;
use crate::rehearse::kept::{self, Reached, Source, digest};
use crate::rehearse::listing::{self, Row};
use crate::rehearse::pool::Wanted;

/// What `coverage` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without a recording it shows what was found last, by this command or by `fuzz`. A line that no request reached, \
                  marked `!`, holds what nobody has compared; `~` marks one that the gate accepts with a reason.\n\nExit status: 0 every line was reached; 3 some were not."
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
        context.output.text(&shown(&kept, gate(&args.route, context).as_ref(), args.whole))?;
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
    let sources = fuzz.both.own().sources.clone();
    let lines: BTreeMap<_, _> =
        fuzz.corpus.lines().iter().map(|(path, lines)| (path.clone(), of_file(lines))).collect();
    let digest = |path: &String| Some((path.clone(), digest(&fs::read(sources.join(path)).ok()?)));
    let reached = Reached {
        at: Some(Timestamp::now()),
        legacy: fuzz.legacy.clone(),
        digests: lines.keys().filter_map(digest).collect(),
        sources,
        lines,
        requests: fuzz.standing.tried,
        made: fuzz.standing.made,
    };
    kept::keep(&context.location.state(), route, &reached)
}

/// What a route's gate says of its lines; nothing where the file cannot be used.
fn gate(route: &str, context: &Context) -> Option<Gate> {
    let (_, checked) = context.location.check(&context.application.names()).ok()?;
    checked.config.routes.iter().find(|spec| *spec.name == *route)?.gate.clone()
}

fn shown(kept: &Reached, gate: Option<&Gate>, whole: bool) -> String {
    let accepted = |path: &str, n: u32| gate.and_then(|gate| gate.accepts_line(path, n));
    let mut table = output::table(["SOURCE", "LINES", "REACHED", "NEVER", "ACCEPTED"]);
    let (mut all, mut reached) = (0, 0);
    for (path, lines) in &kept.lines {
        let hit = lines.values().filter(|hits| **hits > 0).count();
        let never = lines.iter().filter(|(_, hits)| **hits == 0);
        let waived = never.filter(|(n, _)| accepted(path, **n).is_some()).count();
        (all, reached) = (all + lines.len(), reached + hit);
        let figures = [lines.len(), hit, lines.len() - hit - waived, waived].map(|n| n.to_string());
        let [of, hit, never, waived] = figures;
        table.add_row([path.clone(), of, hit, never, waived]);
    }
    let mut text = output::lines(&table);
    for (path, lines) in &kept.lines {
        let accepted = |n: u32| accepted(path, n);
        if whole || lines.iter().any(|(n, hits)| *hits == 0 && accepted(*n).is_none()) {
            text.push_str(&source(&kept.source(path), path, lines, accepted, whole));
        }
    }
    let recorded = kept.requests - kept.made;
    let recorded = super::count(recorded as usize, "recorded request");
    text.push_str(&format!(
        "\n{reached} of {all} lines were reached by {recorded} and {} that were made up",
        kept.made
    ));
    if let Some(at) = kept.at {
        let legacy =
            kept.legacy.as_deref().map_or_else(String::new, |legacy| format!(", of legacy {legacy}"));
        text.push_str(&format!("; taken {at:.0}{legacy}"));
    }
    text
}

/// A source with the count of each line that can run: `!` where it was never reached, `~` where that is accepted.
fn source<'g>(
    source: &Source,
    path: &str,
    lines: &BTreeMap<u32, u64>,
    accepted: impl Fn(u32) -> Option<&'g str>,
    whole: bool,
) -> String {
    let (source, note) = match source {
        Source::Same(source) => (source, ""),
        Source::Changed(source) => (source, ": it has changed since, so the counts may be of other lines"),
        Source::Gone => return format!("\n{path}: its source is gone\n"),
    };
    let mut text = format!("\n{path}{note}\n");
    let rows: Vec<Row<'_>> = if whole {
        listing::whole(source, lines).collect()
    } else {
        listing::folded(source, lines, |n| accepted(n).is_none())
    };
    for row in rows {
        match row {
            Row::Folded(..) => text.push_str("         …\n"),
            Row::Line { number, text: line, hits } => {
                let (mark, why) = match (hits, accepted(number)) {
                    (None, _) => (String::new(), None),
                    (Some(0), Some(why)) => ("~".to_owned(), Some(why)),
                    (Some(0), None) => ("!".to_owned(), None),
                    (Some(hits), _) => (hits.to_string(), None),
                };
                let why = why.map_or_else(String::new, |why| format!("   ← accepted: {why}"));
                text.push_str(&format!("{mark:>8} {number:>5}  {line}{why}\n"));
            }
        }
    }
    text
}
