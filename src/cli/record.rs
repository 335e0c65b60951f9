//! `handover record`: a sample of real traffic, redacted, with both sides' answers and effects, for `replay` and `fuzz`.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use handover_shadow::recording::LINE_MAX;

use super::admin::Admin;
use super::progress::Progress;
use super::{Context, count};
use crate::config::units;

/// What `record` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It asks a running process, which gives what it compares: routes at stage shadow, and the shares of canary and native \
                  routes that are shadowed or verified. Mails, card numbers, tokens, cookies and credentials are replaced before \
                  anything leaves the process; all other values are kept, or nothing could be run on them: mind who reads the file.\n\
                  \n\
                  Example: handover record create-flight --max 2000 --for 10m"
)]
pub(super) struct Args {
    /// Only this route; all of them when not given.
    route: Option<String>,

    /// The file. It must not be there yet.
    #[arg(long, value_name = "FILE", default_value = "handover.recording")]
    out: PathBuf,

    /// Ends after so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    max: u64,

    /// Ends after so long.
    #[arg(long = "for", value_name = "DURATION", default_value = "60s", value_parser = units::duration)]
    within: Duration,

    /// Ends when the file has so many bytes.
    #[arg(long, value_name = "BYTES", default_value = "256MiB", value_parser = units::size)]
    size: u64,

    /// The share that is recorded, drawn by hash: what 0.05 has, 0.1 has too.
    #[arg(long, default_value_t = 1.0)]
    share: f64,

    /// An admin address; the one of the configuration when not given.
    #[arg(long, value_name = "URL")]
    admin: Option<String>,
}

/// Records.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let admin = match (&args.admin, context.location.admin()) {
        (Some(address), _) => Admin::new(address)?,
        (None, Some(listening)) => Admin::local(listening, &context.location.state())?,
        (None, None) => bail!("the admin is off in the configuration: give the process's address by --admin"),
    };
    let mut file = create(&args.out)?;
    let mut progress = Progress::of(args.max, "recorded");
    let began = Instant::now();
    // The first line is no experiment.
    let (mut lines, mut size) = (0, 0);
    admin.record(args.route.as_deref(), args.share, args.within, LINE_MAX, |line| {
        file.write_all(line)?;
        (lines, size) = (lines + 1, size + line.len() as u64);
        progress.advance(lines - 1);
        Ok(lines <= args.max && size < args.size)
    })?;
    progress.end();
    let recorded = lines.saturating_sub(1);
    let file = args.out.display();
    let took = began.elapsed().as_secs();
    context.output.text(&format!("{} in {took} s: {file}", count(recorded as usize, "experiment")))?;
    if recorded == 0 {
        bail!("nothing was compared meanwhile: is the route at stage shadow, and is there traffic?");
    }
    Ok(ExitCode::SUCCESS)
}

/// Readable by its owner alone.
fn create(path: &Path) -> anyhow::Result<File> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.with_context(|| format!("{} cannot be made: choose another by --out", path.display()))
}
