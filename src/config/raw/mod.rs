//! `routes.toml` as it is written. Its JSON Schema comes from these types, and so do these comments.

pub(crate) mod admin;
pub(crate) mod front;
mod kafka;
mod listen;
pub(crate) mod observe;
pub(crate) mod process;
mod route;
pub(crate) mod session;
mod table;
mod texts;
pub(crate) mod upstream;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use toml::Spanned;

pub(crate) use self::kafka::{
    Certificate, Iam, Kafka, KafkaAuth, Login, RawAck, RawPartitioner, RawSchema, Spool,
};
pub(crate) use self::listen::{Listen, RawClientAuth, ServerTls};
pub(crate) use self::route::{Native, PipelineFile, Rate, Route};
pub(crate) use self::table::{RawFormat, RawTooOld, S3, Table};
pub(crate) use self::texts::Texts;

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
    /// How people are known who open the admin's pages.
    pub admin: Option<At<admin::Admin>>,
    /// What legacy is told of the client.
    pub forwarded: Option<At<front::Forwarded>>,
    /// What clients may send, and how fast they have to.
    pub limits: Option<At<front::Limits>>,
    /// How much of legacy's answers is kept for the routes that ask for it.
    pub cache: Option<At<front::Cache>>,
    /// A line for each request. Read at start; none when not given.
    pub access_log: Option<At<observe::AccessLog>>,
    /// A span for each request that is recorded. Read at start; none when not given.
    pub traces: Option<At<observe::Traces>>,
    /// Why a request went where it went.
    pub explain: Option<At<observe::Explain>>,
    /// How the process ends.
    pub shutdown: Option<At<process::Shutdown>>,
    /// The old backends, by name.
    pub legacy: Sections<Legacy>,
    /// Kafka clusters, by name.
    pub kafka: Sections<Kafka>,
    /// Where records wait for Kafka. Read at start.
    pub spool: Option<At<Spool>>,
    /// Where evidence is judged, when `handover review` does it for several processes. Read at start.
    pub review: Option<At<front::Review>>,
    /// How S3 is reached.
    pub s3: Option<At<S3>>,
    /// Hot tables, by name.
    pub table: Sections<Table>,
    /// The routes.
    pub route: Vec<At<Route>>,
}

/// An old backend: exactly one of `fastcgi`, `http` and `managed`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Legacy {
    /// Whether it answers what no route matches. Not needed when it is the only one.
    pub default: Option<At<bool>>,
    /// A FastCGI responder: `"unix:/run/php/php-fpm.sock"` or `"127.0.0.1:9000"`.
    pub fastcgi: Option<At<String>>,
    /// An HTTP backend: `"http://127.0.0.1:9501"` or `"unix:/run/app.sock"`; or a list of those, each of them that or
    /// `{ url = "http://…", weight = 2 }`.
    pub http: Option<At<upstream::Upstreams>>,
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
    /// FastCGI: which files, compressed beforehand, are sent in a file's place to clients that take them, the best first:
    /// `["br", "gzip"]` sends `site.css.br` or `site.css.gz`. None when not given.
    pub precompressed: Option<At<Vec<At<RawCoding>>>>,
    /// Folders that its answers may send files of, by the prefix of a path: `{ "/protected/" = "/srv/files" }`. An answer
    /// says so by `X-Accel-Redirect: /protected/a.pdf`, or `X-Sendfile: /srv/files/a.pdf`.
    pub accel: BTreeMap<String, At<String>>,
    /// FastCGI: parameters beside the usual ones, which they override.
    pub params: BTreeMap<String, At<String>>,
    /// How long connecting may take; `"5s"` when not given.
    pub connect_timeout: Option<At<String>>,
    /// How long it may be silent, before and within an answer; `"60s"` when not given.
    pub read_timeout: Option<At<String>>,
    /// HTTP: whether it is spoken to by HTTP/2, without TLS and without asking first; `false` when not given.
    pub http2: Option<At<bool>>,
    /// HTTP: what each upstream is asked, to leave alone those that are not well. Nothing when not given.
    pub health_check: Option<At<upstream::HealthCheck>>,
    /// HTTP: when an upstream that gives no answers is left alone for a while. When not given: with several upstreams, by
    /// the values below. Where all are left alone, clients get a 503.
    pub circuit_breaker: Option<At<upstream::CircuitBreaker>>,
    /// HTTP: how long a WebSocket, or another tunnel, may be silent both ways; `"10m"` when not given.
    pub tunnel_timeout: Option<At<String>>,
    /// The most connections that this process uses at a time, to all upstreams together (with HTTP/2, the most requests at a
    /// time). Idle ones, which each core keeps for its next requests for four seconds (or what `Keep-Alive` says), may come on top.
    /// When not given as many as a managed pool has children, 32 for another FastCGI responder, 256 for HTTP.
    pub connections_max: Option<At<u32>>,
    /// Whether connections are kept between requests. When not given: with HTTP and a managed pool. A kept connection
    /// to php-fpm holds a child that other clients of the pool would need.
    pub keep_alive: Option<At<bool>>,
    /// The most requests that wait for a connection, beyond which clients get a 503; 1024 when not given.
    pub queue_max: Option<At<u32>>,
    /// The largest request body, beyond which clients get a 413; `"1GiB"` when not given.
    pub body_max: Option<At<String>>,
    /// Origins that it takes for its own, `"http://old.internal:8080"`: where `Location`, `Content-Location`, `Refresh` or
    /// the `Domain` of a cookie names one, clients are told the one that they asked for. None when not given.
    pub rewrite: Option<At<Texts>>,
    /// A header field by which it does everything but what has effects, `"X-Dry-Run: 1"`, where it understands one: then
    /// it can be asked beside native on every route, to be compared.
    pub dry_run: Option<At<String>>,
    /// How its version is known, to which evidence belongs: `"header:X-Version"` of its answers, or the version itself.
    pub version: Option<At<String>>,
    /// The version of PHP that it runs, `"8.2"`, for native handlers that do as that PHP does. With a `probe`
    /// it holds until that has answered.
    pub php: Option<At<String>>,
    /// FastCGI: whether the running pool is asked which PHP it is, with which settings: native handlers then do as that one
    /// does, and evidence belongs to it, so another PHP begins evidence anew. `true` has it run a script of ours from the
    /// folder for temporary files, which it must be able to read; a path names the script as the pool sees it, where you
    /// have put what `handover probe --script` prints. `false` when not given: nothing of ours is ever run there.
    pub probe: Option<At<RawProbe>>,
    /// Its sessions, for native handlers that see `$_SESSION`.
    pub session: Option<At<session::Session>>,
}

/// Whether, and by which script, a pool is asked which PHP it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "this is neither true, false nor the path of a script")]
pub(crate) enum RawProbe {
    /// By ours, or not at all.
    Asked(bool),
    /// By one that somebody has put there.
    Script(String),
}

/// How a file was compressed beforehand.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawCoding {
    /// Brotli: `.br`.
    Br,
    /// gzip: `.gz`.
    Gzip,
    /// Zstandard: `.zst`.
    Zstd,
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

/// The JSON Schema of the file, for editors.
pub(crate) fn schema() -> Schema {
    schemars::schema_for!(File)
}
