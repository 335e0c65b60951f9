//! Whether a request that somebody logged would be let in here.

use handover_http1::{Leniency, Limits, RequestHead};

/// Why a request with that line would be refused; `None` where it would not.
pub(crate) fn refusal(method: &str, target: &[u8]) -> Option<&'static str> {
    let head = [method.as_bytes(), b" ", target, b" HTTP/1.1\r\nHost: x\r\n\r\n"].concat();
    RequestHead::parse(&head, &Limits::default(), &Leniency::default()).err().map(|refusal| refusal.label())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        assert_eq!(refusal("GET", b"/a?b=c"), None);
        for target in [&b"/caf\xc3\xa9"[..], b"/a b", b"a", b"/a\r\nX: y"] {
            assert!(refusal("GET", target).is_some(), "{}", target.escape_ascii());
        }
    }
}
