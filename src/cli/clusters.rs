//! `handover clusters`: in which ways the sides differ, and what people decided of each.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use handover_shadow::{ClusterSummary, Decider, Reader, State, Verb};

use super::legacy_only::operator;
use super::{Context, output, unusable};
use crate::gate::own_work;
use crate::serve::EVIDENCE;

/// What `clusters` takes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    /// Only this route.
    route: Option<String>,

    /// Only those in that state.
    #[arg(long, value_name = "STATE", value_parser = state)]
    only: Option<State>,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(subcommand)]
    decide: Option<Decide>,
}

/// What can be decided. It covers what was counted before, and what comes later.
#[derive(Debug, clap::Subcommand)]
enum Decide {
    /// This difference may be.
    Accept(Decision),
    /// What differs at this place does not count, in whatever shape.
    Ignore(Decision),
    /// It is a fault: the gate stays shut while the handler shows it.
    Bug(Decision),
    /// Say something without deciding.
    Comment(Decision),
    /// Take the latest decision back.
    Undo {
        /// The cluster's number.
        cluster: i64,
    },
    /// Show one cluster: its decisions and its pairs, as JSON.
    Show {
        /// The cluster's number.
        cluster: i64,
    },
}

#[derive(Debug, clap::Args)]
struct Decision {
    /// The clusters' numbers.
    #[arg(required = true)]
    clusters: Vec<i64>,

    /// Why; it is kept and shown with the cluster.
    #[arg(long)]
    reason: String,
}

/// Lists, or decides.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let file = context.location.state().join(EVIDENCE);
    let Some(reader) = context.evidence()? else {
        bail!("there is no evidence yet: {} is not there", file.display());
    };
    let decider = || Decider::open(&file).context("the decision cannot be kept");
    match &args.decide {
        None => list(args, &reader, context)?,
        Some(Decide::Accept(asked)) => decide(asked, &Verb::Accept, decider()?, &reader, context)?,
        Some(Decide::Ignore(asked)) => {
            decide(asked, &Verb::Ignore { kind: None }, decider()?, &reader, context)?
        }
        Some(Decide::Bug(asked)) => decide(asked, &Verb::Bug, decider()?, &reader, context)?,
        Some(Decide::Comment(asked)) => decide(asked, &Verb::Comment, decider()?, &reader, context)?,
        Some(Decide::Undo { cluster }) => {
            let undone = decider()?.undo(*cluster, &operator())?;
            let (verb, who) = (undone.verb.name(), &undone.who);
            context.output.text(&format!("cluster {cluster}: `{verb}` of {who} is taken back"))?;
        }
        Some(Decide::Show { cluster }) => context.output.json(&serde_json::json!({
            "decisions": reader.decisions(*cluster)?,
            "pairs": reader.pairs(*cluster)?,
        }))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn decide(
    asked: &Decision,
    verb: &Verb,
    mut decider: Decider,
    reader: &Reader,
    context: &Context,
) -> anyhow::Result<()> {
    let who = operator();
    let (_, checked) =
        context.location.check(&context.application.names()).map_err(|faults| unusable(context, &faults))?;
    for cluster in &asked.clusters {
        if let Some(route) = reader.route_of(*cluster)? {
            own_work::check(&checked.config, &route, &who, verb)?;
        }
        decider.decide(*cluster, verb, &who, &asked.reason)?;
        context.output.text(&format!("cluster {cluster}: {} by {who}", verb.name()))?;
    }
    Ok(())
}

fn list(args: &Args, reader: &Reader, context: &Context) -> anyhow::Result<()> {
    let mut clusters = Vec::new();
    for route in reader.routes()? {
        if args.route.as_ref().is_none_or(|wanted| *wanted == route) {
            clusters.extend(reader.parity(&route)?.into_iter().flat_map(|parity| parity.clusters));
        }
    }
    clusters.retain(|cluster| args.only.is_none_or(|state| cluster.state == state));
    // Unreviewed ones first; among these the worst are first already.
    clusters.sort_by_key(|cluster| cluster.state);
    if args.json {
        return context.output.json(&clusters);
    }
    if clusters.is_empty() {
        return context.output.text("nothing differs");
    }
    let mut table =
        output::table(["ID", "STATE", "ROUTE", "WHERE", "WHAT", "CONTROL → CANDIDATE", "SEEN", "BY"]);
    for cluster in &clusters {
        table.add_row(row(cluster));
    }
    context.output.text(&output::lines(&table))
}

fn row(cluster: &ClusterSummary) -> [String; 8] {
    let decision = cluster.decision.as_ref().map(|d| format!("{}: {}", d.who, d.why));
    let by = decision.or_else(|| cluster.rule.clone()).unwrap_or_default();
    [
        cluster.id.to_string(),
        cluster.state.name().to_owned(),
        cluster.key.route.clone(),
        cluster.key.path.clone(),
        cluster.key.kind.name().to_owned(),
        cluster.key.shape.clone(),
        cluster.count.to_string(),
        by,
    ]
}

fn state(text: &str) -> Result<State, String> {
    let all = [State::Unreviewed, State::Accepted, State::Ignored, State::Bug, State::Noise];
    let names = || all.map(State::name).join(", ");
    all.into_iter().find(|state| state.name() == text).ok_or_else(|| format!("write one of {}", names()))
}
