//! A request as legacy is to see it.

use std::net::SocketAddr;

use handover_http1::{Field, Name, RequestHead};

use super::client_cert::{Certified, FIELD};
use super::forwarded::speaks_of_clients;

/// A request's head and what surrounds it. The body comes from a [`BodySource`](crate::exchange::BodySource).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outbound<'a> {
    /// The head as the client sent it.
    pub head: &'a RequestHead,
    /// Fields of ours (name, value): they take the place of the client's of the same name, whatever its case.
    pub set: &'a [(&'a [u8], &'a [u8])],
    /// Whether what the client says of others (`X-Forwarded-…`, `Forwarded`) travels on.
    pub trusted: bool,
    /// Whether a trace begins here, so that the client's `tracestate` belongs to none.
    pub begins_trace: bool,
    /// The field by which legacy is told to run dry: only we may say it.
    pub dry_run: Option<&'a str>,
    /// What legacy is told of the client's certificate.
    pub certified: Certified<'a>,
    /// The version that the client speaks, as `SERVER_PROTOCOL` says it: `HTTP/1.0`, `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: &'static str,
    /// Whether the client came by TLS.
    pub secure: bool,
    /// The client, as legacy is to see it.
    pub peer: SocketAddr,
    /// Where the client connected to.
    pub local: SocketAddr,
    /// Whether legacy may be asked twice for this request (the route says so; no method implies it).
    pub repeatable: bool,
    /// Whether no client waits for the answer: then legacy is asked only where that takes nothing from those who wait.
    pub aside: bool,
    /// The route, for log lines.
    pub route: &'a str,
}

impl<'a> Outbound<'a> {
    /// A request of this process' own, from nobody.
    pub(crate) fn of_ours(head: &'a RequestHead) -> Self {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            head,
            set: &[],
            trusted: false,
            begins_trace: false,
            dry_run: None,
            certified: Certified::Untold,
            protocol: "HTTP/1.1",
            secure: false,
            peer: nobody,
            local: nobody,
            repeatable: false,
            aside: false,
            route: "",
        }
    }

    /// The value that legacy gets of a field that speaks of the client: ours, or a trusted proxy's.
    pub(crate) fn as_told(&self, name: &str, kind: Name) -> Option<&'a [u8]> {
        let ours = self.set.iter().find(|(ours, _)| ours.eq_ignore_ascii_case(name.as_bytes()));
        let theirs = || self.head.fields().first(kind).filter(|_| self.trusted);
        ours.map(|(_, value)| *value).or_else(theirs)
    }

    /// Whether a field of the client's does not reach legacy: one of ours takes its place, or nobody may say it.
    pub(crate) fn leaves_out(&self, field: &Field<'_>) -> bool {
        field.kind == Name::Proxy
            || !self.trusted && speaks_of_clients(field)
            || self.begins_trace && field.kind == Name::Tracestate
            || !matches!(self.certified, Certified::Untold) && speaks_of_certificates(field)
            || self.dry_run.is_some_and(|ours| ours.as_bytes().eq_ignore_ascii_case(field.name))
            || self.set.iter().any(|(ours, _)| ours.eq_ignore_ascii_case(field.name))
    }
}

/// `Client-Cert` or `Client-Cert-Chain`: only we may say it (RFC 9440 §2.4).
fn speaks_of_certificates(field: &Field<'_>) -> bool {
    field.name.eq_ignore_ascii_case(FIELD.as_bytes()) || field.name.eq_ignore_ascii_case(b"Client-Cert-Chain")
}
