//! The world that the tests speak in: the intake behind nginx, the same intake behind the proxy, one Kafka, one S3.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use handover_demo::clients::{OldClients, Request, records, tidy};
use handover_parts::{Handover, Kafka, Nginx, PhpFpm, Record, S3, http};

/// Where accepted records go.
pub(crate) const TOPIC: &str = "flights.v1";

/// Connections that send at once.
pub(crate) const CONNECTIONS: usize = 8;

/// The seed of the old clients' requests.
const SEED: u64 = 11;

/// All parts.
pub(crate) struct World {
    pub(crate) kafka: Kafka,
    s3: S3,
    php: PhpFpm,
}

impl World {
    /// Starts Kafka, S3 with the reference tables, and the intake under php-fpm.
    pub(crate) fn start() -> Self {
        let kafka = Kafka::start();
        kafka.create_topic(TOPIC, 6);
        let s3 = S3::start();
        s3.create_bucket("reference");
        for table in ["airlines.csv", "airports.csv", "planes.csv"] {
            s3.put("reference", table, std::fs::read(data().join(table)).expect("the demo's data"));
        }
        let php = PhpFpm::flight_intake(&kafka.bootstrap()).children(4).start();
        Self { kafka, s3, php }
    }

    /// nginx in front of the intake, as production had it.
    pub(crate) fn nginx(&self) -> Nginx {
        Nginx::in_front_of(&self.php)
    }

    /// The proxy in front of the same intake, with the takeover's route at that stage.
    pub(crate) fn proxy(&self, binary: &Path, stage: &str) -> Handover {
        self.proxy_with(binary, &self.routes(stage, "create_flight"))
    }

    /// The proxy with these routes.
    pub(crate) fn proxy_with(&self, binary: &Path, routes: &str) -> Handover {
        Handover::start_with(binary, routes, |command| {
            command.env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY);
        })
    }

    /// A `routes.toml` that takes the intake's POST over with that handler.
    pub(crate) fn routes(&self, stage: &str, handler: &str) -> String {
        format!(
            r#"
[legacy.intake]
fastcgi = "{php}"
root = "{root}"
connections_max = 4
version = "header:X-App-Version"

[kafka.main]
bootstrap = ["{kafka}"]

[s3]
endpoint = "{s3}"
region = "us-east-1"
path_style = true

[table.airports]
source = "s3://reference/airports.csv"
key = "faa"

[table.airlines]
source = "s3://reference/airlines.csv"
key = "carrier"

[table.planes]
source = "s3://reference/planes.csv"
key = "tailnum"

[[route]]
name = "create-flight"
match = "POST /v1/flights"
stage = "{stage}"
native = "{handler}"
canary = {{ share = 0.5, sticky = "ip" }}

[route.shadow]
effects = {{ topic = "{TOPIC}", correlate = {{ record = "header:event-id", answer = "json:/id" }} }}

[route.shadow.inject]
id = "json:/id"
received_at = {{ from = "json:/received_at", time = "rfc3339" }}
"#,
            php = self.php.address(),
            root = self.php.root().canonicalize().expect("the application").display(),
            kafka = self.kafka.bootstrap(),
            s3 = self.s3.endpoint(),
        )
    }

    /// All records that are in the topic.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.kafka.records(TOPIC)
    }

    /// The records that came into the topic since it held `before`.
    pub(crate) fn records_since(&self, before: &[Record]) -> Vec<Record> {
        let known: HashSet<_> = before.iter().map(|record| (record.partition, record.offset)).collect();
        self.records()
            .into_iter()
            .filter(|record| !known.contains(&(record.partition, record.offset)))
            .collect()
    }
}

/// The demo's binary.
pub(crate) fn demo() -> PathBuf {
    env!("CARGO_BIN_EXE_handover-demo").into()
}

/// The same with handlers that are broken on purpose.
pub(crate) fn sabotaged() -> PathBuf {
    let binary = demo().with_file_name("examples").join("sabotaged");
    assert!(binary.exists(), "{} is not built: run `cargo test`, which builds examples", binary.display());
    binary
}

/// That many real records of January, and as many requests of old clients, in turn.
pub(crate) fn requests(each: usize) -> Vec<Request> {
    let all = records(&data().join("flights-2013-01.csv.gz")).expect("the demo's data");
    let tidy = all.iter().take(each).map(tidy);
    let old = OldClients::new(SEED, &all).take(each);
    tidy.zip(old).flat_map(|(tidy, old)| [tidy, old]).collect()
}

/// A request as it goes over the wire.
pub(crate) fn bytes(request: &Request) -> Vec<u8> {
    let mut fields = vec![("Host", "intake.example")];
    fields.extend(request.content_type.as_deref().map(|value| ("Content-Type", value)));
    fields.extend(request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    http::request(request.method, &request.path, &fields, &request.body)
}

/// The demo's data.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}
