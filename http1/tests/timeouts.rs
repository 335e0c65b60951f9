//! Peers that are slow, silent or take nothing. In real time: the waits are short, the bounds wide.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{client_with, send, server_with};
use handover_http1::{
    Cause, ClientTimeouts, Error, LeastRate, Leg, Refusal, ServerTimeouts, Size,
    client::{self, Request},
    server,
};
use tokio::{io::AsyncWriteExt, time::Instant};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(60);
const GET: Request<'_> = Request { method: b"GET", target: b"/", size: Size::None, upgrade: None };

fn timeouts() -> ServerTimeouts {
    let body = LeastRate { bytes: 1, window: LONG };
    ServerTimeouts { head: LONG, idle: LONG, body, write: LONG, linger: LONG }
}

fn server_config(timeouts: ServerTimeouts) -> server::Config {
    server::Config { timeouts, ..Default::default() }
}

#[tokio::test]
async fn a_trickled_head_is_refused() {
    let (mut connection, mut peer) = server_with(server_config(ServerTimeouts { head: SHORT, ..timeouts() }));
    let trickle = async {
        for byte in "GET / HTTP/1.1\r\nHost: h\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".chars() {
            send(&mut peer, &byte.to_string()).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (error, ()) = tokio::join!(connection.next_head(), trickle);
    assert_eq!(error.unwrap_err().refusal(), Some(Refusal::HeadTimeout));
}

#[tokio::test]
async fn a_silent_connection_ends_without_a_word() {
    let (mut connection, _peer) = server_with(server_config(ServerTimeouts { head: SHORT, ..timeouts() }));
    assert!(connection.next_head().await.unwrap().is_none());
}

#[tokio::test]
async fn an_idle_connection_ends_and_the_time_starts_anew_with_each_request() {
    let idle = Duration::from_millis(100);
    let (mut connection, mut peer) = server_with(server_config(ServerTimeouts { idle, ..timeouts() }));
    for _ in 0..4 {
        let later = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            send(&mut peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
        };
        let (head, ()) = tokio::join!(connection.next_head(), later);
        assert!(head.unwrap().is_some());
        let (_, mut responder) = connection.exchange();
        responder.head(200, b"OK", Size::None, |_| {}).unwrap();
        responder.finish(None).await.unwrap();
    }
    let start = Instant::now();
    assert!(connection.next_head().await.unwrap().is_none());
    assert!(start.elapsed() >= idle);
}

/// A body of which a byte comes every 5 ms.
async fn trickle_body(rate: LeastRate) -> Result<usize, Error> {
    let (mut connection, mut peer) = server_with(server_config(ServerTimeouts { body: rate, ..timeouts() }));
    send(&mut peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\n").await;
    connection.next_head().await?.unwrap();
    let (mut body, _) = connection.exchange();
    let trickle = async {
        for _ in 0..40 {
            let _ = peer.write_all(b"a").await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let read = async {
        let mut count = 0;
        while let Some(data) = body.data().await? {
            count += data.len();
        }
        Ok(count)
    };
    tokio::join!(read, trickle).0
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_refused() {
    let error = trickle_body(LeastRate { bytes: 1000, window: SHORT }).await.unwrap_err();
    assert_eq!((error.leg, error.refusal()), (Leg::ReadRequestBody, Some(Refusal::BodyTimeout)));
    assert_eq!(trickle_body(LeastRate { bytes: 1, window: SHORT }).await.unwrap(), 40);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let (mut connection, mut peer) =
        server_with(server_config(ServerTimeouts { write: SHORT, ..timeouts() }));
    send(&mut peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    connection.next_head().await.unwrap().unwrap();
    let (_, mut responder) = connection.exchange();
    responder.head(200, b"OK", Size::Unknown, |_| {}).unwrap();
    let error = loop {
        if let Err(error) = responder.data(Bytes::from_static(&[0; 60_000])).await {
            break error;
        }
    };
    assert!(matches!(error.cause, Cause::TimedOut) && error.leg == Leg::WriteResponse, "{error:?}");
    let again = responder.flush().await;
    assert!(again.is_err(), "what has failed goes on failing");
}

#[tokio::test]
async fn a_backend_that_is_silent_is_given_up() {
    let body = LeastRate { bytes: 1, window: SHORT };
    let timeouts = ClientTimeouts { answer: SHORT, body, write: LONG };
    for said in ["", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na"] {
        let (mut connection, mut peer) = client_with(client::Config { timeouts, ..Default::default() });
        send(&mut peer, said).await;
        let (mut sender, mut receiver) = connection.request(GET, |_| {}).unwrap();
        sender.finish(None).await.unwrap();
        let result = async {
            receiver.head().await?;
            while receiver.data().await?.is_some() {}
            Ok::<_, Error>(())
        };
        assert!(matches!(result.await.unwrap_err().cause, Cause::TimedOut), "{said:?}");
    }
}

#[tokio::test]
async fn the_wait_for_an_answer_begins_when_the_request_has_been_sent() {
    let timeouts = ClientTimeouts { answer: LONG, ..Default::default() };
    let (mut connection, _peer) = client_with(client::Config { timeouts, ..Default::default() });
    let (mut sender, mut receiver) =
        connection.request(Request { method: b"POST", size: Size::Unknown, ..GET }, |_| {}).unwrap();
    receiver.answer_within(SHORT);
    let start = Instant::now();
    let upload = async {
        tokio::time::sleep(3 * SHORT).await;
        sender.finish(None).await.unwrap();
    };
    let (head, ()) = tokio::join!(receiver.head(), upload);
    assert!(matches!(head.unwrap_err().cause, Cause::TimedOut));
    assert!(start.elapsed() >= 4 * SHORT);
}
