//! `handover spool`: what lies in it, whether it is whole, and delivering it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, bail};
use handover_spool::{FolderReport, RealDisk};
use serde::Serialize;

use super::{Context, count, output, unusable};
use crate::commit::spool::body::Spooled;
use crate::commit::{Producers, calls};
use crate::config::units;
use crate::config::valid::Config;

/// How often `drain` looks.
const LOOK: Duration = Duration::from_millis(500);

/// Stands among the topics for HTTP calls; no topic can have that name.
const CALLS: &str = "(HTTP calls)";

/// What `spool` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say what waits in it, by process and topic. Changes nothing.
    Status(Look),
    /// The same, and fail when anything in it is damaged.
    Verify(Look),
    /// Deliver what dead processes left, and wait until living ones have delivered theirs.
    Drain(Drain),
}

#[derive(Debug, clap::Args)]
struct Look {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Drain {
    /// How long it may take.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = units::duration)]
    within: Duration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown {
    folder: PathBuf,
    frames: u64,
    bytes: u64,
    oldest_seconds: Option<u64>,
    segments: usize,
    records_by_topic: BTreeMap<String, u64>,
    damage: Vec<ShownDamage>,
    kept_aside: Vec<PathBuf>,
}

#[derive(Serialize)]
struct ShownDamage {
    first: u64,
    frames: u64,
    acknowledged: bool,
    segment: PathBuf,
    offset: u64,
}

/// Runs a command on the spool.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let (_, checked) =
        context.location.check(&context.application.names()).map_err(|faults| unusable(context, &faults))?;
    let config = checked.config;
    match &args.command {
        Command::Status(look) => {
            show(&config, look.json, context)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Verify(look) => {
            let whole = show(&config, look.json, context)?;
            Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Drain(args) => drain(&config, args, context),
    }
}

/// Shows the spool. Whether all of it can be read.
fn show(config: &Config, json: bool, context: &Context) -> anyhow::Result<bool> {
    let folder = &config.spool.folder;
    let shown = all(folder)?;
    let whole = shown.iter().all(|shown| !shown.damage.iter().any(|damage| damage.acknowledged));
    if json {
        context.output.json(&shown)?;
        return Ok(whole);
    }
    let mut table = output::table(["PROCESS", "ANSWERS", "BYTES", "OLDEST", "DAMAGED", "KEPT ASIDE"]);
    for of in &shown {
        let name = of.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let damaged: u64 = of.damage.iter().map(|damage| damage.frames).sum();
        table.add_row([
            name,
            of.frames.to_string(),
            of.bytes.to_string(),
            of.oldest_seconds.map_or("-".to_owned(), |seconds| format!("{seconds} s")),
            damaged.to_string(),
            of.kept_aside.len().to_string(),
        ]);
    }
    let mut text = format!("{}in {}\n", output::lines(&table), folder.display());
    for (topic, records) in shown.iter().flat_map(|of| &of.records_by_topic) {
        let what = match topic.as_str() {
            CALLS => count(*records as usize, "HTTP call"),
            topic => format!("{} for topic {topic}", count(*records as usize, "record")),
        };
        text.push_str(&format!("{what}\n"));
    }
    for (of, damage) in shown.iter().flat_map(|of| of.damage.iter().map(move |damage| (of, damage))) {
        let what = if damage.acknowledged { "lost" } else { "lost, or never acknowledged" };
        let frames = count(damage.frames as usize, "answer");
        text.push_str(&format!("{frames} from number {} on {what}: {}\n", damage.first, of.folder.display()));
    }
    context.output.text(&text)?;
    Ok(whole)
}

/// How many answers of a route wait in it.
pub(super) fn answers_of(config: &Config, route: &str) -> anyhow::Result<u64> {
    let (root, mut answers) = (&config.spool.folder, 0);
    if root.is_dir() {
        handover_spool::inspect(&RealDisk, root, &mut |_, body| {
            let frame = Spooled::decode(bytes::Bytes::copy_from_slice(body));
            answers += u64::from(frame.is_ok_and(|frame| frame.route == route));
        })
        .with_context(|| format!("the spool in {} cannot be read", root.display()))?;
    }
    Ok(answers)
}

/// The processes' folders, and those of their HTTP calls.
fn all(root: &Path) -> anyhow::Result<Vec<Shown>> {
    let mut shown = look(root)?;
    let calls = root.join(calls::FOLDER);
    if calls.is_dir() {
        shown.extend(look(&calls)?);
    }
    Ok(shown)
}

fn look(root: &Path) -> anyhow::Result<Vec<Shown>> {
    let mut topics: BTreeMap<PathBuf, BTreeMap<String, u64>> = BTreeMap::new();
    let reports = handover_spool::inspect(&RealDisk, root, &mut |folder, body| {
        let of = topics.entry(folder.to_owned()).or_default();
        match Spooled::decode(bytes::Bytes::copy_from_slice(body)) {
            Ok(frame) => {
                frame.topics().for_each(|topic| *of.entry(topic.to_owned()).or_default() += 1);
                if !frame.calls.is_empty() {
                    *of.entry(CALLS.to_owned()).or_default() += frame.calls.len() as u64;
                }
            }
            Err(_) => *of.entry("(of another version)".to_owned()).or_default() += 1,
        }
    })
    .with_context(|| format!("the spool in {} cannot be read", root.display()))?;
    Ok(reports.into_iter().map(|report| shown(report, &mut topics)).collect())
}

fn shown(report: FolderReport, topics: &mut BTreeMap<PathBuf, BTreeMap<String, u64>>) -> Shown {
    let age = |millis| {
        let then = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        then.elapsed().unwrap_or_default().as_secs()
    };
    let damage = report.damage.into_iter().map(|damage| ShownDamage {
        first: damage.first,
        frames: damage.frames,
        acknowledged: damage.acknowledged,
        segment: damage.segment,
        offset: damage.offset,
    });
    Shown {
        frames: report.frames,
        bytes: report.bytes,
        oldest_seconds: report.oldest.map(age),
        segments: report.segments,
        records_by_topic: topics.remove(&report.folder).unwrap_or_default(),
        damage: damage.collect(),
        kept_aside: report.kept_aside,
        folder: report.folder,
    }
}

fn drain(config: &Config, args: &Drain, context: &Context) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let producers = Producers::default();
    if config.spool.folder.is_dir() {
        producers.prepare(config, runtime.handle())?;
    }
    let began = Instant::now();
    let left = loop {
        let left: u64 = all(&config.spool.folder)?.iter().map(|of| of.frames).sum();
        if left == 0 || began.elapsed() > args.within {
            break left;
        }
        context.output.complain(&format!("{} left", count(left as usize, "answer")));
        std::thread::sleep(LOOK);
    };
    if let Some(spooler) = producers.spooler() {
        runtime.block_on(spooler.stop());
    }
    if args.json {
        context.output.json(&serde_json::json!({ "left": left }))?;
    }
    if left > 0 {
        bail!("{} are left after {:?}: is Kafka there?", count(left as usize, "answer"), args.within);
    }
    if !args.json {
        context.output.text("the spool is empty")?;
    }
    Ok(ExitCode::SUCCESS)
}
