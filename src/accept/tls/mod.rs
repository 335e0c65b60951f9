//! TLS towards clients, by rustls: certificates that can be replaced while connections go on, and handshakes within
//! their bounds.

mod error;
mod files;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) use self::error::TlsError;
use self::files::Files;
use super::core::Core;
use super::counts::Count;
use crate::config::valid;
use crate::observe::chain;

/// Handshakes that a core does at a time; the others wait, within the time that a handshake has.
pub(super) const HANDSHAKES_MAX: usize = 128;

/// What the process serves TLS with.
#[derive(Debug)]
pub(crate) struct Tls {
    paths: valid::ServerTls,
    current: ArcSwap<Configs>,
    /// The files as they were read last, good or not.
    seen: Mutex<Files>,
    /// When each certificate in use ends, in seconds since 1970, by file.
    ends: ArcSwap<Vec<(PathBuf, i64)>>,
    /// Replacements that are in effect.
    pub replaced: Count,
    /// Files that were changed and could not be used.
    pub refused: Count,
}

/// What handshakes are done with.
#[derive(Debug)]
struct Configs {
    /// With the client's choice of all that we speak.
    all: Arc<ServerConfig>,
    /// With HTTP/1.1 alone, for clients that HTTP/2 is closed to for now.
    http1: Arc<ServerConfig>,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn load(paths: &valid::ServerTls) -> Result<Self, TlsError> {
        let files = Files::read(paths)?;
        Ok(Self {
            paths: paths.clone(),
            current: ArcSwap::from_pointee(files.configs(paths)?),
            ends: ArcSwap::from_pointee(files.ends(paths)),
            seen: Mutex::new(files),
            replaced: Count::default(),
            refused: Count::default(),
        })
    }

    /// When each certificate in use ends, in seconds since 1970, by file.
    pub(crate) fn ends(&self) -> Arc<Vec<(PathBuf, i64)>> {
        self.ends.load_full()
    }

    /// Reads the files again. Those that have changed and are good replace the ones in use: for handshakes from now on.
    pub(crate) fn refresh(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Files that are gone for a moment are being replaced.
        let Ok(files) = Files::read(&self.paths) else { return };
        if *seen == files {
            return;
        }
        match files.configs(&self.paths) {
            Ok(configs) => {
                self.current.store(Arc::new(configs));
                self.ends.store(Arc::new(files.ends(&self.paths)));
                self.replaced.add(1);
                tracing::info!("the TLS certificates were replaced");
            }
            Err(error) => {
                self.refused.add(1);
                let error = chain(&error);
                tracing::error!(
                    error,
                    "the changed TLS files cannot be used; the certificates stay as they are"
                );
            }
        }
        *seen = files;
    }

    /// Does a handshake, within its time; `None` when it came to nothing.
    pub(super) async fn accept(
        &self,
        core: &Core,
        peer: SocketAddr,
        stream: TcpStream,
    ) -> Option<TlsStream<TcpStream>> {
        let counts = &core.process.clients;
        let handshake = async {
            let _turn = core.handshakes.acquire().await;
            let _open = counts.handshakes.enter();
            let configs = self.current.load();
            let config =
                if core.process.offenders.is_barred(peer.ip()) { &configs.http1 } else { &configs.all };
            let acceptor = TlsAcceptor::from(Arc::clone(config));
            drop(configs);
            acceptor.accept(stream).await
        };
        match timeout(core.bounds().timeouts.head, handshake).await {
            Ok(Ok(stream)) => {
                counts.secured.add(1);
                Some(stream)
            }
            Ok(Err(error)) => {
                counts.not_secured.add(1);
                tracing::debug!(%peer, error = chain(&error), "a TLS handshake has failed");
                None
            }
            Err(_) => {
                counts.too_slow.add(1);
                None
            }
        }
    }
}
