//! What the tests here have in common: the proxy in front of a backend, an HTTP/2 client, the proxy's metrics.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use handover_parts::{Backend, Handover, http};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// The proxy in front of that backend.
pub(crate) fn in_front_of(backend: &Backend) -> Handover {
    Handover::start(BINARY, &backend.as_legacy())
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
