//! Answers that come piece by piece, never end, or come before they are due; and clients that take their time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use handover_parts::{Backend, Conversation, Handover, http, process};

use crate::world::{PATIENCE, in_front_of, in_front_of_php, memory, php, until};

/// Reads as far as `piece`.
fn read_up_to(client: &mut TcpStream, seen: &mut Vec<u8>, piece: &str) {
    let mut buffer = [0; 4096];
    while memchr::memmem::find(seen, piece.as_bytes()).is_none() {
        let read = client.read(&mut buffer).unwrap_or_else(|error| panic!("{piece:?} is held back: {error}"));
        assert!(read > 0, "{piece:?} never comes: {}", String::from_utf8_lossy(seen));
        seen.extend_from_slice(&buffer[..read]);
    }
}

/// Each event has come before legacy is told to make the next.
fn events_come_as_they_are_sent(proxy: &Handover, make: impl Fn(usize)) {
    let request = b"GET /events HTTP/1.1\r\nHost: h\r\nAccept: text/event-stream\r\n\r\n";
    let (mut client, mut seen) = (connect(proxy, request), Vec::new());
    for event in 1..=3 {
        make(event);
        read_up_to(&mut client, &mut seen, &format!("data: {event}\n\n"));
    }
}

#[test]
fn events_that_php_flushes_are_not_held_back() {
    let (php, app) = php(
        "<?php header('Content-Type: text/event-stream'); while (ob_get_level()) { ob_end_flush(); }\n\
         for ($i = 1; $i <= 3; $i++) {\n\
             while (!file_exists(__DIR__ . \"/make-$i\")) { usleep(10000); clearstatcache(); }\n\
             echo \"data: $i\\n\\n\"; flush();\n\
         }\n\
         sleep(1);",
        1,
    );
    let proxy = in_front_of_php(&php);
    events_come_as_they_are_sent(&proxy, |event| {
        process::write(app.path().join(format!("make-{event}")), "")
    });
}

#[test]
fn events_of_an_upstream_are_not_held_back() {
    for framing in ["Transfer-Encoding: chunked\r\n", ""] {
        let (make, made) = mpsc::channel();
        let made = Mutex::new(made);
        let backend = Backend::start(move |conversation| {
            conversation.request()?;
            conversation
                .write(format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{framing}\r\n"))?;
            for event in made.lock().unwrap().iter() {
                let event = format!("data: {event}\n\n");
                let chunk = format!("{:x}\r\n{event}\r\n", event.len());
                conversation.write(if framing.is_empty() { event } else { chunk })?;
            }
            Ok(())
        });
        events_come_as_they_are_sent(&in_front_of(&backend), |event| make.send(event).unwrap());
    }
}

/// What memory may grow by while an answer without end goes to a client that reads little of it, in KiB.
const GROWTH_MAX: u64 = 16 * 1024;

fn connect(proxy: &Handover, request: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(proxy.http()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(request).unwrap();
    client
}

/// Both sides stand still, or move as slowly as the client reads; nothing piles up between them.
fn an_answer_without_end_is_held_back(proxy: &Handover) {
    let mut clients: Vec<_> = (0..4).map(|_| connect(proxy, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    let mut buffer = [0; 64 * 1024];
    clients.iter_mut().for_each(|client| client.read_exact(&mut buffer).unwrap());
    let (before, began) = (memory(proxy), Instant::now());
    while began.elapsed() < Duration::from_secs(3) {
        clients.iter_mut().for_each(|client| client.read_exact(&mut buffer[..1024]).unwrap());
        std::thread::sleep(Duration::from_millis(50));
        let grown = memory(proxy).saturating_sub(before);
        assert!(grown < GROWTH_MAX, "memory grew by {grown} KiB");
    }
}

#[test]
fn an_upstreams_answer_without_end_takes_no_memory() {
    for framing in ["", "Transfer-Encoding: chunked\r\n"] {
        let backend = Backend::start(move |conversation| {
            conversation.request()?;
            conversation.write(format!("HTTP/1.1 200 OK\r\n{framing}\r\n"))?;
            let piece = "x".repeat(64 * 1024);
            let piece = if framing.is_empty() { piece } else { format!("10000\r\n{piece}\r\n") };
            loop {
                conversation.write(&piece)?;
            }
        });
        an_answer_without_end_is_held_back(&in_front_of(&backend));
    }
}

#[test]
fn phps_answer_without_end_takes_no_memory() {
    let (php, _app) = php("<?php while (true) { echo str_repeat('x', 65536); flush(); }", 4);
    an_answer_without_end_is_held_back(&in_front_of_php(&php));
}

/// The head of a request whose body will not have come when it is answered.
const LARGE: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n";

const EARLY: &str = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig";

/// What an upstream does once it has answered a request whose body it has not read.
const AFTERWARDS: [fn(&mut Conversation) -> std::io::Result<()>; 4] = [
    // It closes, with bytes unread: the connection is reset.
    |_| Ok(()),
    |conversation| conversation.bytes(1).map(drop),
    // It reads on, for nothing.
    |conversation| conversation.rest().map(drop),
    |_| {
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    },
];

#[test]
fn an_early_answer_reaches_a_client_that_is_still_sending() {
    for afterwards in AFTERWARDS {
        let backend = Backend::start(move |conversation| {
            conversation.head()?;
            conversation.write(EARLY)?;
            afterwards(conversation)
        });
        let proxy = in_front_of(&backend);
        // Again and again: which side moves first is a matter of luck.
        for turn in 0..50 {
            let mut client = connect(&proxy, LARGE.as_bytes());
            let piece = [b'x'; 16 * 1024];
            for _ in 0..turn % 10 {
                if client.write_all(&piece).is_err() {
                    break;
                }
            }
            let mut got = Vec::new();
            let mut buffer = [0; 4096];
            while !got.ends_with(b"big") {
                let read = client.read(&mut buffer).unwrap();
                assert!(read > 0, "turn {turn}: {}", String::from_utf8_lossy(&got));
                got.extend_from_slice(&buffer[..read]);
            }
            assert!(got.starts_with(b"HTTP/1.1 413 "), "turn {turn}: {}", String::from_utf8_lossy(&got));
        }
        let after =
            http::Client::connect(proxy.http()).unwrap().exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(after.unwrap().status, 413, "it serves on");
    }
}

/// PHP is asked once the body's first 64 KiB are here, and reads no body but a form's before the script begins.
#[test]
fn phps_early_answer_reaches_a_client_that_is_still_sending() {
    let (php, _app) = php(
        "<?php http_response_code(413); header('Content-Length: 3'); echo 'big'; while (ob_get_level()) { ob_end_flush(); } flush();",
        1,
    );
    let proxy = in_front_of_php(&php);
    for turn in 0..20 {
        let mut client = connect(&proxy, LARGE.as_bytes());
        client.write_all(&[b'x'; 64 * 1024]).unwrap();
        let mut got = Vec::new();
        while !got.ends_with(b"big") {
            let mut buffer = [0; 4096];
            let read = client.read(&mut buffer).unwrap();
            assert!(read > 0, "turn {turn}: {}", String::from_utf8_lossy(&got));
            got.extend_from_slice(&buffer[..read]);
        }
        assert!(got.starts_with(b"HTTP/1.1 413 "), "turn {turn}: {}", String::from_utf8_lossy(&got));
    }
    until("the only child is free again", || http::get(proxy.http(), "/").unwrap().status == 413);
}
