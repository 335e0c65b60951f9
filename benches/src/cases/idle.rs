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

/// Slots of each of nginx's two workers: as many as the clients need, however they fall to the workers.
const SLOTS: usize = 8192;

/// Slots of a nginx that is made for few.
const FEW_SLOTS: usize = 512;

/// Clients that make a server allocate what it allocates once.
const FEW: usize = 100;

/// Measures it: once, whatever the pace, since memory is not noisy. nginx takes the memory of a connection's slot when it
/// starts, so what its clients cost is what it takes beyond a nginx that is made for few and has few.
pub(crate) fn run(_: &Pace) -> Vec<Row> {
    let origin = Origin::start();
    let ours = handover(&format!("[legacy.origin]\nhttp = \"http://{}\"\n", origin.address()));
    let nginx = ProxyNginx::with_slots(origin.address(), SLOTS);
    let small = ProxyNginx::with_slots(origin.address(), FEW_SLOTS);
    let request = Request::get("/1k");
    let ours = Contender::new("handover", ours.http(), ours.id().expect("it runs"), &request);
    let before = rss_with(&ours, &request, FEW);
    let of_ours = each(rss_with(&ours, &request, CLIENTS), before);
    let nginx = Contender::new("nginx", nginx.address(), nginx.group(), &request);
    let small = Contender::new("nginx for few", small.address(), small.group(), &request);
    let of_nginx = each(rss_with(&nginx, &request, CLIENTS), rss_with(&small, &request, FEW));
    let row = |who: &str, bytes, verdicts| Row {
        work: format!("{CLIENTS} idle connections"),
        who: who.to_owned(),
        figures: vec![Figure { name: "bytes a connection", rounds: vec![bytes] }],
        verdicts,
    };
    let verdict = Verdict { against: "nginx".to_owned(), ratio: of_ours / of_nginx, at_most: AT_MOST };
    vec![row("handover", of_ours, vec![verdict]), row("nginx", of_nginx, Vec::new())]
}

/// What each client costs.
fn each(with: u64, without: u64) -> f64 {
    with.saturating_sub(without) as f64 / CLIENTS as f64
}

/// A server's memory while so many clients that have been answered are idle.
fn rss_with(server: &Contender, request: &Request, clients: usize) -> u64 {
    let clients = answered(server.address, request, clients);
    let rss = server.own.rss();
    drop(clients);
    rss
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
