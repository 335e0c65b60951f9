//! What the intake needs around it, inside this process: a Kafka and an S3.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use handover_kafka::Embedded;
use handover_s3_embedded::{EmbeddedS3, Keys};

/// Where accepted records go.
pub(super) const TOPIC: &str = "flights.v1";

/// Its partitions.
pub(super) const PARTITIONS: i32 = 4;

/// Where the reference tables are.
pub(super) const BUCKET: &str = "reference";

/// The tables.
const TABLES: [&str; 3] = ["airlines.csv", "airports.csv", "planes.csv"];

/// The running parts. Dropping them stops them.
pub(super) struct Parts {
    kafka: Embedded,
    s3: EmbeddedS3,
    keys: Keys,
    data: PathBuf,
}

impl Parts {
    /// Starts them, with the topic made and the tables in their bucket.
    pub(super) async fn start(data: &Path) -> anyhow::Result<Self> {
        let kafka = Embedded::start(1).context("the embedded Kafka cannot be started")?;
        kafka.create_topic(TOPIC, PARTITIONS).context("the topic cannot be made")?;
        let folder = Path::new("state/demo/s3");
        let bucket = folder.join(BUCKET);
        std::fs::create_dir_all(&bucket).with_context(|| format!("{} cannot be made", bucket.display()))?;
        for table in TABLES {
            std::fs::copy(data.join(table), bucket.join(table)).with_context(|| {
                format!("{} cannot be put into the embedded S3", data.join(table).display())
            })?;
        }
        let keys = Keys { access: "demo".into(), secret: "demo-secret".into() };
        let s3 = EmbeddedS3::start(folder, &keys, ([127, 0, 0, 1], 0).into())
            .await
            .context("the embedded S3 cannot be started")?;
        let data = data.canonicalize().with_context(|| format!("{} is not there", data.display()))?;
        Ok(Self { kafka, s3, keys, data })
    }

    /// Kafka's address.
    pub(super) fn kafka(&self) -> &str {
        self.kafka.bootstrap()
    }

    /// S3's address.
    pub(super) fn s3(&self) -> String {
        self.s3.endpoint()
    }

    /// What `routes.toml` and the legacy read of the environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("KAFKA_BROKERS", self.kafka().to_owned()),
            ("S3_ENDPOINT", self.s3()),
            ("AWS_ACCESS_KEY_ID", self.keys.access.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.keys.secret.clone()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("DATA_DIR", self.data.display().to_string()),
        ]
    }
}
