//! HTTP/2 clients that mean no good. While each attack goes on, memory stays where it was and others are served.
//!
//! A few seconds each, with a bound that only a proxy which stands still would miss; `make attacks` has a minute of each
//! against a release build, where another client's p99 may at most double.
//!
//! Attackers have machines of their own. Here they share the proxy's, so they get what of its time nobody else wants, and
//! what they cost all the same (the kernel handles their packets) is measured beside it, in turn: the same attack, at the
//! same rate, on somebody else on this machine. Twice of that is what the attack on the proxy may come to.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use handover_parts::{Backend, Handover, http};

use crate::world::{BINARY, memory};

/// Connections that attack at the same time; one that the proxy ends is made anew.
const ATTACKERS: u32 = 8;

/// Rounds in which the proxy and somebody else are attacked, in turn.
const ROUNDS: u32 = 6;

/// What memory may grow by, in KiB.
const GROWTH_MAX: u64 = 64 * 1024;

/// How long another client may wait at the 99th percentile, in the short form.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// `GET http://a/`, by HPACK's static table.
const GET: &[u8] = &[0x82, 0x86, 0x84, 0x41, 1, b'a'];
/// `POST http://a/`.
const POST: &[u8] = &[0x83, 0x86, 0x84, 0x41, 1, b'a'];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What an attacker sends: first this, then for each stream (1, 3, 5, …) that.
struct Attack {
    first: Vec<u8>,
    each: fn(u32) -> Vec<u8>,
    /// Whether it reads what it is answered.
    reads: bool,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&[high, middle, low, kind, flags][..], &stream.to_be_bytes(), payload].concat()
}

fn begin(settings: &[u8]) -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, settings)].concat()
}

fn get(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, stream, GET)
}

#[test]
fn rapid_reset() {
    let each = |stream| [get(stream), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat();
    withstand(Attack { first: begin(&[]), each, reads: true });
}

#[test]
fn made_you_reset() {
    // An increment of nothing is an error of the stream (RFC 9113 §6.9).
    let each = |stream| [get(stream), frame(WINDOW_UPDATE, 0, stream, &[0; 4])].concat();
    withstand(Attack { first: begin(&[]), each, reads: true });
}

#[test]
fn continuation_flood() {
    let first = [begin(&[]), frame(HEADERS, END_STREAM, 1, GET)].concat();
    let each = |_| frame(CONTINUATION, 0, 1, &[&[0, 1, b'x', 127, 0xE9, 6][..], &[b'v'; 1000]].concat());
    withstand(Attack { first, each, reads: true });
}

#[test]
fn empty_data_flood() {
    let first = [begin(&[]), frame(HEADERS, END_HEADERS, 1, POST)].concat();
    withstand(Attack { first, each: |_| frame(DATA, 0, 1, b""), reads: true });
}

#[test]
fn tiny_data_flood() {
    let first = [begin(&[]), frame(HEADERS, END_HEADERS, 1, POST)].concat();
    withstand(Attack { first, each: |_| frame(DATA, 0, 1, b"x"), reads: true });
}

#[test]
fn hpack_bomb_with_a_window_of_nothing() {
    // SETTINGS_INITIAL_WINDOW_SIZE is 0: nothing that is answered can leave.
    let first = begin(&[0, 4, 0, 0, 0, 0]);
    // A field of 3,000 bytes enters the table once a stream, and one byte each names it again.
    let each = |stream| {
        let entry = [&[0x40, 1, b'x', 127, 0xB9, 22][..], &[b'v'; 3000]].concat();
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &[GET, &entry, &[0xBE; 12_000]].concat())
    };
    withstand(Attack { first, each, reads: false });
}

#[test]
fn answers_that_nobody_reads() {
    withstand(Attack { first: begin(&[0, 4, 0, 0, 0, 0]), each: get, reads: false });
}

#[test]
fn settings_flood() {
    withstand(Attack {
        first: begin(&[]),
        each: |_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
        reads: false,
    });
}

#[test]
fn ping_flood() {
    withstand(Attack { first: begin(&[]), each: |_| frame(PING, 0, 0, &[7; 8]), reads: false });
}

/// Attacks for a while, and looks after memory and another client.
fn withstand(attack: Attack) {
    let long = std::env::var("HANDOVER_ATTACK_SECONDS").ok().map(|text| text.parse().expect("a number"));
    let slice = Duration::from_secs(long.unwrap_or(3)) / ROUNDS;
    let answer = [&b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n"[..], &[b'o'; 20_000]].concat();
    let backend = Backend::answering(answer);
    // `make attacks` names a release build.
    let binary = std::env::var("HANDOVER_BINARY").unwrap_or_else(|_| BINARY.to_owned());
    let proxy = Handover::start(&binary, &backend.as_legacy());
    let (sink, before) = (sink(), memory(&proxy));
    let (mut attacked, mut elsewhere) = (Vec::new(), Vec::new());
    let (mut peak, mut strikes) = (before, 0);
    for _ in 0..ROUNDS {
        let (struck, (waits, most)) = beside(&attack, proxy.http(), Duration::ZERO, || served(&proxy, slice));
        attacked.extend(waits);
        peak = peak.max(most);
        strikes += struck;
        let pace = slice * ATTACKERS / struck.max(1);
        elsewhere.extend(beside(&attack, sink, pace, || served(&proxy, slice)).1.0);
    }
    let [attacked, elsewhere] = [attacked, elsewhere].map(p99);
    let grown = peak - before;
    let ended = ended(&proxy);
    println!(
        "p99 of another client: {attacked:?} attacked by {strikes} connections, {elsewhere:?} beside an attack on \
         somebody else; memory {before} KiB + {grown} KiB; ended {ended:?}"
    );
    assert!(grown <= GROWTH_MAX, "memory grew by {grown} KiB");
    assert!(!ended.is_empty(), "no attacker's connection was ended");
    let allowed = if long.is_some() { elsewhere * 2 } else { WAIT_MAX };
    assert!(
        attacked <= allowed,
        "another client waits {attacked:?} at the 99th percentile; {allowed:?} are allowed"
    );
}

/// Attacks while something is measured, each attacker with no more than one connection in that time; how many there were.
fn beside<T>(attack: &Attack, victim: SocketAddr, pace: Duration, measure: impl FnOnce() -> T) -> (u32, T) {
    let (on, strikes) = (AtomicBool::new(true), AtomicU32::new(0));
    let measured = std::thread::scope(|scope| {
        for _ in 0..ATTACKERS {
            scope.spawn(|| {
                yield_to_all();
                while on.load(Relaxed) {
                    let begun = Instant::now();
                    strikes.fetch_add(1, Relaxed);
                    // Its end is the defence.
                    let _ = strike(victim, attack, &on);
                    std::thread::sleep(pace.saturating_sub(begun.elapsed()));
                }
            });
        }
        let measured = measure();
        on.store(false, Relaxed);
        measured
    });
    (strikes.into_inner(), measured)
}

/// Somebody else who is attacked: ends each connection at its first bytes, and takes no more of the machine than attackers.
fn sink() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        yield_to_all();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 16 * 1024]);
        }
    });
    address
}

/// Lets this thread run only where a processor has nothing else to do. Threads that it starts are like it.
fn yield_to_all() {
    let id = nix::unistd::gettid().to_string();
    let done = std::process::Command::new("chrt").args(["--idle", "--pid", "0", &id]).status().unwrap();
    assert!(done.success(), "chrt");
}

/// Sends until the proxy ends the connection, or the time is over.
fn strike(address: SocketAddr, attack: &Attack, on: &AtomicBool) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_write_timeout(Some(Duration::from_millis(200)))?;
    stream.write_all(&attack.first)?;
    if attack.reads {
        let mut reading = stream.try_clone()?;
        std::thread::spawn(move || while reading.read(&mut [0; 16 * 1024]).is_ok_and(|count| count > 0) {});
    }
    let mut stream_id = 3;
    while on.load(Relaxed) {
        let batch: Vec<u8> = (0..50).flat_map(|at| (attack.each)(stream_id + 2 * at)).collect();
        stream_id += 100;
        stream.write_all(&batch)?;
    }
    stream.shutdown(std::net::Shutdown::Both)
}

/// How long another client waits, for that time, and the most memory meanwhile; each of its requests has to be answered.
fn served(proxy: &Handover, time: Duration) -> (Vec<Duration>, u64) {
    let (begun, mut waits, mut peak) = (Instant::now(), Vec::new(), 0);
    let request = http::request("GET", "/", &[("Host", "a")], b"");
    let mut client = http::Client::connect(proxy.http()).unwrap();
    while begun.elapsed() < time {
        let asked = Instant::now();
        assert_eq!(client.exchange(&request).unwrap().status, 200);
        waits.push(asked.elapsed());
        if waits.len() % 16 == 0 {
            peak = memory(proxy).max(peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    (waits, peak)
}

/// The 99th percentile.
fn p99(mut waits: Vec<Duration>) -> Duration {
    waits.sort();
    waits[waits.len() * 99 / 100]
}

/// Why attackers' connections were ended, and how often.
fn ended(proxy: &Handover) -> Vec<String> {
    let metrics = http::get(proxy.admin(), "/metrics").unwrap().text();
    let of_http2 = |line: &&str| line.starts_with("handover_refused_total{reason=\"http2_");
    metrics.lines().filter(of_http2).map(str::to_owned).collect()
}
