//! `handover serve`: the process itself.

use std::process::ExitCode;

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Context, unusable};
use crate::control::Control;
use crate::serve::{End, Running, StartError};

/// What `serve` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SIGTERM and Ctrl-C end it in order; SIGHUP reads the files again (it also notices by itself)."
)]
pub(super) struct Args {
    /// The form of the log on standard error.
    #[arg(long, value_name = "FORM", env = "HANDOVER_LOG", default_value = "text")]
    log: LogForm,
    /// End in order when the process that started this one is gone, however it ended.
    #[arg(long)]
    end_with_parent: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Serves until it is told to end.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    log_to_stderr(args.log, context);
    if args.end_with_parent {
        end_with_parent()?;
    }
    let running = match Running::start(
        context.location.clone(),
        context.handlers.clone(),
        context.identities.clone(),
    ) {
        Ok(running) => running,
        Err(StartError::Config(faults)) => return Err(unusable(context, &faults)),
        Err(why) => return Err(anyhow::Error::new(why).context("the process cannot start")),
    };
    announce(&running);
    let end = wait(&running.control)?;
    tracing::info!("ending: answers under way are finished");
    running.stop(end);
    Ok(ExitCode::SUCCESS)
}

/// The kernel sends us SIGTERM when our parent ends.
fn end_with_parent() -> anyhow::Result<()> {
    let parent = nix::unistd::getppid();
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?;
    anyhow::ensure!(nix::unistd::getppid() == parent, "the process that started this one is gone already");
    Ok(())
}

fn announce(running: &Running) {
    for address in &running.http {
        tracing::info!("serving clients on http://{address}");
    }
    for address in &running.https {
        tracing::info!("serving clients on https://{address}");
    }
    match running.admin {
        Some(address) => tracing::info!("admin on http://{address}"),
        None => tracing::info!("the admin is off"),
    }
}

/// Waits for the end; reloads when asked to.
fn wait(control: &Control) -> anyhow::Result<End> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut end = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut again = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = end.recv() => return Ok(End::Told),
                _ = interrupt.recv() => return Ok(End::Interrupted),
                // What is wrong, or what changed, is logged already.
                _ = again.recv() => match control.reload().await {
                    Ok(Ok(outcome)) if !outcome.changed => tracing::info!("read again: nothing has changed"),
                    _ => {}
                },
            }
        }
    })
}

fn log_to_stderr(form: LogForm, context: &Context) {
    // What these two warn of is what clients do, as often as they like.
    let default = || EnvFilter::new("info,h2=error,rustls=error");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| default());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = match form {
        LogForm::Text => log.with_ansi(context.output.colours).with_target(false).try_init(),
        LogForm::Json => log.json().flatten_event(true).try_init(),
    };
    // A binary of one's own may have installed its own before.
    drop(installed);
}
