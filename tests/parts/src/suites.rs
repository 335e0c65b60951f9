//! Conformance suites of others, run against an address. What they find is a panic that shows it.

use std::fmt;
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, tools};

/// Runs the cases of the HTTP caching tests, and says what came of each.
const CACHE_TESTS: &str = include_str!("../cache-tests.mjs");

/// Runs h2spec, all of its cases, the strict ones too; gives its last line.
///
/// # Panics
/// When a case fails or is skipped, with h2spec's own report.
#[must_use]
pub fn h2spec(address: SocketAddr, tls: bool) -> String {
    let mut command = Command::new(tools::h2spec());
    command.args(["--strict", "--timeout", "5", "--host", &address.ip().to_string()]);
    command.args(["--port", &address.port().to_string()]);
    if tls {
        command.args(["--tls", "--insecure"]);
    }
    let output = command.output().expect("h2spec can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let summary = text.lines().rfind(|line| line.contains("tests,")).unwrap_or_default();
    let whole = output.status.success() && summary.contains(" 0 skipped, 0 failed");
    assert!(whole, "h2spec found faults{}", shown(&output));
    summary.trim().to_owned()
}

/// Runs kosoku, Autobahn's cases for WebSocket but for those on performance and compression; gives how many passed.
///
/// # Panics
/// When a case fails, with kosoku's own report.
#[must_use]
pub fn websocket(address: SocketAddr) -> usize {
    let report = process::folder("kosoku");
    let mut command = Command::new(tools::program(&["python3"]));
    command
        .env("PYTHONPATH", tools::kosoku())
        .args(["-c", "import sys; from kosoku._cli import main; sys.exit(main())"]);
    command.args(["-p", "4", "-x", "9.*", "-x", "12.*", "-x", "13.*", "-o"]).arg(report.path());
    command.arg(address.to_string());
    let output = command.output().expect("python3 can be started");
    assert!(output.status.success(), "kosoku found faults{}", shown(&output));
    // `247 cases passed`, or `3 of 247 cases failed`.
    let text = String::from_utf8_lossy(&output.stdout);
    let count = text.lines().find_map(|line| line.strip_suffix(" cases passed")?.parse().ok());
    count.unwrap_or_else(|| panic!("kosoku does not say how many cases passed{}", shown(&output)))
}

/// The origin of the HTTP caching tests (cache-tests.fyi), which a proxy is to be put in front of.
#[derive(Debug)]
pub struct CacheTests {
    process: Process,
    origin: SocketAddr,
}

/// What came of the HTTP caching tests.
#[derive(Debug, Default)]
pub struct CacheResults {
    /// How many required and optional cases passed.
    pub passed: usize,
    /// Required cases that failed, each with the reason.
    pub failed: Vec<(String, String)>,
    /// Optional cases in which the proxy asked its origin although it need not have.
    pub not_optimal: Vec<String>,
    /// Cases that say nothing, since they could not be set up or another one failed.
    pub silent: Vec<(String, String)>,
}

impl CacheTests {
    /// Starts the origin.
    ///
    /// # Panics
    /// When Node or the suite is missing, or it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = process::folder("cache-tests");
        let origin = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = Command::new(tools::program(&["node"]));
        command.arg(tools::cache_tests().join("server/server.mjs")).env("npm_config_protocol", "http");
        command.env("npm_config_port", origin.port().to_string()).env("npm_config_pidfile", "pid");
        let mut process = Process::start("cache-tests", command, Signal::SIGTERM, folder);
        process
            .wait_until("its port is open", Duration::from_secs(20), || TcpStream::connect(origin).is_ok());
        Self { process, origin }
    }

    /// Where the origin listens.
    #[must_use]
    pub fn origin(&self) -> SocketAddr {
        self.origin
    }

    /// Runs all cases against a proxy in front of the origin.
    ///
    /// # Panics
    /// When the suite breaks off, with what it said.
    #[must_use]
    pub fn run(&self, proxy: SocketAddr) -> CacheResults {
        let script = self.process.folder().join("run.mjs");
        process::write(&script, CACHE_TESTS);
        let mut command = Command::new(tools::program(&["node"]));
        command.args(["--no-warnings"]).arg(script).arg(tools::cache_tests()).arg(format!("http://{proxy}"));
        let output = command.output().expect("node can be started");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut results = CacheResults::default();
        text.lines().filter_map(case).for_each(|case| results.add(case));
        assert!(output.status.success() && results.passed > 0, "the suite broke off{}", shown(&output));
        results
    }
}

/// `["id","✅",""]`: a case, its result and why. The reasons hold no quotes that matter.
fn case(line: &str) -> Option<[String; 3]> {
    let mut parts = line.strip_prefix("[\"")?.strip_suffix("\"]")?.splitn(3, "\",\"").map(str::to_owned);
    Some([parts.next()?, parts.next()?, parts.next()?])
}

impl CacheResults {
    fn add(&mut self, [id, result, why]: [String; 3]) {
        match result.as_str() {
            "✅" => self.passed += 1,
            "⛔️" => self.failed.push((id, why)),
            "⚠️" => self.not_optimal.push(id),
            // Questions how caches behave, that have no right answer.
            "Y" | "N" => {}
            _ => self.silent.push((id, why)),
        }
    }
}

impl fmt::Display for CacheResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, not_optimal, silent } = self;
        writeln!(f, "{passed} passed, {} failed", failed.len())?;
        writeln!(f, "{} asked the origin although it need not be: {not_optimal:?}", not_optimal.len())?;
        write!(f, "{} say nothing: {silent:#?}", silent.len())
    }
}

fn shown(output: &Output) -> String {
    format!(
        " ({}):\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
