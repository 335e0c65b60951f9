//! Who gets which requests while all are well.

use std::collections::BTreeSet;
use std::time::Duration;

use handover_parts::{Handover, PhpServer, http};

use super::world::{ONCE, World};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

#[test]
fn requests_go_to_whoever_has_the_fewest() {
    let world = World::new(2, "");
    let (slow, quick) = std::thread::scope(|scope| {
        let slow = scope.spawn(|| world.who(b"GET /once?ms=2000 HTTP/1.1\r\nHost: h\r\n\r\n"));
        std::thread::sleep(Duration::from_millis(300));
        let quick: BTreeSet<_> = (0..10).map(|_| world.who(ONCE)).collect();
        (slow.join().unwrap(), quick)
    });
    assert!(slow.is_ok() && quick.len() == 1 && !quick.contains(&slow), "{slow:?} {quick:?}");
}

#[test]
fn each_gets_its_weight() {
    let script = "echo $_SERVER['SERVER_PORT'];";
    let (heavy, light) = (PhpServer::start(script), PhpServer::start(script));
    let proxy = Handover::start(
        BINARY,
        &format!(
            "workers = 1\n[legacy.app]\nhttp = [{{ url = 'http://{}', weight = 3 }}, 'http://{}']\n",
            heavy.address(),
            light.address()
        ),
    );
    let mut client = http::Client::connect(proxy.http()).unwrap();
    let port = heavy.address().port().to_string();
    let of_heavy = (0..40).filter(|_| client.exchange(ONCE).unwrap().text() == port).count();
    assert_eq!(of_heavy, 30);
}

#[test]
fn the_host_that_the_client_named_reaches_every_upstream() {
    let script = "echo $_SERVER['HTTP_HOST'], ' ', $_SERVER['HTTP_X_FORWARDED_HOST'];";
    let servers = [PhpServer::start(script), PhpServer::start(script)];
    let addresses = servers.each_ref().map(PhpServer::address);
    let proxy = super::world::start(&addresses, "");
    for _ in 0..4 {
        let answer = http::Client::connect(proxy.http()).unwrap();
        let answer = { answer }.exchange(b"GET / HTTP/1.1\r\nHost: shop.example:81\r\n\r\n").unwrap();
        assert_eq!(answer.text(), "shop.example:81 shop.example:81");
    }
}
