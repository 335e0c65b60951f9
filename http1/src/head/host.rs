//! `host[:port]`, as Host and absolute targets carry it.

/// Whether `authority` is a host with an optional port: a name, an IPv4 address or a bracketed IPv6
/// address. Stricter than RFC 3986's grammar: no sub-delimiters, which no host in use has and
/// which parsers downstream disagree about.
pub(super) fn is_authority(authority: &[u8]) -> bool {
    let (host, port) = match authority.strip_prefix(b"[") {
        Some(rest) => match memchr::memchr(b']', rest) {
            Some(end) if is_ipv6(&rest[..end]) => (&rest[..end], &rest[end + 1..]),
            _ => return false,
        },
        None => {
            let end = authority.iter().position(|&byte| !is_name_byte(byte)).unwrap_or(authority.len());
            authority.split_at(end)
        }
    };
    !host.is_empty() && is_port(port)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%')
}

fn is_ipv6(address: &[u8]) -> bool {
    std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

/// Nothing, a bare colon, or a colon and a number up to 65,535.
fn is_port(port: &[u8]) -> bool {
    match port {
        [] => true,
        [b':', digits @ ..] => {
            digits.len() <= 5
                && digits.iter().all(u8::is_ascii_digit)
                && digits.iter().fold(0u32, |sum, digit| sum * 10 + u32::from(digit - b'0')) <= 65_535
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_authority;

    #[test]
    fn tells_an_authority() {
        for good in ["a", "example.com", "a_b.c:80", "1.2.3.4:65535", "[::1]", "[::1]:8080", "a:"] {
            assert!(is_authority(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a:b",
            "a:65536",
            "a:123456",
            "a:80:80",
            "u@a",
            "a/b",
            "a b",
            "a,b",
            "a?b",
            "[::1",
            "[]",
            "[zz]",
            "::1",
            "a\\b",
            "h\u{f6}st",
            "a:-1",
            "a:+1",
            "[::1]x",
        ] {
            assert!(!is_authority(bad.as_bytes()), "{bad}");
        }
    }
}
