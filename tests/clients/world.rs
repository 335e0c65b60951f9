//! What the tests here have in common: the proxy in front of a backend, an HTTP/2 client, the proxy's metrics.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use handover_parts::{Backend, Handover, PhpFpm, http, process};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// The proxy in front of that backend.
pub(crate) fn in_front_of(backend: &Backend) -> Handover {
    Handover::start(BINARY, &backend.as_legacy())
}

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until `check` holds.
pub(crate) fn until(what: &str, check: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !check() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A php-fpm with so many children, whose front controller is that script, and its folder.
pub(crate) fn php(script: &str, children: u32) -> (PhpFpm, tempfile::TempDir) {
    let app = process::folder("app");
    process::write(app.path().join("index.php"), script);
    (PhpFpm::serving(app.path()).children(children).start(), app)
}

/// The proxy in front of that php-fpm.
pub(crate) fn in_front_of_php(php: &PhpFpm) -> Handover {
    let root = php.root().display();
    Handover::start(BINARY, &format!("[legacy.app]\nfastcgi = \"{}\"\nroot = \"{root}\"\n", php.address()))
}

/// Runs an async test to its end.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}

/// The value of a metric, its labels included in the name; 0 where it was never counted.
pub(crate) fn metric(proxy: &Handover, name: &str) -> u64 {
    let text = http::get(proxy.admin(), "/metrics").unwrap().text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |value| value.parse().unwrap())
}

/// A client's connection that speaks HTTP/2 in the clear.
pub(crate) async fn connect(address: SocketAddr) -> SendRequest<Bytes> {
    over(TcpStream::connect(address).await.unwrap()).await
}

/// A client's connection that speaks HTTP/2 on that stream.
pub(crate) async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::task::spawn_local(connection);
    client.ready().await.unwrap()
}

/// One answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: ::http::HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<::http::HeaderMap>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads an answer to its end.
pub(crate) async fn whole(response: h2::client::ResponseFuture) -> Result<Answer, h2::Error> {
    let (head, mut received) = response.await?.into_parts();
    let mut body = Vec::new();
    while let Some(piece) = received.data().await {
        let piece = piece?;
        received.flow_control().release_capacity(piece.len())?;
        body.extend_from_slice(&piece);
    }
    let trailers = received.trailers().await?;
    Ok(Answer { status: head.status.as_u16(), fields: head.headers, body, trailers })
}

/// Asks with a body and reads the answer to its end.
pub(crate) async fn ask(
    client: &mut SendRequest<Bytes>,
    request: ::http::request::Builder,
    body: &[u8],
) -> Result<Answer, h2::Error> {
    let (response, mut send) = client.send_request(request.body(()).unwrap(), body.is_empty())?;
    if !body.is_empty() {
        send.send_data(Bytes::copy_from_slice(body), true)?;
    }
    whole(response).await
}

/// A request to `shop.example`.
pub(crate) fn request(method: &str, target: &str) -> ::http::request::Builder {
    ::http::Request::builder().method(method).uri(format!("http://shop.example{target}"))
}

/// Resident memory, in KiB.
pub(crate) fn memory(proxy: &Handover) -> u64 {
    let id = proxy.id().expect("it runs");
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line on memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Sends PINGs by HTTP/2 until the proxy ends the connection for it.
pub(crate) fn flood(proxy: &Handover) {
    const COUNTED: &str = "handover_refused_total{reason=\"http2_flood\"}";
    let before = metric(proxy, COUNTED);
    let mut stream = std::net::TcpStream::connect(proxy.http()).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    let pings = [&[0, 0, 8, 6, 0, 0, 0, 0, 0][..], &[7; 8]].concat().repeat(100);
    while stream.write_all(&pings).is_ok() {}
    until("the flood is ended", || metric(proxy, COUNTED) > before);
}
