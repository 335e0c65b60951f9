//! Conformance suites of others, run against an address. What they find is a panic that shows it.

use std::net::SocketAddr;
use std::process::{Command, Output};

use crate::{process, tools};

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

fn shown(output: &Output) -> String {
    format!(
        " ({}):\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
