//! `handover affected`: native routes whose PHP has changed since, for legacy's own CI: a hotfix in PHP must not be lost.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::{Context, output, unusable};
use crate::rehearse::kept::{self, Reached};
use crate::route::{Route, Stage};

/// What `affected` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Which sources a route is made of is known from `handover coverage` and `handover fuzz`: those that a compared request \
                  reached. A route of which nothing is known counts as affected.\n\nExit status: 0 no native route is \
                  affected; 3 some are."
)]
pub(super) struct Args {
    /// What legacy's sources are compared with: a commit, a tag, a branch of their git repository.
    #[arg(long, value_name = "REF")]
    since: String,

    /// All routes that have native handlers, not only those that are answered by them.
    #[arg(long)]
    all: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Affected<'r> {
    route: &'r str,
    stage: Stage,
    owner: Option<&'r str>,
    /// The sources that changed; `None` where nobody knows what the route is made of.
    changed: Option<Vec<String>>,
}

/// Names them.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let concerned = |route: &&std::sync::Arc<Route>| {
        route.spec.native.is_some() && (args.all || route.stage > Stage::Shadow)
    };
    let (state, mut affected) = (context.location.state(), Vec::new());
    for route in generation.routes().iter().filter(concerned) {
        let changed = match kept::load::<Reached>(&state, route.name())? {
            None => None,
            Some(kept) => Some(changed(&kept, &args.since)?),
        };
        if changed.as_ref().is_none_or(|files| !files.is_empty()) {
            let (stage, owner) = (route.stage, route.spec.owner.as_deref());
            affected.push(Affected { route: route.name(), stage, owner, changed });
        }
    }
    let status = if affected.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(super::gate::SHUT) };
    if args.json {
        context.output.json(&affected)?;
    } else if affected.is_empty() {
        context.output.text(&format!("no native route's PHP has changed since {}", args.since))?;
    } else {
        context.output.text(&table(&affected))?;
    }
    Ok(status)
}

fn table(affected: &[Affected<'_>]) -> String {
    let mut table = output::table(["ROUTE", "STAGE", "OWNER", "CHANGED"]);
    for route in affected {
        let changed = match &route.changed {
            Some(files) => files.join(", "),
            None => format!("unknown: run `handover coverage {}`", route.route),
        };
        let owner = route.owner.unwrap_or("-");
        table.add_row([route.route, &route.stage.to_string(), owner, &changed]);
    }
    output::lines(&table)
}

/// The sources that compared requests reached and that have changed.
fn changed(kept: &Reached, since: &str) -> anyhow::Result<Vec<String>> {
    let changed = changed_files(&kept.sources, since)?;
    let reached = kept.lines.iter().filter(|(_, lines)| lines.values().any(|hits| *hits > 0));
    Ok(reached.map(|(path, _)| path.clone()).filter(|path| changed.contains(Path::new(path))).collect())
}

/// The files below a folder that differ from what they were then, not committed changes and new files among them.
fn changed_files(folder: &Path, since: &str) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut changed = BTreeSet::new();
    let differing = ["diff", "--name-only", "--relative", "-z", since, "--", "."];
    let new = ["ls-files", "--others", "--exclude-standard", "-z", "--", "."];
    for arguments in [&differing[..], &new[..]] {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output();
        let output = output.context("git cannot be run")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            bail!("git cannot say what changed in {} since {since}: {said}", folder.display());
        }
        let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        changed.extend(names.map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned())));
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let done = Command::new("git").arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    #[test]
    fn sources_that_a_route_reached_and_that_changed_are_named_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let app = folder.path().join("app");
        std::fs::create_dir(&app).unwrap();
        for name in ["a.php", "b.php", "c.php", "never.php"] {
            std::fs::write(app.join(name), "<?php 1;").unwrap();
        }
        git(folder.path(), &["init", "-q"]);
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-qm", "x"]);
        git(folder.path(), &["tag", "v1"]);
        std::fs::write(app.join("a.php"), "<?php 2;").unwrap();
        git(folder.path(), &["commit", "-qam", "hotfix"]);
        for name in ["b.php", "new.php", "never.php"] {
            std::fs::write(app.join(name), "<?php 3;").unwrap();
        }
        let line = |hits| BTreeMap::from([(1, hits)]);
        let lines = [("a.php", 1), ("b.php", 2), ("c.php", 3), ("new.php", 4), ("never.php", 0)];
        let lines = lines.map(|(path, hits)| (path.to_owned(), line(hits))).into();
        let kept = Reached {
            at: None,
            legacy: None,
            sources: app,
            lines,
            digests: BTreeMap::new(),
            requests: 1,
            made: 0,
        };
        assert_eq!(changed(&kept, "v1").unwrap(), ["a.php", "b.php", "new.php"]);
        assert_eq!(changed(&kept, "HEAD").unwrap(), ["b.php", "new.php"]);
        assert!(changed(&kept, "v9").unwrap_err().to_string().contains("v9"));
    }
}
