//! Where records go: Kafka clusters, what a 2xx promises, the spool.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use handover_kafka::Partitioner;
use handover_schemas::Kind;

/// One `[kafka.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kafka {
    /// Its name.
    pub name: String,
    /// Brokers to begin with, `host:port`.
    pub bootstrap: Vec<String>,
    /// How it is authenticated to.
    pub auth: KafkaAuth,
    /// Whether TLS is used, and whom it trusts.
    pub tls: Option<Tls>,
    /// What a 2xx promises of a record.
    pub ack: Ack,
    /// Whether every answer says so.
    pub ack_header: bool,
    /// How a record without a partition finds one.
    pub partitioner: Partitioner,
    /// Topics whose partitioner differs.
    pub topic_partitioners: BTreeMap<String, Partitioner>,
    /// Where schemas are.
    pub registry: Option<Registry>,
    /// Topics whose values are by a schema. There is a registry.
    pub schemas: BTreeMap<String, TopicSchema>,
    /// How long a record may wait for the brokers' acknowledgement.
    pub timeout: Duration,
    /// The topic for records of the spool that the brokers will never take.
    pub dead_letter: Option<String>,
}

/// A schema registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registry {
    /// Its address.
    pub url: reqwest::Url,
    /// Who asks.
    pub login: Option<Login>,
    /// The file of CA certificates (PEM) that sign its own; the system's when not given.
    pub ca_file: Option<PathBuf>,
    /// How often it is asked.
    pub refresh: Duration,
}

/// The schema that a topic's values are by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicSchema {
    /// Where the registry has it.
    pub subject: String,
    /// Which of the subject's it is.
    pub which: WhichSchema,
    /// The Protobuf message that values are written as; the first when not given.
    pub message: Option<String>,
}

/// Which schema of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhichSchema {
    /// The newest.
    Latest,
    /// The one of that id, whatever the subject has.
    Id(u32),
    /// The one in a file, which is registered.
    Registered {
        /// The file.
        file: PathBuf,
        /// How it is to be read.
        kind: Kind,
    },
}

/// How a Kafka cluster is authenticated to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KafkaAuth {
    /// Not at all.
    None,
    /// SASL/PLAIN.
    Plain(Login),
    /// SASL/SCRAM-SHA-256.
    ScramSha256(Login),
    /// SASL/SCRAM-SHA-512.
    ScramSha512(Login),
    /// A client certificate. There is TLS.
    Mtls {
        /// The certificate (PEM).
        cert_file: PathBuf,
        /// Its key (PEM).
        key_file: PathBuf,
    },
    /// AWS's IAM. There is TLS.
    Iam {
        /// The cluster's region.
        region: String,
    },
}

/// TLS towards the brokers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The file of CA certificates (PEM) that sign the brokers'; the system's when not given.
    pub ca_file: Option<PathBuf>,
}

/// A name and where its password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    /// The name.
    pub user: String,
    /// The file that holds the password; a line end behind it does not count.
    pub password_file: PathBuf,
}

/// What a 2xx promises of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ack {
    /// The brokers have it.
    Delivered,
    /// It is on this machine's disk, and goes to the brokers from there.
    Spool,
    /// It is in memory and on its way: a crash may lose it.
    Memory,
}

impl Ack {
    /// Its name in the file and in `Handover-Ack`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Spool => "spool",
            Self::Memory => "memory",
        }
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `[spool]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spool {
    /// The folder that processes share.
    pub folder: PathBuf,
    /// The bounds of one process' part of it.
    pub limits: handover_spool::Limits,
    /// For how long an HTTP call is tried before it is set aside.
    pub calls_for: Duration,
    /// Whether the file asks for one. If not, only what an earlier run left in the folder is still delivered.
    pub wanted: bool,
}
