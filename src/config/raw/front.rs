//! `[forwarded]`, `[limits]` and `[cache]` as they are written: what is believed of clients, what is borne of them, and what
//! is kept for them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Texts};

/// What legacy is told of the client. It always gets `X-Forwarded-For`, `-Proto` and `-Host`, made here; what clients
/// say of the kind reaches it from trusted proxies only.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Forwarded {
    /// Addresses and networks of the proxies in front of this one, `"10.0.0.0/8"`: what they say in `X-Forwarded-…`,
    /// `Forwarded`, `X-Real-IP` and the request's id is continued, and the client is the one that they name.
    pub trusted: Option<At<Texts>>,
    /// Whether legacy gets `Forwarded` (RFC 7239) too; `false` when not given.
    pub standard: Option<At<bool>>,
    /// Whether legacy is told of the client's certificate: over FastCGI by `SSL_CLIENT_VERIFY`, `SSL_CLIENT_S_DN` and the
    /// like, as nginx has them, over HTTP by `Client-Cert` (RFC 9440); `false` when not given. `client_ca_file` in
    /// `[listen.tls]` has clients asked for one.
    pub client_cert: Option<At<bool>>,
    /// The field that a request's id travels in, `"X-Request-Id"`: a trusted proxy's, or a new one. None when not given.
    pub request_id: Option<At<String>>,
    /// Begins a trace (W3C `traceparent`) for requests without one, and has this share of them recorded. None is begun
    /// when not given; one that comes with a request always travels on.
    pub trace: Option<At<f64>>,
}

/// What clients by HTTP/1.1 may send, and how fast they have to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// The most bytes of a request's head, beyond which clients get a 431; `"32KiB"` when not given, less than 64 KiB.
    pub head: Option<At<String>>,
    /// The most fields of a head, beyond which clients get a 431; 100 when not given, and at most.
    pub fields: Option<At<u32>>,
    /// The most bytes of a request's target, beyond which clients get a 414; `"8KiB"` when not given.
    pub target: Option<At<String>>,
    /// How long a head may take to come; then 408. `"10s"` when not given.
    pub head_timeout: Option<At<String>>,
    /// How long a kept connection may be idle; `"75s"` when not given.
    pub idle_timeout: Option<At<String>>,
    /// The fewest bytes of a body that must come in each `body_window` of waiting for it; then 408. `"30KiB"` when not
    /// given.
    pub body_least: Option<At<String>>,
    /// See `body_least`; `"30s"` when not given.
    pub body_window: Option<At<String>>,
    /// How long a client may take no byte of its answer; `"60s"` when not given.
    pub write_timeout: Option<At<String>>,
    /// What is passed on although it is unusual, counted, and logged with the client's address; `["http10_without_host"]`
    /// when not given. All else of the kind is refused.
    pub report: Option<At<Vec<At<Unusual>>>>,
}

/// How much of legacy's answers is kept, in memory, for the routes that ask for it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cache {
    /// What all of them may take; `"64MiB"` when not given. What has no room makes room: what was not asked for goes.
    pub size: Option<At<String>>,
    /// The largest body that is kept; `"1MiB"` when not given.
    pub entry_max: Option<At<String>>,
}

/// What old clients do, and what can be framed anew without danger.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unusual {
    /// HTTP/1.0 without a Host field, which is legal.
    #[serde(rename = "http10_without_host")]
    Http10WithoutHost,
    /// Bytes above 0x7F in a path or query that should have been percent-encoded.
    NonAsciiTarget,
    /// A body that comes more slowly than `body_least`, as long as it comes at all.
    SlowBody,
}

/// Where evidence is judged, when `handover review` does it for several processes: they send experiments to a topic, which it
/// reads. It is started with the same files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Review {
    /// The Kafka cluster of the topic; the only one when not given.
    pub kafka: Option<At<String>>,
    /// The topic. It should keep records for a day or longer.
    pub topic: At<String>,
    /// The file of the key that placeholders are made with, 32 random bytes: the same for all processes, or what was equal
    /// would differ.
    pub key_file: At<String>,
}
