//! Field names that an intermediary treats on their own, told apart once, when a head is parsed.

/// What a field name is to the engine or to a proxy on top of it. Anything else is [`Name::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each variant is the field it is called after
#[rustfmt::skip]
pub enum Name {
    Authorization, Connection, ContentLength, ContentType, Cookie, Date, Expect, Forwarded, Host,
    Http2Settings, KeepAlive, Location, Proxy, ProxyConnection, Server, SetCookie, Te, Traceparent,
    Tracestate, Trailer, TransferEncoding, Upgrade, Via, XForwardedFor, XForwardedHost, XForwardedPort,
    XForwardedProto, XRealIp,
    /// A name that has no meaning to an intermediary.
    Other,
}

impl Name {
    /// Classifies a name, whatever its case. Few comparisons: the length decides first.
    pub fn of(name: &[u8]) -> Name {
        let candidates: &[(&[u8], Name)] = match name.len() {
            2 => &[(b"te", Name::Te)],
            3 => &[(b"via", Name::Via)],
            4 => &[(b"host", Name::Host), (b"date", Name::Date)],
            5 => &[(b"proxy", Name::Proxy)],
            6 => &[(b"cookie", Name::Cookie), (b"server", Name::Server), (b"expect", Name::Expect)],
            7 => &[(b"upgrade", Name::Upgrade), (b"trailer", Name::Trailer)],
            8 => &[(b"location", Name::Location)],
            9 => &[(b"forwarded", Name::Forwarded), (b"x-real-ip", Name::XRealIp)],
            10 => &[
                (b"connection", Name::Connection),
                (b"set-cookie", Name::SetCookie),
                (b"keep-alive", Name::KeepAlive),
                (b"tracestate", Name::Tracestate),
            ],
            11 => &[(b"traceparent", Name::Traceparent)],
            12 => &[(b"content-type", Name::ContentType)],
            13 => &[(b"authorization", Name::Authorization)],
            14 => &[(b"content-length", Name::ContentLength), (b"http2-settings", Name::Http2Settings)],
            15 => &[(b"x-forwarded-for", Name::XForwardedFor)],
            16 => &[
                (b"x-forwarded-host", Name::XForwardedHost),
                (b"x-forwarded-port", Name::XForwardedPort),
                (b"proxy-connection", Name::ProxyConnection),
            ],
            17 => &[
                (b"transfer-encoding", Name::TransferEncoding),
                (b"x-forwarded-proto", Name::XForwardedProto),
            ],
            _ => &[],
        };
        candidates.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map_or(Name::Other, |c| c.1)
    }

    /// Fields that speak of one connection and never travel on (RFC 9110 §7.6.1). `Expect` is among
    /// them because each side of the engine answers it itself.
    pub fn is_hop_by_hop(self) -> bool {
        matches!(
            self,
            Name::Connection
                | Name::KeepAlive
                | Name::ProxyConnection
                | Name::Te
                | Name::TransferEncoding
                | Name::Upgrade
                | Name::Http2Settings
                | Name::Expect
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn classifies_whatever_the_case() {
        for (name, kind) in [
            ("Host", Name::Host),
            ("CONTENT-LENGTH", Name::ContentLength),
            ("transfer-Encoding", Name::TransferEncoding),
            ("X-Forwarded-For", Name::XForwardedFor),
            ("X_Forwarded_For", Name::Other),
            ("", Name::Other),
        ] {
            assert_eq!(Name::of(name.as_bytes()), kind, "{name}");
        }
    }
}
