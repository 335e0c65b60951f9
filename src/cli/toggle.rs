//! `handover promote`, `demote` and `set`: change a route's stage in its file, comments and order kept.
//!
//! First what the gate says and the change itself are shown. Where the file cannot be written (a ConfigMap), the change
//! is printed as a patch.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::gate::SHUT;
use super::legacy_only::operator;
use super::{Context, count, gate, spool, unusable};
use crate::config::edit::{self, Edited};
use crate::config::fault::shown_path;
use crate::config::valid::Config;
use crate::gate::keeper::Gatekeeper;
use crate::route::{Route, Stage};

/// What the three take.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 3 when the gate is shut and no reason forces it; nothing is changed then."
)]
pub(super) struct Args {
    /// The route's name.
    route: String,

    /// Change it although the gate is shut; with the reason, which the ledger keeps.
    #[arg(long, value_name = "REASON")]
    force: Option<String>,

    /// Do not ask before the file is changed.
    #[arg(long, short)]
    yes: bool,
}

/// What `set` takes.
#[derive(Debug, clap::Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    args: Args,

    /// The stage.
    stage: Stage,
}

/// One stage up.
pub(super) fn promote(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    change(args, context, |route| match route.spec.stage {
        Stage::Retired => bail!("{} is retired: there is nothing beyond", route.name()),
        stage => Ok(route.spec.after(stage)),
    })
}

/// One stage down.
pub(super) fn demote(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    change(args, context, |route| match route.spec.stage {
        Stage::Legacy => bail!("{} is at legacy already", route.name()),
        stage => Ok(route.spec.before(stage)),
    })
}

/// To that stage.
pub(super) fn set(args: &SetArgs, context: &Context) -> anyhow::Result<ExitCode> {
    change(&args.args, context, |_| Ok(args.stage))
}

fn change(
    args: &Args,
    context: &Context,
    to: impl FnOnce(&Route) -> anyhow::Result<Stage>,
) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let route = context.route(&generation, &args.route)?;
    let to = to(route)?;
    route.may_go_to(to).map_err(anyhow::Error::msg)?;
    let keeper = context.keeper(&generation.config.state);
    let is_shut = show_gate(route, to, &keeper, context)?;
    if is_shut && args.force.is_none() {
        context.output.complain(&format!("nothing is changed: {} stays at {}", route.name(), route.stage));
        return Ok(ExitCode::from(SHUT));
    }
    say_what_waits(&generation.config, route, to, context)?;
    // A force is for a gate that is shut; one that is left in the file would force the next raise, too.
    let force = args.force.as_deref().filter(|_| is_shut);
    let edited = edit::set_stage(&context.location.main, route.name(), to, force)?;
    let patch = edit::patch(&edited);
    if patch.is_empty() {
        context.output.text(&format!("{} is at {to} in the file already", route.name()))?;
        return Ok(ExitCode::SUCCESS);
    }
    context.output.text(&patch)?;
    if !args.yes && !confirmed()? {
        context.output.complain("nothing is changed");
        return Ok(ExitCode::FAILURE);
    }
    write(&edited, route, to, &keeper, context)
}

/// Says what the gate of a raise says; whether it is shut.
fn show_gate(route: &Route, to: Stage, keeper: &Gatekeeper, context: &Context) -> anyhow::Result<bool> {
    if route.spec.gate.is_none() || to <= Stage::Shadow || to <= route.stage {
        return Ok(false);
    }
    let said = keeper.assess(&route.spec);
    context.output.text(&gate::text(&said))?;
    Ok(!said.open)
}

/// Says which order breaks when legacy takes a route back whose records lie in the spool.
fn say_what_waits(config: &Config, route: &Route, to: Stage, context: &Context) -> anyhow::Result<()> {
    let answers = if to < route.stage { spool::answers_of(config, route.name())? } else { 0 };
    if answers > 0 {
        context.output.complain(&format!(
            "{} of {} lie in the spool, and legacy's records do not wait for theirs: of the same key they may come out of \
             order. To keep it, wait until `handover spool drain` says that the spool is empty",
            count(usize::try_from(answers).unwrap_or(usize::MAX), "answer"),
            route.name()
        ));
    }
    Ok(())
}

fn write(
    edited: &Edited,
    route: &Route,
    to: Stage,
    keeper: &Gatekeeper,
    context: &Context,
) -> anyhow::Result<ExitCode> {
    let file = shown_path(&edited.path);
    if let Err(why) = keeper.asked(route.name(), to, &operator()) {
        tracing::debug!("the ledger will not know who asked: {why}");
    }
    match edit::replace(edited) {
        Ok(()) => {
            let stage = format!("{} goes to {to}: within two seconds where {file} is watched", route.name());
            context.output.text(&stage)?;
            if let Some(why) = route.overridden.as_ref().filter(|_| route.stage != route.spec.stage) {
                context.output.complain(&format!("but {}: {why}", route.name()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(why)
            if matches!(why.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
        {
            context
                .output
                .complain(&format!("{file} cannot be written here; the patch above is the change: {why}"));
            Ok(ExitCode::FAILURE)
        }
        Err(why) => Err(why).with_context(|| format!("{file} cannot be replaced")),
    }
}

fn confirmed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody is there to ask: add --yes to change the file");
    }
    eprint!("Change it? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
