//! Keeps a number of connections busy, and gives back what became of every request.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::http::{Client, Response};

/// What became of one request.
#[derive(Debug)]
pub struct Outcome {
    /// Its place in the order of requests, from 0.
    pub index: usize,
    /// The answer, or what went wrong. A request is never sent twice.
    pub result: std::io::Result<Response>,
    /// From the first byte sent to the last received.
    pub took: Duration,
}

impl Outcome {
    /// The answer.
    ///
    /// # Panics
    /// When there was none, with the reason.
    #[must_use]
    pub fn response(&self) -> &Response {
        self.result.as_ref().unwrap_or_else(|error| panic!("request {} got no answer: {error}", self.index))
    }
}

/// Sends `next(0)`, `next(1)`, … over `connections` kept-alive connections until it gives `None`; outcomes in the order
/// of the requests. Blocks until all are answered.
///
/// A connection is opened anew after an answer that announces its end, or a failure. A connection that the server closes
/// without announcing it is a failure of the request that it meets: a client could not send a POST again.
///
/// # Panics
/// When `next` does.
pub fn drive(
    address: SocketAddr,
    connections: usize,
    next: impl Fn(usize) -> Option<Vec<u8>> + Sync,
) -> Vec<Outcome> {
    let turn = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut mine = Vec::new();
                let mut connection = None;
                loop {
                    let index = turn.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = next(index) else { break };
                    let began = Instant::now();
                    let result = send(address, &mut connection, &request);
                    mine.push(Outcome { index, result, took: began.elapsed() });
                }
                outcomes.lock().expect("no driver panics with the lock").append(&mut mine);
            });
        }
    });
    let mut outcomes = outcomes.into_inner().expect("no driver panics with the lock");
    outcomes.sort_by_key(|outcome| outcome.index);
    outcomes
}

/// Sends each of `requests` once; see [`drive`].
#[must_use]
pub fn send_all(address: SocketAddr, connections: usize, requests: &[Vec<u8>]) -> Vec<Outcome> {
    drive(address, connections, |index| requests.get(index).cloned())
}

fn send(address: SocketAddr, connection: &mut Option<Client>, request: &[u8]) -> std::io::Result<Response> {
    let mut client = match connection.take() {
        Some(client) => client,
        None => Client::connect(address)?,
    };
    let response = client.exchange(request)?;
    if !response.closes() {
        *connection = Some(client);
    }
    Ok(response)
}
