//! A real schema registry: Apicurio, which speaks Confluent's API; and Confluent's own client.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{Kafka, free_port, tools};

/// What uses Confluent's client.
const CONFLUENT: &str = include_str!("../registry/confluent.py");

/// Where its Confluent-compatible API begins.
const API: &str = "/apis/ccompat/v7";

/// A running registry, with nothing in it.
#[derive(Debug)]
pub struct Registry {
    process: Process,
    port: u16,
}

impl Registry {
    /// Starts a registry of the test's own: 7 s of two cores. What it holds is in its memory.
    ///
    /// # Panics
    /// When Java or Apicurio is not installed, or the registry does not start.
    #[must_use]
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tools::program(&["java"]));
        command
            .args([
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dquarkus.http.host=127.0.0.1",
            ])
            .arg(format!("-Dquarkus.http.port={port}"))
            .arg("-jar")
            .arg(tools::apicurio());
        let process = Process::start("registry", command, Signal::SIGKILL, process::folder("registry"));
        let mut registry = Self { process, port };
        registry.wait_until_ready();
        registry
    }

    /// The registry that all tests of this process share, started by the first that asks. A test keeps to topics of its own.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Registry> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Where Confluent's API begins.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{API}", self.port)
    }

    /// Registers a schema, `kind` as the API calls it; gives what the registry answers, with its id.
    ///
    /// # Panics
    /// When the registry refuses.
    pub fn register(&self, subject: &str, kind: &str, schema: &str) -> String {
        let quoted = format!("{schema:?}");
        let body = format!("{{\"schemaType\":\"{kind}\",\"schema\":{quoted}}}");
        self.post(&format!("subjects/{subject}/versions"), &body)
    }

    /// Posts JSON to a path of the API.
    ///
    /// # Panics
    /// When the registry refuses.
    pub fn post(&self, path: &str, body: &str) -> String {
        self.curl(path, &["-H", "Content-Type: application/json", "-d", body])
    }

    /// An outage.
    pub fn pause(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// The end of a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    fn curl(&self, path: &str, arguments: &[&str]) -> String {
        let output = Command::new(tools::program(&["curl"]))
            .args(["--silent", "--show-error", "--fail-with-body", "--max-time", "60", "--noproxy", "*"])
            .args(arguments)
            .arg(format!("{}/{path}", self.url()))
            .output()
            .unwrap_or_else(|error| panic!("curl could not be started: {error}"));
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if !output.status.success() {
            self.process.fail(&format!("{path} {arguments:?}: {said}"));
        }
        said
    }

    fn wait_until_ready(&mut self) {
        let url = format!("{}/subjects", self.url());
        let curl = tools::program(&["curl"]);
        let answers = || {
            let asked = Command::new(&curl)
                .args([
                    "--silent",
                    "--fail",
                    "--max-time",
                    "5",
                    "--noproxy",
                    "*",
                    "--output",
                    "/dev/null",
                    &url,
                ])
                .status();
            asked.is_ok_and(|status| status.success())
        };
        self.process.wait_until("its API answers", Duration::from_secs(120), answers);
    }

    /// Has Confluent's client write records, which are JSON: `{"schema": "…", "records": [{"key": "…", "value": …}]}`. It
    /// registers the schema.
    ///
    /// # Panics
    /// When it fails.
    pub fn confluent_produces(&self, kafka: &Kafka, topic: &str, form: &str, records: &str) {
        self.confluent("produce", kafka, topic, form, records);
    }

    /// What Confluent's client reads of the first records of a topic: JSON, one a line.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn confluent_consumes(&self, kafka: &Kafka, topic: &str, form: &str, count: usize) -> String {
        self.confluent("consume", kafka, topic, form, &format!("{{\"count\":{count}}}"))
    }

    fn confluent(&self, what: &str, kafka: &Kafka, topic: &str, form: &str, input: &str) -> String {
        let mut python = Command::new(tools::program(&["python3"]))
            .env("PYTHONPATH", tools::confluent())
            .args(["-c", CONFLUENT, what, &kafka.bootstrap(), &self.url(), topic, form])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("python3 could not be started: {error}"));
        let mut stdin = python.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        let output = python.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "Confluent's client could not {what} {topic}: {said}");
        String::from_utf8(output.stdout).expect("JSON")
    }
}
