//! From PEM files to what handshakes need.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use super::{Configs, TlsError};
use crate::config::valid::{ClientAuth, ServerTls};
use crate::legacy::client_cert::ends;

/// The files' content at one time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files {
    /// Certificate chain and key of each pair.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    client_ca: Option<Vec<u8>>,
}

impl Files {
    pub(super) fn read(paths: &ServerTls) -> Result<Self, TlsError> {
        let pairs = paths.pairs.iter().map(|pair| Ok((read(&pair.cert_file)?, read(&pair.key_file)?)));
        let client_ca = paths.client.as_ref().map(|(ca_file, _)| read(ca_file)).transpose()?;
        Ok(Self { pairs: pairs.collect::<Result<_, TlsError>>()?, client_ca })
    }

    /// What handshakes need, if all of it can be used.
    pub(super) fn configs(&self, paths: &ServerTls) -> Result<Configs, TlsError> {
        let all = self.config(paths)?;
        let mut http1 = all.clone();
        http1.alpn_protocols.retain(|name| name == b"http/1.1");
        Ok(Configs { all: Arc::new(all), http1: Arc::new(http1) })
    }

    fn config(&self, paths: &ServerTls) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let keys = self
            .pairs
            .iter()
            .zip(&paths.pairs)
            .map(|((cert, key), pair)| certified(cert, key, &pair.cert_file, &pair.key_file, &provider));
        let keys = keys.collect::<Result<Keys, TlsError>>()?;
        let verifier = match (&self.client_ca, &paths.client) {
            (Some(pem), Some((path, auth))) => verifier(pem, path, *auth, &provider)?,
            _ => WebPkiClientVerifier::no_client_auth(),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(keys));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Sessions are resumed without a store that cores would contend for.
        config.ticketer = ring::Ticketer::new()?;
        Ok(config)
    }
}

impl Files {
    /// When each certificate ends, in seconds since 1970: the first one of each file, which is the one that clients see, and all
    /// that sign clients'.
    pub(super) fn ends(&self, paths: &ServerTls) -> Vec<(PathBuf, i64)> {
        let first = |pem: &[u8]| ends(&CertificateDer::pem_slice_iter(pem).next()?.ok()?);
        let own = self.pairs.iter().zip(&paths.pairs);
        let own = own.filter_map(|((pem, _), pair)| Some((pair.cert_file.clone(), first(pem)?)));
        let signing = self.client_ca.iter().zip(&paths.client).flat_map(|(pem, (path, _))| {
            let all = CertificateDer::pem_slice_iter(pem).filter_map(|cert| ends(&cert.ok()?));
            // The one that ends first is the one to look after.
            all.min().map(|end| (path.clone(), end))
        });
        own.chain(signing).collect()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable(path.to_owned(), error))
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = |source| TlsError::Pem { path: path.to_owned(), what: "certificate", source };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|why| fault(Some(why)))?;
    if chain.is_empty() { Err(fault(None)) } else { Ok(chain) }
}

fn certified(
    cert: &[u8],
    key: &[u8],
    cert_file: &Path,
    key_file: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(cert, cert_file)?;
    let no_key = |why| TlsError::Pem { path: key_file.to_owned(), what: "private key", source: Some(why) };
    let key = PrivateKeyDer::from_pem_slice(key).map_err(no_key)?;
    // Fails, too, where the two do not belong together: half of a pair was replaced so far.
    CertifiedKey::from_der(chain, key, provider).map_err(|error| TlsError::Pair(cert_file.to_owned(), error))
}

fn verifier(
    pem: &[u8],
    path: &Path,
    auth: ClientAuth,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for ca in certificates(pem, path)? {
        roots.add(ca).map_err(|error| TlsError::ClientCa(path.to_owned(), error))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    Ok(match auth {
        ClientAuth::Required => builder.build()?,
        ClientAuth::Optional => builder.allow_unauthenticated().build()?,
    })
}

/// Certificates by the names in them; the first where none has the client's, or it gave none.
#[derive(Debug)]
struct Keys(Vec<Arc<CertifiedKey>>);

impl FromIterator<CertifiedKey> for Keys {
    fn from_iter<I: IntoIterator<Item = CertifiedKey>>(keys: I) -> Self {
        Self(keys.into_iter().map(Arc::new).collect())
    }
}

impl ResolvesServerCert for Keys {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = || {
            let name = ServerName::try_from(hello.server_name()?).ok()?;
            self.0.iter().find(|key| is_for(key, &name))
        };
        // One certificate is the answer to everything.
        let key = if self.0.len() > 1 { named().or(self.0.first()) } else { self.0.first() };
        key.map(Arc::clone)
    }
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.cert.first().and_then(|cert| ParsedCertificate::try_from(cert).ok());
    parsed.is_some_and(|cert| verify_server_name(&cert, name).is_ok())
}
