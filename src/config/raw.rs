//! `routes.toml` as it is written. Its JSON Schema comes from these types, and so do these comments.

pub(crate) mod front;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use handover_shadow::{GateRaw, PolicyRaw};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use toml::Spanned;

use super::valid::Ack;
use crate::route::Stage;

/// A value that knows where it stands.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct At<T>(Spanned<T>);

impl<T> At<T> {
    /// The value.
    pub(crate) fn get(&self) -> &T {
        self.0.get_ref()
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

type Sections<T> = BTreeMap<String, At<T>>;

/// The file. Every text may hold `${NAME}` or `${NAME:-default}`, filled in from the environment. Relative paths begin
/// at the folder of the file that they stand in. Durations are written `"250ms"`, `"5s"`, `"1h 30m"`; sizes `"64KiB"`,
/// `"8MiB"`; shares are numbers from 0 to 1.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "routes.toml")]
pub(crate) struct File {
    /// Further files, `"routes.d/*.toml"`: routes, legacies, clusters and tables of other teams. Those include no more.
    pub include: Option<At<Vec<At<String>>>>,
    /// The folder for overrides, the last good configuration and the store. Read at start.
    pub state: Option<At<String>>,
    /// How many cores serve clients; all of them when not given. Read at start.
    pub workers: Option<At<u32>>,
    /// How many threads run handlers that block; 16 when not given. Read at start.
    pub blocking_threads: Option<At<u32>>,
    /// Where the process listens. Read at start.
    pub listen: Option<At<Listen>>,
    /// What legacy is told of the client.
    pub forwarded: Option<At<front::Forwarded>>,
    /// What clients may send, and how fast they have to.
    pub limits: Option<At<front::Limits>>,
    /// The old backends, by name.
    pub legacy: Sections<Legacy>,
    /// Kafka clusters, by name.
    pub kafka: Sections<Kafka>,
    /// Where records wait for Kafka. Read at start.
    pub spool: Option<At<Spool>>,
    /// How S3 is reached.
    pub s3: Option<At<S3>>,
    /// Hot tables, by name.
    pub table: Sections<Table>,
    /// The routes.
    pub route: Vec<At<Route>>,
}

/// Where the process listens.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Listen {
    /// Address or addresses for clients; `"127.0.0.1:8080"` when not given.
    pub http: Option<At<Texts>>,
    /// Address or addresses for clients by TLS, HTTP/1.1 or 2 as they ask; none when not given. Needs `tls`.
    pub https: Option<At<Texts>>,
    /// The certificate for `https`.
    pub tls: Option<At<ServerTls>>,
    /// Load balancers that say in a PROXY header (version 1 or 2) whom they speak for.
    pub proxy_protocol: Option<At<ProxyProtocol>>,
    /// Address for operators, or `"off"`; `"127.0.0.1:8081"` when not given.
    pub admin: Option<At<String>>,
}

/// Load balancers that say in a PROXY header whom they speak for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProxyProtocol {
    /// Their networks or addresses: `["10.0.0.0/8"]`. Those must send the header, from others it is refused.
    pub from: At<Texts>,
}

/// What clients by TLS are served with. The files are watched: good ones that replace them are for new connections,
/// broken ones change nothing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerTls {
    /// The certificate (PEM), with those that lead to its CA behind it.
    pub cert_file: At<String>,
    /// Its private key (PEM).
    pub key_file: At<String>,
    /// Further certificates, for clients that ask for a name in one of them.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// The CA certificates (PEM) that sign clients'; clients are asked for none when not given.
    pub client_ca_file: Option<At<String>>,
    /// Whether clients must have a certificate; `"required"` when `client_ca_file` is given and this is not.
    pub client_auth: Option<At<RawClientAuth>>,
}

/// Whether clients must have a certificate.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawClientAuth {
    /// They may do without; one that they have must be good.
    Optional,
    /// They must.
    Required,
}

/// An old backend: exactly one of `fastcgi`, `http` and `managed`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Legacy {
    /// Whether it answers what no route matches. Not needed when it is the only one.
    pub default: Option<At<bool>>,
    /// A FastCGI responder: `"unix:/run/php/php-fpm.sock"` or `"127.0.0.1:9000"`.
    pub fastcgi: Option<At<String>>,
    /// An HTTP/1.1 backend: `"http://127.0.0.1:9501"` or `"unix:/run/app.sock"`.
    pub http: Option<At<String>>,
    /// A php-fpm that is started, watched and stopped with the proxy.
    pub managed: Option<At<Managed>>,
    /// FastCGI: the document root, as the backend sees it.
    pub root: Option<At<String>>,
    /// FastCGI: the front controller, relative to `root`; `"index.php"` when not given.
    pub script: Option<At<String>>,
    /// FastCGI: other scripts that may be run by their own path, relative to `root`.
    pub scripts: Option<At<Vec<At<String>>>>,
    /// FastCGI: whether `/script.php/rest` runs `script.php` with `PATH_INFO=/rest`; `false` when not given.
    pub path_info: Option<At<bool>>,
    /// FastCGI: whether files under `root` are served as nginx's `try_files` would; `true` when not given.
    #[serde(rename = "static")]
    pub static_files: Option<At<bool>>,
    /// FastCGI: parameters beside the usual ones, which they override.
    pub params: BTreeMap<String, At<String>>,
    /// How long connecting may take; `"5s"` when not given.
    pub connect_timeout: Option<At<String>>,
    /// How long it may be silent, before and within an answer; `"60s"` when not given.
    pub read_timeout: Option<At<String>>,
    /// HTTP: how long a WebSocket, or another tunnel, may be silent both ways; `"10m"` when not given.
    pub tunnel_timeout: Option<At<String>>,
    /// The most connections that this process opens; when not given as many as a managed pool has children, 32 for
    /// another FastCGI responder, 256 for HTTP.
    pub connections_max: Option<At<u32>>,
    /// Whether connections are kept between requests. When not given: with HTTP and a managed pool. A kept connection
    /// to php-fpm holds a child that other clients of the pool would need.
    pub keep_alive: Option<At<bool>>,
    /// The most requests that wait for a connection, beyond which clients get a 503; 1024 when not given.
    pub queue_max: Option<At<u32>>,
    /// The largest request body, beyond which clients get a 413; `"1GiB"` when not given.
    pub body_max: Option<At<String>>,
    /// A header field by which it does everything but what has effects, `"X-Dry-Run: 1"`, where it understands one: then
    /// it can be asked beside native on every route, to be compared.
    pub dry_run: Option<At<String>>,
    /// How its version is known, to which evidence belongs: `"header:X-Version"` of its answers, or the version itself.
    pub version: Option<At<String>>,
}

/// A php-fpm that runs under the proxy.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Managed {
    /// The document root. Stands here or beside `managed`.
    pub root: Option<At<String>>,
    /// The php-fpm binary; searched for when not given.
    pub binary: Option<At<String>>,
    /// How many children it has; four a core when not given.
    pub children: Option<At<u32>>,
    /// The pool's `env[NAME]`.
    pub env: BTreeMap<String, At<String>>,
    /// PHP's settings, as `php.ini` would have them.
    pub ini: BTreeMap<String, At<String>>,
}

/// A Kafka cluster.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Kafka {
    /// Brokers to begin with: `["b-1.example:9096"]`.
    pub bootstrap: Option<At<Texts>>,
    /// How it is authenticated to; `"none"` when not given.
    pub auth: Option<At<KafkaAuth>>,
    /// Whether TLS is used; when not given, wherever `auth` is not `"none"`.
    pub tls: Option<At<bool>>,
    /// The CA certificates (PEM) that sign the brokers'; the system's when not given.
    pub ca_file: Option<At<String>>,
    /// What a 2xx promises of a record; `"delivered"` when not given.
    pub ack: Option<At<RawAck>>,
    /// Whether every answer says in `Handover-Ack` what was promised of its records; `false` when not given. One that
    /// promises less than its route's `ack` says so anyhow.
    pub ack_header: Option<At<bool>>,
    /// How a record finds its partition; `"consistent_random"` when not given, as php-rdkafka does.
    pub partitioner: Option<At<RawPartitioner>>,
    /// Topics whose partitioner differs, by name.
    pub topic: BTreeMap<String, At<Topic>>,
    /// How long a record may wait for its acknowledgement; `"10s"` when not given.
    pub timeout: Option<At<String>>,
    /// The topic of this cluster for records that lie in the spool and that the brokers will never take (too large, invalid);
    /// when not given, and where it does not take them either, they are kept in a file beside the spool.
    pub dead_letter: Option<At<String>>,
}

/// How a Kafka cluster is authenticated to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum KafkaAuth {
    /// Not at all.
    None,
    /// SASL/PLAIN.
    Plain(Login),
    /// SASL/SCRAM-SHA-256.
    #[serde(rename = "scram-sha-256")]
    ScramSha256(Login),
    /// SASL/SCRAM-SHA-512, as AWS MSK has it.
    #[serde(rename = "scram-sha-512")]
    ScramSha512(Login),
    /// A client certificate. Its files are watched: another one that replaces it is shown by a producer of its own.
    Mtls(Certificate),
    /// AWS's IAM, as MSK has it. Credentials come from the environment, as AWS's own tools find them.
    Iam(Iam),
}

/// What AWS's IAM needs to know.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Iam {
    /// The cluster's region; the one in the brokers' names when not given.
    pub region: Option<At<String>>,
}

/// A name and where its password is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The name.
    pub user: At<String>,
    /// The file that holds the password. It is watched: a password that replaces it is used at once.
    pub password_file: At<String>,
}

/// A certificate and its key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    /// The certificate (PEM).
    pub cert_file: At<String>,
    /// Its key (PEM).
    pub key_file: At<String>,
}

/// What a topic has of its own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Topic {
    /// How a record finds its partition.
    pub partitioner: Option<At<RawPartitioner>>,
}

/// What a 2xx promises of a record.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawAck {
    /// The brokers have it.
    Delivered,
    /// It is on this machine's disk, and goes to the brokers from there.
    Spool,
    /// It is in memory and on its way: a crash may lose it.
    Memory,
}

impl RawAck {
    /// The mode.
    pub(crate) const fn mode(self) -> Ack {
        match self {
            Self::Delivered => Ack::Delivered,
            Self::Spool => Ack::Spool,
            Self::Memory => Ack::Memory,
        }
    }
}

/// The spool: records on this machine's disk, until Kafka has them. There is one where this table stands or an `ack` is
/// `"spool"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Spool {
    /// Its folder, which several processes may share; `spool` in the state folder when not given.
    pub folder: Option<At<String>>,
    /// The most that one process keeps there, beyond which records are refused, and as much again for HTTP calls; `"1GiB"` when
    /// not given.
    pub size_max: Option<At<String>>,
    /// For how long an HTTP call is tried before it is set aside; `"1h"` when not given.
    pub calls_for: Option<At<String>>,
}

/// How a record without a partition finds one. The names are librdkafka's.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawPartitioner {
    /// CRC32 of the key; at random without one. php-rdkafka's default.
    #[default]
    ConsistentRandom,
    /// CRC32 of the key; all records without one to one partition.
    Consistent,
    /// Java's hash of the key; at random without one. The Java client's default.
    Murmur2Random,
    /// Java's hash of the key; all records without one to one partition.
    Murmur2,
    /// FNV-1a of the key; at random without one. Sarama's default.
    Fnv1aRandom,
    /// FNV-1a of the key; all records without one to one partition.
    Fnv1a,
    /// At random, whatever the key.
    Random,
}

/// How S3 is reached. Credentials come from the environment, as AWS's own tools find them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct S3 {
    /// Another endpoint than AWS's.
    pub endpoint: Option<At<String>>,
    /// The region; the environment's when not given.
    pub region: Option<At<String>>,
    /// Whether the bucket stands in the path, as most servers other than AWS's want it; `false` when not given.
    pub path_style: Option<At<bool>>,
    /// The CA certificates (PEM) that sign the endpoint's; the system's when not given.
    pub ca_file: Option<At<String>>,
}

/// A hot table, kept in memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// `"s3://bucket/key"` or `"file:PATH"`. With a `/` at its end it is everything below, in the order of names, as one
    /// table. `.gz` and `.zst` are decompressed.
    pub source: Option<At<String>>,
    /// How it is written. When not given, names that end in `.ndjson` or `.jsonl`, `.json` and `.parquet` say so; all others
    /// are CSV.
    pub format: Option<At<RawFormat>>,
    /// The column that rows are looked up by, or several of them. Of several rows of one key the last one counts.
    pub key: Option<At<Texts>>,
    /// Further columns that rows are looked up by: `{ icao = "icao", place = ["country", "city"] }`.
    pub keys: BTreeMap<String, At<Texts>>,
    /// How often the source is asked for a newer one; `"1h"` when not given.
    pub refresh: Option<At<String>>,
    /// How much earlier or later than that it may be asked, as a share of it, so that pods don't all come at once; 0.1
    /// when not given.
    pub jitter: Option<At<f64>>,
    /// The share of its rows that a new version may lack; one that lacks more is refused. 0.5 when not given.
    pub shrink_max: Option<At<f64>>,
    /// The age from which the table is too old to answer by; never when not given.
    pub max_age: Option<At<String>>,
    /// What becomes of routes that read it then; `"legacy"` when not given.
    pub too_old: Option<At<RawTooOld>>,
    /// The most bytes that it may have, decompressed; `"256MiB"` when not given.
    pub size_max: Option<At<String>>,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawFormat {
    /// CSV with a head line.
    Csv,
    /// An object of JSON on each line.
    Ndjson,
    /// A list of objects.
    Json,
    /// Apache Parquet.
    Parquet,
}

/// What becomes of routes that read a table which is too old.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawTooOld {
    /// Legacy answers them.
    Legacy,
    /// They are answered by it all the same.
    Serve,
    /// Legacy answers them, and `/readyz` says 503.
    Unready,
}

/// A route.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Route {
    /// Its name, in logs, metrics and commands.
    pub name: Option<At<String>>,
    /// The team that answers for it.
    pub owner: Option<At<String>>,
    /// Method and path: `"POST /v1/events"`, `"GET|PUT /v1/events/{id}"`, `"* /static/{*rest}"`. GET covers HEAD; `*`
    /// is every method but OPTIONS.
    #[serde(rename = "match")]
    pub matches: Option<At<String>>,
    /// The only host that it matches.
    pub host: Option<At<String>>,
    /// Header fields that must be there, with their values.
    pub headers: BTreeMap<String, At<String>>,
    /// Who answers; `"legacy"` when not given.
    pub stage: Option<At<Stage>>,
    /// The name of the native handler, or the file of a pipeline.
    pub native: Option<At<Native>>,
    /// The legacy that answers it; the default one when not given.
    pub legacy: Option<At<String>>,
    /// Whether asking legacy once more changes nothing; `false` when not given. Never guessed from the method.
    pub repeatable: Option<At<bool>>,
    /// Who is answered by native at the stage canary.
    pub canary: Option<At<Canary>>,
    /// At the stage native, the share that goes on being compared; 0 when not given.
    pub verify: Option<At<f64>>,
    /// How both sides are compared.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub shadow: Option<At<PolicyRaw>>,
    /// What evidence must show before the route may go beyond the stage shadow; without a gate it simply goes.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub gate: Option<At<GateRaw>>,
    /// Why the route is to be at its stage although its gate is not met. The ledger keeps it.
    pub force: Option<At<String>>,
    /// The sources that its handler is made of, `["app/src/flights/**"]`, where that is less than all that the binary was
    /// built from: its evidence then begins anew only when one of these changes.
    pub sources: Option<At<Vec<At<String>>>>,
    /// What takes the route back one stage, by itself.
    pub rollback: Option<At<Rollback>>,
    /// The largest body that native gets; a larger one goes to legacy. `"1MiB"` when not given.
    pub body_max: Option<At<String>>,
    /// How long native may take; `"5s"` when not given.
    pub timeout: Option<At<String>>,
    /// The Kafka cluster that its records go to. Not needed when there is only one.
    pub kafka: Option<At<String>>,
    /// What a 2xx promises of its records; the cluster's when not given.
    pub ack: Option<At<RawAck>>,
    /// For how long requests of the same event are answered alike, and what they ask for is committed once; when not given,
    /// never.
    pub idempotency: Option<At<RawIdempotency>>,
}

/// For how long requests of the same event are answered alike. It holds within one process as long as that lives, and with
/// `redis` for all that share it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "Idempotency")]
pub(crate) struct RawIdempotency {
    /// What makes two requests the same event: `"header:NAME"`. Without that field, and when not given, it is what the handler
    /// says, if it does.
    pub key: Option<At<String>>,
    /// For how long: `"10m"`.
    pub window: Option<At<String>>,
    /// The most events that one process knows, beyond which the oldest is forgotten; 100,000 when not given.
    pub keys_max: Option<At<u32>>,
    /// The most bytes that their answers may have; `"64MiB"` when not given.
    pub size_max: Option<At<String>>,
    /// Where all processes know them: `"redis://host:6379/0"`. Without it a process does not know what another has answered.
    pub redis: Option<At<String>>,
}

/// What answers a route natively.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "this is neither a handler's name nor `{ pipeline = \"…\" }`")]
pub(crate) enum Native {
    /// The name of a handler of this binary.
    Handler(String),
    /// A file of rules, relative to this one.
    Pipeline(PipelineFile),
}

/// A pipeline.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PipelineFile {
    /// The file, relative to the one that names it.
    pub pipeline: String,
}

/// Who is answered by native at the stage canary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Canary {
    /// The share.
    pub share: Option<At<f64>>,
    /// What keeps a client on its side: `"cookie:NAME"`, `"header:NAME"` or `"ip"`.
    pub sticky: Option<At<String>>,
}

/// What takes a route back one stage, by itself. What has no limit here is not watched.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rollback {
    /// The largest share of native's requests that fail, whether legacy answers them or not. What comes from Kafka or
    /// from a table that is not there does not count.
    pub errors: Option<At<f64>>,
    /// How many times as long as legacy native may take, on average.
    pub latency: Option<At<f64>>,
    /// The largest share of compared requests that mismatch. At the stage native `verify` says how many are compared.
    pub mismatches: Option<At<f64>>,
    /// The largest share of native's requests that it leaves to legacy.
    pub declines: Option<At<f64>>,
    /// The time that is looked at; `"1m"` when not given.
    pub over: Option<At<String>>,
    /// How many requests it takes within that time to say anything; 20 when not given.
    pub least: Option<At<u32>>,
    /// Where it is told: a URL that gets a POST of JSON with `route`, `from`, `to` and `why`.
    pub webhook: Option<At<String>>,
}

/// One text, or a list of texts.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Texts {
    /// One.
    One(String),
    /// A list.
    Many(Vec<At<String>>),
}

impl At<Texts> {
    /// The texts, each with its place.
    pub(crate) fn texts(&self) -> Vec<(&str, Range<usize>)> {
        match self.get() {
            Texts::One(text) => vec![(text, self.span())],
            Texts::Many(list) => list.iter().map(|text| (text.get().as_str(), text.span())).collect(),
        }
    }
}

// Not `untagged`: that would lose the places of a list's members.
impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Many(texts))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

/// The JSON Schema of the file, for editors.
pub(crate) fn schema() -> Schema {
    schemars::schema_for!(File)
}
