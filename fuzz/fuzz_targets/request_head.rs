//! A request's head: what is let through says one thing only, also to a parser that reads it again.

#![no_main]

use handover_http1::{Leniency, Limits, Name, RequestHead, Scanner};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    check(input);
    // Behind these the fuzzer need not guess its way to a head that is read to its end.
    check(&[b"GET / HTTP/1.1\r\nHost: h\r\n", input].concat());
    check(&[b"POST ", input, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat());
});

fn check(input: &[u8]) {
    let limits = Limits::default();
    for leniency in [Leniency::default(), Leniency { non_ascii_target: true, ..Leniency::default() }] {
        let Ok(Some(end)) = Scanner::default().find_request_end(input, &limits) else { return };
        let Ok(head) = RequestHead::parse(&input[..end], &limits, &leniency) else { continue };
        let again = RequestHead::parse(head.bytes(), &limits, &leniency).expect("what was let through once");
        assert_eq!(again.framing(), head.framing());
        assert_eq!(again.path(), head.path());
        assert!(head.fields().iter().filter(|field| field.kind == Name::Host).count() <= 1);
        assert!(
            head.fields()
                .iter()
                .all(|field| !field.value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)))
        );
        assert!(head.path().iter().all(|byte| !matches!(byte, 0..=b' ' | b'#' | 0x7F)));
    }
}
