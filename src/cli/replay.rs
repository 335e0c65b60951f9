//! `handover replay`: runs native on a recording, where there is no legacy and no Kafka, and says in what it differs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use handover_api::Ports;
use handover_shadow::recording::{Recorded, RecordingReader};
use handover_shadow::{Asked, Loss, Need, Reader, Recorder, RedactionKey, Redactor, Rehearsed, Store};
use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::export::Exports;
use super::gate::{SHUT, needs_table};
use super::progress::Progress;
use super::{Context, count, parity, unusable};
use crate::commit::Producers;
use crate::legacy::php::Phps;
use crate::mirror::experiment::Conductor;
use crate::mirror::recordings::Recordings;
use crate::native::blocking::Pool;
use crate::native::ports::LivePorts;
use crate::rehearse::replay::{NotReplayed, Replay, Replayed};
use crate::route::generation::Generation;
use crate::schemas::Purpose;
use crate::serve::EVIDENCE;
use crate::tables::Tables;

/// Experiments that are run at once, for each core.
const AT_ONCE: usize = 4;

/// After so many the store is waited for: nothing may be dropped here.
const FLUSH_EVERY: u64 = 500;

/// How many threads run handlers that block.
const BLOCKING: usize = 2;

/// How long tables may take to load.
const TABLES_WITHIN: Duration = Duration::from_secs(60);

/// What `replay` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 native answers as legacy did, as far as the routes' gates ask; 3 it does not, or the recording does not \
                  cover what a gate asks for; 1 the recording cannot be run.\n\nDifferences that were accepted in the state \
                  folder's evidence are accepted here too."
)]
pub(super) struct Args {
    /// The recording that `record` or `fuzz` made.
    recording: PathBuf,

    /// Only this route's experiments.
    #[arg(long)]
    route: Option<String>,

    /// Load the hot tables, for what native looks up and the recording lacks.
    #[arg(long)]
    tables: bool,

    /// Write a recording and a test for each way in which native differs, into that folder.
    #[arg(long, value_name = "FOLDER")]
    export: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a replay came to.
#[derive(serde::Serialize)]
struct Outcome {
    experiments: u64,
    not_replayed: BTreeMap<String, u64>,
    parity: Vec<handover_shadow::Parity>,
    needs: BTreeMap<String, Vec<Need>>,
    good: bool,
}

/// Replays.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let generation = context.generation().map_err(|faults| unusable(context, &faults))?;
    let name = args.recording.display();
    let file = File::open(&args.recording).with_context(|| format!("{name} cannot be read"))?;
    let recording = RecordingReader::open(BufReader::new(file)).with_context(|| format!("{name}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let (file, key) = (folder.path().join(EVIDENCE), RedactionKey::new([0; 32]));
    let store = Store::open(&file, &key, handover_shadow::Limits::default())?;
    let replay = Arc::new(replay(args, context, &generation, &runtime, &key)?);
    let wanted = |recorded: &Recorded| args.route.as_ref().is_none_or(|route| *route == recorded.route);
    let wanted = recording.filter(|recorded| recorded.as_ref().map_or(true, wanted));
    let done = runtime.block_on(all(&replay, wanted, store.recorder()));
    drop(store);
    let done = done.with_context(|| format!("{name}"))?;
    if done.experiments == 0 {
        bail!(
            "{name} has no experiment{}",
            args.route.as_ref().map_or(String::new(), |r| format!(" of {r}"))
        );
    }
    carry_decisions(&context.location.state().join(EVIDENCE), &file)?;
    let Some(reader) = Store::read(&file)? else { bail!("the evidence of the replay is gone") };
    let outcome = outcome(done.experiments, done.not_replayed, &reader, &generation)?;
    show(args, context, &outcome, &reader)?;
    if let Some(folder) = &args.export {
        let written = done.exports.write(folder, &generation)?;
        context.output.complain(&format!("{} in {}", count(written, "regression test"), folder.display()));
    }
    Ok(if outcome.good { ExitCode::SUCCESS } else { ExitCode::from(SHUT) })
}

fn replay(
    args: &Args,
    context: &Context,
    generation: &Arc<Generation>,
    runtime: &Runtime,
    key: &RedactionKey,
) -> anyhow::Result<Replay> {
    let config = &generation.config;
    let tables = Arc::new(Tables::new(&config.state, runtime.handle().clone()));
    let ports: Arc<dyn Ports> = Arc::new(LivePorts::new(Arc::clone(&tables) as Arc<_>));
    if args.tables {
        runtime.block_on(tables.apply(&config.tables, &config.s3))?;
        runtime.block_on(tables.asked_once(TABLES_WITHIN));
    }
    let producers = Arc::<Producers>::default();
    let schemas = producers.schemas().prepare(config, Purpose::Look, runtime.handle())?;
    runtime.block_on(schemas.asked_once(TABLES_WITHIN));
    producers.schemas().put(schemas);
    let conductor = Conductor {
        ports: Arc::clone(&ports),
        producers,
        identities: context.identities.clone(),
        phps: Phps::said(&config.legacies),
        recordings: Arc::new(Recordings::new(Redactor::new(key))),
        observers: Arc::new(context.application.observers.clone()),
        blocking: Arc::new(Pool::new(BLOCKING)),
    };
    Ok(Replay { generation: Arc::clone(generation), conductor, live: args.tables.then_some(ports) })
}

/// What came of all experiments, beside what the store has of them.
#[derive(Default)]
struct Done {
    experiments: u64,
    not_replayed: BTreeMap<String, u64>,
    exports: Exports,
}

type Ran = (Recorded, Result<Replayed, NotReplayed>);

async fn all(
    replay: &Arc<Replay>,
    recording: impl Iterator<Item = Result<Recorded, handover_shadow::recording::RecordingError>>,
    recorder: Recorder,
) -> anyhow::Result<Done> {
    let at_once = AT_ONCE * std::thread::available_parallelism().map_or(1, usize::from);
    let (mut running, mut done) = (JoinSet::<Ran>::new(), Done::default());
    let mut progress = Progress::open("experiments replayed");
    for recorded in recording {
        let (recorded, replay) = (recorded?, Arc::clone(replay));
        running.spawn(async move {
            let ran = replay.run(&recorded).await;
            (recorded, ran)
        });
        if running.len() >= at_once
            && let Some(ran) = running.join_next().await
        {
            done.take(ran?, &recorder);
            progress.advance(done.experiments);
        }
    }
    while let Some(ran) = running.join_next().await {
        done.take(ran?, &recorder);
    }
    progress.end();
    recorder.flush();
    Ok(done)
}

impl Done {
    fn take(&mut self, (recorded, ran): Ran, recorder: &Recorder) {
        self.experiments += 1;
        match ran {
            Ok(Replayed { experiment, judgement, policy }) => {
                self.exports.offer(&recorded, &judgement);
                recorder.record(experiment, judgement, &policy);
            }
            Err(why) => {
                recorder.lost(&recorded.route, Loss::Dropped, &why.to_string(), 1);
                *self.not_replayed.entry(why.to_string()).or_default() += 1;
            }
        }
        if self.experiments.is_multiple_of(FLUSH_EVERY) {
            recorder.flush();
        }
    }
}

/// What people decided of a difference, where it was seen, holds here too.
fn carry_decisions(from: &Path, to: &Path) -> anyhow::Result<()> {
    let Some(live) = Store::read(from)? else { return Ok(()) };
    let Some(replayed) = Store::read(to)? else { return Ok(()) };
    let mut decider = handover_shadow::Decider::open(to)?;
    for route in replayed.routes()? {
        let known: BTreeMap<_, _> =
            clusters(&live, &route)?.into_iter().map(|c| (c.key, c.decision)).collect();
        for cluster in clusters(&replayed, &route)? {
            if let Some(Some(decision)) = known.get(&cluster.key) {
                decider.decide(cluster.id, &decision.verb, &decision.who, &decision.why)?;
            }
        }
    }
    Ok(())
}

fn clusters(reader: &Reader, route: &str) -> anyhow::Result<Vec<handover_shadow::ClusterSummary>> {
    Ok(reader.parity(route)?.map_or_else(Vec::new, |parity| parity.clusters))
}

fn outcome(
    experiments: u64,
    not_replayed: BTreeMap<String, u64>,
    reader: &Reader,
    generation: &Generation,
) -> anyhow::Result<Outcome> {
    let (mut parities, mut needs) = (Vec::new(), BTreeMap::new());
    for name in reader.routes()? {
        parities.extend(reader.parity(&name)?);
        let Some(route) = generation.route(&name) else { continue };
        let topics = route.spec.shadow.compared();
        let standing = reader.newest(&name)?;
        // A replay has no legacy.
        let rehearsed = Rehearsed::default();
        let (standing, now) = (standing.as_ref(), Timestamp::now());
        let asked = Asked { route: &name, topics: &topics, standing, rehearsed: &rehearsed, now };
        let needed = handover_shadow::replayed(route.spec.gate.as_ref(), &asked);
        needs.insert(name, needed);
    }
    let good = not_replayed.is_empty() && needs.values().flatten().all(|need| !need.state.shuts());
    Ok(Outcome { experiments, not_replayed, parity: parities, needs, good })
}

fn show(args: &Args, context: &Context, outcome: &Outcome, reader: &Reader) -> anyhow::Result<()> {
    if args.json {
        return context.output.json(outcome);
    }
    let mut text = parity::report(&outcome.parity, reader, true)?;
    for (why, n) in &outcome.not_replayed {
        text.push_str(&format!("not replayed: {n} × {why}\n"));
    }
    for (route, needs) in &outcome.needs {
        text.push_str(&format!("\n{route}\n{}", needs_table(needs)));
    }
    context.output.text(&text)
}
