//! `handover parity`: how far native and legacy agree, from the evidence that the process keeps.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::bail;
use handover_shadow::{
    ClusterSummary, Parity, Reader, StoredDifference, StoredFound, StoredOutcome, StoredPair,
};

use super::{Context, output};
use crate::serve::EVIDENCE;

/// The most clusters of which a pair is shown.
const CLUSTERS_MAX: usize = 10;

/// The most clusters that are listed.
const WAYS_MAX: usize = 40;

/// The most characters of a value that are shown.
const TEXT_MAX: usize = 200;

/// What `parity` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this route, with what differs and a pair for each.
    route: Option<String>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let file = context.location.state().join(EVIDENCE);
    let Some(reader) = context.evidence()? else {
        bail!(
            "there is no evidence yet: {} is not there; a route gathers it from stage shadow on",
            file.display()
        );
    };
    let known = reader.routes()?;
    let names = match &args.route {
        None => known,
        Some(name) if known.contains(name) => vec![name.clone()],
        Some(name) if known.is_empty() => bail!("there is no evidence of {name} yet, nor of any other route"),
        Some(name) => bail!("there is no evidence of {name} yet; there is some of {}", known.join(", ")),
    };
    let mut parities = Vec::new();
    for name in names {
        parities.extend(reader.parity(&name)?);
    }
    if args.json {
        context.output.json(&parities)?;
        return Ok(ExitCode::SUCCESS);
    }
    context.output.text(&report(&parities, &reader, args.route.is_some())?)?;
    Ok(ExitCode::SUCCESS)
}

/// What evidence comes to, for people; `whole`: with reasons, and a pair of each way in which the sides differ.
pub(super) fn report(parities: &[Parity], reader: &Reader, whole: bool) -> anyhow::Result<String> {
    let mut text = overview(parities);
    for parity in parities {
        text.push_str(&differences(parity, reader, whole)?);
    }
    Ok(text)
}

fn overview(parities: &[Parity]) -> String {
    let mut table = output::table([
        "ROUTE",
        "SAMPLES",
        "MATCHED",
        "IGNORED",
        "NOISE",
        "MISMATCHED",
        "NOT COMPARABLE",
        "DECLINED",
        "DROPPED",
        "PARITY",
    ]);
    for parity in parities {
        let sum = |by: &std::collections::BTreeMap<String, u64>| by.values().sum::<u64>().to_string();
        table.add_row([
            parity.evidence.route.clone(),
            parity.samples().to_string(),
            parity.matched.to_string(),
            parity.ignored.to_string(),
            parity.noise.to_string(),
            parity.mismatched.to_string(),
            sum(&parity.not_comparable),
            sum(&parity.declined),
            sum(&parity.dropped),
            parity.share().map_or_else(|| "unmeasured".to_owned(), percent),
        ]);
    }
    output::lines(&table)
}

/// Rounded down, so that it is 100 % only when nothing differs.
fn percent(share: f64) -> String {
    format!("{:.2} %", (share * 10_000.0).floor() / 100.0)
}

fn differences(parity: &Parity, reader: &Reader, whole: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    let reasons = [
        ("ignored", &parity.ignored_by_rule),
        ("not comparable", &parity.not_comparable),
        ("declined", &parity.declined),
        ("dropped", &parity.dropped),
        ("unattributed", &parity.unattributed),
    ];
    for (what, by) in reasons.into_iter().filter(|_| whole) {
        for (why, n) in by {
            text.push_str(&format!("\n{what}: {n} × {why}"));
        }
    }
    // What the file ignores is told above, by its rules' names.
    let clusters: Vec<&ClusterSummary> = parity.clusters.iter().filter(|c| c.rule.is_none()).collect();
    if !clusters.is_empty() {
        text.push_str("\n\n");
        text.push_str(&ways(&clusters));
    }
    let mut seen = BTreeSet::new();
    for cluster in clusters.iter().take(if whole { CLUSTERS_MAX } else { 1 }) {
        // The smallest pair of several clusters is often the same one.
        if let Some(pair) = reader.pairs(cluster.id)?.into_iter().next().filter(|p| seen.insert(p.id.clone()))
        {
            text.push_str(&pair_text(&pair));
        }
    }
    Ok(if text.is_empty() { text } else { text + "\n" })
}

/// The ways in which the sides differ, the worst and most frequent first.
fn ways(clusters: &[&ClusterSummary]) -> String {
    let mut table = output::table(["WHERE", "WHAT", "CONTROL → CANDIDATE", "SEEN", "LAST"]);
    for cluster in clusters.iter().take(WAYS_MAX) {
        let key = &cluster.key;
        let cells =
            [key.path.as_str(), key.kind.name(), &key.shape, &cluster.count.to_string(), &cluster.last];
        table.add_row(cells.map(str::to_owned));
    }
    let more = clusters.len().saturating_sub(WAYS_MAX);
    let rest = if more > 0 { format!("\nand {more} more ways: `--json` has them") } else { String::new() };
    output::lines(&table) + &rest
}

fn pair_text(pair: &StoredPair) -> String {
    let request = &pair.request;
    let mut text = format!("\n\n  {} {}  {}", request.method, request.target, pair.at);
    if !request.body.is_empty() {
        text.push_str(&format!("\n  {}", shortened(&request.body)));
    }
    for side in [&pair.control, &pair.candidate] {
        let outcome = match &side.outcome {
            StoredOutcome::Answered { status, .. } => format!("answered {status}"),
            other => format!("{other:?}"),
        };
        text.push_str(&format!("\n  {} {outcome} in {} µs", side.who, side.latency_us));
    }
    let standing: Vec<&StoredDifference> =
        pair.differences.iter().filter(|d| d.set_aside_by.is_none()).collect();
    for difference in standing {
        let found = |found: &Option<StoredFound>| {
            found.as_ref().map_or_else(|| "nothing".to_owned(), |f| shortened(&f.text))
        };
        text.push_str(&format!("\n    {} ({})", difference.path, difference.kind.name()));
        let (control, candidate) = side_names(&pair.control.who, &pair.candidate.who);
        text.push_str(&format!("\n      {control:<8} {}", found(&difference.control)));
        text.push_str(&format!("\n      {candidate:<8} {}", found(&difference.candidate)));
    }
    text
}

/// `legacy` and `native`; of two legacies the second has its name.
fn side_names<'w>(control: &'w str, candidate: &'w str) -> (&'w str, &'w str) {
    let word = |who: &'w str, at: usize| who.split(' ').nth(at).unwrap_or(who);
    let are_both_legacy = word(control, 0) == word(candidate, 0);
    (word(control, 0), word(candidate, usize::from(are_both_legacy)))
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
