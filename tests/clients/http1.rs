//! HTTP/1.1 byte by byte: what clients may do to a connection, and what legacy may answer, through the whole proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use handover_parts::{Backend, http};

use crate::world::{PATIENCE, in_front_of, in_front_of_php, metric, php, until};

#[test]
fn a_client_that_aborts_frees_phps_worker() {
    let script = "<?php if (isset($_GET['long'])) { while (true) { echo str_repeat('x', 65536); flush(); usleep(1000); } } echo 'free';";
    let (php, _app) = php(script, 1);
    let proxy = in_front_of_php(&php);
    for _ in 0..3 {
        let mut client = http::Client::connect(proxy.http()).unwrap();
        client.send(b"GET /?long HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        std::thread::sleep(Duration::from_millis(200));
        drop(client);
        // The only child: as long as it wrote to nobody, nobody else would be answered.
        let began = Instant::now();
        assert_eq!(http::get(proxy.http(), "/").unwrap().text(), "free");
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
}

/// How a client may leave before it was answered. One that closes only its sending half is taken for gone, as nginx does.
const WAYS_TO_LEAVE: [fn(http::Client) -> Vec<u8>; 2] = [
    |client| {
        drop(client);
        Vec::new()
    },
    |mut client| {
        client.finish().unwrap();
        client.rest().unwrap()
    },
];

#[test]
fn a_client_that_leaves_ends_the_request_to_an_upstream() {
    for leave in WAYS_TO_LEAVE {
        let (ended, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (saw, count) = (Arc::clone(&ended), Arc::clone(&asked));
        let backend = Backend::start(move |conversation| {
            conversation.request()?;
            count.fetch_add(1, Ordering::SeqCst);
            let rest = conversation.rest();
            saw.store(true, Ordering::SeqCst);
            rest.map(drop)
        });
        let proxy = in_front_of(&backend);
        let mut client = http::Client::connect(proxy.http()).unwrap();
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        until("the request never arrives", || asked.load(Ordering::SeqCst) == 1);
        assert!(!ended.load(Ordering::SeqCst));
        assert_eq!(String::from_utf8_lossy(&leave(client)), "");
        until("the upstream goes on working for nobody", || ended.load(Ordering::SeqCst));
        let busy = format!("handover_legacy_connections{{address=\"{}\",state=\"busy\"}}", backend.address());
        until("its permit is never given back", || metric(&proxy, &busy) == 0);
    }
}

#[test]
fn a_client_that_closes_its_half_behind_its_answer_is_left_in_order() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let proxy = in_front_of(&backend);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    assert_eq!(client.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap().text(), "ok");
    client.finish().unwrap();
    assert_eq!(client.rest().unwrap(), b"", "an orderly end");
}

#[test]
fn pipelined_requests_are_answered_in_order_whatever_their_methods() {
    let backend = Backend::start(|conversation| {
        loop {
            let asked = conversation.request()?;
            let target = asked.split(' ').nth(1).unwrap_or_default();
            let body = if asked.starts_with("HEAD") { "" } else { target };
            conversation.write(format!(
                "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Target: {target}\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                target.len()
            ))?;
        }
    });
    let proxy = in_front_of(&backend);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    let all = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n\
        HEAD /2 HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /3 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\
        PUT /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
        GET /5 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    client.send(all.as_bytes()).unwrap();
    let got = String::from_utf8(client.rest().unwrap()).unwrap();
    let targets: Vec<_> = got.lines().filter_map(|line| line.strip_prefix("X-Target: ")).collect();
    assert_eq!(targets, ["/1", "/2", "/3", "/4", "/5"], "{got}");
    assert!(got.contains("X-Target: /2\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200"), "HEAD has no body: {got}");
}

#[test]
fn interim_answers_and_trailers_pass() {
    let backend = Backend::start(|conversation| {
        let asked = conversation.request()?;
        assert!(asked.ends_with("3\r\nabc\r\n0\r\nX-Up: 1\r\n\r\n"), "{asked}");
        conversation
            .write("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")?;
        conversation.write(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Down\r\n\r\n2\r\nok\r\n0\r\nX-Down: 2\r\n\r\n",
        )
    });
    let proxy = in_front_of(&backend);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    client
        .send(b"POST / HTTP/1.1\r\nHost: h\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Up: 1\r\n\r\n")
        .unwrap();
    let answer = client.response().unwrap();
    assert_eq!((answer.interim.as_slice(), answer.text().as_str()), (&[102, 103][..], "ok"));
    assert!(answer.raw.ends_with(b"0\r\nX-Down: 2\r\n\r\n"), "{}", String::from_utf8_lossy(&answer.raw));
}
