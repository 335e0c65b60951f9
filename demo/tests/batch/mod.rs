//! The legacy's intake in bulk: `demo/legacy/tools/batch.php` run by the command-line PHP.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use handover_demo::clients::{Record, Request, records};
use serde_json::{Value, json};

/// What the legacy made of one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Key and value of the Kafka record.
    pub(crate) record: Option<(Vec<u8>, Vec<u8>)>,
}

/// Where the demo's files are.
pub(crate) fn demo(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The real departures of January and February.
pub(crate) fn real_records() -> Result<Vec<Record>> {
    let mut all = records(&demo("data/flights-2013-01.csv.gz"))?;
    all.extend(records(&demo("data/flights-2013-02.csv.gz"))?);
    Ok(all)
}

/// Runs the requests through the legacy's intake, clock at `now`, ids counting from 1.
pub(crate) fn legacy(requests: &[Request], now: i64, coverage: Option<&Path>) -> Result<Vec<Outcome>> {
    let cache = tempfile::tempdir()?;
    let mut php = Command::new("php")
        .arg(demo("legacy/tools/batch.php"))
        .env("NOW", now.to_string())
        .env("CACHE_DIR", cache.path())
        .env("RULE_COVERAGE", coverage.unwrap_or(Path::new("")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start php: the demo's legacy needs it (Debian: php8.2-cli)")?;
    let mut input = php.stdin.take().context("no standard input")?;
    let output = BufReader::new(php.stdout.take().context("no standard output")?);
    let outcomes: Result<Vec<Outcome>> = std::thread::scope(|scope| {
        scope.spawn(move || requests.iter().try_for_each(|request| writeln!(input, "{}", line_of(request))));
        output.lines().map(|line| outcome(&line?)).collect()
    });
    let status = php.wait()?;
    ensure!(status.success(), "php ended with {status}");
    let outcomes = outcomes?;
    ensure!(outcomes.len() == requests.len(), "{} answers to {} requests", outcomes.len(), requests.len());
    Ok(outcomes)
}

fn line_of(request: &Request) -> Value {
    let headers: serde_json::Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    json!({
        "content_type": request.content_type,
        "headers": headers,
        "query": request.path.split_once('?').map_or("", |(_, query)| query),
        "body": BASE64_STANDARD.encode(&request.body),
    })
}

fn outcome(line: &str) -> Result<Outcome> {
    let answer: Value = serde_json::from_str(line).with_context(|| format!("php said: {line}"))?;
    let bytes = |name: &str| answer[name].as_str().map(|text| BASE64_STANDARD.decode(text)).transpose();
    let status = answer["status"].as_u64().and_then(|status| status.try_into().ok()).context("no status")?;
    let record = bytes("key")?.zip(bytes("value")?);
    Ok(Outcome { status, body: bytes("body")?.context("no body")?, record })
}
