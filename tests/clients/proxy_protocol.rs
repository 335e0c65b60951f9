//! The PROXY protocol: a trusted load balancer says who the client is, and nobody else does.

use handover_parts::{Handover, PhpFpm, http, process};
use tempfile::TempDir;

use crate::world::{BINARY, metric};

const V1: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 1000 443\r\n";

/// The proxy before a PHP that says who asked, believing peers in `from`.
fn world(from: &str) -> (TempDir, PhpFpm, Handover) {
    let app = process::folder("app");
    process::write(
        app.path().join("index.php"),
        "<?php echo $_SERVER['REMOTE_ADDR'], ' ', $_SERVER['SERVER_PORT'];",
    );
    let php = PhpFpm::serving(app.path()).start();
    let routes = format!(
        "[listen]\nproxy_protocol = {{ from = [\"{from}\"] }}\n[legacy.app]\nfastcgi = \"{}\"\nroot = \"{}\"\n",
        php.address(),
        php.root().display()
    );
    let proxy = Handover::start(BINARY, &routes);
    (app, php, proxy)
}

#[test]
fn legacy_sees_the_client_that_a_trusted_peer_speaks_for() {
    let (_app, _php, proxy) = world("127.0.0.0/8");
    let get = http::request("GET", "/", &[("Host", "a")], b"");
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client.send(V1).unwrap();
    for _ in 0..2 {
        assert_eq!(client.exchange(&get).unwrap().text(), "192.0.2.7 443");
    }
    // Without a header, or with a broken one: no answer, and no request to legacy.
    for start in [&b""[..], b"PROXY TCP4 192.0.2.7 evil 1 1\r\n"] {
        let mut client = http::Client::connect(proxy.http()).unwrap();
        client.send(&[start, &get].concat()).unwrap();
        assert!(client.rest().map_or(true, |rest| rest.is_empty()));
    }
    assert_eq!(metric(&proxy, "handover_refused_total{reason=\"proxy_header\"}"), 2);
}

#[test]
fn a_header_of_somebody_else_is_no_request() {
    let (_app, _php, proxy) = world("10.0.0.0/8");
    let get = http::request("GET", "/", &[("Host", "a"), ("Connection", "close")], b"");
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client.send(&[V1, &get].concat()).unwrap();
    let rest = String::from_utf8(client.rest().unwrap()).unwrap();
    assert!(!rest.contains("192.0.2.7") && !rest.contains("200 OK"), "{rest}");
    assert!(http::get(proxy.http(), "/").unwrap().text().starts_with("127.0.0.1 "));
}
