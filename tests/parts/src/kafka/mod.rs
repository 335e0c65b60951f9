//! A real Apache Kafka broker (KRaft, its own controller) and what tests do to it.

mod records;
mod secured;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tempfile::TempDir;

use crate::process::{self, Process};
use crate::{Toxiproxy, free_port, tools};

pub use records::Record;
pub use secured::Secured;

/// Longest wait for the broker to do something; a healthy one on a loaded machine needs a tenth.
const PATIENCE: Duration = Duration::from_secs(60);

/// Template shared with the set-up, which starts a broker once to archive its classes.
const PROPERTIES: &str = include_str!("../../kafka/server.properties");

/// What a broker has beside what every one has.
#[derive(Default)]
struct Extras<'a> {
    /// Further listeners.
    listeners: &'a [Listener],
    /// Lines as in `server.properties`.
    settings: &'a str,
    /// Arguments for formatting its storage.
    format: &'a [&'a str],
}

/// Where a broker listens, too.
struct Listener {
    name: &'static str,
    protocol: &'static str,
    port: u16,
    /// The port that it tells clients of.
    told: u16,
}

/// A running broker.
#[derive(Debug)]
pub struct Kafka {
    process: Process,
    port: u16,
}

impl Kafka {
    /// Starts a broker of the test's own: about 1.5 s.
    ///
    /// # Panics
    /// When Java or Kafka is not installed, or the broker does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same with settings of its own, lines as in `server.properties`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with(settings: &str) -> Self {
        Self::start_in(process::folder("kafka"), &Extras { settings, ..Extras::default() })
    }

    /// The same in a folder that may hold files for it, classes in `classes`.
    fn start_in(folder: TempDir, extras: &Extras<'_>) -> Self {
        let port = free_port();
        let mut properties = PROPERTIES
            .replace("@BROKER@", &port.to_string())
            .replace("@CONTROLLER@", &free_port().to_string())
            .replace("@DATA@", &folder.path().join("data").to_string_lossy());
        let mut told = format!("advertised.listeners=PLAINTEXT://127.0.0.1:{port}");
        for Listener { name, protocol, port, told: at } in extras.listeners {
            properties = properties
                .replace("\nlisteners=", &format!("\nlisteners={name}://127.0.0.1:{port},"))
                .replace("protocol.map=", &format!("protocol.map={name}:{protocol},"));
            let _ = write!(told, ",{name}://127.0.0.1:{at}");
        }
        properties = properties + "\n" + &told + "\n";
        process::write(folder.path().join("server.properties"), properties + extras.settings);
        format_storage(folder.path(), extras.format);

        let mut command = java();
        command.args(["kafka.Kafka", "server.properties"]);
        // Nothing in it is worth a graceful stop: SIGTERM would take 1.5 s.
        let process = Process::start("kafka", command, Signal::SIGKILL, folder);
        let mut kafka = Self { process, port };
        kafka.wait_until_ready();
        kafka
    }

    /// Starts a broker beside a bad network that leads to it: clients of the [`Toxiproxy`]'s port go through it,
    /// [`bootstrap`](Self::bootstrap) leads past it.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_behind_toxiproxy() -> (Self, Toxiproxy) {
        let port = free_port();
        let toxiproxy = Toxiproxy::to(port);
        let listener = Listener { name: "TOXIC", protocol: "PLAINTEXT", port, told: toxiproxy.port() };
        let extras = Extras { listeners: &[listener], ..Extras::default() };
        (Self::start_in(process::folder("kafka"), &extras), toxiproxy)
    }

    /// The broker that all tests of this process share, started by the first that asks. It can't be stopped: a test
    /// that wants an outage starts its own.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// `127.0.0.1:PORT`, for `bootstrap.servers`.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Creates a topic; with -1 partitions, as many as the broker's `num.partitions` says.
    ///
    /// # Panics
    /// When the broker refuses, for instance because the topic is there already.
    pub fn create_topic(&self, name: &str, partitions: i32) {
        self.create_topic_with(name, partitions, &[]);
    }

    /// The same with settings of its own: `max.message.bytes`, for one.
    ///
    /// # Panics
    /// As [`create_topic`](Self::create_topic).
    pub fn create_topic_with(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let admin: AdminClient<_> = self.config().create().expect("an admin client");
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let topic = settings.iter().fold(topic, |topic, (key, value)| topic.set(key, value));
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
        // A thread of its own, since the caller may be on a runtime's thread, which must not start another.
        let created = std::thread::scope(|scope| {
            let create = || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
                runtime.block_on(admin.create_topics([&topic], &options))
            };
            scope.spawn(create).join().expect("creating a topic does not panic")
        });
        match created.map(|mut results| results.pop()) {
            Ok(Some(Ok(_))) => {}
            other => self.process.fail(&format!("topic {name} was not created: {other:?}")),
        }
        self.wait_for_leaders(name);
    }

    /// Creates a topic whose name begins with `prefix` and is nobody else's, also on the shared broker.
    ///
    /// # Panics
    /// As [`create_topic`](Self::create_topic).
    #[must_use]
    pub fn fresh_topic(&self, prefix: &str, partitions: i32) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{prefix}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.create_topic(&name, partitions);
        name
    }

    /// What it has written so far, of its own and of what runs in it.
    ///
    /// # Panics
    /// When its log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.process.log()).expect("the log can be read")
    }

    /// An orderly stop (`SIGTERM`): leaders resign, logs are flushed. About 1.5 s.
    pub fn stop(&mut self) {
        self.process.stop(Signal::SIGTERM, Duration::from_secs(30));
    }

    /// A crash (`SIGKILL`).
    pub fn kill(&mut self) {
        self.process.stop(Signal::SIGKILL, Duration::from_secs(5));
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), on the same port with the same data.
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub fn restart(&mut self) {
        self.process.respawn();
        self.wait_until_ready();
    }

    /// A hung broker: connections stay open, nothing answers.
    pub fn pause(&self) {
        self.process.signal(Signal::SIGSTOP);
    }

    /// Ends a [`pause`](Self::pause).
    pub fn resume(&self) {
        self.process.signal(Signal::SIGCONT);
    }

    /// The controller has made the topic; the broker learns of it a little later.
    fn wait_for_leaders(&self, topic: &str) {
        let consumer = self.consumer();
        let began = Instant::now();
        let led = || {
            let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).ok()?;
            let partitions = metadata.topics().first()?.partitions();
            Some(!partitions.is_empty() && partitions.iter().all(|partition| partition.leader() >= 0))
        };
        while led() != Some(true) {
            if began.elapsed() > PATIENCE {
                self.process.fail(&format!("topic {topic} has no leaders"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_until_ready(&mut self) {
        // Asking before the port is open would make librdkafka back off.
        let port = self.port;
        let open = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        self.process.wait_until("its port is open", PATIENCE, open);
        let consumer = self.consumer();
        let answers = || {
            consumer.fetch_metadata(None, Duration::from_secs(1)).is_ok_and(|all| !all.brokers().is_empty())
        };
        self.process.wait_until("it tells of itself as a broker", PATIENCE, answers);
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.bootstrap());
        config
    }

    fn consumer(&self) -> BaseConsumer {
        self.config()
            .set("group.id", "handover-tests")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_uncommitted")
            // How long the broker may keep an answer back that has nothing to say.
            .set("fetch.wait.max.ms", "50")
            .create()
            .expect("a consumer")
    }
}

/// Java with Kafka's jars and settings that favour a quick start over speed.
fn java() -> Command {
    let jars = tools::kafka();
    let mut archive = std::ffi::OsString::from("-XX:SharedArchiveFile=");
    archive.push(jars.join("classes.jsa"));
    let mut command = Command::new(tools::program(&["java"]));
    command
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        // Loaded classes as the set-up archived them: a third of the start. Java does without when it does not fit.
        .arg(archive)
        .args(["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"])
        .arg("-cp")
        .arg(std::env::join_paths([jars.join("*"), "classes".into()]).expect("no colon in the path"));
    command
}

fn format_storage(folder: &Path, further: &[&str]) {
    let output = java()
        .current_dir(folder)
        .args([
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "AAAAAAAAAAAAAAAAAAAAAA",
            "-c",
            "server.properties",
        ])
        .args(further)
        .output()
        .unwrap_or_else(|error| panic!("java could not be started: {error}"));
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    let _ = write!(said, "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "kafka's storage was not formatted ({}):\n{said}", output.status);
}
