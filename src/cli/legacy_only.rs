//! `handover legacy-only`: everything back to legacy, now.
//!
//! Through the admin API where a process runs, since that answers once it is in effect; else straight into the state
//! folder, where the next start finds it. It never needs the configuration to be good.

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;

use super::admin::{Admin, Failure};
use super::{Context, count};
use crate::admin::{LegacyOnlyApplied, LegacyOnlyAsked};
use crate::config::fault::shown_path;
use crate::config::reload::note;
use crate::config::units::duration;
use crate::observe::history::borne;
use crate::route::legacy_only::WayBack;
use crate::route::override_store::OverrideStore;

/// What `legacy-only` takes.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Take it back: routes are at their stages again.
    #[arg(long)]
    off: bool,

    /// Why; it is kept and shown wherever a stage is shown.
    #[arg(long, default_value = "no reason given")]
    reason: String,

    /// Give it back a share after the other, within so long (5 minutes when not given), where PHP could not take all at once.
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "5m", value_parser = ramp,
        conflicts_with = "off")]
    ramp: Option<u32>,

    /// An admin address, for each process of several; the one of the configuration when not given.
    #[arg(long, value_name = "URL")]
    admin: Vec<String>,
}

fn ramp(text: &str) -> Result<u32, String> {
    let seconds = duration(text)?.as_secs();
    u32::try_from(seconds).ok().filter(|seconds| *seconds > 0).ok_or_else(|| "less than a second".to_owned())
}

/// Does it, and says where it took effect.
pub(super) fn run(args: &Args, context: &Context) -> anyhow::Result<ExitCode> {
    let who = operator();
    let reason = args.reason.clone();
    let asked = LegacyOnlyAsked { on: !args.off, reason, who, ramp_seconds: args.ramp };
    if !args.admin.is_empty() {
        return everywhere(args, &asked, context);
    }
    if let Some(listening) = context.location.admin() {
        let admin = Admin::local(listening, &context.location.state())?;
        match admin.legacy_only(&asked) {
            Ok(applied) => {
                context.output.text(&in_effect(&asked, &applied, admin.url()))?;
                return Ok(if applied.applied { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            Err(Failure::NobodyThere) => {}
            Err(Failure::Failed(why)) => {
                let url = admin.url();
                context.output.error(
                    &why.context(format!("the process at {url} did not do it; writing to disk instead")),
                );
            }
        }
    }
    on_disk(&asked, context)
}

/// Who sits there: behind sudo the one who called it.
pub(super) fn operator() -> String {
    let name = || nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.name);
    std::env::var("SUDO_USER").ok().or_else(name).unwrap_or_else(|| "somebody".to_owned())
}

fn everywhere(args: &Args, asked: &LegacyOnlyAsked, context: &Context) -> anyhow::Result<ExitCode> {
    let mut applied = 0;
    for address in &args.admin {
        let admin = Admin::new(address)?;
        match admin.legacy_only(asked) {
            Ok(done) => {
                context.output.text(&in_effect(asked, &done, admin.url()))?;
                applied += usize::from(done.applied);
            }
            Err(Failure::NobodyThere) => {
                context.output.complain(&format!("nobody answers at {}", admin.url()))
            }
            Err(Failure::Failed(why)) => {
                context.output.error(&why.context(format!("not applied at {}", admin.url())))
            }
        }
    }
    let all = args.admin.len();
    context.output.text(&format!(
        "applied by {applied} of {}",
        if all == 1 { "1 process".to_owned() } else { format!("{all} processes") }
    ))?;
    Ok(if applied == all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn on_disk(asked: &LegacyOnlyAsked, context: &Context) -> anyhow::Result<ExitCode> {
    let store = OverrideStore::new(context.location.state());
    write(&store, asked).with_context(|| {
        let folder = shown_path(store.folder());
        format!(
            "{folder} cannot be written: give the folder of the process by --state, or its address by --admin"
        )
    })?;
    let (what, folder) = (if asked.on { "set" } else { "taken back" }, shown_path(store.folder()));
    context.output.text(&format!(
        "no process answers, so legacy-only was {what} in {folder}: it takes effect at the next start, and within two \
         seconds in a process that uses this folder"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn write(store: &OverrideStore, asked: &LegacyOnlyAsked) -> io::Result<()> {
    match asked.on {
        true => {
            let note = note(&asked.who, &asked.reason);
            store.set_legacy_only(&WayBack { note, ramp_seconds: asked.ramp_seconds })
        }
        false => store.clear_legacy_only().map(|_| ()),
    }
}

fn in_effect(asked: &LegacyOnlyAsked, applied: &LegacyOnlyApplied, url: &str) -> String {
    let routes = count(applied.routes, "route");
    let what = match asked.on {
        true => {
            let how = if asked.ramp_seconds.is_some() { "step by step " } else { "" };
            let borne = borne(applied.load);
            format!(
                "everything goes {how}to legacy at {url}, {routes} among it; retired ones do not. {borne}"
            )
        }
        false => format!("legacy-only has ended at {url}: {routes} at their stages again"),
    };
    match &applied.unkept {
        None => what,
        Some(why) => format!("{what}; a restart forgets it, since it cannot be kept on disk ({why})"),
    }
}
