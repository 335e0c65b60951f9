//! All at once: 10,000 idle clients, 1,000 that read an answer of 1 MiB at 1 KiB a second, and an upload of 5 GiB.
//! What counts is the memory of the proxy, all the time.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use handover_parts::http::Client;

use crate::cpu::Processes;
use crate::report::{Figure, Row, Verdict};
use crate::rounds::Pace;
use crate::servers::handover;

const IDLE: usize = 10_000;
const SLOW: usize = 1_000;
const UPLOAD: u64 = 5 << 30;

/// What a slow client gets, in bytes: more than sockets and the proxy hold for it.
const SLOW_ANSWER: usize = 1 << 20;

/// How many bytes a slow client reads a second.
const SLOW_READS: usize = 1024;

/// What the proxy may need for all of them, in MiB: 64 KiB a slow client, and 64 MiB for all else.
const AT_MOST: f64 = 128.0;

/// Measures it: once, whatever the pace.
pub(crate) fn run(_: &Pace) -> Vec<Row> {
    let origin = origin();
    let proxy = handover(&format!(
        "[legacy.origin]\nhttp = \"http://{origin}\"\nconnections_max = 2000\nbody_max = \"6GiB\"\n"
    ));
    let own = Processes::of_groups([proxy.id().expect("it runs")]);
    let mib = || own.rss() as f64 / (1 << 20) as f64;
    let (address, before) = (proxy.http(), mib());
    let idle = connect(address, IDLE, b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
    let with_idle = mib();
    let (uploading, peak, slow_read) = (AtomicBool::new(true), AtomicU64::new(0), AtomicU64::new(0));
    let mut took = Duration::ZERO;
    let cpu = own.cpu_ns();
    thread::scope(|scope| {
        scope.spawn(|| crawl(address, &uploading, &slow_read));
        scope.spawn(|| {
            while uploading.load(Ordering::Relaxed) {
                peak.fetch_max(own.rss(), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        });
        // Slow clients are there first.
        while slow_read.load(Ordering::Relaxed) < (SLOW * SLOW_READS) as u64 {
            thread::sleep(Duration::from_millis(50));
        }
        let began = Instant::now();
        upload(address).expect("the upload is answered");
        took = began.elapsed();
        uploading.store(false, Ordering::Relaxed);
    });
    let cpu = (own.cpu_ns() - cpu) as f64 / 1e9;
    let peak = peak.load(Ordering::Relaxed) as f64 / (1 << 20) as f64;
    drop(idle);
    let figure = |name, value| Figure { name, rounds: vec![value] };
    vec![Row {
        work: format!("{IDLE} idle, {SLOW} slow, {} GiB up", UPLOAD >> 30),
        who: "handover".to_owned(),
        figures: vec![
            figure("MiB before", before),
            figure("MiB with the idle", with_idle),
            figure("MiB at most", peak),
            figure("upload s", took.as_secs_f64()),
            figure("upload CPU s", cpu),
        ],
        verdicts: vec![Verdict {
            against: format!("{AT_MOST} MiB"),
            ratio: (peak - before) / AT_MOST,
            at_most: 1.0,
        }],
    }]
}

/// Clients that have been answered once and stay.
fn connect(address: SocketAddr, count: usize, request: &[u8]) -> Vec<Client> {
    let one = |_| {
        let mut client = Client::connect(address)?;
        client.exchange(request)?;
        Ok(client)
    };
    let all: io::Result<Vec<Client>> = (0..count).map(one).collect();
    all.expect("every client is answered; is the limit of open files (ulimit -n) above 15,000?")
}

/// Slow clients: each reads a little a second, until the upload has ended.
fn crawl(address: SocketAddr, uploading: &AtomicBool, read: &AtomicU64) {
    let one = |_| {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(stream)
    };
    let clients: io::Result<Vec<TcpStream>> = (0..SLOW).map(one).collect();
    let mut clients = clients.expect("slow clients can connect");
    let mut piece = [0; SLOW_READS];
    while uploading.load(Ordering::Relaxed) {
        let began = Instant::now();
        for client in &mut clients {
            client.read_exact(&mut piece).expect("a slow client is served on");
            read.fetch_add(SLOW_READS as u64, Ordering::Relaxed);
        }
        thread::sleep(Duration::from_secs(1).saturating_sub(began.elapsed()));
    }
}

fn upload(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(stream, "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {UPLOAD}\r\n\r\n")?;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..UPLOAD / piece.len() as u64 {
        stream.write_all(&piece)?;
    }
    let mut answer = [0; 15];
    stream.read_exact(&mut answer)?;
    if &answer == b"HTTP/1.1 200 OK" { Ok(()) } else { Err(io::Error::other("it was refused")) }
}

/// What stands behind the proxy: takes every body, and answers what its path says.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = thread::Builder::new().stack_size(128 * 1024);
            // Its end is the proxy's, or the test's.
            let _ = serve.spawn(move || drop(answer(stream)));
        }
    });
    address
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let (mut seen, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let end = loop {
            if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut piece)? {
                0 => return Ok(()),
                read => seen.extend_from_slice(&piece[..read]),
            }
        };
        let head = String::from_utf8_lossy(&seen[..end]).into_owned();
        let lines = || head.lines().filter_map(|line| line.split_once(": "));
        let length = lines().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let mut left = length.map_or(0, |(_, value)| value.parse::<u64>().unwrap_or(0));
        left -= (seen.len() - end) as u64;
        seen.clear();
        while left > 0 {
            match stream.read(&mut piece)? {
                0 => return Ok(()),
                read => left -= read as u64,
            }
        }
        let body = vec![b'x'; if head.contains(" /slow ") { SLOW_ANSWER } else { 1024 }];
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(&body)?;
    }
}
