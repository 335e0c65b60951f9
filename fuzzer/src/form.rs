//! The escapes of queries and forms.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What is escaped: all but letters, digits, and what PHP's clients send bare, brackets of names such as `a[b]` too.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'[').remove(b']');

/// Takes them off: `+` is a blank, `%2F` a slash. What is no escape stays.
pub(crate) fn decode(escaped: &[u8]) -> Vec<u8> {
    let blanks: Vec<u8> = escaped.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&blanks).collect()
}

/// Puts them on.
pub(crate) fn encode(plain: &[u8]) -> Vec<u8> {
    percent_encode(plain, ESCAPED).to_string().replace("%20", "+").into_bytes()
}
