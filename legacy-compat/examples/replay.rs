//! Answers a file of calls as a real PHP answered them.
//!
//! `cargo run --release -p legacy-compat --example replay -- --php VERSION IN OUT`: a call a line in, `{"f": name, "a": [arguments]}`; out a
//! line `N<TAB>outcome` for each, `{"absent":1}` for a function that the crate does not have.

#[path = "../tests/oracle_support/mod.rs"]
mod oracle_support;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};

use legacy_compat::Version;
use oracle_support::{ops::ascii_json, run, vectors};

const USAGE: &str = "usage: replay --php VERSION IN OUT";

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
    let (input, output) = (BufReader::new(File::open(input)?), BufWriter::new(File::create(output)?));
    let worker =
        std::thread::Builder::new().stack_size(256 << 20).spawn(move || replay(version, input, output))?;
    worker.join().map_err(|_| "the replay broke off")??;
    Ok(())
}

fn replay(version: Version, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let php = vectors::php(version, now as i64);
    let mut state = run::State::default();
    for (number, line) in input.lines().enumerate() {
        let call = vectors::parse_call(&line?);
        let outcome =
            if call.volatile { serde_json::json!({"skip": 1}) } else { run::run(&php, &call, &mut state) };
        writeln!(output, "{number}\t{}", ascii_json(&outcome.to_string()))?;
    }
    output.flush()
}
