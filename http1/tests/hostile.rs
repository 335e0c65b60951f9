//! Messages that two parsers could read differently, and what refuses them. Each row goes through a
//! whole connection, so what counts is that no head and no body comes out.

mod common;

use common::{client, read_all, send, server};
use handover_http1::{Leniency, Limits, Name, Refusal, RequestHead, Size, client::Request};
use tokio::io::AsyncWriteExt;

/// What a server refuses these bytes for; `None` if a head comes out.
async fn refused(sent: &[u8]) -> Option<Refusal> {
    let (mut connection, mut client) = server();
    client.write_all(sent).await.unwrap();
    let error = connection.next_head().await.err()?;
    let refusal = error.refusal().unwrap_or_else(|| panic!("{error:?}"));
    connection.refuse(refusal).await.unwrap();
    let answer = read_all(&mut client).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {} ", refusal.status())), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    Some(refusal)
}

async fn check(rows: &[(&[u8], Refusal)]) {
    for (sent, refusal) in rows {
        assert_eq!(refused(sent).await, Some(*refusal), "{}", String::from_utf8_lossy(sent));
    }
}

#[tokio::test]
async fn refuses_a_body_whose_length_is_in_doubt() {
    let row = |fields: &str| format!("POST / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\nabcde").into_bytes();
    for (fields, refusal) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", Refusal::LengthAndEncoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", Refusal::LengthAndEncoding),
        ("Content-Length: 5\r\nContent-Length: 5", Refusal::SecondLength),
        ("Content-Length: 5\r\ncontent-length: 6", Refusal::SecondLength),
        ("Content-Length: 5, 5", Refusal::Length),
        ("Content-Length: +5", Refusal::Length),
        ("Content-Length: -5", Refusal::Length),
        ("Content-Length: 05", Refusal::Length),
        ("Content-Length:", Refusal::Length),
        ("Content-Length: 0x5", Refusal::Length),
        ("Content-Length: 5 5", Refusal::Length),
        ("Content-Length: 18446744073709551616", Refusal::Length),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", Refusal::Encoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", Refusal::Encoding),
        ("Transfer-Encoding: identity", Refusal::Encoding),
        ("Transfer-Encoding: xchunked", Refusal::Encoding),
        ("Transfer-Encoding: chunked, chunked", Refusal::Encoding),
        ("Transfer-Encoding: \"chunked\"", Refusal::Encoding),
        ("Transfer-Encoding:", Refusal::Encoding),
        ("Transfer-Encoding: gzip, chunked", Refusal::UnknownEncoding),
        ("Transfer-Encoding: \x0bchunked", Refusal::FieldValue),
        ("Transfer-Encoding : chunked", Refusal::SpaceBeforeColon),
        ("Transfer-Encoding\t: chunked", Refusal::SpaceBeforeColon),
        ("X: y\r\n Transfer-Encoding: chunked", Refusal::Folded),
        ("Transfer-Encoding:\r\n chunked", Refusal::Folded),
    ] {
        check(&[(&row(fields), refusal)]).await;
    }
    check(&[(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", Refusal::EncodingBefore11)]).await;
}

#[tokio::test]
async fn refuses_broken_lines() {
    check(&[
        (b"GET / HTTP/1.1\nHost: h\r\n\r\n", Refusal::BareLf),
        (b"GET / HTTP/1.1\r\nHost: h\n\r\n", Refusal::BareLf),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\n", Refusal::BareLf),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", Refusal::BareCr),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n", Refusal::BareCr),
        (b"GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::BareCr),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", Refusal::FieldValue),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x7fb\r\n\r\n", Refusal::FieldValue),
        (b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", Refusal::Folded),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\tX: a\r\n\r\n", Refusal::Folded),
        (b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", Refusal::FieldName),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", Refusal::FieldName),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX Y: a\r\n\r\n", Refusal::FieldName),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX\0: a\r\n\r\n", Refusal::FieldName),
        (b"GET / HTTP/1.1\r\nHost: h\r\n\xc3\xa9: a\r\n\r\n", Refusal::FieldName),
        (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", Refusal::SpaceBeforeColon),
    ])
    .await;
}

#[tokio::test]
async fn refuses_broken_request_lines() {
    check(&[
        (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::Target),
        (b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::Target),
        (b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b" GET / HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"GET /\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"GET\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"G@T / HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"GET / http/1.1\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"INVALID CONNECTION PREFACE\r\n\r\n", Refusal::Protocol),
        (b"GET / HTTP/1.10\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", Refusal::Version),
        (b"GET / HTTP/0.9\r\nHost: h\r\n\r\n", Refusal::Version),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refusal::Version),
        (b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::RequestLine),
        (b"\x16\x03\x01\x02\x00\x01", Refusal::RequestLine),
        (b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", Refusal::Connect),
        (b"GET / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", Refusal::Expectation),
    ])
    .await;
}

#[tokio::test]
async fn refuses_a_target_in_no_known_form() {
    for target in
        ["a", "*", "//h b", "/a#b", "http:/h/", "http://", "http:///a", "ftp://h/", "http://u@h/", "h:80"]
    {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        check(&[(sent.as_bytes(), Refusal::Target)]).await;
    }
    check(&[
        (b"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::Target),
        (b"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::Target),
        (b"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::Target),
        (b"GET /\tb HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::Target),
        (b"GET /\xc3\xbc HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::NonAsciiTarget),
    ])
    .await;
}

#[tokio::test]
async fn refuses_a_host_in_doubt() {
    check(&[
        (b"GET / HTTP/1.1\r\n\r\n", Refusal::NoHost),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", Refusal::SecondHost),
        (b"GET / HTTP/1.0\r\nHost: h\r\nHost: g\r\n\r\n", Refusal::SecondHost),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", Refusal::Host),
        (b"GET / HTTP/1.1\r\nHost: h h\r\n\r\n", Refusal::Host),
        (b"GET / HTTP/1.1\r\nHost: h/p\r\n\r\n", Refusal::Host),
        (b"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", Refusal::Host),
        (b"GET / HTTP/1.1\r\nHost: h:port\r\n\r\n", Refusal::Host),
        (b"GET / HTTP/1.1\r\nHost: h, g\r\n\r\n", Refusal::Host),
        (b"GET http://g/ HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::HostDiffers),
        (b"GET http://h:81/ HTTP/1.1\r\nHost: h\r\n\r\n", Refusal::HostDiffers),
        (b"GET http://h/ HTTP/1.1\r\n\r\n", Refusal::NoHost),
    ])
    .await;
}

#[tokio::test]
async fn refuses_what_is_over_a_limit() {
    let head = |line: &str, fields: &str| format!("{line}\r\nHost: h\r\n{fields}\r\n").into_bytes();
    let get = "GET / HTTP/1.1";
    let target = |len: usize| head(&format!("GET /{} HTTP/1.1", "a".repeat(len - 1)), "");
    let fields = |count: usize| head(get, &"X: y\r\n".repeat(count - 1));
    assert_eq!(refused(&target(8 * 1024)).await, None);
    assert_eq!(refused(&target(8 * 1024 + 1)).await, Some(Refusal::TargetTooLong));
    assert_eq!(refused(&target(40_000)).await, Some(Refusal::TargetTooLong));
    assert_eq!(refused(&fields(100)).await, None);
    assert_eq!(refused(&fields(101)).await, Some(Refusal::TooManyFields));
    let room = 32 * 1024 - head(get, "X: \r\n").len();
    assert_eq!(refused(&head(get, &format!("X: {}\r\n", "a".repeat(room)))).await, None);
    let over = head(get, &format!("X: {}\r\n", "a".repeat(room + 1)));
    assert_eq!(refused(&over).await, Some(Refusal::HeadTooLong));
    assert_eq!(refused(&over[..over.len() - 1]).await, Some(Refusal::HeadTooLong));
}

#[tokio::test]
async fn refuses_a_broken_chunked_body() {
    for (body, refusal) in [
        ("g\r\n", Refusal::ChunkSize),
        ("\r\n", Refusal::ChunkSize),
        ("-1\r\n", Refusal::ChunkSize),
        ("0x1\r\n", Refusal::ChunkSize),
        ("1 \r\na\r\n0\r\n\r\n", Refusal::ChunkSize),
        ("1\na\r\n0\r\n\r\n", Refusal::ChunkSize),
        ("10000000000000000\r\n", Refusal::ChunkSize),
        ("1;a\nb\r\na\r\n0\r\n\r\n", Refusal::ChunkExtension),
        ("1;a\rb\r\na\r\n0\r\n\r\n", Refusal::ChunkExtension),
        ("1\r\nab\r\n0\r\n\r\n", Refusal::ChunkEnd),
        ("1\r\na\n0\r\n\r\n", Refusal::ChunkEnd),
        ("1\r\na\r0\r\n\r\n", Refusal::ChunkEnd),
        ("0\r\nX\r\n\r\n", Refusal::FieldName),
        ("0\r\nX : y\r\n\r\n", Refusal::SpaceBeforeColon),
        ("0\r\nX: y\n\r\n", Refusal::BareLf),
        ("0\r\n\n", Refusal::BareLf),
        ("0\r\na: b\r\n c\r\n\r\n", Refusal::Folded),
    ] {
        for sent_with_head in [true, false] {
            let (mut connection, mut client) = server();
            let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
            send(&mut client, head).await;
            if sent_with_head {
                send(&mut client, body).await;
            }
            connection.next_head().await.unwrap().unwrap();
            let (mut reader, _) = connection.exchange();
            if !sent_with_head {
                send(&mut client, body).await;
            }
            let error = loop {
                match reader.data().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("{body:?} was taken"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.refusal(), Some(refusal), "{body:?}");
            assert!(connection.next_head().await.unwrap().is_none(), "{body:?} left the connection open");
        }
    }
}

#[tokio::test]
async fn refuses_trailers_over_the_limit() {
    let (mut connection, mut client) = server();
    send(&mut client, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n").await;
    send(&mut client, &format!("X: {}\r\n\r\n", "a".repeat(9000))).await;
    connection.next_head().await.unwrap().unwrap();
    assert_eq!(connection.exchange().0.data().await.unwrap_err().refusal(), Some(Refusal::TrailersTooLong));
}

#[tokio::test]
async fn refuses_a_backends_answer_in_doubt() {
    for (answer, refusal) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Refusal::LengthAndEncoding,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", Refusal::SecondLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", Refusal::Length),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Refusal::UnknownEncoding),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Refusal::EncodingBefore11),
        ("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", Refusal::SpaceBeforeColon),
        ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", Refusal::Folded),
        ("HTTP/1.1 200 OK\nX: y\r\n\r\n", Refusal::BareLf),
        ("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", Refusal::BareCr),
        ("HTTP/1.1 20 OK\r\n\r\n", Refusal::StatusLine),
        ("HTTP/1.1 2000 OK\r\n\r\n", Refusal::StatusLine),
        ("HTTP/1.1 099 OK\r\n\r\n", Refusal::StatusLine),
        ("HTTP/1.1  200 OK\r\n\r\n", Refusal::StatusLine),
        ("HTTP/1.1 200 O\0K\r\n\r\n", Refusal::StatusLine),
        ("HTTP/2.0 200 OK\r\n\r\n", Refusal::Version),
        ("ICY 200 OK\r\n\r\n", Refusal::StatusLine),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", Refusal::StatusLine),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Refusal::UnaskedUpgrade),
    ] {
        let (mut connection, mut backend) = client();
        let request = Request { method: b"GET", target: b"/", size: Size::None, upgrade: None };
        let (mut sender, mut receiver) = connection.request(request, |_| {}).unwrap();
        sender.finish(None).await.unwrap();
        send(&mut backend, answer).await;
        assert_eq!(receiver.head().await.unwrap_err().refusal(), Some(refusal), "{answer:?}");
        assert!(!connection.is_reusable());
    }
}

#[tokio::test]
async fn refuses_endless_interim_answers() {
    let (mut connection, mut backend) = client();
    let request = Request { method: b"GET", target: b"/", size: Size::None, upgrade: None };
    let (mut sender, mut receiver) = connection.request(request, |_| {}).unwrap();
    sender.finish(None).await.unwrap();
    send(&mut backend, &"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(33)).await;
    for _ in 0..32 {
        assert!(receiver.head().await.unwrap().is_interim());
    }
    assert_eq!(receiver.head().await.unwrap_err().refusal(), Some(Refusal::TooManyInterim));
}

#[tokio::test]
async fn keeps_a_path_byte_for_byte() {
    for target in
        ["/a%2Fb", "//", "/..;/", "/%2e%2e/", "/%5c", "/%00", "/%zz", "/a\\b", "/a|b{c}^", "/?", "/?a=b?c#"]
    {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let parsed = RequestHead::parse(sent.as_bytes(), &Limits::default(), &Leniency::default());
        match parsed {
            Ok(head) => {
                let query = head.query().map_or(Vec::new(), |query| [b"?", query].concat());
                assert_eq!([head.path(), &query].concat(), target.as_bytes());
                assert_eq!(head.target(), target.as_bytes());
                assert_eq!(&*head.origin_target(), target.as_bytes());
            }
            Err(refusal) => assert_eq!((target, refusal), ("/?a=b?c#", Refusal::Target)),
        }
    }
}

#[test]
fn connection_cannot_take_away_what_an_intermediary_relies_on() {
    let sent = b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1\r\nForwarded: for=1\r\nCookie: c\r\nX-A: a\r\nx-b: b\r\n\
        Keep-Alive: 5\r\nTE: trailers\r\nConnection: X-Forwarded-For, Host, forwarded, Cookie, x-a , close\r\n\r\n";
    let head = RequestHead::parse(sent, &Limits::default(), &Leniency::default()).unwrap();
    let kept: Vec<_> =
        head.fields().iter().filter(|field| !field.hop_by_hop).map(|field| field.name.to_vec()).collect();
    assert_eq!(kept, [&b"Host"[..], b"X-Forwarded-For", b"Forwarded", b"Cookie", b"x-b"]);
    assert!(!head.keep_alive());
}

#[test]
fn tolerates_only_what_it_is_told_to_and_says_so() {
    let lenient = Leniency { non_ascii_target: true, ..Leniency::default() };
    let strict = Leniency { http10_without_host: false, ..Leniency::default() };
    let parse = |sent: &[u8], leniency| RequestHead::parse(sent, &Limits::default(), leniency);
    let old = b"GET / HTTP/1.0\r\n\r\n";
    assert_eq!(parse(old, &strict).unwrap_err(), Refusal::NoHost);
    assert!(parse(old, &lenient).unwrap().tolerated().no_host);
    let raw = b"GET /\xfc?\xc3\xbc HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(parse(raw, &strict).unwrap_err(), Refusal::NonAsciiTarget);
    let head = parse(raw, &lenient).unwrap();
    assert!(head.tolerated().non_ascii_target);
    assert_eq!((head.path(), head.query()), (&b"/\xfc"[..], Some(&b"\xc3\xbc"[..])));
}

#[test]
fn takes_an_absolute_target_that_agrees_with_host() {
    for (target, path, query, origin) in [
        ("http://H:80/a?b", "/a", Some("b"), "/a?b"),
        ("HTTP://h:80", "/", None, "/"),
        ("https://h:80?q", "/", Some("q"), "/?q"),
        ("http://h:80/?", "/", Some(""), "/?"),
    ] {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: h:80\r\n\r\n");
        let head = RequestHead::parse(sent.as_bytes(), &Limits::default(), &Leniency::default()).unwrap();
        assert_eq!(head.path(), path.as_bytes(), "{target}");
        assert_eq!(head.query(), query.map(str::as_bytes), "{target}");
        assert_eq!(&*head.origin_target(), origin.as_bytes(), "{target}");
        assert_eq!(head.fields().first(Name::Host), head.host());
    }
}

#[test]
fn an_h2c_upgrade_is_none() {
    for (fields, upgrade) in [
        ("Connection: Upgrade\r\nUpgrade: websocket", Some("websocket")),
        ("Connection: keep-alive, upgrade\r\nUpgrade: foo/1, bar", Some("foo/1, bar")),
        ("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1", None),
        ("Upgrade: websocket", None),
        ("Connection: upgrade", None),
        ("Connection: upgrade\r\nUpgrade:", None),
        ("Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x", None),
        ("Connection: upgrade\r\nUpgrade: websocket, H2C", None),
        ("Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c", None),
    ] {
        let sent = format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n");
        let head = RequestHead::parse(sent.as_bytes(), &Limits::default(), &Leniency::default()).unwrap();
        assert_eq!(head.upgrade(), upgrade.map(str::as_bytes), "{fields}");
        assert!(
            head.fields()
                .iter()
                .all(|field| matches!(field.kind, Name::Host | Name::ContentLength) || field.hop_by_hop)
        );
    }
}
