//! What an idle connection costs: 10,000 clients that have been answered once and stay.

use std::net::SocketAddr;

use handover_parts::http::Client;

use crate::contender::{Contender, Request};
use crate::report::{Figure, Row, Verdict};
use crate::rounds::Pace;
use crate::servers::{Origin, ProxyNginx, handover};

/// Clients.
const CLIENTS: usize = 10_000;

/// What an idle connection may cost of what it costs nginx.
const AT_MOST: f64 = 1.5;

/// Measures it: once, whatever the pace, since memory is not noisy.
pub(crate) fn run(_: &Pace) -> Vec<Row> {
    let origin = Origin::start();
    let nginx = ProxyNginx::start(origin.address());
    let ours = handover(&format!("[legacy.origin]\nhttp = \"http://{}\"\n", origin.address()));
    let request = Request::get("/1k");
    let contenders = [
        Contender::new("handover", ours.http(), ours.id().expect("it runs"), &request),
        Contender::new("nginx", nginx.address(), nginx.group(), &request),
    ];
    let bytes: Vec<f64> = contenders.iter().map(|contender| each(contender, &request)).collect();
    let mut rows: Vec<Row> = contenders
        .iter()
        .zip(&bytes)
        .map(|(contender, bytes)| Row {
            work: format!("{CLIENTS} idle connections"),
            who: contender.name.to_owned(),
            figures: vec![Figure { name: "bytes a connection", rounds: vec![*bytes] }],
            verdicts: Vec::new(),
        })
        .collect();
    rows[0].verdicts.push(Verdict {
        against: "nginx".to_owned(),
        ratio: bytes[0] / bytes[1],
        at_most: AT_MOST,
    });
    rows
}

/// What one more idle connection costs, after a few have made the server allocate what it allocates once.
fn each(contender: &Contender, request: &Request) -> f64 {
    let few = answered(contender.address, request, 100);
    let before = contender.own.rss();
    let many = answered(contender.address, request, CLIENTS);
    let bytes = contender.own.rss().saturating_sub(before) as f64 / many.len() as f64;
    drop((few, many));
    bytes
}

fn answered(address: SocketAddr, request: &Request, clients: usize) -> Vec<Client> {
    let bytes = request.bytes();
    let answered = |_| {
        let mut client = Client::connect(address)?;
        client.exchange(&bytes)?;
        Ok(client)
    };
    let all: std::io::Result<Vec<Client>> = (0..clients).map(answered).collect();
    all.expect("every client is answered; is the limit of open files (ulimit -n) above 25,000?")
}
