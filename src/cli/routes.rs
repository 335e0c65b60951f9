//! `handover routes`: the routes with their stages, as files and overrides on disk have them.

use std::process::ExitCode;

use serde::Serialize;

use super::{Context, output, unusable};
use crate::route::{Route, Stage};

/// What `routes` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'r> {
    name: &'r str,
    matches: String,
    stage: Stage,
    file_stage: Stage,
    overridden: Option<String>,
    native: Option<&'r str>,
    legacy: &'r str,
    owner: Option<&'r str>,
}

/// Lists the routes.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let shown: Vec<_> = generation.routes().iter().map(|route| shown(route)).collect();
    if args.json {
        context.output.json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(["ROUTE", "MATCHES", "STAGE", "NATIVE", "LEGACY", "OWNER"]);
    for route in &shown {
        let stage = match route.stage == route.file_stage {
            true => route.stage.to_string(),
            false => format!("{} (file: {})", route.stage, route.file_stage),
        };
        let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
        table.add_row([
            route.name.to_owned(),
            route.matches.clone(),
            stage,
            or_dash(route.native),
            route.legacy.to_owned(),
            or_dash(route.owner),
        ]);
    }
    let default = &generation.config.default_legacy.name;
    let mut text = format!("{}everything else goes to {default}\n", output::lines(&table));
    if let Some(all) = &generation.overrides.legacy_only {
        text.push_str(&format!("{all}\n"));
    }
    for route in shown.iter().filter(|_| generation.overrides.legacy_only.is_none()) {
        if let Some(why) = &route.overridden {
            text.push_str(&format!("{}: {why}\n", route.name));
        }
    }
    context.output.text(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn shown(route: &Route) -> Shown<'_> {
    Shown {
        name: route.name(),
        matches: route.spec.pattern.to_string(),
        stage: route.stage,
        file_stage: route.spec.stage,
        overridden: route.overridden.as_ref().map(ToString::to_string),
        native: route.spec.native.as_deref().or(route
            .spec
            .candidate
            .as_deref()
            .map(|candidate| &*candidate.name)),
        legacy: &route.spec.legacy.name,
        owner: route.spec.owner.as_deref(),
    }
}
