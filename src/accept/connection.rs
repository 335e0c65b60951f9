//! A fresh connection: who it is from, whether it is under TLS, what it speaks. From there it is served as that.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::balance::Fresh;
use super::client::Client;
use super::core::Core;
use super::listener::Entrance;
use super::proxy_protocol::{self, Addresses};
use super::stream::Stream;
use super::{http1, http2};
use crate::legacy::client_cert::ClientCert;
use crate::observe::chain;

/// Serves a connection to its end.
pub(super) async fn serve(core: Rc<Core>, fresh: Fresh) {
    let Fresh { stream, peer, entrance, held: _held } = fresh;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    // Answers go out whole, so that waiting for more would only delay them.
    let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) else { return };
    let mut client = Client { peer, local, secure: false, cert: None };
    if core.process.is_proxy(peer.ip()) {
        match Box::pin(said_by_proxy(&core, &stream, peer)).await {
            Ok(Some((peer, local))) => (client.peer, client.local) = (peer, local),
            Ok(None) => {}
            Err(NotSaid) => return,
        }
    }
    match entrance {
        Entrance::Plain => http1::serve(&core, &client, Stream::Tcp(stream)).await,
        // Boxed: a connection without TLS need not be as large as a handshake.
        Entrance::Tls => Box::pin(serve_tls(core, client, stream)).await,
    }
}

/// A trusted peer did not say who its client is, so that nobody can know.
struct NotSaid;

/// Whom a trusted peer speaks for; `None` where it speaks for itself.
async fn said_by_proxy(
    core: &Core,
    stream: &TcpStream,
    peer: SocketAddr,
) -> Result<Option<Addresses>, NotSaid> {
    let refuse = |error: &dyn std::error::Error| {
        core.process.refusals.count("proxy_header");
        tracing::debug!(%peer, error = chain(error), "a connection was refused");
        NotSaid
    };
    match timeout(core.generation().config.http1.timeouts.head, proxy_protocol::read(stream)).await {
        Ok(read) => read.map_err(|error| refuse(&error)),
        Err(error) => Err(refuse(&error)),
    }
}

/// Under TLS the client says beforehand what it speaks (ALPN).
async fn serve_tls(core: Rc<Core>, client: Client, stream: TcpStream) {
    let Some(tls) = &core.process.tls else { return };
    let Some(stream) = tls.accept(&core, client.peer, stream).await else { return };
    let session = stream.get_ref().1;
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let cert = session.peer_certificates().and_then(|chain| ClientCert::of(chain.first()?)).map(Arc::new);
    let (client, stream) = (Client { secure: true, cert, ..client }, Stream::Tls(Box::new(stream)));
    match is_http2 {
        true => http2::serve(core, client, stream, Bytes::new()).await,
        false => http1::serve(&core, &client, stream).await,
    }
}
