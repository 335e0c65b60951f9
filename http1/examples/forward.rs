//! Forwards every request to one backend, with a pool of kept connections per core: what both sides
//! cost together.
//!
//! `cargo run --release -p handover-http1 --example forward -- 127.0.0.1:9002 127.0.0.1:9001`

mod support;

use std::{cell::RefCell, net::SocketAddr, sync::OnceLock};

use handover_http1::{RequestHead, Transfer, client, server, transfer};
use tokio::net::TcpStream;

type Upstream = client::Connection<TcpStream>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

static BACKEND: OnceLock<SocketAddr> = OnceLock::new();

thread_local! {
    static KEPT: RefCell<Vec<Upstream>> = const { RefCell::new(Vec::new()) };
}

fn main() -> Result<(), Failure> {
    let mut addresses = std::env::args().skip(1);
    let (Some(own), Some(backend)) = (addresses.next(), addresses.next()) else {
        return Err("usage: forward ADDRESS BACKEND".into());
    };
    BACKEND.get_or_init(|| backend.parse().expect("BACKEND is host:port"));
    Ok(support::serve_per_core(own.parse()?, serve)?)
}

async fn serve(stream: TcpStream) {
    if let Err(error) = forward_all(server::Connection::new(stream, Default::default())).await {
        eprintln!("{error}");
    }
}

async fn forward_all(mut downstream: server::Connection<TcpStream>) -> Result<(), Failure> {
    loop {
        let head = match downstream.next_head().await {
            Ok(Some(head)) => head,
            Ok(None) => return Ok(downstream.close().await?),
            Err(error) => match error.refusal() {
                Some(refusal) => return Ok(downstream.refuse(refusal).await?),
                None => return Err(error.into()),
            },
        };
        let mut upstream = connect().await?;
        forward(&head, &mut downstream, &mut upstream).await?;
        if upstream.is_reusable() {
            KEPT.with_borrow_mut(|kept| kept.push(upstream));
        }
    }
}

async fn connect() -> Result<Upstream, Failure> {
    while let Some(mut kept) = KEPT.with_borrow_mut(Vec::pop) {
        if kept.is_alive() {
            return Ok(kept);
        }
    }
    let stream = TcpStream::connect(BACKEND.get().ok_or("no backend")?).await?;
    stream.set_nodelay(true)?;
    Ok(client::Connection::new(stream, Default::default()))
}

async fn forward(
    head: &RequestHead,
    downstream: &mut server::Connection<TcpStream>,
    upstream: &mut Upstream,
) -> Result<(), Failure> {
    let (mut body, mut responder) = downstream.exchange();
    let target = head.origin_target();
    let request = client::Request::like(head, &target);
    let (mut sender, mut receiver) = upstream.request(request, |fields| fields.copy(head.fields()))?;
    let mut upload = Transfer::new(&mut body, &mut sender);
    let answer = loop {
        let answer = upload.beside(receiver.head()).await??;
        if !answer.is_interim() {
            break answer;
        }
        let reason = answer.reason();
        responder.interim(answer.status(), reason, |fields| fields.copy(answer.fields())).await?;
    };
    let reason = answer.reason();
    responder.head(answer.status(), reason, answer.size(), |fields| fields.copy(answer.fields()))?;
    upload.beside(transfer(&mut receiver, &mut responder)).await??;
    Ok(())
}
