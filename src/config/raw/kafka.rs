//! `[kafka.NAME]` and `[spool]` as they are written: where records go, and where they wait.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{At, Texts};
use crate::config::valid::Ack;

/// A Kafka cluster.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Kafka {
    /// Brokers to begin with: `["b-1.example:9096"]`.
    pub bootstrap: Option<At<Texts>>,
    /// How it is authenticated to; `"none"` when not given.
    pub auth: Option<At<KafkaAuth>>,
    /// Whether TLS is used; when not given, wherever `auth` is not `"none"`.
    pub tls: Option<At<bool>>,
    /// The CA certificates (PEM) that sign the brokers'; the system's when not given.
    pub ca_file: Option<At<String>>,
    /// What a 2xx promises of a record; `"delivered"` when not given.
    pub ack: Option<At<RawAck>>,
    /// Whether every answer says in `Handover-Ack` what was promised of its records; `false` when not given. One that
    /// promises less than its route's `ack` says so anyhow.
    pub ack_header: Option<At<bool>>,
    /// How a record finds its partition; `"consistent_random"` when not given, as php-rdkafka does.
    pub partitioner: Option<At<RawPartitioner>>,
    /// The schema registry (Confluent's, or another that speaks its API) of the topics whose values are by a schema.
    pub registry: Option<At<Registry>>,
    /// What topics have of their own, by name.
    pub topic: BTreeMap<String, At<Topic>>,
    /// How long a record may wait for its acknowledgement; `"10s"` when not given.
    pub timeout: Option<At<String>>,
    /// The topic of this cluster for records that lie in the spool and that the brokers will never take (too large, invalid);
    /// when not given, and where it does not take them either, they are kept in a file beside the spool.
    pub dead_letter: Option<At<String>>,
}

/// How a Kafka cluster is authenticated to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum KafkaAuth {
    /// Not at all.
    None,
    /// SASL/PLAIN.
    Plain(Login),
    /// SASL/SCRAM-SHA-256.
    #[serde(rename = "scram-sha-256")]
    ScramSha256(Login),
    /// SASL/SCRAM-SHA-512, as AWS MSK has it.
    #[serde(rename = "scram-sha-512")]
    ScramSha512(Login),
    /// A client certificate. Its files are watched: another one that replaces it is shown by a producer of its own.
    Mtls(Certificate),
    /// AWS's IAM, as MSK has it. Credentials come from the environment, as AWS's own tools find them.
    Iam(Iam),
}

/// What AWS's IAM needs to know.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Iam {
    /// The cluster's region; the one in the brokers' names when not given.
    pub region: Option<At<String>>,
}

/// A name and where its password is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The name.
    pub user: At<String>,
    /// The file that holds the password. It is watched: a password that replaces it is used at once.
    pub password_file: At<String>,
}

/// A certificate and its key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificate {
    /// The certificate (PEM).
    pub cert_file: At<String>,
    /// Its key (PEM).
    pub key_file: At<String>,
}

/// What a topic has of its own.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Topic {
    /// How a record finds its partition.
    pub partitioner: Option<At<RawPartitioner>>,
    /// The schema of the cluster's registry that values are written by, which handlers give as JSON: `"latest"` (the
    /// subject's newest), the id of one, or `{ register = "flight.avsc" }`. A value that does not fit is not sent: legacy
    /// answers. Legacy's are read by the schemas that they name, and compared as JSON. When not given values go as they are.
    pub schema: Option<At<RawSchema>>,
    /// Where the registry has it; `TOPIC-value` when not given, as Confluent's `TopicNameStrategy` has it. With
    /// `RecordNameStrategy` it is the record's full name, with `TopicRecordNameStrategy` `TOPIC-NAME`.
    pub subject: Option<At<String>>,
    /// Protobuf: the full name of the message that values are written as; the schema's first when not given.
    pub message: Option<At<String>>,
}

/// A schema registry.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Registry {
    /// Its address: `"https://registry.example:8081"`, with the path that its API begins at where that is another.
    pub url: Option<At<String>>,
    /// The name and password that it asks for (HTTP's Basic); none when not given.
    pub login: Option<At<Login>>,
    /// The CA certificates (PEM) that sign its own; the system's when not given.
    pub ca_file: Option<At<String>>,
    /// How often it is asked for newer schemas; `"1m"` when not given. Clients never wait for it, and the last schemas are
    /// kept on disk.
    pub refresh: Option<At<String>>,
}

/// Which schema of a subject.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "this is neither \"latest\", the id of a schema nor { register = \"a file\" }")]
pub(crate) enum RawSchema {
    /// The newest.
    Latest(RawLatest),
    /// The one of that id.
    Id(u32),
    /// One that is to be registered.
    Register(Register),
}

/// The newest schema.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawLatest {
    /// The newest.
    Latest,
}

/// A schema that is to be registered.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// The file that has it: `.avsc` (Avro), `.json` (JSON Schema) or `.proto`. It is registered under the subject, unless it is
    /// there already, and again whenever the file changes. Nothing else is ever registered.
    pub register: String,
}

/// What a 2xx promises of a record.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawAck {
    /// The brokers have it.
    Delivered,
    /// It is on this machine's disk, and goes to the brokers from there.
    Spool,
    /// It is in memory and on its way: a crash may lose it.
    Memory,
}

impl RawAck {
    /// The mode.
    pub(crate) const fn mode(self) -> Ack {
        match self {
            Self::Delivered => Ack::Delivered,
            Self::Spool => Ack::Spool,
            Self::Memory => Ack::Memory,
        }
    }
}

/// The spool: records on this machine's disk, until Kafka has them. There is one where this table stands or an `ack` is
/// `"spool"`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Spool {
    /// Its folder, which several processes may share; `spool` in the state folder when not given.
    pub folder: Option<At<String>>,
    /// The most that one process keeps there, beyond which records are refused, and as much again for HTTP calls; `"1GiB"` when
    /// not given.
    pub size_max: Option<At<String>>,
    /// For how long an HTTP call is tried before it is set aside; `"1h"` when not given.
    pub calls_for: Option<At<String>>,
}

/// How a record without a partition finds one. The names are librdkafka's.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RawPartitioner {
    /// CRC32 of the key; at random without one. php-rdkafka's default.
    #[default]
    ConsistentRandom,
    /// CRC32 of the key; all records without one to one partition.
    Consistent,
    /// Java's hash of the key; at random without one. The Java client's default.
    Murmur2Random,
    /// Java's hash of the key; all records without one to one partition.
    Murmur2,
    /// FNV-1a of the key; at random without one. Sarama's default.
    Fnv1aRandom,
    /// FNV-1a of the key; all records without one to one partition.
    Fnv1a,
    /// At random, whatever the key.
    Random,
}
