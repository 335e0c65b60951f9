//! Upstreams that die, hang, flap and reset.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use handover_parts::{Backend, http, load};

use super::world::{ONCE, REPEATABLE, World, failures, start};

/// So that tests need not wait for what production waits for.
const HASTY: &str = "read_timeout = '500ms'\nconnect_timeout = '500ms'\n\
    circuit_breaker = { failures = 3, pause = '500ms', slow_start = '500ms' }\n";

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_that_dies_costs_repeatable_requests_nothing_and_comes_back() {
    let world = World::new(2, HASTY);
    let counts = world.under_load(REPEATABLE, || {
        thread::sleep(SECOND);
        world.upstream(1).kill();
        thread::sleep(SECOND);
        world.upstream(1).start_again();
        thread::sleep(2 * SECOND);
    });
    assert_eq!(failures(&counts), 0, "{counts:?}:\n{}", world.proxy.log());
    assert_eq!(counts.len(), 2, "{counts:?}");
    world.wait_for(1);
}

#[test]
fn one_that_is_not_there_costs_no_request_anything() {
    let world = World::new(2, HASTY);
    world.upstream(0).kill();
    // Nothing was sent where nobody listens, so that any request may go to the other.
    let counts = world.under_load(ONCE, || thread::sleep(2 * SECOND));
    assert_eq!(failures(&counts), 0, "{counts:?}");
    assert!(!counts.contains_key(&Ok(0)), "{counts:?}");
    assert!(world.metric("handover_upstream_openings_total", 0) > 0);
    world.upstream(0).start_again();
    world.wait_for(0);
    assert_eq!(world.metric("handover_upstream_up", 0), 1);
}

#[test]
fn one_that_hangs_is_left_alone_until_it_answers_again() {
    let world = World::new(2, HASTY);
    world.upstream(1).hang();
    let counts = world.under_load(REPEATABLE, || {
        world.wait_until_up(1, 0);
        thread::sleep(SECOND);
    });
    assert_eq!(failures(&counts), 0, "what was silent is asked again elsewhere: {counts:?}");
    let began = Instant::now();
    let quick = (0..20).filter(|_| world.who(ONCE) == Ok(0)).count();
    assert!(quick >= 18, "{quick} of 20");
    assert!(began.elapsed() < 5 * SECOND, "few wait for it: {:?}", began.elapsed());
    world.upstream(1).go_on();
    world.wait_for(1);
}

#[test]
fn checks_find_what_hangs_and_what_is_back_without_a_client() {
    let check =
        "health_check = { path = '/healthz', interval = '100ms', timeout = '200ms' }\nread_timeout = '5s'\n";
    let world = World::new(2, check);
    world.upstream(0).hang();
    world.wait_until_up(0, 0);
    let began = Instant::now();
    assert!((0..20).all(|_| world.who(ONCE) == Ok(1)));
    assert!(began.elapsed() < 4 * SECOND, "no request waits for it: {:?}", began.elapsed());
    world.upstream(0).go_on();
    world.wait_for(0);
    assert!(world.metric("handover_upstream_checks_total", 0) > 0);
}

#[test]
fn one_that_flaps_costs_repeatable_requests_nothing() {
    let world = World::new(3, HASTY);
    let mut counts = world.under_load(REPEATABLE, || {
        for _ in 0..6 {
            thread::sleep(SECOND / 3);
            world.upstream(2).kill();
            thread::sleep(SECOND / 3);
            world.upstream(2).start_again();
        }
    });
    // An answer that ends with its connection looks whole when its upstream is killed behind the head: one a kill at most,
    // since PHP's server answers one request at a time.
    let cut_off = counts.remove(&Err(200)).unwrap_or_default();
    assert!(cut_off <= 6, "{cut_off} answers were cut off by 6 kills");
    assert_eq!(failures(&counts), 0, "{counts:?}:\n{}", world.proxy.log());
}

#[test]
fn where_none_is_left_clients_are_told_at_once_when_to_come_again() {
    let world = World::new(2, HASTY);
    (0..2).for_each(|place| world.upstream(place).kill());
    let until = Instant::now() + 20 * SECOND;
    let refused = loop {
        let answer = world.ask(ONCE);
        match answer.status {
            503 => break answer,
            502 => assert!(Instant::now() < until, "the circuits stay closed"),
            status => panic!("{status}"),
        }
    };
    assert_eq!(refused.field("Retry-After").as_deref(), Some("1"));
    world.upstream(1).start_again();
    world.wait_for(1);
}

#[test]
fn one_that_begins_to_answer_is_back_whenever_that_answer_ends() {
    let world = World::new(1, HASTY);
    world.upstream(0).kill();
    while world.who(ONCE) != Err(503) {}
    world.upstream(0).start_again();
    thread::sleep(SECOND);
    let mut client = http::Client::connect(world.proxy.http()).unwrap();
    client.send(b"GET /once?drips HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    world.wait_until_up(0, 1);
    assert_eq!(world.metric("handover_upstream_requests{", 0), 1, "it goes on answering");
}

#[test]
fn the_only_one_is_never_left_alone() {
    let world = World::new(1, "");
    world.upstream(0).kill();
    assert!((0..20).all(|_| world.who(REPEATABLE) == Err(502)));
    world.upstream(0).start_again();
    assert_eq!(world.who(REPEATABLE), Ok(0), "at once");
}

/// A backend that closes every connection unread, which resets it; gives how many it had.
fn resetting() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let seen = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::Relaxed);
            // Once a request has come, so that closing without having read it resets the connection.
            let _ = stream.peek(&mut [0]);
        }
    });
    (address, count)
}

#[test]
fn resets_are_repeated_elsewhere_only_where_that_is_allowed() {
    let (resets, _) = resetting();
    let answers = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let proxy = start(&[resets, answers.address()], "circuit_breaker = { failures = 1000 }");
    let status =
        |request: &[u8]| http::Client::connect(proxy.http()).unwrap().exchange(request).unwrap().status;
    assert!((0..10).all(|_| status(REPEATABLE) == 200), "within the ten that are saved up");
    let once: Vec<_> = (0..10).map(|_| status(ONCE)).collect();
    assert_eq!(
        once.iter().filter(|status| **status == 502).count(),
        5,
        "it was sent, and may have been done: {once:?}"
    );
}

#[test]
fn an_outage_is_not_made_worse_by_repeating() {
    const REQUESTS: usize = 400;
    let backends = [resetting(), resetting()];
    let proxy = start(&[backends[0].0, backends[1].0], "circuit_breaker = { failures = 100000 }");
    let outcomes = load::drive(proxy.http(), 4, |index| (index < REQUESTS).then(|| REPEATABLE.to_vec()));
    assert!(outcomes.iter().all(|outcome| outcome.response().status == 502));
    let attempts: usize = backends.iter().map(|(_, count)| count.load(Ordering::Relaxed)).sum();
    // A fifth, and the ten that a core has saved up at the start.
    let most = REQUESTS + REQUESTS / 5 + 10;
    assert!((REQUESTS + REQUESTS / 5..=most).contains(&attempts), "{attempts} attempts, at most {most}");
}

#[test]
fn an_answer_that_broke_off_is_never_begun_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let breaks_off = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.peek(&mut [0]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken");
        }
    });
    let proxy = start(&[breaks_off, breaks_off_too()], "");
    for _ in 0..4 {
        let mut client = http::Client::connect(proxy.http()).unwrap();
        client.send(REPEATABLE).unwrap();
        let got = String::from_utf8(client.rest().unwrap()).unwrap();
        assert!(got.ends_with("\r\n\r\nbroken"), "{got}");
        assert_eq!(got.matches("HTTP/1.1 200").count(), 1, "{got}");
    }
}

/// The same again, at another address.
fn breaks_off_too() -> std::net::SocketAddr {
    Backend::start(|conversation| {
        conversation.head()?;
        conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken")
    })
    .address()
}
