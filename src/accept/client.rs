//! Who is at the other end of a connection, as far as the connection tells.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::legacy::client_cert::ClientCert;

/// A connection's client. The same for all its requests.
#[derive(Clone, Debug)]
pub(super) struct Client {
    /// Its address: the socket's, or what a trusted peer's PROXY header says.
    pub peer: SocketAddr,
    /// The address that it connected to.
    pub local: SocketAddr,
    /// Whether it came by TLS.
    pub secure: bool,
    /// Its certificate, where it has one.
    pub cert: Option<Arc<ClientCert>>,
}
