//! A whole proxy, client to backend, over TCP: where bodies go both ways at once and either end
//! leaves early.

use std::time::Duration;

use handover_http1::{RequestHead, Transfer, client, server, transfer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Forwards one connection's requests, each over a new connection.
async fn forward_all(stream: TcpStream, backend: std::net::SocketAddr) -> Result<(), Failure> {
    let mut downstream = server::Connection::new(stream, Default::default());
    while let Some(head) = downstream.next_head().await? {
        let mut upstream = client::Connection::new(TcpStream::connect(backend).await?, Default::default());
        forward(&head, &mut downstream, &mut upstream).await?;
    }
    Ok(downstream.close().await?)
}

async fn forward(
    head: &RequestHead,
    downstream: &mut server::Connection<TcpStream>,
    upstream: &mut client::Connection<TcpStream>,
) -> Result<(), Failure> {
    let (mut body, mut responder) = downstream.exchange();
    let target = head.origin_target();
    let (mut sender, mut receiver) =
        upstream.request(client::Request::like(head, &target), |fields| fields.copy(head.fields()))?;
    let mut upload = Transfer::new(&mut body, &mut sender);
    let answer = upload.beside(receiver.head()).await??;
    responder.head(answer.status(), answer.reason(), answer.size(), |fields| fields.copy(answer.fields()))?;
    upload.beside(transfer(&mut receiver, &mut responder)).await??;
    Ok(())
}

/// A proxy in front of a backend that does `serve` with each connection; the proxy's address.
async fn world<F>(serve: fn(TcpStream) -> F) -> std::net::SocketAddr
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let backend = listen(move |stream| {
        tokio::spawn(serve(stream));
    })
    .await;
    listen(move |stream| {
        tokio::spawn(async move { drop(forward_all(stream, backend).await) });
    })
    .await
}

async fn listen(mut accept: impl FnMut(TcpStream) + Send + 'static) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accept(stream);
        }
    });
    address
}

/// Reads until the stream holds `end`.
async fn read_until(stream: &mut TcpStream, end: &str) -> std::io::Result<String> {
    let mut got = Vec::new();
    while !got.windows(end.len()).any(|window| window == end.as_bytes()) {
        if stream.read_buf(&mut got).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8(got).unwrap())
}

async fn within<T>(wait: Duration, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(wait, future).await.expect("in time")
}

const UPLOAD: &str = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

/// Answers as soon as the head is there, then closes without reading on.
async fn answer_early(mut stream: TcpStream) -> std::io::Result<()> {
    read_until(&mut stream, "\r\n\r\n").await?;
    stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nsorry").await
}

/// As [`answer_early`], but reads on until the other side ends.
async fn answer_early_and_linger(mut stream: TcpStream) -> std::io::Result<()> {
    read_until(&mut stream, "\r\n\r\n").await?;
    stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\n\r\nsorry").await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

#[tokio::test]
async fn an_early_answer_arrives_a_thousand_times_while_the_upload_goes_on() {
    let arrived = early_answers(world(answer_early_and_linger).await).await;
    assert_eq!(arrived, 1000);
}

/// A backend that closes with unread bytes resets the connection. What it had sent is mostly still
/// there to be read, and must be passed on then; it is never passed on in part.
#[tokio::test]
async fn a_backend_that_answers_early_and_resets_does_no_harm_a_thousand_times() {
    let arrived = early_answers(world(answer_early).await).await;
    assert!(arrived >= 900, "{arrived} of 1000 arrived");
}

/// Sends a thousand uploads, short and long ones, and counts the answers that arrive.
async fn early_answers(proxy: std::net::SocketAddr) -> usize {
    let mut arrived = 0;
    for round in 0..1000 {
        let (mut reader, mut writer) = TcpStream::connect(proxy).await.unwrap().into_split();
        let pieces = [0, 1, 5, 50][round % 4];
        let upload = async {
            writer.write_all(UPLOAD.as_bytes()).await?;
            for _ in 0..pieces {
                writer.write_all(b"4000\r\n").await?;
                writer.write_all(&[b'a'; 0x4000]).await?;
                writer.write_all(b"\r\n").await?;
            }
            writer.write_all(b"0\r\n\r\n").await
        };
        let download = async {
            let mut got = Vec::new();
            while !got.ends_with(b"sorry") {
                match reader.read_buf(&mut got).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
            got
        };
        let (got, _) = within(Duration::from_secs(10), async { tokio::join!(download, upload) }).await;
        let whole = got.starts_with(b"HTTP/1.1 413 ") && got.ends_with(b"sorry");
        assert!(whole || got.is_empty(), "{:?}", String::from_utf8_lossy(&got));
        arrived += usize::from(whole);
    }
    arrived
}

/// Sends back each piece of the body as it comes.
async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    let mut connection = server::Connection::new(&mut stream, Default::default());
    while let Ok(Some(_)) = connection.next_head().await {
        let (mut body, mut responder) = connection.exchange();
        responder.head(200, b"OK", handover_http1::Size::Unknown, |_| {}).unwrap();
        if transfer(&mut body, &mut responder).await.is_err() {
            break;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_dialogue_goes_on_in_both_directions() {
    let proxy = world(echo).await;
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(UPLOAD.as_bytes()).await.unwrap();
    within(Duration::from_secs(5), read_until(&mut stream, "5\r\nhello\r\n")).await.unwrap();
    for round in 10..40 {
        stream.write_all(format!("2\r\n{round}\r\n").as_bytes()).await.unwrap();
        within(Duration::from_secs(5), read_until(&mut stream, &format!("2\r\n{round}\r\n"))).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").await.unwrap();
    within(Duration::from_secs(5), read_until(&mut stream, "0\r\n\r\nHTTP/1.1 200 OK\r\n")).await.unwrap();
}

#[tokio::test]
async fn large_bodies_pass_both_ways_at_once() {
    let proxy = world(echo).await;
    let sent: Vec<u8> = (0..20_000_000u32).map(|at| (at % 253) as u8).collect();
    let mut client = client::Connection::new(TcpStream::connect(proxy).await.unwrap(), Default::default());
    let size = handover_http1::Size::Known(sent.len() as u64);
    let request = client::Request { method: b"PUT", target: b"/", size, upgrade: None };
    let (mut sender, mut receiver) = client.request(request, |fields| fields.push(b"Host", b"h")).unwrap();
    let upload = async {
        for piece in sent.chunks(70_000) {
            sender.data(bytes::Bytes::copy_from_slice(piece)).await.unwrap();
        }
        sender.finish(None).await.unwrap();
    };
    let download = async {
        let mut got = Vec::new();
        receiver.head().await.unwrap();
        while let Some(data) = receiver.data().await.unwrap() {
            got.extend_from_slice(&data);
        }
        got
    };
    let ((), got) = within(Duration::from_secs(60), async { tokio::join!(upload, download) }).await;
    assert!(got == sent);
}

/// Reads all there is, and answers only a whole request.
async fn answer_whole(mut stream: TcpStream) -> std::io::Result<()> {
    read_until(&mut stream, "0\r\n\r\n").await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await
}

#[tokio::test]
async fn an_aborted_upload_never_looks_whole_to_the_backend() {
    let proxy = world(answer_whole).await;
    for broken in ["", "zz\r\n", "5\r\nhe"] {
        let mut stream = TcpStream::connect(proxy).await.unwrap();
        stream.write_all([UPLOAD, broken].concat().as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut got = Vec::new();
        let _ = within(Duration::from_secs(5), stream.read_to_end(&mut got)).await;
        assert_eq!(String::from_utf8_lossy(&got), "", "{broken:?}");
    }
}
