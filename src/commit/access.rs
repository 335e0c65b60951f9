//! How a cluster is reached, secrets included: read from their files, and looked at again while the process runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handover_kafka::{
    ClientCertificate, Connection, IamSettings, Login, Password, ProducerConfig, Sasl, StartError, Tls,
    Tokens,
};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::config::valid::{self, Kafka, KafkaAuth};

/// How often files are looked at that no producer looks at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A cluster's secrets cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// A file of theirs cannot be read.
    #[error("the {what} of Kafka cluster `{cluster}` cannot be read from {}", file.display())]
    Secret {
        /// What it would hold.
        what: &'static str,
        /// The cluster.
        cluster: String,
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing makes tokens.
    #[error("no tokens can be made for Kafka cluster `{cluster}`")]
    Tokens {
        /// The cluster.
        cluster: String,
        /// Why.
        source: Box<StartError>,
    },
}

/// What a look at the files found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing new.
    Same,
    /// Another password. All clients of the cluster log in by it from now on.
    Password,
    /// Another certificate. Only clients that are made anew show it.
    Certificate,
}

/// The access to one cluster. All its clients share it.
#[derive(Debug)]
pub(crate) struct Access {
    connection: Connection,
    password: Option<(PathBuf, watch::Sender<String>)>,
    certificate: Option<(ClientCertificate, Mutex<Pair>)>,
    renewed: watch::Sender<()>,
}

/// What is in the certificate's file and its key's.
type Pair = (Vec<u8>, Vec<u8>);

impl Access {
    /// Reads the secrets.
    pub(crate) fn new(spec: &Kafka) -> Result<Self, AccessError> {
        let (sasl, password) = sasl(spec)?;
        let certificate = match &spec.auth {
            KafkaAuth::Mtls { cert_file, key_file } => {
                let files = ClientCertificate { certificate: cert_file.clone(), key: key_file.clone() };
                let pair = pair(&files).map_err(|source| AccessError::Secret {
                    what: "client certificate",
                    cluster: spec.name.clone(),
                    file: cert_file.clone(),
                    source,
                })?;
                Some((files, Mutex::new(pair)))
            }
            _ => None,
        };
        let client = certificate.as_ref().map(|(files, _)| files.clone());
        let tls = spec.tls.as_ref().map(|tls| Tls { ca: tls.ca_file.clone(), client });
        let connection = Connection { tls, sasl, ..Connection::plaintext(spec.bootstrap.join(",")) };
        Ok(Self { connection, password, certificate, renewed: watch::Sender::new(()) })
    }

    /// The same for who is none of the [producers](super::Producers), which look at theirs: the files are looked at, on `side`,
    /// as long as somebody has it.
    pub(crate) fn watched(spec: &Kafka, side: &Handle) -> Result<Arc<Self>, AccessError> {
        let access = Arc::new(Self::new(spec)?);
        let watched = Arc::downgrade(&access);
        side.spawn(async move {
            let mut every = tokio::time::interval(LOOK_EVERY);
            loop {
                every.tick().await;
                let Some(access) = watched.upgrade() else { return };
                // What it finds it tells all who share it.
                let _ = tokio::task::spawn_blocking(move || access.look()).await;
            }
        });
        Ok(access)
    }

    /// How the cluster is reached.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Tells of each new certificate.
    pub(crate) fn renewals(&self) -> watch::Receiver<()> {
        self.renewed.subscribe()
    }

    /// Looks at the files. Those that are gone or empty for a moment are being replaced.
    pub(crate) fn look(&self) -> Found {
        if let Some((file, current)) = &self.password
            && let Ok(read) = secret(file)
            && !read.is_empty()
            && current.send_if_modified(|current| {
                let differs = *current != read;
                *current = read;
                differs
            })
        {
            return Found::Password;
        }
        if let Some((files, seen)) = &self.certificate
            && let Ok(read) = pair(files)
        {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen != read {
                *seen = read;
                self.renewed.send_replace(());
                return Found::Certificate;
            }
        }
        Found::Same
    }
}

/// The settings of a cluster's producer.
pub(crate) fn producer(spec: &Kafka, access: &Access) -> ProducerConfig {
    ProducerConfig {
        partitioner: spec.partitioner,
        topic_partitioners: spec.topic_partitioners.clone(),
        message_timeout: spec.timeout,
        ..ProducerConfig::new(access.connection.clone())
    }
}

type WatchedPassword = Option<(PathBuf, watch::Sender<String>)>;

fn sasl(spec: &Kafka) -> Result<(Option<Sasl>, WatchedPassword), AccessError> {
    let login = |login: &valid::Login, mechanism: fn(Login) -> Sasl| {
        let file = login.password_file.clone();
        let read = secret(&file).map_err(|source| AccessError::Secret {
            what: "password",
            cluster: spec.name.clone(),
            file: file.clone(),
            source,
        })?;
        let (replace, password) = Password::replaceable(read);
        Ok((Some(mechanism(Login { user: login.user.clone(), password })), Some((file, replace))))
    };
    match &spec.auth {
        KafkaAuth::Plain(user) => login(user, Sasl::Plain),
        KafkaAuth::ScramSha256(user) => login(user, Sasl::ScramSha256),
        KafkaAuth::ScramSha512(user) => login(user, Sasl::ScramSha512),
        KafkaAuth::Iam { region } => {
            let tokens = Tokens::start(IamSettings::new(region))
                .map_err(|why| AccessError::Tokens { cluster: spec.name.clone(), source: Box::new(why) })?;
            Ok((Some(Sasl::Iam(tokens)), None))
        }
        KafkaAuth::None | KafkaAuth::Mtls { .. } => Ok((None, None)),
    }
}

fn secret(file: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn pair(files: &ClientCertificate) -> io::Result<Pair> {
    Ok((std::fs::read(&files.certificate)?, std::fs::read(&files.key)?))
}
