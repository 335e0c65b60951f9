//! Legacies that break their protocol: the client gets 502 or a cut answer, and that connection is never used again.

use std::time::Duration;

use super::legacy::{Protocol, Recorder, record};
use super::world::World;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

fn answering(protocol: Protocol, answer: Vec<u8>) -> World {
    let more = "keep_alive = true\nread_timeout = \"2s\"\n";
    World::around(Recorder::answering(protocol, Duration::ZERO, answer), more, "")
}

/// Two requests on two connections of legacy, none of which stays.
fn is_never_used_again(world: &World, what: &str) {
    let statuses: Vec<_> = (0..2).flat_map(|_| world.send(GET).statuses).collect();
    assert_eq!(statuses, [502, 502], "{what}");
    assert_eq!(world.legacy.heard().len(), 2, "{what}: a broken connection was used again");
}

#[test]
fn a_fastcgi_answer_that_breaks_the_protocol_is_502() {
    let head = b"Content-Type: text/plain\r\n\r\n";
    let end = record(3, 1, &[0; 8]);
    for (what, answer) in [
        ("request id 0", [record(6, 0, head), end.clone()].concat()),
        ("another's request id", [record(6, 2, head), end.clone()].concat()),
        ("another version", [vec![9], record(6, 1, head)[1..].to_vec()].concat()),
        ("an unknown type", [record(77, 1, head), end.clone()].concat()),
        ("no answer at all", end.clone()),
        ("refused as overloaded", record(3, 1, &[0, 0, 0, 0, 2, 0, 0, 0])),
        ("no head", [record(6, 1, b"<html>"), end.clone()].concat()),
        ("two statuses", [record(6, 1, b"Status: 200\r\nStatus: 404\r\n\r\n"), end].concat()),
    ] {
        is_never_used_again(&answering(Protocol::FastCgi, answer), what);
    }
}

#[test]
fn a_flood_on_stderr_is_502_and_reaches_neither_the_client_nor_the_whole_log() {
    let flood = record(7, 1, "PHP Warning: the same again\n".repeat(2000).as_bytes());
    let answer = [flood.repeat(20), record(6, 1, b"A: b\r\n\r\nok"), record(3, 1, &[0; 8])].concat();
    let world = answering(Protocol::FastCgi, answer);
    is_never_used_again(&world, "a flood on STDERR");
    assert!(!world.send(GET).bytes.windows(7).any(|piece| piece == b"Warning"));
    assert!(world.proxy.log().matches("the same again").count() <= 3 * 32);
}

#[test]
fn a_body_longer_than_declared_is_cut_and_its_connection_thrown_away() {
    let fastcgi =
        [record(6, 1, b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 evil"), record(3, 1, &[0; 8])].concat();
    let http =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
            .to_vec();
    for (protocol, answer) in [(Protocol::FastCgi, fastcgi), (Protocol::Http, http)] {
        let world = answering(protocol, answer);
        for _ in 0..2 {
            let got = world.send(GET);
            assert!(got.bytes.ends_with(b"\r\n\r\nok"), "{}", String::from_utf8_lossy(&got.bytes));
        }
        assert_eq!(world.legacy.heard().len(), 2, "{protocol:?}");
    }
}

#[test]
fn an_http_answer_that_two_parsers_could_read_differently_is_502() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n",
        "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "nonsense\r\n\r\n",
    ] {
        is_never_used_again(&answering(Protocol::Http, answer.as_bytes().to_vec()), answer);
    }
}

#[test]
fn an_answer_that_breaks_off_is_seen_as_broken_off() {
    let world = answering(Protocol::FastCgi, record(6, 1, b"Content-Length: 9\r\n\r\nok"));
    let got = world.send(GET);
    assert_eq!(got.statuses, [200]);
    assert!(got.bytes.ends_with(b"ok"), "the client must see that seven bytes are missing");
}
