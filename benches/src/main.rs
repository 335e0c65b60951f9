//! Measures the proxy beside what its users would pick instead: all in one run, on the same cores, in turn.
//!
//! ```text
//! make bench                       every case; prints tables and writes target/bench.json
//! make bench CASES="proxy native"  those cases
//! make count                       instructions a request, held against counted.json
//! make soak                        half an hour of full load: memory has to stay flat
//! ```
//!
//! Machines are noisy, so the figure that counts is a server's own CPU time per request ([`cpu`]). Each case has several
//! contenders ([`contender`]), which are driven in turn for a number of rounds ([`rounds`]); the median of each is set
//! against the best peer's, and against the goal ([`report`]).
//!
//! | where | what |
//! | --- | --- |
//! | [`cases`] | what is measured, a file a case |
//! | [`servers`] | the peers, and the proxy itself |
//! | [`load`] | one run of wrk |
//! | [`mod@count`] | instructions a request, by callgrind |
//! | [`soak`] | memory under full load, for long |

mod cases;
mod contender;
mod count;
mod cpu;
mod load;
mod report;
mod rounds;
mod servers;
mod soak;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::rounds::Pace;

/// Measures the proxy beside what its users would pick instead.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the cases.
    List,
    /// Measure CPU time, throughput and latency beside the peers.
    Run(Run),
    /// Count instructions a request, by callgrind, and fail where they have grown.
    Count {
        /// What they came to before.
        #[arg(long, default_value = "benches/counted.json")]
        before: PathBuf,
        /// Write that file in place of failing.
        #[arg(long)]
        update: bool,
    },
    /// Load it fully for long, with refreshes and reloads, and fail where memory grows.
    Soak {
        /// For how long, in seconds.
        #[arg(long, default_value_t = 30 * 60)]
        seconds: u64,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The cases, all when none is named.
    cases: Vec<String>,
    /// Rounds in which every contender is driven once.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds for which a contender is driven in a round.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Where the figures go, as JSON.
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
}

fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::List => list(),
        Command::Run(run) => measure(&run)?,
        Command::Count { before, update } => return Ok(status(count::run(&before, update)?)),
        Command::Soak { seconds } => return Ok(status(soak::run(Duration::from_secs(seconds))?)),
    }
    Ok(ExitCode::SUCCESS)
}

fn status(holds: bool) -> ExitCode {
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn list() {
    for case in cases::all() {
        println!("{:<10} {}", case.name, case.what);
    }
}

fn measure(asked: &Run) -> anyhow::Result<()> {
    let all = cases::all();
    if let Some(unknown) = asked.cases.iter().find(|name| all.iter().all(|case| case.name != name.as_str())) {
        anyhow::bail!("there is no case `{unknown}`; `list` names them");
    }
    let pace = Pace { rounds: asked.rounds, each: Duration::from_secs(asked.seconds) };
    let wanted = |name: &str| asked.cases.is_empty() || asked.cases.iter().any(|asked| asked == name);
    let mut cases = Vec::new();
    for case in all.iter().filter(|case| wanted(case.name)) {
        eprintln!("{}: {}", case.name, case.what);
        let measured = (case.run)(&pace);
        println!("{}", report::table(&measured));
        cases.push(measured);
    }
    let markdown = asked.json.with_extension("md");
    let rows = cases.concat();
    report::write(&asked.json, &rows)?;
    report::write_markdown(&markdown, &cases)?;
    let verdicts = || rows.iter().flat_map(|row| &row.verdicts);
    let missed = verdicts().filter(|verdict| !verdict.holds()).count();
    let all = verdicts().count();
    println!(
        "{all} goals, {missed} missed. All figures: {}, for documents: {}",
        asked.json.display(),
        markdown.display()
    );
    Ok(())
}
