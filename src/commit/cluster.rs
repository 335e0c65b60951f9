//! From `[kafka.NAME]` to a producer's settings: reads the secrets from their files.

use std::io;
use std::path::{Path, PathBuf};

use handover_kafka::{ClientCertificate, Connection, Login, ProducerConfig, Sasl, Tls};

use crate::config::valid::{self, Kafka, KafkaAuth};

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the password of Kafka cluster `{cluster}` cannot be read from {}", file.display())]
pub(crate) struct SecretError {
    cluster: String,
    file: PathBuf,
    source: io::Error,
}

/// How a cluster is reached, secrets included.
pub(crate) fn connection(spec: &Kafka) -> Result<Connection, SecretError> {
    let login = |login: &valid::Login| {
        let password = secret(&login.password_file).map_err(|source| SecretError {
            cluster: spec.name.clone(),
            file: login.password_file.clone(),
            source,
        })?;
        Ok(Login { user: login.user.clone(), password })
    };
    let certificate = match &spec.auth {
        KafkaAuth::Mtls { cert_file, key_file } => {
            Some(ClientCertificate { certificate: cert_file.clone(), key: key_file.clone() })
        }
        _ => None,
    };
    let sasl = match &spec.auth {
        KafkaAuth::Plain(user) => Some(Sasl::Plain(login(user)?)),
        KafkaAuth::ScramSha256(user) => Some(Sasl::ScramSha256(login(user)?)),
        KafkaAuth::ScramSha512(user) => Some(Sasl::ScramSha512(login(user)?)),
        KafkaAuth::None | KafkaAuth::Mtls { .. } => None,
    };
    let tls = spec.tls.as_ref().map(|tls| Tls { ca: tls.ca_file.clone(), client: certificate });
    Ok(Connection { tls, sasl, ..Connection::plaintext(spec.bootstrap.join(",")) })
}

/// The settings of a cluster's producer.
pub(crate) fn producer(spec: &Kafka) -> Result<ProducerConfig, SecretError> {
    Ok(ProducerConfig {
        partitioner: spec.partitioner,
        topic_partitioners: spec.topic_partitioners.clone(),
        message_timeout: spec.timeout,
        ..ProducerConfig::new(connection(spec)?)
    })
}

fn secret(file: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(file)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
