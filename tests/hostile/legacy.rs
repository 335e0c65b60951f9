//! A legacy that records every byte it gets, by HTTP or FastCGI, and answers each complete request with 200.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    FastCgi,
}

/// One connection that legacy had: what came, and how many complete requests that made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) bytes: Vec<u8>,
    pub(crate) requests: usize,
    pub(crate) closed: bool,
}

#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) protocol: Protocol,
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Recorder {
    /// Starts one that takes so long for each answer.
    pub(crate) fn start(protocol: Protocol, takes: Duration) -> Self {
        Self::answering(protocol, takes, usual_answer(protocol))
    }

    /// The same, with an answer of the test's own.
    pub(crate) fn answering(protocol: Protocol, takes: Duration, answer: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (all, answer) = (Arc::clone(&all), answer.clone());
                std::thread::spawn(move || converse(stream, protocol, takes, &answer, &all));
            }
        });
        Self { protocol, address, heard }
    }

    /// The `[legacy.NAME]` that leads here.
    pub(crate) fn section(&self, more: &str) -> String {
        let address = self.address;
        match self.protocol {
            Protocol::Http => format!("[legacy.app]\nhttp = \"http://{address}\"\n{more}\n"),
            Protocol::FastCgi => {
                format!(
                    "[legacy.app]\nfastcgi = \"{address}\"\nroot = \"/srv/nowhere\"\nstatic = false\n{more}\n"
                )
            }
        }
    }

    /// All connections so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// How many complete requests came so far.
    pub(crate) fn requests(&self) -> usize {
        self.heard().iter().map(|heard| heard.requests).sum()
    }

    /// Everything that came on the last connection.
    pub(crate) fn last(&self) -> Vec<u8> {
        self.heard().pop().unwrap_or_default().bytes
    }

    /// Waits until so many complete requests have come, and no more for a moment.
    pub(crate) fn settle(&self, at_least: usize) -> usize {
        let until = Instant::now() + Duration::from_secs(10);
        while self.requests() < at_least && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(20));
        self.requests()
    }
}

fn usual_answer(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::Http => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
        Protocol::FastCgi => [record(6, 1, b"Content-Length: 2\r\n\r\nok"), record(3, 1, &[0; 8])].concat(),
    }
}

/// A FastCGI record of that type and request id.
pub(crate) fn record(kind: u8, id: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    [&[1, kind, 0, id, high, low, 0, 0], content].concat()
}

fn converse(
    mut stream: TcpStream,
    protocol: Protocol,
    takes: Duration,
    answer: &[u8],
    all: &Mutex<Vec<Heard>>,
) {
    let number = {
        let mut all = all.lock().unwrap();
        all.push(Heard::default());
        all.len() - 1
    };
    let (mut buffer, mut rest) = ([0; 65_536], Vec::new());
    while let Ok(read) = stream.read(&mut buffer)
        && read > 0
    {
        all.lock().unwrap()[number].bytes.extend_from_slice(&buffer[..read]);
        rest.extend_from_slice(&buffer[..read]);
        while let Some(length) = complete(protocol, &rest) {
            rest.drain(..length);
            all.lock().unwrap()[number].requests += 1;
            std::thread::sleep(takes);
            if stream.write_all(answer).is_err() {
                break;
            }
        }
    }
    all.lock().unwrap()[number].closed = true;
}

/// The length of the complete request at the beginning, if there is one.
fn complete(protocol: Protocol, bytes: &[u8]) -> Option<usize> {
    match protocol {
        Protocol::Http => complete_http(bytes),
        Protocol::FastCgi => complete_fastcgi(bytes),
    }
}

/// As lenient as old servers are: whatever could be a request to any of them counts as one.
fn complete_http(bytes: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(bytes, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    if text.contains("transfer-encoding") {
        return Some(head + memchr::memmem::find(&bytes[head - 2..], b"\r\n0\r\n\r\n")? + 5);
    }
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let end = head + length.unwrap_or(0);
    (bytes.len() >= end).then_some(end)
}

/// Up to the empty STDIN record.
fn complete_fastcgi(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some([_, kind, _, _, high, low, padding, _]) = bytes.get(at..at + 8) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        at += 8 + length + usize::from(*padding);
        if *kind == 5 && length == 0 && at <= bytes.len() {
            return Some(at);
        }
    }
    None
}
