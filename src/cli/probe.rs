//! `handover probe`: which PHP each legacy runs, asked now, and the script that asks.

use std::process::ExitCode;

use tokio::task::LocalSet;

use super::{Context, output, unusable};
use crate::legacy::Legacies;
use crate::legacy::probe::{Prober, SCRIPT};

/// What `probe` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the script, for a pool that cannot read ours: put it where the pool can, and name it by `probe` in the file.
    #[arg(long)]
    script: bool,
}

/// Asks each legacy that has a `probe`.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    if args.script {
        context.output.text(SCRIPT)?;
        return Ok(ExitCode::SUCCESS);
    }
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let scratch = tempfile::tempdir()?;
    let mut status = ExitCode::SUCCESS;
    LocalSet::new().block_on(&runtime, async {
        let prober = Prober::new(&Legacies::new(scratch.path().to_owned()))?;
        for spec in &generation.config.legacies {
            match prober.ask(spec).await {
                None => context.output.text(&format!("{}: it has no `probe`\n", spec.name))?,
                Some(Ok(facts)) => {
                    let mut table = output::table([spec.name.as_str(), "SAYS"]);
                    for (name, value) in facts.all() {
                        table.add_row([name, value]);
                    }
                    context.output.text(&output::lines(&table))?;
                }
                Some(Err(error)) => {
                    context.output.error(&error.into());
                    status = ExitCode::FAILURE;
                }
            }
        }
        anyhow::Ok(status)
    })
}
