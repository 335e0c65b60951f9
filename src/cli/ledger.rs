//! `handover ledger`: who moved which route when, on what evidence; verified as it is read.

use std::process::ExitCode;

use super::{Context, output};
use crate::gate::ledger::{Entry, Ledger};
use crate::route::Stage;

/// What `ledger` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 1 when the ledger is not what was written; what can be relied upon is still shown."
)]
pub(super) struct Args {
    /// Only this route.
    route: Option<String>,

    /// Print JSON, with the evidence that each move rests on.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (entries, broken) = match Ledger::in_folder(&context.location.state()).read()? {
        Ok(entries) => (entries, None),
        Err((entries, broken)) => (entries, Some(broken)),
    };
    let head = entries.last().map_or("", |entry| &entry.hash).to_owned();
    let wanted = |entry: &&Entry| args.route.as_ref().is_none_or(|route| *route == entry.moved.route);
    let shown: Vec<&Entry> = entries.iter().filter(wanted).collect();
    if args.json {
        context.output.json(&shown)?;
    } else if entries.is_empty() {
        context.output.text("no route was moved yet")?;
    } else {
        let mut table = output::table(["N", "WHEN", "ROUTE", "FROM", "TO", "WHO", "WHY", "SAMPLES", "BOUND"]);
        for entry in &shown {
            table.add_row(row(entry));
        }
        context.output.text(&format!("{}the chain ends at {head}", output::lines(&table)))?;
    }
    match broken {
        None => Ok(ExitCode::SUCCESS),
        Some(broken) => Err(anyhow::Error::new(broken).context("the ledger is not what was written")),
    }
}

fn row(entry: &Entry) -> [String; 9] {
    let moved = &entry.moved;
    let evidence = moved.evidence.as_ref();
    [
        entry.n.to_string(),
        entry.at.strftime("%F %T").to_string(),
        moved.route.clone(),
        moved.from.map_or_else(|| "-".to_owned(), |stage: Stage| stage.to_string()),
        moved.to.to_string(),
        moved.who.clone(),
        moved.why.clone(),
        evidence.map_or_else(String::new, |said| said.samples.to_string()),
        evidence.map_or_else(String::new, |said| format!("{:.4}", said.bound)),
    ]
}
