//! Our client with our server, and both with raw peers: the ways an exchange can go.

mod common;

use bytes::Bytes;
use common::{client, pair, read_all, send, server};
use handover_http1::{Cause, Leg, Misuse, Size, Transfer, client::Request, server, transfer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const GET: Request<'_> = Request { method: b"GET", target: b"/", size: Size::None, upgrade: None };

fn post(size: Size) -> Request<'static> {
    Request { method: b"POST", size, ..GET }
}

/// Answers each request with its own body and trailers, in the framing that it came in.
async fn mirror(mut connection: server::Connection<DuplexStream>) {
    while let Some(head) = connection.next_head().await.unwrap() {
        let size = Request::like(&head, b"/").size;
        let (mut body, mut responder) = connection.exchange();
        responder.head(200, b"Fine, thanks", size, |fields| fields.copy(head.fields())).unwrap();
        transfer(&mut body, &mut responder).await.unwrap();
    }
    connection.close().await.unwrap();
}

async fn read_body(receiver: &mut handover_http1::client::Receiver<'_, DuplexStream>) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(data) = receiver.data().await.unwrap() {
        body.extend_from_slice(&data);
    }
    body
}

#[tokio::test]
async fn a_kept_connection_carries_bodies_of_all_sizes_both_ways() {
    let (mut client, server) = pair();
    tokio::spawn(mirror(server));
    for size in [0usize, 1, 1000, 8191, 8192, 65_536, 200_000, 1_000_000] {
        for known in [true, false] {
            let sent: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let declared = if known { Size::Known(size as u64) } else { Size::Unknown };
            let (mut sender, mut receiver) =
                client.request(post(declared), |fields| fields.push(b"Host", b"h")).unwrap();
            let upload = async {
                for piece in sent.chunks(30_000) {
                    sender.data(Bytes::copy_from_slice(piece)).await.unwrap();
                }
                sender.finish(None).await.unwrap();
            };
            let download = async {
                let head = receiver.head().await.unwrap();
                assert_eq!((head.status(), head.reason()), (200, &b"Fine, thanks"[..]));
                assert_eq!(head.size(), declared);
                read_body(&mut receiver).await
            };
            let ((), got) = tokio::join!(upload, download);
            assert!(got == sent, "{size} {known}");
            assert!(client.is_reusable() && client.is_alive());
        }
    }
}

#[tokio::test]
async fn trailers_travel_without_what_an_intermediary_acts_on() {
    let (mut connection, mut peer) = server();
    send(&mut peer, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        .await;
    send(&mut peer, "1\r\na\r\n1;x=y\r\nb\r\n0\r\nX-Sum: 7\r\nHost: evil\r\nContent-Length: 3\r\n\r\n").await;
    connection.next_head().await.unwrap().unwrap();
    let (mut body, mut responder) = connection.exchange();
    responder.head(200, b"OK", Size::Unknown, |_| {}).unwrap();
    transfer(&mut body, &mut responder).await.unwrap();
    assert_eq!(body.trailers().unwrap().len(), 3);
    drop(connection);
    assert_eq!(
        read_all(&mut peer).await,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"
    );
}

#[tokio::test]
async fn fields_travel_as_they_are_and_a_length_keeps_its_place() {
    let (mut connection, mut peer) = client();
    let (mut downstream, mut sink) = server();
    let head = "POST /p?q HTTP/1.1\r\nhOST: h\r\nX-B: 2\r\nContent-length: 2\r\nx-a:1  \r\nX-B: 3\r\n\
        Connection: X-Gone, keep-alive\r\nX-Gone: 1\r\nTE: trailers\r\nExpect: 100-continue\r\n\r\n";
    send(&mut sink, head).await;
    let head = downstream.next_head().await.unwrap().unwrap();
    let target = head.origin_target();
    let (mut sender, _) =
        connection.request(Request::like(&head, &target), |fields| fields.copy(head.fields())).unwrap();
    sender.data(Bytes::from_static(b"hi")).await.unwrap();
    sender.finish(None).await.unwrap();
    assert_eq!(
        read_all(&mut peer).await,
        "POST /p?q HTTP/1.1\r\nhOST: h\r\nX-B: 2\r\nContent-length: 2\r\nx-a: 1\r\nX-B: 3\r\n\r\nhi"
    );
}

#[tokio::test]
async fn reads_answers_in_every_framing() {
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    for (request, answer, body, reusable) in [
        (GET, whole, "abc", true),
        (GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", true),
        (GET, "HTTP/1.1 200\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "abc", false),
        (GET, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", false),
        (GET, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", "abc", true),
        (GET, "HTTP/1.1 204 No Content\r\n\r\n", "", true),
        (GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", "", true),
        (Request { method: b"HEAD", ..GET }, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "", true),
        // What was not asked for poisons the connection.
        (GET, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n", "abc", false),
        (GET, "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", "", false),
        (
            GET,
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            "abc",
            true,
        ),
    ] {
        let (mut connection, mut peer) = client();
        send(&mut peer, answer).await;
        let (mut sender, mut receiver) = connection.request(request, |_| {}).unwrap();
        sender.finish(None).await.unwrap();
        while receiver.head().await.unwrap().is_interim() {}
        assert_eq!(read_body(&mut receiver).await, body.as_bytes(), "{answer:?}");
        assert_eq!(connection.is_reusable(), reusable, "{answer:?}");
    }
    let (mut connection, mut peer) = client();
    send(&mut peer, "HTTP/1.1 200 OK\r\n\r\nabc").await;
    let (mut sender, mut receiver) = connection.request(GET, |_| {}).unwrap();
    sender.finish(None).await.unwrap();
    receiver.head().await.unwrap();
    drop(peer);
    assert_eq!(read_body(&mut receiver).await, b"abc");
    assert!(!connection.is_reusable());
}

#[tokio::test]
async fn a_body_cut_short_is_an_error() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    ] {
        let (mut connection, mut peer) = client();
        send(&mut peer, answer).await;
        let (mut sender, mut receiver) = connection.request(GET, |_| {}).unwrap();
        sender.finish(None).await.unwrap();
        receiver.head().await.unwrap();
        drop(peer);
        let error = loop {
            match receiver.data().await {
                Ok(data) => assert!(data.is_some(), "{answer:?} was taken as whole"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error.cause, Cause::Closed) && error.leg == Leg::ReadResponseBody, "{error:?}");
        assert!(!connection.is_reusable());
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_stale_and_a_new_one_is_not() {
    let (mut connection, mut peer) = client();
    send(&mut peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let (mut sender, mut receiver) = connection.request(GET, |_| {}).unwrap();
    sender.finish(None).await.unwrap();
    receiver.head().await.unwrap();
    assert!(receiver.data().await.unwrap().is_none());
    assert!(connection.is_reusable() && connection.is_alive());
    let (mut sender, mut receiver) = connection.request(GET, |_| {}).unwrap();
    drop(peer);
    let _ = sender.finish(None).await;
    assert!(receiver.head().await.unwrap_err().is_stale());
    assert!(!connection.is_reusable());

    let (mut connection, peer) = client();
    let (mut sender, mut receiver) = connection.request(GET, |_| {}).unwrap();
    drop(peer);
    let _ = sender.finish(None).await;
    assert!(matches!(receiver.head().await.unwrap_err().cause, Cause::Closed));
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_or_spoken_to_is_not_alive() {
    for said in ["", "HTTP/1.1 408 Request Timeout\r\n\r\n"] {
        let (mut connection, mut peer) = client();
        assert!(connection.is_alive());
        send(&mut peer, said).await;
        drop(peer);
        assert!(!connection.is_alive());
    }
}

#[tokio::test]
async fn never_writes_a_body_that_disagrees_with_its_head() {
    let respond = async |status, size, data: &'static [u8]| -> Option<Misuse> {
        let (mut connection, mut peer) = server();
        send(&mut peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
        connection.next_head().await.unwrap().unwrap();
        let (_, mut responder) = connection.exchange();
        let written = async {
            responder.head(status, b"", size, |_| {})?;
            responder.data(Bytes::from_static(data)).await?;
            responder.finish(None).await
        };
        let misuse = match written.await {
            Err(error) => match error.cause {
                Cause::Misuse(misuse) => Some(misuse),
                other => panic!("{other:?}"),
            },
            Ok(()) => None,
        };
        let kept = tokio::time::timeout(std::time::Duration::from_millis(10), connection.next_head()).await;
        assert_eq!(kept.is_err(), misuse.is_none(), "a broken answer ends the connection");
        misuse
    };
    assert_eq!(respond(200, Size::Known(2), b"ab").await, None);
    assert_eq!(respond(200, Size::Known(2), b"abc").await, Some(Misuse::BodyTooLong));
    assert_eq!(respond(200, Size::Known(2), b"a").await, Some(Misuse::BodyTooShort { missing: 1 }));
    assert_eq!(respond(200, Size::None, b"a").await, Some(Misuse::BodyTooLong));
    assert_eq!(respond(204, Size::Unknown, b"a").await, Some(Misuse::BodyNotAllowed));
    assert_eq!(respond(304, Size::Known(1), b"a").await, Some(Misuse::BodyNotAllowed));
    assert_eq!(respond(304, Size::Known(1), b"").await, None);
    assert_eq!(respond(101, Size::None, b"").await, Some(Misuse::Status));
    assert_eq!(respond(1000, Size::None, b"").await, Some(Misuse::Status));
}

#[tokio::test]
async fn a_wrong_field_spoils_its_head_and_nothing_is_sent() {
    for (name, value) in
        [("X", "a\r\nY: b"), ("X", "a\0"), ("X Y", "a"), ("", "a"), ("X:", "a"), ("X\r\nY", "a")]
    {
        let (mut connection, mut peer) = server();
        send(&mut peer, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await;
        connection.next_head().await.unwrap().unwrap();
        let (_, mut responder) = connection.exchange();
        let written = responder.head(200, b"OK", Size::None, |f| f.push(name.as_bytes(), value.as_bytes()));
        assert!(matches!(written.unwrap_err().cause, Cause::Misuse(Misuse::Bytes)));
        assert!(responder.head(200, b"O\nK", Size::None, |_| {}).is_err());
        responder.head(500, b"Oops", Size::None, |fields| fields.push(b"Content-Length", b"9")).unwrap();
        responder.finish(None).await.unwrap();
        drop(connection);
        let answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        assert_eq!(read_all(&mut peer).await, answer);
    }
}

#[tokio::test]
async fn an_unread_body_is_drained_if_small_and_ends_the_connection_if_large() {
    for (sent, kept) in [(1000, true), (200_000, true), (300_000, false)] {
        let (mut connection, mut peer) = server();
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {sent}\r\n\r\n");
        peer.write_all(&[head.as_bytes(), &vec![b'a'; sent], b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"].concat())
            .await
            .unwrap();
        connection.next_head().await.unwrap().unwrap();
        connection.exchange().1.head(200, b"OK", Size::None, |_| {}).unwrap();
        connection.exchange().1.finish(None).await.unwrap();
        assert_eq!(connection.next_head().await.unwrap().is_some(), kept, "{sent}");
    }
}

#[tokio::test]
async fn a_client_that_waits_for_continue_and_gets_an_answer_is_told_of_the_end() {
    let (mut connection, mut peer) = server();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    send(&mut peer, head).await;
    connection.next_head().await.unwrap().unwrap();
    let (_, mut responder) = connection.exchange();
    responder.head(403, b"No", Size::None, |_| {}).unwrap();
    responder.finish(None).await.unwrap();
    assert!(connection.next_head().await.unwrap().is_none());
    drop(connection);
    let answer = "HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert_eq!(read_all(&mut peer).await, answer);
}

#[tokio::test]
async fn a_backends_continue_is_passed_on_instead_of_ours() {
    let (mut connection, mut peer) = server();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    send(&mut peer, head).await;
    connection.next_head().await.unwrap().unwrap();
    let (mut body, mut responder) = connection.exchange();
    body.leave_continue();
    responder.interim(100, b"Go on", |_| {}).await.unwrap();
    assert_eq!(read_all(&mut peer).await, "HTTP/1.1 100 Go on\r\n\r\n");
    send(&mut peer, "ab").await;
    assert_eq!(body.data().await.unwrap().unwrap(), "ab");
}

#[tokio::test]
async fn a_switched_connection_becomes_a_tunnel_with_what_was_read() {
    let (mut connection, mut peer) = server();
    let head = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nfirst bytes";
    send(&mut peer, head).await;
    let head = connection.next_head().await.unwrap().unwrap();
    let (mut client, mut backend) = client();
    let request = Request::like(&head, b"/");
    let (mut sender, mut receiver) = client.request(request, |fields| fields.copy(head.fields())).unwrap();
    sender.finish(None).await.unwrap();
    send(&mut backend, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\nX: y\r\n\r\nhello")
        .await;
    let answer = receiver.head().await.unwrap();
    assert!(!answer.is_interim());
    let (_, mut responder) = connection.exchange();
    let protocol = answer.upgrade().unwrap();
    responder.switch_protocols(protocol, answer.reason(), |fields| fields.copy(answer.fields())).unwrap();
    let (mut stream, read) = connection.into_tunnel().await.unwrap();
    assert_eq!(read, "first bytes");
    assert_eq!(client.into_tunnel().1, "hello");
    stream.write_all(b"raw").await.unwrap();
    drop(stream);
    assert_eq!(
        read_all(&mut peer).await,
        "HTTP/1.1 101 Switching\r\nX: y\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw"
    );
    assert_eq!(
        read_all(&mut backend).await,
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
    );
}

#[tokio::test]
async fn notices_a_client_that_goes_away_while_its_answer_is_made() {
    let (mut connection, mut peer) = server();
    send(&mut peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n").await;
    connection.next_head().await.unwrap().unwrap();
    let (mut body, _) = connection.exchange();
    let gone = body.disconnected();
    let mut gone = std::pin::pin!(gone);
    let wait = std::time::Duration::from_millis(20);
    assert!(tokio::time::timeout(wait, &mut gone).await.is_err());
    drop(peer);
    gone.await;
}

#[tokio::test]
async fn an_aborted_upload_ends_the_wait_for_the_answer() {
    let (mut downstream, mut peer) = server();
    send(&mut peer, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc").await;
    let head = downstream.next_head().await.unwrap().unwrap();
    let (mut upstream, mut backend) = client();
    let (mut body, _) = downstream.exchange();
    let (mut sender, mut receiver) =
        upstream.request(Request::like(&head, b"/"), |fields| fields.copy(head.fields())).unwrap();
    let mut upload = Transfer::new(&mut body, &mut sender);
    let (waited, ()) = tokio::join!(upload.beside(receiver.head()), async {
        let mut got = [0; 64];
        let _ = backend.read(&mut got).await.unwrap();
        drop(peer);
    });
    let error = waited.unwrap_err();
    assert!(matches!(error.cause, Cause::Closed) && error.leg == Leg::ReadRequestBody, "{error:?}");
    assert!(!upload.is_done() && !upstream.is_reusable());
    assert!(downstream.next_head().await.unwrap().is_none());
    drop(upstream);
    assert!(!read_all(&mut backend).await.contains("abc0"));
}

#[tokio::test]
async fn a_connection_in_use_or_spoilt_takes_no_request() {
    let (mut connection, _peer) = client();
    let _ = connection.request(GET, |_| {}).unwrap();
    let again: Result<_, _> = connection.request(GET, |_| {}).map(|_| ());
    assert!(matches!(again.unwrap_err().cause, Cause::Misuse(Misuse::OutOfOrder)));
    for target in ["", "/a b", "/\r\n"] {
        let (mut connection, _peer) = client();
        let asked = connection.request(Request { target: target.as_bytes(), ..GET }, |_| {}).map(|_| ());
        assert!(matches!(asked.unwrap_err().cause, Cause::Misuse(Misuse::Bytes)));
    }
}
