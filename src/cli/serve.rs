//! `handover serve`: the process itself.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Context, unusable};
use crate::control::Control;
use crate::process::Role;
use crate::serve::{End, Running, StartError};
use crate::upgrade::inheritance::Inheritance;
use crate::upgrade::predecessor::{Gone, Predecessor};
use crate::upgrade::successor::{self, Beginning, Successor};

/// What `serve` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SIGTERM and Ctrl-C end it in order; SIGHUP reads the files again (it also notices by itself); SIGUSR2 \
                  starts the program anew, which may be a new version, and hands everything over to it."
)]
pub(super) struct Args {
    /// The form of the log on standard error.
    #[arg(long, value_name = "FORM", env = "HANDOVER_LOG", default_value = "text")]
    log: LogForm,
    /// End in order when the process that started this one is gone, however it ended.
    #[arg(long)]
    end_with_parent: bool,
    /// Take over from the process at the other end of standard input: how SIGUSR2 starts a new binary.
    #[arg(long, hide = true)]
    succeed: bool,
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
    run_as(Role::Serve, args, context)
}

/// Judges what processes that serve have sent, until it is told to end.
pub(super) fn review(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    run_as(Role::Review, args, context)
}

fn run_as(role: Role, args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    successor::remember_program();
    log_to_stderr(args.log, context);
    // A successor's parent is its predecessor, which ends.
    if args.end_with_parent && !args.succeed {
        end_with_parent()?;
    }
    let (predecessor, inherited) = match args.succeed {
        true => {
            let (predecessor, inherited) = Predecessor::inherit().context("there is no predecessor")?;
            (Some(predecessor), inherited)
        }
        false => (None, Inheritance::of_systemd().context("a socket that systemd has given cannot be used")?),
    };
    let running = match Running::start(
        context.location.clone(),
        context.application.clone(),
        context.identities.clone(),
        role,
        inherited,
    ) {
        Ok(running) => running,
        Err(StartError::Config(faults)) => return Err(unusable(context, &faults)),
        Err(why) => return Err(anyhow::Error::new(why).context("the process cannot start")),
    };
    let gone = match predecessor {
        Some(predecessor) => running.succeed(predecessor).context("the predecessor does not let go")?,
        None => Gone::already(),
    };
    announce(&running);
    let end = wait(&running, gone)?;
    match &end {
        End::Succeeded(successor) => {
            tell_systemd(&[NotifyState::MainPid(successor.id)]);
            tracing::info!(
                successor = successor.id,
                "another process has taken over; answers under way are finished"
            );
        }
        _ => {
            tell_systemd(&[NotifyState::Stopping]);
            tracing::info!("ending: answers under way are finished");
        }
    }
    running.stop(end);
    Ok(ExitCode::SUCCESS)
}

/// Does nothing where systemd did not start us with `Type=notify`.
fn tell_systemd(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd cannot be told how the process stands");
    }
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

/// Waits for the end; reloads and upgrades when asked to.
fn wait(running: &Running, gone: Gone) -> anyhow::Result<End> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut end = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut again = signal(SignalKind::hangup())?;
        let mut upgrade = signal(SignalKind::user_defined2())?;
        // Not before: a signal that nobody handles yet would end the process.
        running.ready();
        tell_systemd(&[NotifyState::Ready]);
        let beginning = Beginning::default();
        let mut attempt = None;
        loop {
            tokio::select! {
                _ = end.recv() => {
                    beginning.end();
                    return Ok(End::Told);
                }
                _ = interrupt.recv() => {
                    beginning.end();
                    return Ok(End::Interrupted);
                }
                _ = again.recv() => reload(&running.control).await,
                _ = upgrade.recv(), if attempt.is_none() => {
                    let attempted = attempt_upgrade(running, gone.clone(), beginning.clone());
                    attempt = Some(Box::pin(attempted));
                }
                Some(attempted) = async { Some(attempt.as_mut()?.await) } => {
                    attempt = None;
                    match attempted {
                        Ok(successor) => return Ok(End::Succeeded(successor)),
                        Err(error) => tracing::error!("the upgrade has failed, and this process goes on: {error:#}"),
                    }
                }
            }
        }
    })
}

/// Starts a successor, once our own predecessor has ended: what it holds can be handed on only once.
async fn attempt_upgrade(
    running: &Running,
    mut gone: Gone,
    beginning: Beginning,
) -> anyhow::Result<Successor> {
    if !gone.is_so() {
        tracing::info!("the upgrade begins when the former process has ended");
        gone.wait().await;
    }
    tracing::info!("a successor is started");
    let heritage = running.heritage();
    let started = tokio::task::spawn_blocking(move || {
        let inherited = heritage().context("what is to be handed over cannot be gathered")?;
        anyhow::Ok(successor::start(&inherited, &beginning)?)
    });
    started.await?
}

async fn reload(control: &Control) {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell_systemd(&[NotifyState::Reloading, now]);
    }
    // What is wrong, or what changed, is logged already.
    if let Ok(Ok(outcome)) = control.reload().await
        && !outcome.changed
    {
        tracing::info!("read again: nothing has changed");
    }
    tell_systemd(&[NotifyState::Ready]);
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
