//! Requests that two parsers could read differently.

use super::world::World;

const HEADS: &[(&str, u16, &str)] = &[
    // Where the body ends is in doubt: RFC 9112 §6; Pingora CVE-2026-2835, HAProxy CVE-2023-40225.
    (
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "length_and_encoding",
    ),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        400,
        "length_and_encoding",
    ),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nabcde",
        400,
        "encoding",
    ),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
        "unknown_encoding",
    ),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, "encoding"),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "encoding",
    ),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, "encoding"),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", 400, "encoding"),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400, "field_value"),
    ("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "encoding_before_1_1"),
    (
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
        400,
        "second_length",
    ),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nabcde", 400, "length"),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nabcde", 400, "length"),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\nabcde", 400, "length"),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 05\r\n\r\nabcde", 400, "length"),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nabcde", 400, "length"),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nabcde", 400, "length"),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\nabcde", 400, "length"),
    // Lines: RFC 9112 §2.2, §5; HAProxy CVE-2023-25725 (empty name).
    ("GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", 400, "field_name"),
    ("GET / HTTP/1.1\r\nHost: h\r\nX : v\r\n\r\n", 400, "space_before_colon"),
    ("GET / HTTP/1.1\r\nHost: h\r\nX\t: v\r\n\r\n", 400, "space_before_colon"),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400, "bare_cr"),
    ("GET / HTTP/1.1\r\nHost: h\nX: a\r\n\r\n", 400, "bare_lf"),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n", 400, "folded"),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 400, "field_value"),
    ("GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400, "field_name"),
    ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"),
    ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400, "request_line"),
    ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505, "version"),
    ("GET / HTTP/9.9\r\nHost: h\r\n\r\n", 505, "version"),
    // Host: RFC 9112 §3.2.
    ("GET / HTTP/1.1\r\n\r\n", 400, "no_host"),
    ("GET / HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n", 400, "second_host"),
    ("GET / HTTP/1.1\r\nHost: h, g\r\n\r\n", 400, "host"),
    ("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400, "host"),
    ("GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400, "host"),
    ("GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, "host_differs"),
    ("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", 405, "connect"),
    ("GET / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", 417, "expectation"),
    // Targets.
    ("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"),
    ("GET /a\x01b HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"),
    ("GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400, "target"),
    ("GET /\u{fc} HTTP/1.1\r\nHost: h\r\n\r\n", 400, "non_ascii_target"),
];

/// Bodies that turn out wrong after their head: legacy may have heard the beginning, never the end.
const BODIES: &[(&str, &str)] = &[
    ("g\r\nx\r\n0\r\n\r\n", "chunk_size"),
    ("\r\n0\r\n\r\n", "chunk_size"),
    ("-1\r\nx\r\n0\r\n\r\n", "chunk_size"),
    ("0x1\r\nx\r\n0\r\n\r\n", "chunk_size"),
    ("11111111111111111\r\nx\r\n0\r\n\r\n", "chunk_size"),
    ("1 \r\nx\r\n0\r\n\r\n", "chunk_size"),
    ("1\nx\r\n0\r\n\r\n", "chunk_size"),
    ("1;a=\0\r\nx\r\n0\r\n\r\n", "chunk_extension"),
    ("1\r\nxy\r\n0\r\n\r\n", "chunk_end"),
    ("1\r\nx\n0\r\n\r\n", "chunk_end"),
    ("1\r\nx\r\n0\r\n: v\r\n\r\n", "field_name"),
    ("1\r\nx\r\n0\r\nT: a\0\r\n\r\n", "field_value"),
    ("1\r\nx\r\n0\r\n folded\r\n\r\n", "folded"),
];

#[test]
fn what_shows_in_a_head_stops_before_a_byte_reaches_legacy() {
    for world in World::both("", "") {
        for (sent, status, reason) in HEADS {
            world.refuses(sent.as_bytes(), *status, reason);
        }
        assert!(world.legacy.heard().is_empty(), "{:?}", world.legacy.heard());
    }
}

#[test]
fn a_request_behind_a_refused_one_is_never_served() {
    for world in World::both("", "") {
        for (sent, status, reason) in HEADS {
            let smuggled = format!("{sent}GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
            world.refuses(smuggled.as_bytes(), *status, reason);
        }
        assert!(world.legacy.heard().is_empty());
    }
}

#[test]
fn what_shows_in_a_body_aborts_the_request_to_legacy() {
    for world in World::both("", "") {
        for (body, reason) in BODIES {
            let sent = format!("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
            world.refuses(sent.as_bytes(), 400, reason);
            let smuggled = format!("{sent}GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
            world.refuses(smuggled.as_bytes(), 400, reason);
        }
    }
}

#[test]
fn a_body_that_ends_too_early_never_becomes_a_request() {
    for world in World::both("", "") {
        for body in ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"] {
            let mut client = handover_parts::http::Client::connect(world.proxy.http()).unwrap();
            client.send(format!("POST / HTTP/1.1\r\nHost: h\r\n{body}").as_bytes()).unwrap();
            client.finish().unwrap();
            let _ = client.rest();
            assert_eq!(world.legacy.settle(0), 0, "{body}");
        }
    }
}
