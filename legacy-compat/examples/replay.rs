//! Answers a file of calls as a real PHP answered them.
//!
//! `cargo run --release -p legacy-compat --example replay -- --php VERSION IN OUT`: a call a line in, `{"f": name, "a": [arguments]}`; out a
//! line `N<TAB>outcome` for each, `{"absent":1}` for a function that the crate does not have, `{"died":1}` for a call that takes longer than
//! the oracle let PHP take (`crypt` with a thousand million rounds).

#[path = "../tests/oracle_support/mod.rs"]
mod oracle_support;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use legacy_compat::{Php, Version};
use oracle_support::vectors::{self, Call};
use oracle_support::{ops::ascii_json, run};
use serde_json::{Value as Json, json};

const USAGE: &str = "usage: replay --php VERSION IN OUT";

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// As deep as values nest that come from JSON.
const STACK: usize = 256 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut version = Version::V8_2;
    let mut files = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--php") {
            Some("") => version = args.next().ok_or(USAGE)?.parse()?,
            Some(value) => version = value.trim_start_matches('=').parse()?,
            None => files.push(arg),
        }
    }
    let [input, output] = files.as_slice() else { return Err(USAGE.into()) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let php = vectors::php(version, now as i64);
    let lines: Arc<[String]> =
        BufReader::new(File::open(input)?).lines().collect::<io::Result<Vec<_>>>()?.into();
    replay(&php, &lines, BufWriter::new(File::create(output)?))?;
    Ok(())
}

fn replay(php: &Php, lines: &Arc<[String]>, mut output: impl Write) -> io::Result<()> {
    let mut answers = answer_from(0, php, lines)?;
    for number in 0..lines.len() {
        let outcome = match answers.recv_timeout(PATIENCE) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Timeout) => {
                answers = answer_from(number + 1, php, lines)?;
                json!({"died": 1})
            }
            Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the replay broke off")),
        };
        writeln!(output, "{number}\t{}", ascii_json(&outcome.to_string()))?;
    }
    output.flush()
}

/// Answers line by line, on a thread of its own: one that is stuck in a call is left behind, and ends with the process.
fn answer_from(first: usize, php: &Php, lines: &Arc<[String]>) -> io::Result<Receiver<Json>> {
    let (sender, answers) = mpsc::channel();
    let (php, lines) = (php.clone(), Arc::clone(lines));
    thread::Builder::new().stack_size(STACK).spawn(move || {
        let mut state = run::State::default();
        for line in &lines[first..] {
            if sender.send(answer(&php, &vectors::parse_call(line), &mut state)).is_err() {
                return;
            }
        }
    })?;
    Ok(answers)
}

fn answer(php: &Php, call: &Call, state: &mut run::State) -> Json {
    if call.volatile { json!({"skip": 1}) } else { run::run(php, call, state) }
}
