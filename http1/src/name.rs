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
    /// Classifies a name, a token, whatever its case.
    pub fn of(name: &[u8]) -> Name {
        /// The known names by their length.
        #[rustfmt::skip]
        const BY_LENGTH: [&[(Folded, Name)]; LONGEST + 1] = [
            &[], &[],
            &[(fold(b"te"), Name::Te)],
            &[(fold(b"via"), Name::Via)],
            &[(fold(b"host"), Name::Host), (fold(b"date"), Name::Date)],
            &[(fold(b"proxy"), Name::Proxy)],
            &[(fold(b"cookie"), Name::Cookie), (fold(b"server"), Name::Server), (fold(b"expect"), Name::Expect)],
            &[(fold(b"upgrade"), Name::Upgrade), (fold(b"trailer"), Name::Trailer)],
            &[(fold(b"location"), Name::Location)],
            &[(fold(b"forwarded"), Name::Forwarded), (fold(b"x-real-ip"), Name::XRealIp)],
            &[(fold(b"connection"), Name::Connection), (fold(b"set-cookie"), Name::SetCookie),
              (fold(b"keep-alive"), Name::KeepAlive), (fold(b"tracestate"), Name::Tracestate)],
            &[(fold(b"traceparent"), Name::Traceparent)],
            &[(fold(b"content-type"), Name::ContentType)],
            &[(fold(b"authorization"), Name::Authorization)],
            &[(fold(b"content-length"), Name::ContentLength), (fold(b"http2-settings"), Name::Http2Settings)],
            &[(fold(b"x-forwarded-for"), Name::XForwardedFor)],
            &[(fold(b"x-forwarded-host"), Name::XForwardedHost), (fold(b"x-forwarded-port"), Name::XForwardedPort),
              (fold(b"proxy-connection"), Name::ProxyConnection)],
            &[(fold(b"transfer-encoding"), Name::TransferEncoding), (fold(b"x-forwarded-proto"), Name::XForwardedProto)],
        ];
        let Some(candidates) = BY_LENGTH.get(name.len()).filter(|known| !known.is_empty()) else {
            return Name::Other;
        };
        let folded = fold(name);
        candidates.iter().find(|(known, _)| *known == folded).map_or(Name::Other, |&(_, kind)| kind)
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

/// The longest name above.
const LONGEST: usize = 17;

/// All bytes of a name, each letter in lower case, in words that may overlap: compared in three steps
/// instead of one a byte. Names of different lengths are not to be compared.
type Folded = [u64; 3];

/// Setting the bit that tells the cases apart also moves some bytes that are no letters, but none of
/// a token onto a byte of a known name.
const fn fold(name: &[u8]) -> Folded {
    const CASE: u64 = 0x2020_2020_2020_2020;
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        let middle = match name.split_at(8).1.first_chunk() {
            Some(middle) => u64::from_le_bytes(*middle) | CASE,
            None => 0,
        };
        return [u64::from_le_bytes(*first) | CASE, middle, u64::from_le_bytes(*last) | CASE];
    }
    let (mut word, mut at) = (0, 0);
    while at < name.len() {
        word = word << 8 | (name[at] | 0x20) as u64;
        at += 1;
    }
    [word, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn no_other_token_is_taken_for_a_known_name() {
        let known =
            ["te", "via", "host", "x-real-ip", "http2-settings", "transfer-encoding", "x-forwarded-proto"];
        for name in known {
            for at in 0..name.len() {
                for byte in (0..=255).filter(|&byte| crate::head::is_token(&[byte])) {
                    let mut other = name.as_bytes().to_vec();
                    other[at] = byte;
                    let same = other.eq_ignore_ascii_case(name.as_bytes());
                    assert_eq!(Name::of(&other) == Name::of(name.as_bytes()), same, "{other:?}");
                }
            }
        }
    }

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
