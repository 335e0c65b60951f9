//! `[listen]` as it is written: where clients and operators connect.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Certificate, Texts};

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
