//! The exchange with HTTP backends, well-behaved and not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use tokio::task::LocalSet;

use crate::exchange::BodyLength;
use crate::legacy::spec::{Kind, Spec};
use crate::legacy::testing::{Body, Client, get, http, outbound, request, spec};
use crate::legacy::{By, Cause, CoreLegacies, ExchangeError, Leg, Legacies, Outbound, Served};

/// Runs `serve` with each connection in turn, counted from 0, and gives all that the backend read.
fn backend(
    connections: usize,
    serve: impl Fn(usize, &mut TcpStream) + Send + 'static,
) -> (SocketAddr, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        for number in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            serve(number, &mut stream);
        }
    });
    (address, thread)
}

/// Reads one head, and `body` bytes behind it.
fn read(stream: &mut TcpStream, body: usize) -> String {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
        seen.push(byte[0]);
    }
    let mut rest = vec![0; body];
    stream.read_exact(&mut rest).unwrap();
    seen.extend_from_slice(&rest);
    String::from_utf8(seen).unwrap()
}

fn legacy(address: SocketAddr) -> Arc<Spec> {
    let kind = Kind::Http(http([address.to_string().as_str()]));
    Arc::new(Spec { keep: true, read_timeout: Duration::from_secs(3), ..spec(kind) })
}

fn core() -> CoreLegacies {
    Legacies::new(std::env::temp_dir()).on_core()
}

async fn exchange(
    core: &CoreLegacies,
    spec: &Arc<Spec>,
    request: &Outbound<'_>,
    mut body: Body,
) -> (Client, Result<Served, ExchangeError>) {
    let mut client = Client::default();
    let served = core.exchange(spec, request, &mut body, &mut client).await;
    (client, served)
}

#[tokio::test]
async fn a_request_travels_as_it_came_but_for_its_connection() {
    let (address, backend) = backend(1, |_, stream| {
        let seen = read(stream, 5);
        let expected = "POST /a%2Fb?x=%zz HTTP/1.1\r\nHost: old.example\r\nX-CASE: kept\r\nx-twice: 1\r\nx-twice: 2\r\n\
                        Content-Length: 5\r\nX-Forwarded-For: 203.0.113.9\r\n\r\nhello";
        assert_eq!(seen, expected);
        stream
            .write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 Made\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody")
            .unwrap();
    });
    let head = request(
        "POST /a%2Fb?x=%zz HTTP/1.1\r\nHost: old.example\r\nX-CASE: kept\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n\
         Proxy: evil\r\nX-Forwarded-For: spoofed\r\nx-twice: 1\r\nx-twice: 2\r\nContent-Length: 5\r\n\r\n",
    );
    let set = [(&b"X-Forwarded-For"[..], &b"203.0.113.9"[..])];
    let outbound = Outbound { set: &set, ..outbound(&head) };
    let (client, served) =
        exchange(&core(), &legacy(address), &outbound, Body::pieces(b"hello", 2, false)).await;
    let served = served.unwrap();
    assert_eq!((served.status, served.sent, served.by), (201, 4, By::Http { reused: false }));
    assert_eq!(client.interim, [103]);
    assert_eq!((client.text().as_str(), client.finished), ("body", true));
    backend.join().unwrap();
}

#[tokio::test]
async fn a_connection_serves_many_and_ends_when_the_backend_says_so() {
    let (address, backend) = backend(2, |number, stream| {
        let last = if number == 0 { 2 } else { 0 };
        for turn in 0..=last {
            read(stream, 0);
            let close = if turn == last { "Connection: close\r\n" } else { "" };
            write!(stream, "HTTP/1.1 200 OK\r\n{close}Content-Length: 1\r\n\r\n{turn}").unwrap();
        }
    });
    let (core, spec, head) = (core(), legacy(address), get("/"));
    for (turn, reused) in [("0", false), ("1", true), ("2", true), ("0", false)] {
        let (client, served) = exchange(&core, &spec, &outbound(&head), Body::none()).await;
        assert_eq!((client.text().as_str(), served.unwrap().by), (turn, By::Http { reused }));
    }
    backend.join().unwrap();
}

/// A backend whose connections answer only once so many requests are under way.
fn together(requests: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let all = Arc::new(Barrier::new(requests));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (all, mut stream) = (Arc::clone(&all), stream.unwrap());
            thread::spawn(move || {
                while !read(&mut stream, 0).is_empty() {
                    all.wait();
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.").unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn the_connections_of_a_burst_serve_the_next_one() {
    const BURST: usize = 100;
    let spec = Arc::new(Spec { connections_max: BURST, ..Spec::clone(&legacy(together(BURST))) });
    let core = Rc::new(core());
    for expected in [false, true] {
        let tasks = LocalSet::new();
        let asked: Vec<_> = (0..BURST)
            .map(|_| {
                let (core, spec) = (Rc::clone(&core), Arc::clone(&spec));
                tasks.spawn_local(async move {
                    let head = get("/");
                    exchange(&core, &spec, &outbound(&head), Body::none()).await.1.unwrap().by
                })
            })
            .collect();
        tasks.await;
        for answered in asked {
            assert_eq!(answered.await.unwrap(), By::Http { reused: expected });
        }
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_reset_unread_is_replaced() {
    let (address, backend) = backend(2, |number, stream| {
        read(stream, 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
        if number == 0 {
            // Let the next request come, and close without having read it: the kernel answers with a reset.
            while stream.peek(&mut [0]).is_err() {}
        }
    });
    let (core, spec, head) = (core(), legacy(address), get("/"));
    for reused in [false, false] {
        let (client, served) = exchange(&core, &spec, &outbound(&head), Body::none()).await;
        assert_eq!((client.text().as_str(), served.unwrap().by), ("ok", By::Http { reused }));
    }
    backend.join().unwrap();
}

#[tokio::test]
async fn a_request_that_was_read_and_not_answered_is_asked_again_only_if_it_may_be() {
    for repeatable in [false, true] {
        let (address, _backend) = backend(3, |number, stream| {
            read(stream, 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            if number == 0 {
                read(stream, 0);
            }
        });
        let (core, spec, head) = (core(), legacy(address), get("/"));
        exchange(&core, &spec, &outbound(&head), Body::none()).await.1.unwrap();
        let again = Outbound { repeatable, ..outbound(&head) };
        let (client, served) = exchange(&core, &spec, &again, Body::none()).await;
        assert_eq!(client.finished, repeatable, "repeatable: {repeatable}");
        if let Err(error) = served {
            assert_eq!((error.leg, error.retry_safe, error.committed), (Leg::ReadHead, false, false));
        }
    }
}

#[tokio::test]
async fn ten_megabytes_go_up_chunked_and_come_down_at_the_same_time() {
    let (address, backend) = backend(1, |_, stream| {
        read(stream, 0);
        let mut up = stream.try_clone().unwrap();
        let reading = thread::spawn(move || {
            let (mut seen, mut piece) = (0, vec![0; 65_536]);
            let mut tail = Vec::new();
            while !tail.ends_with(b"0\r\n\r\n") {
                let read = up.read(&mut piece).unwrap();
                assert!(read > 0, "the upload ends before its end");
                tail = piece[..read].to_vec();
                seen += read;
            }
            seen
        });
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n").unwrap();
        // An answer that ends before the upload would end that, too.
        stream.write_all(&vec![b'd'; (10 << 20) - 1]).unwrap();
        assert!(reading.join().unwrap() > 10 << 20);
        stream.write_all(b"d").unwrap();
    });
    let head = request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let body = Body::saying(BodyLength::Unknown, &vec![b'u'; 10 << 20], 50_000);
    let (client, served) = exchange(&core(), &legacy(address), &outbound(&head), body).await;
    assert_eq!(served.unwrap().sent, 10 << 20);
    assert!(client.body.iter().all(|byte| *byte == b'd'));
    backend.join().unwrap();
}

#[tokio::test]
async fn what_a_backend_may_not_answer_is_a_failure_that_names_its_leg() {
    for (answer, leg, committed) in [
        ("", Leg::ReadHead, false),
        ("HTTP/1.1 200", Leg::ReadHead, false),
        ("HTTP/2 200 OK\r\n\r\n", Leg::ReadHead, false),
        ("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", Leg::ReadHead, false),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Leg::ReadHead,
            false,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", Leg::ReadBody, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Leg::ReadBody, true),
    ] {
        let (address, _backend) = backend(1, move |_, stream| {
            read(stream, 0);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let head = get("/");
        let (client, served) = exchange(&core(), &legacy(address), &outbound(&head), Body::none()).await;
        let error = served.unwrap_err();
        assert_eq!((error.leg, error.committed), (leg, committed), "{answer:?}");
        assert!(!client.finished, "{answer:?}");
    }
}

#[tokio::test]
async fn silence_is_a_time_out_and_a_closed_port_safe_to_ask_again() {
    let (address, _backend) = backend(1, |_, stream| {
        read(stream, 0);
        thread::sleep(Duration::from_secs(2));
    });
    let head = get("/");
    let mut hasty = Spec::clone(&legacy(address));
    hasty.read_timeout = Duration::from_millis(200);
    let (_, served) = exchange(&core(), &Arc::new(hasty), &outbound(&head), Body::none()).await;
    let error = served.unwrap_err();
    assert!(matches!((error.leg, &error.cause), (Leg::ReadHead, Cause::TimedOut(_))), "{error:?}");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_, served) = exchange(&core(), &legacy(closed), &outbound(&head), Body::none()).await;
    let error = served.unwrap_err();
    assert_eq!((error.leg, error.retry_safe), (Leg::Connect, true));
}
