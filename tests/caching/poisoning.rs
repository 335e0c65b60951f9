//! What must never be given to another: a cache that is asked cleverly.
//!
//! | case | what went wrong elsewhere |
//! | --- | --- |
//! | `one_hosts_answer_is_never_anothers` | Pingora CVE-2026-2836: a key without host and scheme |
//! | `a_body_behind_a_kept_answer_is_no_request` | Pingora CVE-2025-4366: a hit left the request's body unread |
//! | `a_request_with_a_body_is_not_answered_from_the_cache` | "fat GET": a body that the key does not know |
//! | `what_a_client_says_of_others_changes_nothing` | unkeyed `X-Forwarded-Host` |

use handover_parts::http;

use super::world::World;

const MINUTE: &str = "Cache-Control: max-age=60\r\n";

#[test]
fn one_hosts_answer_is_never_anothers() {
    let world = World::new(MINUTE, "");
    let ask = |host: &str| world.ask("GET /a", &format!("Host: {host}\r\n")).text();
    assert_eq!(
        [ask("shop"), ask("evil"), ask("shop:81"), ask("SHOP")],
        ["answer 1", "answer 2", "answer 3", "answer 1"]
    );
}

#[test]
fn a_trusted_proxys_scheme_and_host_are_part_of_the_key() {
    let world = World::new(MINUTE, "[forwarded]\ntrusted = '127.0.0.1'\n");
    let ask = |fields: &str| world.ask("GET /a", fields).text();
    assert_eq!(ask(""), "answer 1");
    assert_eq!(ask("X-Forwarded-Proto: https\r\n"), "answer 2");
    assert_eq!(ask("X-Forwarded-Host: evil\r\n"), "answer 3");
    assert_eq!(ask("X-Forwarded-Prefix: /shop\r\n"), "answer 4");
    assert_eq!(ask(""), "answer 1");
}

#[test]
fn what_a_client_says_of_others_changes_nothing() {
    let world = World::new(MINUTE, "");
    assert_eq!(
        world.ask("GET /a", "X-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\n").text(),
        "answer 1"
    );
    assert!(!world.backend.received().contains("evil"), "{}", world.backend.received());
    assert_eq!(world.get("/a"), "answer 1");
}

#[test]
fn a_body_behind_a_kept_answer_is_no_request() {
    let world = World::new(MINUTE, "");
    assert_eq!(world.get("/a"), "answer 1");
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    for head in [
        format!("Content-Length: {}\r\n\r\n{smuggled}", smuggled.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len()),
    ] {
        let mut client = http::Client::connect(world.proxy.http()).unwrap();
        let last = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        client.send(format!("GET /a HTTP/1.1\r\nHost: h\r\n{head}{last}").as_bytes()).unwrap();
        let got = String::from_utf8(client.rest().unwrap()).unwrap();
        assert_eq!(got.matches("HTTP/1.1 200").count(), 2, "{got}");
        assert!(got.ends_with("answer 1"), "the last one is kept: {got}");
    }
    // Each with a body is asked for, and what is in it is none.
    assert_eq!(world.asked(), 3, "{}", world.backend.received());
}

#[test]
fn a_request_with_a_body_is_not_answered_from_the_cache() {
    let world = World::new(MINUTE, "");
    assert_eq!(world.ask("GET /a", "Content-Length: 0\r\n").text(), "answer 1");
    let mut client = http::Client::connect(world.proxy.http()).unwrap();
    let fat = client.exchange(b"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nevil").unwrap();
    assert_eq!(fat.text(), "answer 2");
    assert_eq!(world.get("/a"), "answer 1");
}

#[test]
fn answers_for_one_person_stay_theirs() {
    for (fields, asked) in [
        ("Cache-Control: private, max-age=60\r\n", ""),
        ("Cache-Control: No-Store, max-age=60\r\n", ""),
        ("Cache-Control: max-age=60\r\nSet-Cookie: session=1\r\n", ""),
        // What PHP sends for a new session by `session.cache_limiter = public`.
        ("Cache-Control: public, max-age=10800\r\nSet-Cookie: PHPSESSID=1; path=/\r\n", ""),
        ("Cache-Control: max-age=60\r\n", "Authorization: Basic eA==\r\n"),
    ] {
        let world = World::new(fields, "");
        assert_eq!(world.ask("GET /a", asked).text(), "answer 1");
        assert_eq!(world.get("/a"), "answer 2", "{fields}{asked}");
    }
}
