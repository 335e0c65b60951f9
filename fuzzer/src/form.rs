//! The escapes of queries and forms.

/// Takes them off: `+` is a blank, `%2F` a slash. What is no escape stays.
pub(crate) fn decode(escaped: &[u8]) -> Vec<u8> {
    let hex = |digit: &u8| char::from(*digit).to_digit(16).map(|digit| digit as u8);
    let mut plain = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => plain.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    plain.push(high << 4 | low);
                    rest = after;
                }
                _ => plain.push(b'%'),
            },
            _ => plain.push(*first),
        }
    }
    plain
}

/// Puts them on, but on brackets, as PHP's clients send names such as `a[b]`.
pub(crate) fn encode(plain: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b' ' => vec![b'+'],
        byte if byte.is_ascii_alphanumeric() || b"-_.[]".contains(byte) => vec![*byte],
        byte => format!("%{byte:02X}").into_bytes(),
    };
    plain.iter().flat_map(escape).collect()
}
