//! What a `[legacy.NAME]` says, valid: where the old backend is and how it is spoken to.

use std::path::PathBuf;
use std::time::Duration;

use legacy_compat::Version as PhpVersion;

use super::rewrite::Rewrite;
use super::session::SessionSpec;
use super::{Accel, Coding};

/// One legacy backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Its name in `[legacy.NAME]`.
    pub name: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long it may be silent, before and within an answer.
    pub read_timeout: Duration,
    /// How long a tunnel through an HTTP backend (a WebSocket) may be silent both ways.
    pub tunnel_timeout: Duration,
    /// The most connections to it that this process uses at a time.
    pub connections_max: usize,
    /// Whether connections are kept between requests. Default: only for a managed pool, since kept connections hold
    /// children that other clients of the pool would need.
    pub keep: bool,
    /// The most requests that wait for a connection; beyond it, 503.
    pub queue_max: usize,
    /// The largest request body, in bytes; beyond it, 413.
    pub body_max: u64,
    /// Folders that its answers may send files of.
    pub accel: Vec<Accel>,
    /// What it takes for its own address, and must not name to clients.
    pub rewrite: Option<Rewrite>,
    /// How its version is known. Evidence belongs to a version.
    pub version: Version,
    /// A header field (name, value) by which it does all but what has effects.
    pub dry_run: Option<(String, String)>,
    /// Which PHP it runs, as somebody has said; where it is asked, until it has answered.
    pub php: Option<PhpVersion>,
    /// By which script it is asked. It is FastCGI.
    pub probe: Option<ProbeAt>,
    /// Its sessions, where native handlers are to see them.
    pub session: Option<SessionSpec>,
}

/// Where the probe's script lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeAt {
    /// In a folder of ours, which the pool can read.
    Ours,
    /// Where somebody has put it, as the pool sees it.
    Theirs(PathBuf),
}

impl Spec {
    /// The name of the field that tells it to run dry.
    pub(crate) fn dry_run_field(&self) -> Option<&str> {
        self.dry_run.as_ref().map(|(name, _)| name.as_str())
    }

    /// The front controller, as the backend sees it.
    pub(crate) fn front_controller(&self) -> Option<PathBuf> {
        match &self.kind {
            Kind::FastCgi(fastcgi) => Some(fastcgi.root.join(&fastcgi.script)),
            Kind::Http(_) => None,
        }
    }
}

/// How the version of a running legacy is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    /// Every answer says it in this header field.
    Field(String),
    /// It was said by hand.
    Said(String),
    /// It is not known: nothing that it answers is comparable.
    Unknown,
}

impl Version {
    /// The version that gave an answer with these fields.
    pub(crate) fn of(&self, fields: &handover_api::Fields) -> Option<String> {
        match self {
            Self::Field(name) => fields.get(name).map(|value| String::from_utf8_lossy(value).into_owned()),
            Self::Said(version) => Some(version.clone()),
            Self::Unknown => None,
        }
    }
}

/// The protocol and what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// php-fpm, or another FastCGI responder.
    FastCgi(FastCgi),
    /// An HTTP backend.
    Http(Http),
}

/// Where a FastCGI responder is, and which script answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FastCgi {
    /// Where it listens. A managed pool's socket is chosen by us.
    pub address: Address,
    /// The document root as the backend sees it.
    pub root: PathBuf,
    /// The front controller, relative to `root`.
    pub script: String,
    /// Other scripts that may be run by their own path, relative to `root`; a `*` stands for any name or part of it
    /// within one folder.
    pub scripts: Vec<String>,
    /// Whether `/script.php/rest` runs `script.php` with `PATH_INFO=/rest`, for the front controller and `scripts`.
    pub path_info: bool,
    /// Whether files under `root` are served as `try_files` would.
    pub static_files: bool,
    /// Which compressed files beside a file are sent in its place, the best first.
    pub precompressed: Box<[Coding]>,
    /// Parameters beside the usual ones, which they override.
    pub params: Vec<(String, String)>,
    /// The pool that we start and watch ourselves.
    pub managed: Option<Managed>,
}

/// A php-fpm that runs under us.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Managed {
    /// The php-fpm binary; found on the PATH and in the usual places when not given.
    pub binary: Option<PathBuf>,
    /// How many children it has.
    pub children: usize,
    /// `env[NAME] = value` of the pool.
    pub env: Vec<(String, String)>,
    /// `php_value[name] = value` of the pool.
    pub ini: Vec<(String, String)>,
}

/// An HTTP backend: one upstream, or several that answer alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Http {
    /// Where it listens; at least one, and at most [`UPSTREAMS_MAX`].
    pub upstreams: Vec<Upstream>,
    /// Whether it is spoken to by HTTP/2, which it must know beforehand (no TLS).
    pub http2: bool,
    /// When an upstream is left alone for a while.
    pub breaker: Option<Breaker>,
    /// What each upstream is asked to find out whether it is well.
    pub check: Option<Check>,
}

/// The most upstreams of one legacy.
pub(crate) const UPSTREAMS_MAX: usize = 64;

/// One of a legacy's upstreams.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Upstream {
    /// Where it listens.
    pub address: Address,
    /// How many requests it gets beside the others, from 1 to 1000.
    pub weight: u32,
}

/// When an upstream is left alone for a while, by what its answers to clients were.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Breaker {
    /// So many requests that got no answer, one after the other.
    pub failures: u32,
    /// How long. Then one request tries it.
    pub pause: Duration,
    /// How long it takes until it has its whole share again.
    pub slow_start: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        let [pause, slow_start] = [5, 10].map(Duration::from_secs);
        Self { failures: 5, pause, slow_start }
    }
}

/// What an upstream is asked beside clients' requests: after two bad answers it is left alone, after two good ones it is
/// back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Check {
    /// Path and query of a GET. An answer below 400 is good.
    pub path: String,
    /// The Host; the upstream's own address when not given.
    pub host: Option<String>,
    /// How often.
    pub interval: Duration,
    /// How long the answer's head may take.
    pub timeout: Duration,
}

/// A socket's address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// `host:port`.
    Tcp(String),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => f.write_str(address),
        }
    }
}
