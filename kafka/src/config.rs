//! What the producer and the tap are told, and what that is in librdkafka's own settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use rdkafka::ClientConfig;

use crate::auth::Sasl;

/// How to reach a cluster and prove who one is.
#[derive(Clone, Debug)]
pub struct Connection {
    /// `host:port`, separated by commas.
    pub bootstrap: String,
    /// What the broker's log and quotas know this process by.
    pub client_id: String,
    /// TLS; `None` is plaintext.
    pub tls: Option<Tls>,
    /// SASL; `None` shows no name (or the client certificate's).
    pub sasl: Option<Sasl>,
}

impl Connection {
    /// A plaintext connection without authentication.
    pub fn plaintext(bootstrap: impl Into<String>) -> Self {
        Self { bootstrap: bootstrap.into(), client_id: "handover".into(), tls: None, sasl: None }
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.bootstrap).set("client.id", &self.client_id);
        client.set("security.protocol", self.protocol());
        client.set("log.connection.close", "false").set("statistics.interval.ms", "2000");
        // Librdkafka's own 10 s would prolong every outage by up to as much.
        client.set("reconnect.backoff.max.ms", "2000");
        if let Some(tls) = &self.tls {
            tls.apply(&mut client);
        }
        if let Some(sasl) = &self.sasl {
            sasl.apply(&mut client);
        }
        client
    }

    fn protocol(&self) -> &'static str {
        match (&self.tls, &self.sasl) {
            (None, None) => "plaintext",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), None) => "ssl",
            (Some(_), Some(_)) => "sasl_ssl",
        }
    }
}

/// TLS towards the brokers.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// A PEM file of trusted authorities; `None` trusts the system's.
    pub ca: Option<PathBuf>,
    /// The certificate shown to the broker (mutual TLS).
    pub client: Option<ClientCertificate>,
}

impl Tls {
    fn apply(&self, client: &mut ClientConfig) {
        if let Some(ca) = &self.ca {
            client.set("ssl.ca.location", ca.to_string_lossy());
        }
        if let Some(own) = &self.client {
            client.set("ssl.certificate.location", own.certificate.to_string_lossy());
            client.set("ssl.key.location", own.key.to_string_lossy());
        }
    }
}

/// A client certificate and its key, both PEM files.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate, with its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// How a record's key becomes a partition. All are librdkafka's own, by its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partitioner {
    /// CRC32 of the key; null and empty keys at random. What php-rdkafka does unless told otherwise, so what keeps
    /// the order of a key when a route moves.
    #[default]
    ConsistentRandom,
    /// CRC32 of the key; null and empty keys all to one partition.
    Consistent,
    /// Murmur2 as Java's client has it; null keys at random, empty keys to one partition.
    Murmur2Random,
    /// Murmur2; null keys all to one partition.
    Murmur2,
    /// FNV-1a as Go's Sarama has it; null keys at random.
    Fnv1aRandom,
    /// FNV-1a; null keys all to one partition.
    Fnv1a,
    /// At random, whatever the key.
    Random,
}

impl Partitioner {
    /// librdkafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConsistentRandom => "consistent_random",
            Self::Consistent => "consistent",
            Self::Murmur2Random => "murmur2_random",
            Self::Murmur2 => "murmur2",
            Self::Fnv1aRandom => "fnv1a_random",
            Self::Fnv1a => "fnv1a",
            Self::Random => "random",
        }
    }
}

/// How the batches of records are compressed, by Kafka's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard; wants brokers of 2.1 or later.
    Zstd,
}

impl Compression {
    /// Kafka's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// The producer's settings.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// The cluster.
    pub connection: Connection,
    /// The partitioner of topics that name none.
    pub partitioner: Partitioner,
    /// Topics with a partitioner of their own.
    pub topic_partitioners: BTreeMap<String, Partitioner>,
    /// How batches are compressed.
    pub compression: Compression,
    /// How long a record may wait for others of its batch.
    pub linger: Duration,
    /// From handing a record over to giving it up; longer than `linger`. What is given up in flight may be persisted.
    pub message_timeout: Duration,
    /// Whether a record that fails has all that come behind it fail too (`enable.gapless.guarantee`), so that what is
    /// sent again keeps its order. Then `message_timeout` is none: a record waits for as long as it takes.
    pub gapless: bool,
    /// The largest record: key, value, headers and framing, in bytes. A broker's own limit is 1 MiB at first.
    pub max_record_bytes: usize,
    /// Bound of records handed over and not settled yet.
    pub max_queued_records: usize,
    /// Bound of their bytes.
    pub max_queued_bytes: usize,
}

impl ProducerConfig {
    /// The defaults, towards that cluster.
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            partitioner: Partitioner::default(),
            topic_partitioners: BTreeMap::new(),
            compression: Compression::default(),
            linger: Duration::from_millis(1),
            message_timeout: Duration::from_secs(10),
            gapless: false,
            max_record_bytes: 1_000_000,
            max_queued_records: 100_000,
            max_queued_bytes: 64 << 20,
        }
    }

    /// The partitioner of a topic.
    pub fn partitioner_of(&self, topic: &str) -> Partitioner {
        self.topic_partitioners.get(topic).copied().unwrap_or(self.partitioner)
    }

    /// Librdkafka's own bounds stand well above ours, so that it never is the one that says "full": it counts a record until
    /// the reports of its whole batch have been dealt with.
    pub(crate) fn client(&self, partitioner: Partitioner) -> ClientConfig {
        let mut client = self.connection.client();
        client.set("enable.idempotence", "true").set("partitioner", partitioner.name());
        client.set("compression.type", self.compression.name());
        client.set("linger.ms", format!("{:.3}", self.linger.as_secs_f64() * 1e3));
        let timeout = if self.gapless { 0 } else { self.message_timeout.as_millis() };
        client.set("message.timeout.ms", timeout.to_string());
        client.set("enable.gapless.guarantee", self.gapless.to_string());
        client.set("message.max.bytes", self.max_record_bytes.to_string());
        client.set("queue.buffering.max.messages", (2 * self.max_queued_records + 1).to_string());
        client.set("queue.buffering.max.kbytes", (2 * self.max_queued_bytes / 1024 + 1).to_string());
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Login, Password};

    #[test]
    fn the_protocol_follows_from_what_is_given() {
        let login = || Login { user: "alice".into(), password: Password::fixed("secret") };
        for (tls, sasl, protocol) in [
            (None, None, "plaintext"),
            (None, Some(Sasl::Plain(login())), "sasl_plaintext"),
            (Some(Tls::default()), None, "ssl"),
            (Some(Tls::default()), Some(Sasl::ScramSha512(login())), "sasl_ssl"),
        ] {
            let client = Connection { tls, sasl, ..Connection::plaintext("b:9092") }.client();
            assert_eq!(client.get("security.protocol"), Some(protocol));
        }
    }
}
