//! `handover gate`: what a route's evidence lacks for the route to move up.

use std::process::ExitCode;

use handover_shadow::{Assessment, Need, NeedState};

use super::{Context, output, unusable};

/// What `gate` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit status: 0 every gate that was asked is open; 3 one is shut.")]
pub(super) struct Args {
    /// Only this route; all that have a gate when not given.
    route: Option<String>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The exit status where a gate is shut.
pub(super) const SHUT: u8 = 3;

/// Asks.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let gate = context.keeper(&generation.config.state);
    let said: Vec<Assessment> = match &args.route {
        Some(name) => vec![gate.assess(&context.route(&generation, name)?.spec)],
        None => {
            let gated = generation.config.routes.iter().filter(|route| route.gate.is_some());
            gate.assess_all(gated.map(|route| &**route)).into_iter().map(|said| said.assessment).collect()
        }
    };
    if args.json {
        context.output.json(&said)?;
    } else if said.is_empty() {
        context.output.text("no route has a gate: a changed `stage` simply applies")?;
    } else {
        context.output.text(&said.iter().map(text).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(if said.iter().all(|said| said.open) { ExitCode::SUCCESS } else { ExitCode::from(SHUT) })
}

/// What a gate says, for people.
pub(super) fn text(said: &Assessment) -> String {
    let table = needs_table(&said.needs);
    if said.open {
        return format!("{}: the gate is open\n{table}", said.route);
    }
    format!("{}: the gate is shut\n{table}it opens: {}\n", said.route, said.estimate)
}

/// What is asked for, what there is of it, and how to get the rest.
pub(super) fn needs_table(needs: &[Need]) -> String {
    let mut table = output::table(["", "NEED", "FOUND", "HOW TO GET IT"]);
    for Need { what, state, found, how } in needs {
        let mark = match state {
            NeedState::Met => "✓",
            NeedState::Waived => "–",
            NeedState::Missing => "✗",
            NeedState::Unmeasurable => "?",
        };
        let what =
            if *state == NeedState::Unmeasurable { format!("{what}, unmeasurable") } else { what.clone() };
        table.add_row([mark.to_owned(), what, found.clone(), how.clone().unwrap_or_default()]);
    }
    output::lines(&table)
}
