//! SIGTERM: unready at once, serve on, finish what is under way, exit 0.

use std::time::{Duration, Instant};

use handover_parts::http::Client;
use handover_parts::{Backend, Handover, http};
use nix::sys::signal::Signal;

use crate::world::{BINARY, PATIENCE, request};

/// Answers in two halves, the second when a second has passed.
fn slow() -> Backend {
    Backend::start(|conversation| {
        loop {
            let head = conversation.request()?;
            conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")?;
            if head.contains("/slow") {
                std::thread::sleep(Duration::from_secs(2));
            }
            conversation.write(" last")?;
        }
    })
}

#[test]
fn it_is_unready_at_once_serves_on_and_finishes_what_is_under_way() {
    let backend = slow();
    let mut proxy =
        Handover::start(BINARY, &format!("{}\n[shutdown]\ndelay = '1500ms'\n", backend.as_legacy()));
    let mut kept = Client::connect(proxy.http()).unwrap();
    assert!(!kept.exchange(&request("GET", "/", "")).unwrap().closes());
    let mut under_way = Client::connect(proxy.http()).unwrap();

    proxy.signal(Signal::SIGTERM);
    let admin = proxy.admin();
    proxy.wait_until("it says that it is not ready", PATIENCE, || {
        http::get(admin, "/readyz").is_ok_and(|response| response.status == 503)
    });
    under_way.send(&request("GET", "/slow", "")).unwrap();
    let fresh = http::get(proxy.http(), "/").expect("it still accepts connections");
    assert_eq!(fresh.status, 200);
    let last = kept.exchange(&request("GET", "/", "")).unwrap();
    assert!(last.closes(), "a kept connection is told");
    let slow = under_way.response().expect("what is under way is finished");
    assert_eq!(slow.text(), "first last");
    assert_eq!(proxy.ends(PATIENCE), Some(0), "{}", proxy.log());
}

#[test]
fn what_takes_longer_than_the_grace_is_cut_off() {
    let backend = slow();
    let mut proxy =
        Handover::start(BINARY, &format!("{}\n[shutdown]\ngrace = '100ms'\n", backend.as_legacy()));
    let mut under_way = Client::connect(proxy.http()).unwrap();
    under_way.send(&request("GET", "/slow", "")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    proxy.signal(Signal::SIGTERM);
    assert!(under_way.response().is_err());
    assert_eq!(proxy.ends(PATIENCE), Some(0), "{}", proxy.log());
}

#[test]
fn an_idle_connection_does_not_keep_it() {
    let backend = slow();
    let mut proxy = Handover::start(BINARY, &backend.as_legacy());
    let mut idle = Client::connect(proxy.http()).unwrap();
    idle.exchange(&request("GET", "/", "")).unwrap();
    let began = Instant::now();
    proxy.signal(Signal::SIGTERM);
    assert_eq!(proxy.ends(PATIENCE), Some(0), "{}", proxy.log());
    assert!(began.elapsed() < Duration::from_secs(15), "that was the grace");
}

#[test]
fn a_tunnel_goes_on_until_its_ends_close_it() {
    let backend = Backend::start(|conversation| {
        conversation.head()?;
        conversation
            .write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")?;
        loop {
            let word = conversation.bytes(4)?;
            conversation.write(word)?;
        }
    });
    let mut proxy = Handover::start(BINARY, &backend.as_legacy());
    let mut client = Client::connect(proxy.http()).unwrap();
    let fields = [("Host", "shop.example"), ("Upgrade", "echo"), ("Connection", "Upgrade")];
    client.send(&http::request("GET", "/", &fields, b"")).unwrap();
    assert_eq!(client.response().unwrap().status, 101);
    proxy.signal(Signal::SIGTERM);
    let admin = proxy.admin();
    proxy.wait_until("it is not ready", PATIENCE, || {
        http::get(admin, "/readyz").is_ok_and(|response| response.status == 503)
    });
    // Longer than an idle connection is waited for.
    std::thread::sleep(Duration::from_secs(2));
    client.send(b"ping").unwrap();
    client.finish().unwrap();
    assert_eq!(client.rest().unwrap(), b"ping");
    assert_eq!(proxy.ends(PATIENCE), Some(0), "{}", proxy.log());
}
