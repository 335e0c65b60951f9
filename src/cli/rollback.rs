//! `handover rollback`: one route back by a stage or more, whatever the file says.

use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::legacy_only::operator;
use super::{Context, unusable};
use crate::config::fault::shown_path;
use crate::config::reload::note;
use crate::route::override_store::OverrideStore;
use crate::route::overrides::StageOverride;
use crate::route::{Route, Stage};

/// What `rollback` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The route's name.
    route: String,

    /// The stage to go back to; the one before when not given.
    #[arg(long, value_name = "STAGE")]
    to: Option<Stage>,

    /// Take it back: the route is at the file's stage again.
    #[arg(long, conflicts_with = "to")]
    off: bool,

    /// Why; it is kept and shown wherever the stage is shown.
    #[arg(long, default_value = "no reason given")]
    reason: String,
}

/// Writes the override into the state folder, which running processes watch.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let store = OverrideStore::new(context.location.state());
    let folder = shown_path(store.folder());
    let unwritable = || format!("{folder} cannot be written: give the folder of the process by --state");
    let done = if args.off {
        let had_one = store.clear_stage(&args.route).with_context(unwritable)?;
        if had_one { "is at the file's stage again" } else { "had no override" }.to_owned()
    } else {
        let to = target(args, context)?;
        let set = StageOverride { stage: to, note: note(operator(), &args.reason) };
        store.set_stage(&args.route, set).with_context(unwritable)?;
        context.keeper(store.folder()).taken_back(&args.route, to);
        format!("is at stage {to} until `rollback {} --off`", args.route)
    };
    context.output.text(&format!(
        "{} {done}: within two seconds in each process that uses {folder}, and at the next start",
        args.route
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn target(args: &Args, context: &Context) -> anyhow::Result<Stage> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let route = context.route(&generation, &args.route)?;
    back(route, args.to)
}

/// A rollback lowers. What raises a route is the file.
fn back(route: &Route, to: Option<Stage>) -> anyhow::Result<Stage> {
    let target = to.unwrap_or_else(|| route.spec.before(route.stage));
    if target >= route.spec.stage && route.stage == Stage::Legacy && to.is_none() {
        bail!("{} is at legacy already", route.name());
    }
    route.may_go_back_to(target).map_err(anyhow::Error::msg)?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::Sources;
    use crate::config::validate::{Against, validate};
    use crate::native::application::Names;
    use crate::route::canary::Share;
    use crate::route::overrides::{Held, HeldBy, Overridden};

    /// A route at the file's stage.
    fn route(stage: Stage, canary: &str) -> Route {
        let text = format!(
            "[legacy.a]\nhttp = 'http://a'\n[[route]]\nname = 'r'\nmatch = 'GET /'\nnative = 'n'\nstage = '{stage}'\n{canary}"
        );
        let against = Against { env: &|_| None, names: &Names::of_handlers(&["n"]), state: None };
        let config =
            validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}")).config;
        let spec = config.routes.into_iter().next().unwrap();
        let (verify, given_back) = (spec.verify, Share::default());
        Route { place: 0, spec, stage, overridden: None, verify, given_back, native: None, limiter: None }
    }

    /// Where it goes back to from there.
    fn goes_back(stage: Stage, canary: &str, to: Option<Stage>) -> Result<Stage, String> {
        back(&route(stage, canary), to).map_err(|why| why.to_string())
    }

    #[test]
    fn it_goes_one_stage_back_or_as_far_as_it_is_told() {
        let canary = "canary = { share = 0.1, sticky = 'ip' }";
        assert_eq!(goes_back(Stage::Retired, "", None), Ok(Stage::Native));
        assert_eq!(goes_back(Stage::Native, canary, None), Ok(Stage::Canary));
        assert_eq!(
            goes_back(Stage::Native, "", None),
            Ok(Stage::Shadow),
            "there is no share to be a canary by"
        );
        assert_eq!(goes_back(Stage::Canary, canary, None), Ok(Stage::Shadow));
        assert_eq!(goes_back(Stage::Shadow, "", None), Ok(Stage::Legacy));
        assert_eq!(goes_back(Stage::Native, "", Some(Stage::Legacy)), Ok(Stage::Legacy));
        assert!(goes_back(Stage::Legacy, "", None).is_err());
        assert!(goes_back(Stage::Shadow, "", Some(Stage::Shadow)).unwrap_err().contains("edit the file"));
    }

    #[test]
    fn it_leads_past_no_gate_that_is_shut() {
        let mut route = route(Stage::Native, "canary = { share = 0.1, sticky = 'ip' }");
        let held = Held { stage: Stage::Shadow, asked: Stage::Native, by: HeldBy::Gate };
        (route.stage, route.overridden) = (held.stage, Some(Overridden::Held(held)));
        let shut = back(&route, Some(Stage::Canary)).unwrap_err().to_string();
        assert!(shut.contains("the gate holds r at shadow"), "{shut}");
        assert_eq!(back(&route, None).unwrap(), Stage::Legacy);
        assert_eq!(route.one_back(), Stage::Legacy);
    }
}
