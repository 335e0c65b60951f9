//! What a route may take, from the outside: requests at once, from one client, large, or long.

use std::time::Duration;

use handover_parts::http::Client;
use handover_parts::{Backend, Handover, http};

use crate::world::{BINARY, PATIENCE, request};

/// Answers when its request's path says so: at once, after a second, or never to the end.
fn backend() -> Backend {
    Backend::start(|conversation| {
        loop {
            let head = conversation.request()?;
            if head.contains("/slow") {
                std::thread::sleep(Duration::from_secs(1));
            }
            if head.contains("/endless") {
                conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")?;
                std::thread::sleep(Duration::from_secs(20));
            }
            conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
    })
}

fn proxy(backend: &Backend, limits: &str) -> Handover {
    let route = format!("[[route]]\nname = 'all'\nmatch = '* /{{*rest}}'\nlimits = {{ {limits} }}\n");
    Handover::start(BINARY, &format!("{}\n{route}", backend.as_legacy()))
}

fn limited(proxy: &Handover, limit: &str) -> Option<u64> {
    let line = format!("handover_limited_total{{http_route=\"all\",limit=\"{limit}\"}} ");
    let metrics = http::get(proxy.admin(), "/metrics").unwrap().text();
    metrics.lines().find_map(|shown| shown.strip_prefix(&line)?.parse().ok())
}

#[test]
fn beyond_so_many_requests_at_once_clients_get_a_503_until_one_has_ended() {
    let backend = backend();
    let mut proxy = proxy(&backend, "concurrency = 1");
    let mut first = Client::connect(proxy.http()).unwrap();
    first.send(&request("GET", "/slow", "")).unwrap();
    proxy.wait_until("the first request is under way", PATIENCE, || backend.received().contains("/slow"));
    let second = http::get(proxy.http(), "/x").unwrap();
    assert_eq!((second.status, second.field("Retry-After").as_deref()), (503, Some("1")));
    assert_eq!(first.response().unwrap().status, 200);
    assert_eq!(http::get(proxy.http(), "/x").unwrap().status, 200);
    assert_eq!(limited(&proxy, "concurrency"), Some(1));
}

#[test]
fn beyond_its_rate_a_client_gets_a_429_and_is_told_when_to_come_again() {
    let backend = backend();
    let proxy = proxy(&backend, "rate = { requests = 1, per = '1h', burst = 2 }");
    let mut client = Client::connect(proxy.http()).unwrap();
    let mut ask = || client.exchange(&request("GET", "/x", "")).unwrap();
    assert_eq!([ask().status, ask().status], [200, 200]);
    let third = ask();
    assert_eq!(third.status, 429);
    assert_eq!(third.field("Retry-After").unwrap().parse::<u32>().unwrap().div_ceil(10), 360);
    assert_eq!(limited(&proxy, "rate"), Some(1));
}

#[test]
fn a_body_that_is_too_large_is_refused_whatever_its_head_says() {
    let backend = backend();
    let proxy = proxy(&backend, "body = '10B'");
    let fields = [("Host", "a")];
    let ask = |request: &[u8]| {
        let mut client = Client::connect(proxy.http()).unwrap();
        client.send(request).unwrap();
        client.response().unwrap().status
    };
    assert_eq!(ask(&http::request("POST", "/x", &fields, b"0123456789")), 200);
    assert_eq!(ask(&http::request("POST", "/x", &fields, b"0123456789a")), 413);
    let chunked = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(ask(chunked.as_bytes()), 413);
}

#[test]
fn an_answer_that_takes_too_long_is_a_504_or_broken_off() {
    let backend = backend();
    let proxy = proxy(&backend, "legacy_timeout = '300ms'");
    assert_eq!(http::get(proxy.http(), "/x").unwrap().status, 200);
    assert_eq!(http::get(proxy.http(), "/slow").unwrap().status, 504);
    assert!(http::get(proxy.http(), "/endless").is_err(), "its client sees that it is incomplete");
    assert_eq!(http::get(proxy.http(), "/x").unwrap().status, 200);
}
