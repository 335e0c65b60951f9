//! Clients whose HTTP/2 connections have to be ended again and again: they are not served by HTTP/2 for a while, and by
//! HTTP/1.1 as before.

use handover_parts::{Backend, Handover, http};

use crate::world::{BINARY, ask, connect, flood, in_front_of, metric, request, run, until};

const TURNED_AWAY: &str = "handover_refused_total{reason=\"http2_offender\"}";

#[test]
fn who_floods_again_and_again_is_turned_away_by_http2_alone_and_only_for_a_while() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let proxy = in_front_of(&backend);
    run(async {
        let mut before = connect(proxy.http()).await;
        for _ in 0..4 {
            flood(&proxy);
        }
        let calm = refused(&proxy).await;
        assert_eq!(calm.reason(), Some(h2::Reason::ENHANCE_YOUR_CALM), "{calm}");
        assert!(metric(&proxy, TURNED_AWAY) > 0);
        let answer = ask(&mut before, request("GET", "/"), b"").await.unwrap();
        assert_eq!(answer.status, 200, "what was open stays open");
    });
    assert_eq!(http::get(proxy.http(), "/").unwrap().status, 200, "by HTTP/1.1");
    until("HTTP/2 opens again", || {
        run(async {
            let Ok(mut client) = attempt(&proxy).await else { return false };
            ask(&mut client, request("GET", "/"), b"").await.is_ok()
        })
    });
}

#[test]
fn a_trusted_balancer_is_not_turned_away_for_those_it_speaks_for() {
    let backend = Backend::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let routes = format!("[forwarded]\ntrusted = '127.0.0.1'\n{}", backend.as_legacy());
    let proxy = Handover::start(BINARY, &routes);
    for _ in 0..8 {
        flood(&proxy);
    }
    run(async {
        let answer = ask(&mut connect(proxy.http()).await, request("GET", "/"), b"").await.unwrap();
        assert_eq!(answer.status, 200);
    });
    assert_eq!(metric(&proxy, TURNED_AWAY), 0);
}

async fn attempt(proxy: &Handover) -> Result<h2::client::SendRequest<bytes::Bytes>, h2::Error> {
    let stream = tokio::net::TcpStream::connect(proxy.http()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await?;
    tokio::task::spawn_local(connection);
    client.ready().await
}

/// What a client hears that is turned away.
async fn refused(proxy: &Handover) -> h2::Error {
    let mut client = match attempt(proxy).await {
        Ok(client) => client,
        Err(error) => return error,
    };
    ask(&mut client, request("GET", "/"), b"").await.expect_err("it is turned away")
}
