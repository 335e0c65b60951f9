//! What a `[legacy.NAME]` says, valid: where the old backend is and how it is spoken to.

use std::path::PathBuf;
use std::time::Duration;

use super::{Accel, Coding};

/// One legacy backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// The most connections that this process opens to it.
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
    /// How its version is known. Evidence belongs to a version.
    pub version: Version,
    /// A header field (name, value) by which it does all but what has effects.
    pub dry_run: Option<(String, String)>,
}

impl Spec {
    /// The name of the field that tells it to run dry.
    pub(crate) fn dry_run_field(&self) -> Option<&str> {
        self.dry_run.as_ref().map(|(name, _)| name.as_str())
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
    /// An HTTP/1.1 backend.
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

/// An HTTP/1.1 backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Http {
    /// Where it listens.
    pub address: Address,
}

/// A socket's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// `host:port`; a name is resolved at each new connection.
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
