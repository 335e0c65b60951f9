//! What can be wrong with the files of a TLS listener.

use std::io;
use std::path::PathBuf;

/// The files cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// A file is not what it should be.
    #[error("{} holds no {what} in PEM form", .path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong with its text; `None` where there is nothing of the kind in it.
        source: Option<rustls::pki_types::pem::Error>,
    },
    /// A certificate and a key do not belong together, or cannot be used.
    #[error("the certificate {} and its key cannot be used together", .0.display())]
    Pair(PathBuf, #[source] rustls::Error),
    /// A client CA cannot be used.
    #[error("{} holds a certificate that cannot be a CA", .0.display())]
    ClientCa(PathBuf, #[source] rustls::Error),
    /// No client certificate could ever be verified.
    #[error("client certificates cannot be verified")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// The cryptography does not have what TLS needs.
    #[error("TLS cannot be set up")]
    Setup(#[from] rustls::Error),
}
