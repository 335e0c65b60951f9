//! The escapes of queries and forms (`application/x-www-form-urlencoded`).

/// Takes the escapes off: `+` is a blank, `%2F` a slash. What is no escape stays.
pub(crate) fn decode(escaped: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => plain.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                plain.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => plain.push(*first),
        }
    }
    plain
}

/// Puts them on, as browsers do.
pub(crate) fn encode(plain: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b' ' => vec![b'+'],
        byte if byte.is_ascii_alphanumeric() || b"-_.*".contains(byte) => vec![*byte],
        byte => format!("%{byte:02X}").into_bytes(),
    };
    plain.iter().flat_map(escape).collect()
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.to_ascii_lowercase() - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_go_on_and_off() {
        for (plain, escaped) in [("a b/é", "a+b%2F%C3%A9"), ("x.y-z_*", "x.y-z_*"), ("", "")] {
            assert_eq!(encode(plain.as_bytes()), escaped.as_bytes());
            assert_eq!(decode(escaped.as_bytes()), plain.as_bytes());
        }
        assert_eq!(decode(b"100%&%zz%4"), b"100%&%zz%4");
    }
}
