//! `handover fuzz`: finds, before production does, on which requests native and legacy differ.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use handover_shadow::recording::{Content, Recorded, RecordingWriter};
use handover_shadow::{Difference, Experiment, Found, Redactor};

use super::gate::SHUT;
use super::progress::Progress;
use super::rehearsal::Rehearsal;
use super::{Context, coverage, rehearsal};
use crate::config::units;
use crate::rehearse::fuzz::{Finding, Fuzz, OnTried, Standing};
use crate::rehearse::pool::Wanted;

/// The most characters of a value that are shown.
const TEXT_MAX: usize = 160;

/// What `fuzz` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It starts a php-fpm of its own over the application, with a Kafka of its own, and tells it and native the \
                  same things: what is recorded first, then what it makes of that. What reaches a line of the application \
                  that nothing had reached is kept and changed further; lines that were just missed are aimed at, with what \
                  stands in the source around them. Databases and services of the application are whatever its environment \
                  says: point it elsewhere by --env.\n\nExit status: 0 nothing differs; 3 something does."
)]
pub(super) struct Args {
    /// The route's name.
    route: String,

    /// A recording to begin with, again for each.
    #[arg(long = "with", value_name = "FILE", required = true)]
    recordings: Vec<PathBuf>,

    /// Ends after so long.
    #[arg(long = "for", value_name = "DURATION", default_value = "10m", value_parser = units::duration)]
    within: Duration,

    /// Ends after so many different findings.
    #[arg(long, value_name = "N", default_value_t = 50)]
    findings: usize,

    /// Aim at native's rules that no recorded request has made come out both ways.
    #[arg(long)]
    rules: bool,

    /// The same seed makes the same requests, as far as both sides answer alike.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Write what was found as a recording, for `replay` and its `--export`.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write every request that both sides answered as a recording: what another handler can be replayed on, without PHP.
    #[arg(long, value_name = "FILE")]
    tried: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    legacy: Wanted,
}

/// What a search came to, for programs.
#[derive(serde::Serialize)]
struct Outcome {
    standing: Standing,
    seed: u64,
    seconds: u64,
    unasked: u64,
    findings: Vec<Shown>,
}

#[derive(serde::Serialize)]
struct Shown {
    request: handover_shadow::recording::Saved,
    differs: Vec<Differs>,
    count: u64,
}

#[derive(serde::Serialize)]
struct Differs {
    path: String,
    kind: handover_shadow::Kind,
    legacy: Option<String>,
    native: Option<String>,
}

/// Searches.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let requests = rehearsal::requests(&args.route, &args.recordings)?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let began = Instant::now();
        let Rehearsal { both, redactor, tables: _tables } =
            rehearsal::start(&args.route, &args.legacy, context).await?;
        let redactor = Arc::new(redactor);
        let mut fuzz = Fuzz::new(both, seed, args.rules)?;
        let (on_tried, keeping) =
            args.tried.as_deref().map(|path| keeping(path, &redactor)).transpose()?.unzip();
        fuzz.on_tried = on_tried;
        let mut progress = Progress::open("requests put to both sides");
        fuzz.replay(&requests).await?;
        let mut out = args.out.as_deref().map(create).transpose()?;
        let mut recorded: Vec<Recorded> = Vec::new();
        let interrupted = interrupted();
        let shown = |fuzz: &Fuzz| {
            let Standing { tried, reached, lines, .. } = fuzz.standing;
            progress.advance(tried);
            let findings = fuzz.findings.len();
            progress.say(format!("{reached} of {lines} lines of legacy reached, {findings} findings"));
            // What is found is of use whatever ends this command.
            for finding in &fuzz.findings[recorded.len()..] {
                let found = redactor.record(&finding.experiment);
                if let Some(out) = &mut out {
                    out.add(&found)?;
                    out.flush()?;
                }
                recorded.push(found);
            }
            Ok(!interrupted.load(Ordering::Relaxed))
        };
        fuzz.until(began + args.within, args.findings, shown).await?;
        progress.end();
        fuzz.on_tried = None;
        keeping.map_or(Ok(()), kept)?;
        coverage::keep(&args.route, &fuzz, context)?;
        show(args, context, &fuzz, &recorded, (seed, began))?;
        let found = !fuzz.findings.is_empty();
        fuzz.both.stop().await;
        Ok(if found { ExitCode::from(SHUT) } else { ExitCode::SUCCESS })
    })
}

/// Requests that wait to be kept. Then the search does.
const KEPT_LATER: usize = 256;

type Keeping = JoinHandle<anyhow::Result<()>>;

/// Keeps each in a recording, on a thread of its own: to redact takes longer than to judge.
fn keeping(path: &Path, redactor: &Arc<Redactor>) -> anyhow::Result<(OnTried, Keeping)> {
    let (mut to, redactor) = (create(path)?, Arc::clone(redactor));
    let (keep, tried) = mpsc::sync_channel::<Experiment>(KEPT_LATER);
    let write = move || tried.iter().try_for_each(|experiment| Ok(to.add(&redactor.record(&experiment))?));
    let keeping = std::thread::Builder::new().name("fuzz-tried".to_owned()).spawn(write)?;
    // Where the thread has ended it has said why: see `kept`.
    Ok((
        Box::new(move |experiment| keep.send(experiment.clone()).context("what was tried is not kept")),
        keeping,
    ))
}

/// Waits until all is kept.
fn kept(keeping: Keeping) -> anyhow::Result<()> {
    keeping.join().unwrap_or_else(|_| bail!("what was tried is not kept"))
}

fn create(path: &Path) -> anyhow::Result<RecordingWriter<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let file = file.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(RecordingWriter::begin(file)?)
}

/// Ctrl-C ends the search, not the command: what was found is still said, and the php-fpm stopped.
fn interrupted() -> Arc<AtomicBool> {
    let interrupted = Arc::<AtomicBool>::default();
    let told = Arc::clone(&interrupted);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told.store(true, Ordering::Relaxed);
        }
    });
    interrupted
}

fn show(
    args: &Args,
    context: &Context,
    fuzz: &Fuzz,
    recorded: &[Recorded],
    (seed, began): (u64, Instant),
) -> anyhow::Result<()> {
    if args.json {
        let findings = fuzz.findings.iter().zip(recorded).map(|(finding, recorded)| Shown {
            request: recorded.request.clone(),
            differs: finding.differences.iter().map(differs).collect(),
            count: finding.count,
        });
        return context.output.json(&Outcome {
            standing: fuzz.standing,
            seed,
            seconds: began.elapsed().as_secs(),
            unasked: fuzz.both.unasked(),
            findings: findings.collect(),
        });
    }
    let Standing { tried, made, compared, unsteady, reached_before, reached, lines } = fuzz.standing;
    let mut text = format!(
        "{tried} requests put to both sides, {made} of them made here, {compared} compared, in {} s (seed {seed})\n\
         lines of legacy reached: {reached} of {lines}, {reached_before} by what was recorded\n{} found\n",
        began.elapsed().as_secs(),
        super::count(fuzz.findings.len(), "difference"),
    );
    if unsteady > 0 {
        let differences = super::count(usize::try_from(unsteady)?, "difference");
        text.push_str(&format!("{differences} besides, of which nothing showed again on the same request\n"));
    }
    for (finding, recorded) in fuzz.findings.iter().zip(recorded) {
        text.push_str(&finding_text(finding, recorded));
    }
    context.output.text(&text)
}

fn finding_text(finding: &Finding, recorded: &Recorded) -> String {
    let request = &recorded.request;
    let mut text = format!("\n{} {}", request.method, shown(&request.target));
    for (name, value) in &request.fields {
        text.push_str(&format!("\n{name}: {}", shown(value)));
    }
    let body = shown(&request.body);
    if !body.is_empty() {
        text.push_str(&format!("\n\n{body}"));
    }
    for Differs { path, kind, legacy, native } in finding.differences.iter().map(differs) {
        let or_nothing =
            |found: Option<String>| found.map_or_else(|| "nothing".to_owned(), |text| cut(&text));
        text.push_str(&format!("\n    {path} ({})", kind.name()));
        text.push_str(&format!(
            "\n      legacy   {}\n      native   {}",
            or_nothing(legacy),
            or_nothing(native)
        ));
    }
    text + "\n"
}

fn differs(difference: &Difference) -> Differs {
    let text = |found: &Option<Found>| found.as_ref().map(|found| found.text.clone());
    Differs {
        path: difference.path.to_string(),
        kind: difference.kind,
        legacy: text(&difference.control),
        native: text(&difference.candidate),
    }
}

fn shown(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Bytes { base64 } => format!("base64:{base64}"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
