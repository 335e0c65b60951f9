//! The escapes of queries and forms (`application/x-www-form-urlencoded`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What browsers escape.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// Takes the escapes off: `+` is a blank, `%2F` a slash. What is no escape stays.
pub(crate) fn decode(escaped: &[u8]) -> Vec<u8> {
    let blanks: Vec<u8> = escaped.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&blanks).collect()
}

/// Puts them on, as browsers do.
pub(crate) fn encode(plain: &[u8]) -> Vec<u8> {
    percent_encode(plain, ESCAPED).to_string().replace("%20", "+").into_bytes()
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
