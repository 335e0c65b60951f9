//! HTTP/2 in the clear, by clients that know beforehand what they talk to.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use handover_parts::{Backend, PhpFpm, process};

use crate::world::{BINARY, ask, connect, in_front_of, metric, request, run, whole};

#[test]
fn php_sees_the_request_that_http1_would_have_brought() {
    let app = process::folder("app");
    process::write(
        app.path().join("index.php"),
        r#"<?php
        header('X-Method: ' . $_SERVER['REQUEST_METHOD']);
        foreach (['SERVER_PROTOCOL', 'HTTP_HOST', 'REQUEST_URI', 'HTTP_COOKIE', 'CONTENT_LENGTH', 'HTTP_TRANSFER_ENCODING'] as $name) {
            echo $name, '=', $_SERVER[$name] ?? '-', "\n";
        }
        echo file_get_contents('php://input');"#,
    );
    let php = PhpFpm::serving(app.path()).start();
    let legacy =
        format!("[legacy.app]\nfastcgi = \"{}\"\nroot = \"{}\"\n", php.address(), php.root().display());
    let proxy = handover_parts::Handover::start(BINARY, &legacy);
    run(async {
        let mut client = connect(proxy.http()).await;
        let post = request("POST", "/a%2Fb?x=1").header("cookie", "a=1").header("cookie", "b=2");
        let answer = ask(&mut client, post, b"the body").await.unwrap();
        assert_eq!(answer.fields["x-method"], "POST");
        assert_eq!(
            answer.text(),
            "SERVER_PROTOCOL=HTTP/2.0\nHTTP_HOST=shop.example\nREQUEST_URI=/a%2Fb?x=1\nHTTP_COOKIE=a=1; b=2\n\
             CONTENT_LENGTH=8\nHTTP_TRANSFER_ENCODING=-\nthe body"
        );
        let head = ask(&mut client, request("HEAD", "/"), b"").await.unwrap();
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.fields["x-method"], "HEAD");
    });
    assert_eq!(metric(&proxy, "handover_http2_connections_total"), 1);
}

#[test]
fn interim_answers_trailers_and_the_wait_for_continue_pass() {
    let backend = Backend::start(|conversation| {
        conversation.request()?;
        conversation.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")?;
        conversation.write(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n",
        )
    });
    let proxy = in_front_of(&backend);
    run(async {
        let mut client = connect(proxy.http()).await;
        let asked = request("POST", "/").header("expect", "100-continue").body(()).unwrap();
        let (mut response, mut send) = client.send_request(asked, false).unwrap();
        let interim = |response: &mut h2::client::ResponseFuture, cx: &mut std::task::Context<'_>| {
            response.poll_informational(cx).map(|interim| interim.unwrap().unwrap().status().as_u16())
        };
        assert_eq!(std::future::poll_fn(|cx| interim(&mut response, cx)).await, 100);
        send.send_data(Bytes::from_static(b"up"), false).unwrap();
        let mut trailers = ::http::HeaderMap::new();
        trailers.insert("x-up", "1".parse().unwrap());
        send.send_trailers(trailers).unwrap();
        assert_eq!(std::future::poll_fn(|cx| interim(&mut response, cx)).await, 103);
        let answer = whole(response).await.unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
        assert_eq!(answer.trailers.unwrap()["x-sum"], "7");
    });
    let received = backend.received();
    assert!(received.ends_with("2\r\nup\r\n0\r\nx-up: 1\r\n\r\n"), "{received}");
}

#[test]
fn a_length_that_disagrees_with_the_data_resets_the_stream_and_reaches_legacy_unfinished() {
    let backend = Backend::start(|conversation| {
        conversation.request()?;
        conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    });
    let proxy = in_front_of(&backend);
    run(async {
        let mut client = connect(proxy.http()).await;
        for (length, data) in [("10", &b"short"[..]), ("3", b"too long"), ("1", b"")] {
            let asked = request("POST", "/").header("content-length", length);
            let error = ask(&mut client, asked, data).await.unwrap_err();
            assert_eq!(error.reason(), Some(Reason::PROTOCOL_ERROR), "{length}");
        }
        let twice = request("POST", "/").header("content-length", "2").header("content-length", "2");
        assert_eq!(ask(&mut client, twice, b"ab").await.unwrap().status, 400);
        assert_eq!(ask(&mut client, request("GET", "/after"), b"").await.unwrap().status, 200);
    });
    let received = backend.received();
    let whole = received.split("POST").filter(|request| request.ends_with("short")).count();
    assert!(whole <= 1 && !received.contains("too long"), "legacy saw {received}");
    assert_eq!(metric(&proxy, "handover_refused_total{reason=\"second_length\"}"), 1);
}

#[test]
fn what_legacy_breaks_off_is_reset_and_never_looks_whole() {
    let backend = Backend::start(|conversation| {
        conversation.request()?;
        conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    });
    let proxy = in_front_of(&backend);
    run(async {
        let mut client = connect(proxy.http()).await;
        let error = ask(&mut client, request("GET", "/"), b"").await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
    });
}

#[test]
fn legacy_is_let_go_when_the_client_resets_its_stream() {
    let (ended, end) = std::sync::mpsc::channel();
    let backend = Backend::start(move |conversation| {
        conversation.request()?;
        let read = conversation.stream().read(&mut [0]);
        ended.send(read.is_ok_and(|count| count == 0)).map_err(std::io::Error::other)
    });
    let proxy = in_front_of(&backend);
    run(async {
        let mut client = connect(proxy.http()).await;
        let asked = request("GET", "/slow").body(()).unwrap();
        let (response, mut send) = client.send_request(asked, true).unwrap();
        while !backend.received().contains("/slow") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        send.send_reset(Reason::CANCEL);
        drop(response);
        tokio::time::sleep(Duration::from_millis(100)).await;
    });
    assert!(end.recv_timeout(Duration::from_secs(20)).unwrap(), "the connection to legacy was closed");
}

#[test]
fn a_client_that_does_not_read_holds_legacy_back() {
    let (told, tell) = std::sync::mpsc::channel();
    let backend = Backend::start(move |conversation| {
        conversation.request()?;
        conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")?;
        conversation.stream().set_write_timeout(Some(Duration::from_secs(1)))?;
        let piece = vec![0; 65_536];
        let mut written: usize = 0;
        while conversation.write(&piece).is_ok() {
            written += piece.len();
        }
        told.send(written).map_err(std::io::Error::other)
    });
    let proxy = in_front_of(&backend);
    run(async {
        let mut client = connect(proxy.http()).await;
        let (response, _) = client.send_request(request("GET", "/").body(()).unwrap(), true).unwrap();
        let response = response.await.unwrap();
        let written = tokio::task::spawn_blocking(move || tell.recv_timeout(Duration::from_secs(30)));
        let written = written.await.unwrap().unwrap();
        // What the kernel holds between the two is the most of it.
        assert!(written < 16 << 20, "{written} bytes were taken from legacy");
        drop(response);
    });
}

#[test]
fn a_stop_lets_streams_end_and_tells_the_client_to_go() {
    let backend = Backend::start(|conversation| {
        conversation.request()?;
        std::thread::sleep(Duration::from_secs(1));
        conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
    });
    let mut proxy = in_front_of(&backend);
    let address = proxy.http();
    let asking = std::thread::spawn(move || {
        run(async {
            let mut client = connect(address).await;
            let answer = ask(&mut client, request("GET", "/"), b"").await.unwrap();
            let again = match client.ready().await {
                Ok(mut client) => ask(&mut client, request("GET", "/"), b"").await.map(|_| ()),
                Err(error) => Err(error),
            };
            (answer.text(), again.is_err())
        })
    });
    proxy.wait_until("legacy is asked", Duration::from_secs(20), || backend.received().contains("GET"));
    assert_eq!(proxy.stop(), Some(0), "{}", proxy.log());
    assert_eq!(asking.join().unwrap(), ("late".to_owned(), true));
}

#[test]
fn events_arrive_one_by_one() {
    let backend = Backend::start(|conversation| {
        conversation.request()?;
        conversation.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")?;
        for event in 0..3 {
            conversation.write(format!("data: {event}\n\n"))?;
            // Only what the client has seen lets the next one come.
            conversation.stream().set_read_timeout(Some(Duration::from_millis(300)))?;
            let _ = conversation.stream().read(&mut [0]);
        }
        Ok(())
    });
    let proxy = in_front_of(&backend);
    run(async {
        let mut client = connect(proxy.http()).await;
        let (response, _) = client.send_request(request("GET", "/").body(()).unwrap(), true).unwrap();
        let mut received = response.await.unwrap().into_body();
        for event in 0..3 {
            let piece = received.data().await.unwrap().unwrap();
            assert_eq!(piece, format!("data: {event}\n\n"));
        }
        assert!(received.data().await.is_none_or(|end| end.unwrap().is_empty()));
    });
}
