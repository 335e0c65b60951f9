//! `handover check`: everything that is wrong with the configuration.

use std::process::ExitCode;

use serde_json::json;

use super::gate::SHUT;
use super::{Context, count};
use crate::config::fault::shown_path;
use crate::gate::keeper::Holds;
use crate::schemas;
use crate::serve::EVIDENCE;

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Checks. Faults make the exit status 1, gates that are shut 3, warnings nothing.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let checked = context.location.check(&context.application.names());
    let held = match &checked {
        Ok((_, checked)) if checked.config.state.join(EVIDENCE).exists() => {
            context.keeper(&checked.config.state).look(&checked.config)
        }
        // Where no process has served, nobody knows what a gate would say.
        _ => Holds::new(),
    };
    let status = match (&checked, held.is_empty()) {
        (Err(_), _) => ExitCode::FAILURE,
        (Ok(_), false) => ExitCode::from(SHUT),
        (Ok(_), true) => ExitCode::SUCCESS,
    };
    let output = &context.output;
    let main = shown_path(&context.location.main);
    match (checked, args.json) {
        (Ok((_, checked)), true) => output.json(&json!({
            "ok": true,
            "hash": checked.config.hash,
            "routes": checked.config.routes.len(),
            "faults": checked.warnings.shown(),
            "held": held.iter().map(|(route, held)| (route.clone(), json!(held.to_string()))).collect::<serde_json::Map<_, _>>(),
        }))?,
        (Err(faults), true) => output.json(&json!({ "ok": false, "faults": faults.shown() }))?,
        (Ok((sources, checked)), false) => {
            if !checked.warnings.is_empty() {
                output.complain(&checked.warnings.render(output.colours));
            }
            let config = &checked.config;
            let (routes, legacies) = (count(config.routes.len(), "route"), config.legacies.len());
            let legacies = format!("{legacies} legac{}", if legacies == 1 { "y" } else { "ies" });
            let files = count(sources.files().len(), "file");
            output
                .text(&format!("{main} is good: {routes}, {legacies}, in {files} (hash {})", config.hash))?;
            for lacking in schemas::lacking(config) {
                output.complain(&lacking);
            }
            for (route, held) in &held {
                output.complain(&format!("{route} stays at {}: {held}", held.stage));
            }
        }
        (Err(faults), false) => {
            output.complain(&faults.render(output.colours));
            output.complain(&format!("{main} cannot be used: {}", count(faults.len(), "fault")));
        }
    }
    Ok(status)
}
