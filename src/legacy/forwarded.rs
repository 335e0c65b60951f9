//! What legacy is told of the client: by whom, for which host and over what the request came, its id and its trace.
//!
//! Whoever connects could say anything in `X-Forwarded-For`. So only what a trusted proxy says is continued; the same
//! fields of all others are left out, and ours stand in their place.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use handover_http1::{Field, Name, RequestHead};
use ipnet::IpNet;
use smallvec::SmallVec;

use crate::observe::trace::{self, Trace};
use crate::route::canary::Share;

/// What `[forwarded]` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Forwarding {
    /// The proxies in front of this one.
    pub trusted: Vec<IpNet>,
    /// Whether `Forwarded` (RFC 7239) is told too.
    pub standard: bool,
    /// Whether it is told of the client's certificate.
    pub client_cert: bool,
    /// The field that a request's id travels in.
    pub request_id: Option<String>,
    /// Begins a trace where there is none, and has this share of them recorded.
    pub trace: Option<Share>,
}

/// A request's way to us, as its connection tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hop<'a> {
    /// The request's head.
    pub head: &'a RequestHead,
    /// Who connected.
    pub peer: SocketAddr,
    /// Whether by TLS.
    pub secure: bool,
}

/// The longest request id that is taken from a trusted proxy, in bytes.
const ID_MAX: usize = 128;

impl Forwarding {
    /// Whether what this one says of others is believed.
    fn trusts(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.trusted.iter().any(|network| network.contains(&ip))
    }

    /// The client: who connected, or whom the trusted proxies between it and us name. Its port is then not known (0).
    pub(crate) fn client(&self, hop: Hop<'_>) -> SocketAddr {
        if self.trusted.is_empty() || !self.trusts(hop.peer.ip()) {
            return hop.peer;
        }
        let mut client = None;
        for named in
            values(hop.head, Name::XForwardedFor).rev().flat_map(|value| value.rsplit(|b| *b == b','))
        {
            // What stands left of something that is no address is not known to be anyone's word.
            let Some(ip) = address(named.trim_ascii()) else { break };
            client = Some(ip);
            if !self.trusts(ip) {
                break;
            }
        }
        client.map_or(hop.peer, |ip| SocketAddr::new(ip, 0))
    }

    /// Whether what that one says of others is continued.
    pub(crate) fn is_trusted(&self, peer: IpAddr) -> bool {
        !self.trusted.is_empty() && self.trusts(peer)
    }

    /// What legacy is told, with our place in a trace where we export spans of our own.
    pub(crate) fn tell(&self, hop: Hop<'_>, ours: Option<&Trace>) -> Told {
        let trusted = self.is_trusted(hop.peer.ip());
        let mut told = Told { trusted, text: Text::default(), fields: SmallVec::new(), traced: false };
        told.x_forwarded(hop);
        if self.standard {
            told.forwarded(hop);
        }
        let begins = || self.trace.filter(|_| trace::parse(hop.head).is_none());
        let new = || begins().and_then(|share| Trace::of(hop.head, trusted, Some(share)));
        let trace = ours.copied().or_else(new);
        if let Some(trace) = &trace {
            told.trace(trace);
        }
        let begun = trace.filter(|trace| trace.parent.is_none()).map(|trace| trace.id);
        if let Some(name) = &self.request_id {
            told.request_id(name, hop.head, begun);
        }
        told
    }
}

/// Fields of ours for one request.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Whether what the peer says of others travels on.
    pub(crate) trusted: bool,
    /// Names and values, one behind the other.
    text: Text,
    fields: SmallVec<[(Range<usize>, Range<usize>); 8]>,
    traced: bool,
}

/// Text that needs an allocation only where a request brings much along.
#[derive(Clone, Debug, Default)]
struct Text(SmallVec<[u8; 256]>);

impl Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

impl Told {
    /// Name and value of each.
    pub(crate) fn fields(&self) -> SmallVec<[(&[u8], &[u8]); 8]> {
        self.fields
            .iter()
            .map(|(name, value)| (&self.text.0[name.clone()], &self.text.0[value.clone()]))
            .collect()
    }

    /// Whether a trace was begun, so that a `traceparent` or `tracestate` of the client's is none.
    pub(crate) fn begins_trace(&self) -> bool {
        self.traced
    }

    fn field(&mut self, name: &[u8], write: impl FnOnce(&mut Text)) -> Range<usize> {
        let start = self.text.0.len();
        self.text.put(name);
        let middle = self.text.0.len();
        write(&mut self.text);
        let value = middle..self.text.0.len();
        self.fields.push((start..middle, value.clone()));
        value
    }

    fn x_forwarded(&mut self, hop: Hop<'_>) {
        let trusted = self.trusted;
        let is_told = |kind| trusted && hop.head.fields().first(kind).is_some();
        self.field(b"X-Forwarded-For", |text| {
            if trusted {
                for value in values(hop.head, Name::XForwardedFor) {
                    text.put(value);
                    text.put(b", ");
                }
            }
            let _ = write!(text, "{}", hop.peer.ip().to_canonical());
        });
        if !is_told(Name::XForwardedProto) {
            self.field(b"X-Forwarded-Proto", |text| text.put(scheme(hop)));
        }
        if let Some(host) = hop.head.host().filter(|_| !is_told(Name::XForwardedHost)) {
            self.field(b"X-Forwarded-Host", |text| text.put(host));
        }
    }

    fn forwarded(&mut self, hop: Hop<'_>) {
        let trusted = self.trusted;
        self.field(b"Forwarded", |text| {
            if trusted {
                for value in values(hop.head, Name::Forwarded) {
                    text.put(value);
                    text.put(b", ");
                }
            }
            let _ = match hop.peer.ip().to_canonical() {
                IpAddr::V4(ip) => write!(text, "for={ip}"),
                IpAddr::V6(ip) => write!(text, "for=\"[{ip}]\""),
            };
            // `host[:port]` holds neither quotes nor backslashes: the engine refuses those.
            if let Some(host) = hop.head.host() {
                text.put(b";host=\"");
                text.put(host);
                text.put(b"\"");
            }
            text.put(b";proto=");
            text.put(scheme(hop));
        });
    }

    /// Our place in a trace (W3C Trace Context, version 00).
    fn trace(&mut self, trace: &Trace) {
        self.traced = trace.parent.is_none();
        let flags = u8::from(trace.recorded);
        self.field(b"traceparent", |text| {
            let _ = write!(text, "00-{:032x}-{:016x}-{flags:02x}", trace.id, trace.span);
        });
    }

    /// The trusted proxy's, or the id of the trace that was begun, or a new one.
    fn request_id(&mut self, name: &str, head: &RequestHead, begun: Option<u128>) {
        let given = || {
            let mut same =
                head.fields().iter().filter(|field| field.name.eq_ignore_ascii_case(name.as_bytes()));
            let only = same.next().filter(|field| !field.hop_by_hop)?;
            let good =
                (1..=ID_MAX).contains(&only.value.len()) && only.value.iter().all(u8::is_ascii_graphic);
            (good && same.next().is_none()).then_some(only.value)
        };
        let given = if self.trusted { given() } else { None };
        self.field(name.as_bytes(), |text| match given {
            Some(id) => text.put(id),
            None => {
                let _ = write!(text, "{:032x}", begun.unwrap_or_else(|| fastrand::u128(1..)));
            }
        });
    }
}

/// Whether a field says who a client is, so that only a trusted proxy's may travel on.
pub(crate) fn speaks_of_clients(field: &Field<'_>) -> bool {
    use Name::{Forwarded, XForwardedFor, XForwardedHost, XForwardedPort, XForwardedProto, XRealIp};
    let known = [XForwardedFor, XForwardedHost, XForwardedPort, XForwardedProto, XRealIp, Forwarded];
    // Any `X-Forwarded-…`: frameworks know `-Prefix`, `-Ssl` and more.
    known.contains(&field.kind)
        || field.kind == Name::Other
            && field.name.get(..12).is_some_and(|start| start.eq_ignore_ascii_case(b"X-Forwarded-"))
}

fn values(head: &RequestHead, kind: Name) -> impl DoubleEndedIterator<Item = &[u8]> {
    head.fields().iter().filter(move |field| field.kind == kind).map(|field| field.value)
}

fn scheme(hop: Hop<'_>) -> &'static [u8] {
    if hop.secure { b"https" } else { b"http" }
}

/// An address as `X-Forwarded-For` has them, with or without a port.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip: Option<IpAddr> = bare.parse().ok();
    ip.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::request;

    fn trusting() -> Forwarding {
        Forwarding { trusted: vec!["10.0.0.0/8".parse().unwrap()], ..Forwarding::default() }
    }

    fn hop<'a>(head: &'a RequestHead, peer: &str) -> Hop<'a> {
        Hop { head, peer: format!("{peer}:4000").parse().unwrap(), secure: true }
    }

    fn told(forwarding: &Forwarding, head: &RequestHead, peer: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = forwarding.tell(hop(head, peer), None);
        told.fields().iter().map(|(name, value)| (text(name), text(value))).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const CLAIMS: &str = "GET / HTTP/1.1\r\nHost: a:81\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.1.1.1\r\n\
        X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\r\nForwarded: for=x\r\nX-Id: theirs\r\n\r\n";

    #[test]
    fn a_strangers_word_is_replaced_and_a_trusted_proxys_continued() {
        let head = request(CLAIMS);
        let all = Forwarding { standard: true, request_id: Some("X-Id".into()), ..trusting() };
        let stranger = told(&all, &head, "203.0.113.9");
        assert_eq!(
            stranger[..4],
            pairs(&[
                ("X-Forwarded-For", "203.0.113.9"),
                ("X-Forwarded-Proto", "https"),
                ("X-Forwarded-Host", "a:81"),
                ("Forwarded", "for=203.0.113.9;host=\"a:81\";proto=https"),
            ])
        );
        assert!(stranger[4].0 == "X-Id" && stranger[4].1.len() == 32, "{stranger:?}");
        assert_eq!(
            told(&all, &head, "10.2.2.2"),
            pairs(&[
                ("X-Forwarded-For", "192.0.2.1, 10.1.1.1, 10.2.2.2"),
                ("Forwarded", "for=x, for=10.2.2.2;host=\"a:81\";proto=https"),
                ("X-Id", "theirs"),
            ])
        );
    }

    #[test]
    fn the_client_is_the_last_one_that_no_trusted_proxy_is() {
        for (said, peer, client) in [
            ("192.0.2.1, 10.1.1.1", "10.2.2.2", "192.0.2.1:0"),
            ("198.51.100.7, 192.0.2.1", "10.2.2.2", "192.0.2.1:0"),
            ("10.9.9.9, 10.1.1.1", "10.2.2.2", "10.9.9.9:0"),
            ("192.0.2.1, nonsense, 10.1.1.1", "10.2.2.2", "10.1.1.1:0"),
            ("nonsense", "10.2.2.2", "10.2.2.2:4000"),
            ("[2001:db8::1]:77", "10.2.2.2", "[2001:db8::1]:0"),
            ("192.0.2.1:80", "10.2.2.2", "192.0.2.1:0"),
            ("192.0.2.1", "203.0.113.9", "203.0.113.9:4000"),
        ] {
            let head = request(&format!("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {said}\r\n\r\n"));
            assert_eq!(trusting().client(hop(&head, peer)), client.parse().unwrap(), "{said} by {peer}");
        }
    }

    #[test]
    fn a_trace_is_begun_only_where_none_came() {
        let tracing = Forwarding { trace: Some(Share::new(1.0).unwrap()), ..Forwarding::default() };
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for (came, begun) in [
            (good, false),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", true),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", true),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", true),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("", true),
        ] {
            let head = request(&format!("GET / HTTP/1.1\r\nHost: a\r\ntraceparent: {came}\r\n\r\n"));
            let told = tracing.tell(hop(&head, "192.0.2.1"), None);
            assert_eq!(told.begins_trace(), begun, "{came}");
            let ours =
                told.fields().iter().find(|(name, _)| *name == b"traceparent").map(|(_, value)| value.len());
            assert_eq!(ours, begun.then_some(good.len()), "{came}");
        }
    }
}
