//! Too much, or too slowly.

use std::time::{Duration, Instant};

use super::world::World;

#[test]
fn what_is_over_a_limit_is_refused_by_its_own_status() {
    let fields = |count: usize| "X: y\r\n".repeat(count);
    for world in World::both("body_max = \"1KiB\"", "") {
        let get =
            |line: &str, fields: &str| format!("GET {line} HTTP/1.1\r\nHost: h\r\n{fields}\r\n").into_bytes();
        world.refuses(&get("/", &fields(100)), 431, "too_many_fields");
        world.refuses(&get("/", &format!("X: {}\r\n", "y".repeat(33_000))), 431, "head_too_long");
        world.refuses(&get(&format!("/{}", "a".repeat(8192)), ""), 414, "target_too_long");
        let head = "POST / HTTP/1.1\r\nHost: h\r\n";
        world.refuses(format!("{head}Content-Length: 1000000\r\n\r\n").as_bytes(), 413, "body_too_large");
        let chunk = format!("{head}Transfer-Encoding: chunked\r\n\r\n401\r\n{}\r\n", "x".repeat(0x401));
        let endless = format!("{chunk}{}", format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(8));
        world.refuses(endless.as_bytes(), 413, "body_too_large");
        assert_eq!(world.send(&get("/", &format!("Connection: close\r\n{}", fields(98)))).statuses, [200]);
    }
}

#[test]
fn limits_are_the_files_to_say() {
    let limits = "[limits]\nhead = '1KiB'\nfields = 3\ntarget = '10B'\n";
    let world = World::new(super::legacy::Protocol::Http, "", limits);
    world.refuses(b"GET /0123456789 HTTP/1.1\r\nHost: h\r\n\r\n", 414, "target_too_long");
    world.refuses(b"GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 431, "too_many_fields");
    let long = format!("GET / HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", "x".repeat(1024));
    world.refuses(long.as_bytes(), 431, "head_too_long");
}

const IMPATIENT: &str = "head_timeout = '1s'\nbody_least = '1KiB'\nbody_window = '1s'\n";

#[test]
fn a_trickle_is_cut_off() {
    for world in World::both("", &format!("[limits]\n{IMPATIENT}")) {
        for (sent, reason) in [
            ("GET / HTTP/1.1\r\nHost: h\r\nX: ", "head_timeout"),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc", "body_timeout"),
            ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "body_timeout"),
        ] {
            let began = Instant::now();
            world.refuses(sent.as_bytes(), 408, reason);
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        }
    }
}

#[test]
fn old_clients_are_reported_where_the_file_says_so() {
    let report = "report = ['http10_without_host', 'non_ascii_target', 'slow_body']\n";
    for world in World::both("", &format!("[limits]\n{IMPATIENT}{report}")) {
        assert_eq!(world.send(b"GET /old HTTP/1.0\r\n\r\n").statuses, [200]);
        assert_eq!(
            world.send("GET /\u{fc} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".as_bytes()).statuses,
            [200]
        );
        let mut client = handover_parts::http::Client::connect(world.proxy.http()).unwrap();
        client.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n").unwrap();
        for _ in 0..30 {
            client.send(b"x").unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(client.response().unwrap().status, 200);
        let counted = world.counted("handover_tolerated_total{reason=\"");
        let expected = [("http10_without_host", 1), ("non_ascii_target", 1), ("slow_body", 1)];
        assert_eq!(counted, expected.map(|(reason, count)| (reason.to_owned(), count)).into());
        assert!(world.proxy.log().contains("client=127.0.0.1"), "{}", world.proxy.log());
        assert!(world.refused().is_empty());
    }
}

#[test]
fn old_clients_are_refused_where_the_file_says_nothing_of_them() {
    let world = World::new(super::legacy::Protocol::Http, "", "[limits]\nreport = []\n");
    world.refuses(b"GET / HTTP/1.0\r\n\r\n", 400, "no_host");
}
