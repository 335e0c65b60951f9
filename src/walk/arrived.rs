//! A request as it arrived, and as routing looks at it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use handover_http1::{Field, RequestHead};

use crate::legacy::client_cert::ClientCert;
use crate::legacy::forwarded::Hop;
use crate::route::explain::Forced;
use crate::route::{Asked, Values};

/// A request's head and where it came from.
pub(crate) struct Arrived {
    /// The head as the client sent it.
    pub head: RequestHead,
    /// The client's address.
    pub peer: SocketAddr,
    /// The address that it connected to.
    pub local: SocketAddr,
    /// The client's certificate, where it has one.
    pub cert: Option<Arc<ClientCert>>,
    /// Whether it came by TLS.
    pub secure: bool,
    /// The version that the client speaks, as `SERVER_PROTOCOL` says it.
    pub protocol: &'static str,
}

impl Arrived {
    pub(super) fn hop(&self) -> Hop<'_> {
        Hop { head: &self.head, peer: self.peer, secure: self.secure }
    }
}

/// A request and who it really comes from.
pub(super) struct Seen<'a> {
    pub(super) arrived: &'a Arrived,
    pub(super) client: SocketAddr,
    pub(super) forced: Option<Forced>,
}

impl Asked for Seen<'_> {
    fn method(&self) -> &[u8] {
        self.arrived.head.method()
    }

    fn path(&self) -> &[u8] {
        self.arrived.head.path()
    }

    fn host(&self) -> Option<&[u8]> {
        self.arrived.head.host()
    }

    fn field(&self, name: &str) -> Values<'_> {
        let same = |field: &Field<'_>| field.name.eq_ignore_ascii_case(name.as_bytes());
        let mut values = self.arrived.head.fields().iter().filter(same).map(|field| field.value);
        match (values.next(), values.next()) {
            (None, _) => Values::Absent,
            (Some(one), None) => Values::One(one),
            (Some(first), Some(_)) => Values::Several(first),
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        Some(self.client.ip())
    }

    fn draw(&self) -> f64 {
        fastrand::f64()
    }

    fn forced(&self) -> Option<Forced> {
        self.forced
    }
}
