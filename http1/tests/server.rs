//! The server side over a pipe, spoken to in raw bytes.

mod common;

use bytes::Bytes;
use common::{read_all, send, server};
use handover_http1::{Cause, Refusal, Size, server::Connection};
use tokio::io::{AsyncRead, AsyncWrite};

/// Answers every request with its method, path and body.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut connection: Connection<S>) {
    loop {
        match connection.next_head().await {
            Ok(Some(head)) => {
                let (mut body, mut responder) = connection.exchange();
                let mut answer = [head.method(), b" ", head.path(), b" "].concat();
                while let Some(data) = body.data().await.unwrap() {
                    answer.extend_from_slice(&data);
                }
                responder.head(200, b"OK", Size::Known(answer.len() as u64), |_| {}).unwrap();
                responder.data(answer.into()).await.unwrap();
                responder.finish(None).await.unwrap();
            }
            Ok(None) => return connection.close().await.unwrap(),
            Err(error) => match error.cause {
                Cause::Refused(refusal) => return connection.refuse(refusal).await.unwrap(),
                _ => return,
            },
        }
    }
}

/// What a client gets for these bytes.
async fn answers(sent: &str) -> String {
    let (connection, mut client) = server();
    tokio::spawn(echo(connection));
    send(&mut client, sent).await;
    read_all(&mut client).await
}

#[tokio::test]
async fn answers_pipelined_requests_in_order() {
    let got = answers(
        "GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz\
         GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(
        got,
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nGET /a HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nPOST /b xyz\
         HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /c "
    );
}

#[tokio::test]
async fn a_connection_that_begins_with_http2s_preface_is_handed_on_with_what_was_read() {
    for (before, begins) in [("", true), ("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", false)] {
        let (mut connection, mut client) = server();
        send(&mut client, &format!("{before}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes")).await;
        if !before.is_empty() {
            connection.next_head().await.unwrap().unwrap();
            let (_, mut responder) = connection.exchange();
            responder.head(204, b"", Size::None, |_| {}).unwrap();
            responder.finish(None).await.unwrap();
        }
        let error = connection.next_head().await.unwrap_err();
        assert_eq!((error.refusal(), connection.begins_http2()), (Some(Refusal::Version), begins));
        let (_, read) = connection.into_read();
        assert_eq!(&read[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nframes");
    }
}

#[tokio::test]
async fn a_head_answer_has_no_body() {
    let got = answers("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
    assert_eq!(got, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\n");
}

#[tokio::test]
async fn sends_continue_when_the_body_is_read() {
    let (connection, mut client) = server();
    tokio::spawn(echo(connection));
    send(&mut client, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        .await;
    assert_eq!(read_all(&mut client).await, "HTTP/1.1 100 Continue\r\n\r\n");
    send(&mut client, "ab").await;
    assert_eq!(read_all(&mut client).await, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nPOST / ab");
}

#[tokio::test]
async fn refuses_and_closes() {
    let got = answers("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n").await;
    let (line, rest) = got.split_once("\r\nDate: ").expect("a date");
    assert_eq!(
        (line, &rest[26..]),
        ("HTTP/1.1 400 Bad Request", "GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    );
}

#[tokio::test]
async fn an_unknown_size_is_chunked_or_ends_with_the_connection() {
    for (version, expected) in [
        ("1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
        ("1.0", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi"),
    ] {
        let (mut connection, mut client) = server();
        send(&mut client, &format!("GET / HTTP/{version}\r\nHost: h\r\n\r\n")).await;
        connection.next_head().await.unwrap().unwrap();
        let (_, mut responder) = connection.exchange();
        responder.head(200, b"OK", Size::Unknown, |_| {}).unwrap();
        responder.data(Bytes::from_static(b"hi")).await.unwrap();
        responder.finish(None).await.unwrap();
        drop(connection);
        assert_eq!(read_all(&mut client).await, expected);
    }
}

#[tokio::test]
async fn a_bad_chunk_is_an_error_of_the_body() {
    let (mut connection, mut client) = server();
    send(&mut client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    connection.next_head().await.unwrap().unwrap();
    let (mut body, mut responder) = connection.exchange();
    assert_eq!(body.data().await.unwrap_err().refusal(), Some(Refusal::ChunkSize));
    responder.refuse(Refusal::ChunkSize).await.unwrap();
    assert!(connection.next_head().await.unwrap().is_none());
}
