//! Kafka, kept in a leaf of its own: who writes or tests a handler links none of it.
//!
//! - [`Producer`]: one persistent, idempotent producer a cluster. It takes all records of one answer as one
//!   [`Frame`] and says of each failure whether the broker may hold a part of it.
//! - [`Tap`]: reads topics beside everyone else, without a consumer group, and says how far it has come.
//! - [`Embedded`]: a Kafka inside this process, for the demo and for tests.

mod auth;
mod config;
mod embedded;
mod error;
mod partition;
mod producer;
mod tap;

pub use auth::iam::{Credentials, IamSettings, ProvideCredentials, SharedCredentialsProvider, Tokens};
pub use auth::{Login, Password, Sasl};
pub use config::{ClientCertificate, Compression, Connection, Partitioner, ProducerConfig, Tls};
pub use embedded::{Embedded, EmbeddedError};
pub use error::{CommitError, Fault, Refused, StartError};
pub use producer::{Closed, Delivery, Frame, LastError, Producer, Receipt, Stats, is_topic};
pub use tap::{Start, Tap, TapConfig, TapMonitor, TapStats, Tapped, TappedRecord};
