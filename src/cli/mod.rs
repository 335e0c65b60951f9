//! The command line of the stock binary and of every binary with handlers of its own.
//!
//! Exit statuses: 0 it worked; 1 it did not, or `check` found faults; 2 the command line itself was wrong; 3 a gate is
//! shut.

mod admin;
mod affected;
mod check;
mod clusters;
mod coverage;
mod effects;
mod erase;
mod explain;
mod export;
mod fuzz;
mod gate;
mod init;
mod inventory;
mod ledger;
mod legacy_only;
mod output;
mod parity;
mod probe;
mod progress;
mod record;
mod rehearsal;
mod replay;
mod rollback;
mod routes;
mod scaffold;
mod schema;
mod serve;
mod spool;
mod toggle;
mod user;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser, Subcommand};
use handover_shadow::{Reader, Store, StoreError};

use crate::config::document::did_you_mean;
use crate::config::fault::{Faults, shown_path};
use crate::config::load::Location;
use crate::gate::keeper::Gatekeeper;
use crate::native::application::Application;
use crate::native::identity::Identities;
use crate::route::Route;
use crate::route::generation::{Generation, Shared};
use crate::route::override_store::OverrideStore;
use crate::serve::EVIDENCE;
pub(crate) use inventory::short;
use output::Output;

/// Takes a legacy PHP backend over, route by route.
///
/// Stands in front of it as a reverse proxy. Which route is answered by whom says routes.toml; change a route's `stage`
/// there, and it applies within two seconds.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Cli {
    /// The configuration.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        env = "HANDOVER_CONFIG",
        default_value = "routes.toml"
    )]
    config: PathBuf,

    /// The folder for overrides, evidence and the last good configuration, in place of the file's `state`.
    #[arg(long, global = true, value_name = "FOLDER", env = "HANDOVER_STATE")]
    state: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str =
    "Exit status: 0 it worked; 1 it did not, or `check` found faults; 2 the command line was wrong; 3 a gate is shut.

Begin with a file of four lines, which is a complete transparent proxy:

    [listen]
    http = \"127.0.0.1:8080\"
    [legacy.monolith]
    http = \"http://127.0.0.1:9501\"";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a first routes.toml, from an nginx site's file or a php-fpm pool's.
    Init(init::Args),
    /// Show what clients ask for, from access logs.
    Inventory(inventory::Args),
    /// Serve clients until SIGTERM or Ctrl-C.
    Serve(serve::Args),
    /// Report everything that is wrong with the configuration.
    Check(check::Args),
    /// Say where a request would go, and why.
    Explain(explain::Args),
    /// List the routes with their stages.
    Routes(routes::Args),
    /// Show how far native and legacy agree.
    Parity(parity::Args),
    /// Ask each legacy which PHP it runs, with which settings.
    Probe(probe::Args),
    /// Say what a route's evidence lacks for it to move up.
    Gate(gate::Args),
    /// List in which ways native and legacy differ, and decide them.
    Clusters(clusters::Args),
    /// Show who moved which route when, on what evidence.
    Ledger(ledger::Args),
    /// Move a route one stage up, in its file.
    Promote(toggle::Args),
    /// Move a route one stage down, in its file.
    Demote(toggle::Args),
    /// Move a route to a stage, in its file.
    Set(toggle::SetArgs),
    /// Send everything back to legacy, now, but what is retired.
    ///
    /// It survives restarts and is stronger than the file until `--off` takes it back.
    LegacyOnly(legacy_only::Args),
    /// Take one route back by a stage or more, whatever the file says.
    Rollback(rollback::Args),
    /// Keep a sample of real traffic, redacted, to run native on it again.
    Record(record::Args),
    /// Run native on a recording, without legacy, and compare.
    Replay(replay::Args),
    /// Look for requests on which native and legacy differ, and shrink each to the smallest that shows it.
    Fuzz(fuzz::Args),
    /// Show which lines of legacy no compared request has ever reached.
    Coverage(coverage::Args),
    /// Show what legacy does beside answering, and what of it nobody compares.
    Effects(effects::Args),
    /// Name the native routes whose PHP has changed since.
    Affected(affected::Args),
    /// Judge what several processes have sent, and show it: the one store of their evidence.
    Review(serve::Args),
    /// Take a person's data out of what is stored.
    Erase(erase::Args),
    /// Make a route, its handler and its tests from a template of paths.
    Scaffold(scaffold::Args),
    /// Look at the spool, check it, or wait until Kafka has all of it.
    Spool(spool::Args),
    /// Be the parent of a managed php-fpm: how `serve` starts one.
    #[command(hide = true)]
    KeepPool,
    /// Print a line for the file of the admin's users.
    User(user::Args),
    /// Print what has a shell complete this command line.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print every key of routes.toml: a JSON Schema for editors, or a page for people.
    Schema(schema::Args),
}

/// The hidden command that keeps a php-fpm pool.
pub(crate) const KEEP_POOL: &str = "keep-pool";

/// What every command is given.
struct Context {
    location: Location,
    application: Application,
    identities: Identities,
    output: Output,
}

impl Context {
    /// What files and overrides on disk come to.
    fn generation(&self) -> Result<Arc<Generation>, Faults> {
        let (_, checked) = self.location.check(&self.application.names())?;
        let mut overrides = OverrideStore::new(checked.config.state.clone()).load();
        overrides.held = self.keeper(&checked.config.state).look(&checked.config);
        let shared =
            Shared::new(self.application.handlers.clone(), Arc::new(checked.config), Arc::new(overrides));
        Ok(shared.load())
    }

    /// The evidence, read by the rules that the file has now, as gates read it; `None` where there is none. A file that
    /// cannot be used is no reason to show none: then it is read by the rules that it was gathered under.
    fn evidence(&self) -> Result<Option<Reader>, StoreError> {
        let reader = Store::read(&self.location.state().join(EVIDENCE))?;
        Ok(reader.map(|reader| match self.location.check(&self.application.names()) {
            Ok((_, checked)) => reader.by(checked.config.policies()),
            Err(_) => reader,
        }))
    }

    /// The gates of a process with that state folder.
    fn keeper(&self, state: &Path) -> Gatekeeper {
        Gatekeeper::new(state, self.identities.clone())
    }

    /// The route of that name.
    fn route<'g>(&self, generation: &'g Generation, name: &str) -> anyhow::Result<&'g Arc<Route>> {
        generation.route(name).ok_or_else(|| {
            let near = did_you_mean(name, generation.routes().iter().map(|route| route.name()));
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            anyhow::anyhow!("there is no route {name}{hint}")
        })
    }
}

/// Runs the command line that the process was called with.
pub(crate) fn run(application: Application, identities: Identities) -> ExitCode {
    let cli = Cli::parse();
    // Others whom we start, such as php-fpm, work in other folders.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let location = Location { main: absolute(cli.config), state: cli.state.map(absolute) };
    let context = Context { location, application, identities, output: Output::of_this_process() };
    let done = match cli.command {
        Command::Init(args) => init::run(&args, &context),
        Command::Inventory(args) => inventory::run(&args, &context),
        Command::Serve(args) => serve::run(&args, &context),
        Command::Check(args) => check::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Routes(args) => routes::run(&args, &context),
        Command::Parity(args) => parity::run(&args, &context),
        Command::Probe(args) => probe::run(&args, &context),
        Command::Gate(args) => gate::run(&args, &context),
        Command::Clusters(args) => clusters::run(&args, &context),
        Command::Ledger(args) => ledger::run(&args, &context),
        Command::Promote(args) => toggle::promote(&args, &context),
        Command::Demote(args) => toggle::demote(&args, &context),
        Command::Set(args) => toggle::set(&args, &context),
        Command::LegacyOnly(args) => legacy_only::run(&args, &context),
        Command::Rollback(args) => rollback::run(&args, &context),
        Command::Record(args) => record::run(&args, &context),
        Command::Replay(args) => replay::run(&args, &context),
        Command::Fuzz(args) => fuzz::run(&args, &context),
        Command::Coverage(args) => coverage::run(&args, &context),
        Command::Effects(args) => effects::run(&args, &context),
        Command::Affected(args) => affected::run(&args, &context),
        Command::Review(args) => serve::review(&args, &context),
        Command::Erase(args) => erase::run(&args, &context),
        Command::Scaffold(args) => scaffold::run(&args, &context),
        Command::Spool(args) => spool::run(&args, &context),
        Command::KeepPool => {
            crate::legacy::managed::keeper::keep().map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::User(args) => user::run(&args, &context),
        Command::Completions { shell } => completions(shell, &context),
        Command::Schema(args) => schema::run(&args, &context),
    };
    done.unwrap_or_else(|error| {
        context.output.error(&error);
        ExitCode::FAILURE
    })
}

/// The completions of the binary that was called, under its own name.
fn completions(shell: clap_complete::Shell, context: &Context) -> anyhow::Result<ExitCode> {
    let called = std::env::args_os().next().unwrap_or_default();
    let name =
        Path::new(&called).file_name().map_or_else(|| "handover".into(), |name| name.to_string_lossy());
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), name, &mut text);
    context.output.text(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// A configuration that cannot be used, as an error of a command that needs one.
fn unusable(context: &Context, faults: &Faults) -> anyhow::Error {
    context.output.complain(&faults.render(context.output.colours));
    anyhow::anyhow!("{} cannot be used: {}", shown_path(&context.location.main), count(faults.len(), "fault"))
}

/// `1 route`, `2 routes`.
fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_hold_together() {
        Cli::command().debug_assert();
    }

    /// clap takes the one for the other, and panics where their types differ.
    #[test]
    fn no_command_has_an_argument_of_the_name_that_all_have() {
        fn own(command: &clap::Command) -> Vec<String> {
            let below = command.get_subcommands().flat_map(own);
            let ids = command.get_arguments().filter(|argument| !argument.is_global_set());
            ids.map(|argument| argument.get_id().to_string()).chain(below).collect()
        }
        let all = Cli::command();
        let shared = |name: &&str| all.get_arguments().any(|argument| argument.get_id() == *name);
        assert!(["config", "state"].iter().all(shared));
        let own = own(&all);
        assert!(!own.iter().any(|id| id == "config" || id == "state"), "{own:?}");
        let line = ["handover", "clusters", "n", "--only", "bug", "--state", "folder"];
        assert_eq!(Cli::try_parse_from(line).unwrap().state, Some(PathBuf::from("folder")));
    }

    #[test]
    fn the_file_and_the_folder_can_be_given_anywhere() {
        for line in [["handover", "--config", "x.toml", "check"], ["handover", "check", "--config", "x.toml"]]
        {
            assert_eq!(Cli::try_parse_from(line).unwrap().config, PathBuf::from("x.toml"));
        }
        let kept = Cli::try_parse_from(["handover", KEEP_POOL]).unwrap().command;
        assert!(matches!(kept, Command::KeepPool));
        assert_eq!(Cli::try_parse_from(["handover", "nonsense"]).unwrap_err().exit_code(), 2);
    }
}
