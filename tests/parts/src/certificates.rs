//! Certificates as tests need them, made by the `openssl` command: no test has one that somebody else could use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{process, tools};

/// An authority that signs certificates, in a folder of its own.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate (PEM).
    pub cert_file: PathBuf,
    /// Its key (PEM).
    pub key_file: PathBuf,
}

impl Authority {
    /// A new authority.
    ///
    /// # Panics
    /// When `openssl` is not installed, with what to do about it.
    #[must_use]
    pub fn new() -> Self {
        let authority = Self { folder: process::folder("authority") };
        let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=tests \
                         -keyout ca.key -out ca.pem";
        openssl(authority.folder.path(), arguments);
        authority
    }

    /// Its own certificate (PEM).
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A new certificate for `name`, a DNS name, in files that are called so.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn sign(&self, name: &str) -> Identity {
        let folder = self.folder.path();
        process::write(folder.join("extensions"), format!("subjectAltName=DNS:{name},IP:127.0.0.1\n"));
        let request = format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr"
        );
        openssl(folder, &request);
        let sign = format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out {name}.pem"
        );
        openssl(folder, &sign);
        Identity {
            cert_file: folder.join(format!("{name}.pem")),
            key_file: folder.join(format!("{name}.key")),
        }
    }
}

impl Identity {
    /// Certificate and key in one, as HAProxy wants them.
    ///
    /// # Panics
    /// When the files are gone, which they are with their authority.
    #[must_use]
    pub fn pem(&self) -> String {
        [&self.cert_file, &self.key_file]
            .map(|file| {
                std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
            })
            .concat()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new(tools::program(&["openssl"]));
    command.current_dir(folder).args(arguments.split_whitespace()).stdin(Stdio::null());
    let output = command.output().expect("openssl can be started");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
