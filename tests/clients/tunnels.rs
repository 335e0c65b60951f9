//! Upgrades: a connection becomes a tunnel when legacy has agreed, and never otherwise.

use std::io::{self, Read as _};
use std::time::Duration;

use handover_parts::{Backend, Handover, http};

use crate::world::{BINARY, in_front_of, metric};

const UPGRADE: &str =
    "GET /chat HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n";

/// A backend that switches to `chat/1`, and from there on sends back what it gets.
fn chat() -> Backend {
    Backend::start(|conversation| {
        conversation.request()?;
        let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat/1\r\nX-Room: 7\r\n\r\nhello";
        conversation.write(switched)?;
        loop {
            let byte = conversation.bytes(1)?;
            conversation.write(byte)?;
        }
    })
}

#[test]
fn bytes_pass_both_ways_once_legacy_has_switched_also_those_that_came_early() {
    let backend = chat();
    let mut proxy = in_front_of(&backend);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client.send(format!("{UPGRADE}early").as_bytes()).unwrap();
    let switched = client.response().unwrap();
    assert_eq!((switched.status, switched.field("upgrade").as_deref()), (101, Some("chat/1")));
    assert_eq!(switched.field("x-room").as_deref(), Some("7"));
    let admin = proxy.admin();
    let open = |count: u8| {
        http::get(admin, "/metrics").unwrap().text().contains(&format!("\nhandover_tunnels {count}\n"))
    };
    proxy.wait_until("the tunnel is open", Duration::from_secs(20), || open(1));
    client.send(b" late").unwrap();
    client.finish().unwrap();
    assert_eq!(client.rest().unwrap(), b"helloearly late");
    proxy.wait_until("the tunnel is closed", Duration::from_secs(20), || open(0));
    assert_eq!(metric(&proxy, "handover_tunnel_bytes_total{direction=\"up\"}"), 10);
    assert_eq!(metric(&proxy, "handover_tunnel_bytes_total{direction=\"down\"}"), 15);
    let received = backend.received();
    assert!(received.contains("\r\nConnection: upgrade\r\nUpgrade: chat/1\r\n\r\n"), "{received}");
}

#[test]
fn where_legacy_does_not_switch_what_follows_is_the_next_request() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    let proxy = in_front_of(&backend);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client.send(format!("{UPGRADE}GET /second HTTP/1.1\r\nHost: shop.example\r\n\r\n").as_bytes()).unwrap();
    for _ in 0..2 {
        assert_eq!(client.response().unwrap().text(), "no");
    }
    assert!(backend.received().contains("GET /second HTTP/1.1\r\n"));
    assert_eq!(metric(&proxy, "handover_tunnels_total"), 0);
}

#[test]
fn neither_h2c_nor_connect_gets_past_the_proxy() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let proxy = in_front_of(&backend);
    for protocols in ["h2c", "H2C", "chat/1, h2c"] {
        let fields = [
            ("Host", "shop.example"),
            ("Connection", "Upgrade, HTTP2-Settings"),
            ("Upgrade", protocols),
            ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ];
        let mut client = http::Client::connect(proxy.http()).unwrap();
        assert_eq!(client.exchange(&http::request("GET", "/", &fields, b"")).unwrap().status, 200);
    }
    let received = backend.received().to_ascii_lowercase();
    assert!(!received.contains("upgrade") && !received.contains("http2-settings"), "{received}");
    let mut client = http::Client::connect(proxy.http()).unwrap();
    let answer = client.exchange(b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").unwrap();
    assert_eq!(answer.status, 405);
}

#[test]
fn a_101_that_nobody_asked_for_is_no_tunnel() {
    let backend = Backend::answering(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat/1\r\n\r\n",
    );
    let proxy = in_front_of(&backend);
    assert_eq!(http::get(proxy.http(), "/").unwrap().status, 502);
}

#[test]
fn a_silent_tunnel_ends() {
    let backend = chat();
    let legacy = format!("{}tunnel_timeout = \"1s\"\n", backend.as_legacy());
    let proxy = Handover::start(BINARY, &legacy);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client.send(UPGRADE.as_bytes()).unwrap();
    assert_eq!(client.response().unwrap().status, 101);
    assert_eq!(client.rest().unwrap(), b"hello", "and then the end");
}

#[test]
fn a_tunnel_counts_as_one_of_legacys_connections() {
    let backend = Backend::start(|conversation| {
        if !conversation.request()?.contains("Upgrade") {
            return conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
        conversation.write("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: chat/1\r\n\r\n")?;
        let end = conversation.stream().read(&mut [0]);
        end.map(drop).or(Err(io::ErrorKind::TimedOut.into()))
    });
    let limits = "connections_max = 1\nread_timeout = \"1s\"\n";
    let proxy = Handover::start(BINARY, &format!("{}{limits}", backend.as_legacy()));
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client.send(UPGRADE.replace("chat/1", "Upgrade").as_bytes()).unwrap();
    assert_eq!(client.response().unwrap().status, 101);
    assert_eq!(http::get(proxy.http(), "/").unwrap().status, 503, "the only connection is the tunnel's");
    drop(client);
    let mut status = 503;
    for _ in 0..20 {
        status = http::get(proxy.http(), "/").unwrap().status;
        if status == 200 {
            break;
        }
    }
    assert_eq!(status, 200, "the tunnel's connection came back");
}
