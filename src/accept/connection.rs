//! A fresh connection: who it is from, whether it is under TLS, what it speaks. From there it is served as that.

use std::rc::Rc;

use bytes::Bytes;
use tokio::net::TcpStream;

use super::balance::Fresh;
use super::client::Client;
use super::core::Core;
use super::listener::Entrance;
use super::stream::Stream;
use super::{http1, http2};

/// Serves a connection to its end.
pub(super) async fn serve(core: Rc<Core>, fresh: Fresh) {
    let Fresh { stream, peer, entrance, held: _held } = fresh;
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    // Answers go out whole, so that waiting for more would only delay them.
    let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) else { return };
    let client = Client { peer, local, secure: false };
    match entrance {
        Entrance::Plain => http1::serve(core, client, Stream::Tcp(stream)).await,
        // Boxed: a connection without TLS need not be as large as a handshake.
        Entrance::Tls => Box::pin(serve_tls(core, client, stream)).await,
    }
}

/// Under TLS the client says beforehand what it speaks (ALPN).
async fn serve_tls(core: Rc<Core>, client: Client, stream: TcpStream) {
    let Some(tls) = &core.process.tls else { return };
    let Some(stream) = tls.accept(&core, client.peer, stream).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let (client, stream) = (Client { secure: true, ..client }, Stream::Tls(Box::new(stream)));
    match is_http2 {
        true => http2::serve(core, client, stream, Bytes::new()).await,
        false => http1::serve(core, client, stream).await,
    }
}
