//! A small world for tests: a client and a server of ours on both ends of a pipe, and raw bytes.
#![allow(dead_code)] // each test file uses its part

use std::{sync::Arc, time::Duration};

use handover_http1::{ServerTimeouts, client, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// A server connection and the raw stream of its client.
pub(crate) fn server() -> (server::Connection<DuplexStream>, DuplexStream) {
    server_with(server::Config { timeouts: brief(), ..Default::default() })
}

/// The usual time-outs, but for clients that don't close: these would hold every test up.
pub(crate) fn brief() -> ServerTimeouts {
    ServerTimeouts { linger: Duration::from_millis(10), ..Default::default() }
}

pub(crate) fn server_with(config: server::Config) -> (server::Connection<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(1 << 20);
    (server::Connection::new(near, Arc::new(config)), far)
}

/// A client connection and the raw stream of its backend.
pub(crate) fn client() -> (client::Connection<DuplexStream>, DuplexStream) {
    client_with(client::Config::default())
}

pub(crate) fn client_with(config: client::Config) -> (client::Connection<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(1 << 20);
    (client::Connection::new(near, Arc::new(config)), far)
}

/// A client's and a server's connection with each other.
pub(crate) fn pair() -> (client::Connection<DuplexStream>, server::Connection<DuplexStream>) {
    let (near, far) = duplex(64 * 1024);
    (client::Connection::new(near, Arc::default()), server::Connection::new(far, Arc::default()))
}

/// What can be read until the other side has said all, or is silent.
pub(crate) async fn read_all(stream: &mut DuplexStream) -> String {
    let mut got = Vec::new();
    let _ = tokio::time::timeout(Duration::from_millis(300), stream.read_to_end(&mut got)).await;
    String::from_utf8_lossy(&got).into_owned()
}

pub(crate) async fn send(stream: &mut DuplexStream, bytes: &str) {
    stream.write_all(bytes.as_bytes()).await.unwrap();
}
