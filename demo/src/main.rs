//! The demo's binary: the proxy with the flight intake's native handler, and a `demo` command that shows all of it.

mod show;

use std::process::ExitCode;

use clap::Parser;
use handover::Proxy;
use handover_demo::flights::CreateFlight;
use handover_demo::office::{Account, Login};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `handover-demo demo` is ours; every other command is the proxy's own.
#[derive(Debug, Parser)]
#[command(name = "handover-demo", disable_help_subcommand = true)]
enum Command {
    /// Show a takeover: a PHP backend, the proxy in front of it, real records through both.
    Demo(show::Args),
}

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|command| command == "demo") {
        let Command::Demo(args) = Command::parse();
        return show::run(&args);
    }
    Proxy::builder()
        .sources(handover::sources!())
        .handler("create_flight", CreateFlight)
        .handler("login", Login)
        .handler("account", Account)
        .run()
}
