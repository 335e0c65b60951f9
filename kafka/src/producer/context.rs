//! Librdkafka's callbacks, all on the poll thread.

use std::sync::Arc;

use rdkafka::Statistics;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use tracing::{debug, error, warn};

use super::frame::{InFlight, Settled};
use super::shared::Shared;
use super::status::possibly_persisted;
use crate::auth::{about_rights, advice};
use crate::{Connection, Fault};

/// The callbacks of one native producer.
pub(super) struct Callbacks {
    shared: Arc<Shared>,
    connection: Connection,
}

impl Callbacks {
    pub(super) fn new(shared: Arc<Shared>, connection: Connection) -> Self {
        Self { shared, connection }
    }
}

impl ProducerContext for Callbacks {
    type DeliveryOpaque = Arc<InFlight>;

    fn delivery(&self, result: &DeliveryResult<'_>, frame: Arc<InFlight>) {
        frame.settle(match result {
            Ok(_) => {
                self.shared.count_delivered();
                Settled::Delivered
            }
            Err((error, message)) => {
                let possibly = possibly_persisted(message);
                self.shared.count_failed(possibly);
                let code = error.rdkafka_error_code();
                let reason = code.map_or_else(|| error.to_string(), |code| code.to_string());
                let fault = Fault {
                    topic: message.topic().to_owned(),
                    reason: match code.and_then(about_rights) {
                        Some(todo) => format!("{reason}; {todo}"),
                        None => reason,
                    },
                    never: code.is_some_and(is_for_ever),
                    hint: self.shared.hint(),
                };
                warn!(possibly_persisted = possibly, "a record was not delivered: {fault}");
                if possibly { Settled::PossiblyPersisted(fault) } else { Settled::NotPersisted(fault) }
            }
        });
    }
}

/// Whether brokers say that of what they will never take.
fn is_for_ever(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{InvalidMessage, InvalidMessageSize, InvalidRecord, MessageSizeTooLarge};
    matches!(code, MessageSizeTooLarge | InvalidMessage | InvalidMessageSize | InvalidRecord)
}

impl ClientContext for Callbacks {
    fn error(&self, error: KafkaError, reason: &str) {
        use RDKafkaErrorCode::{AllBrokersDown, Authentication, SSL, SaslAuthenticationFailed};
        let code = error.rdkafka_error_code();
        if code == Some(AllBrokersDown) {
            // It follows the error that says why, and would hide it.
            return;
        }
        let locked_out = matches!(code, Some(Authentication | SaslAuthenticationFailed));
        // A broker that refuses a certificate cuts the connection off: for librdkafka that is one of the network.
        let is_ours = locked_out || code == Some(SSL) || reason.contains("SSL routines");
        let todo = if is_ours { format!("; {}", advice(&self.connection, reason)) } else { String::new() };
        if self.shared.note_error(&format!("{reason}{todo}"), locked_out) {
            error!("Kafka: {reason}{todo}");
        }
    }

    fn stats(&self, statistics: Statistics) {
        let up = statistics.brokers.values().filter(|b| matches!(b.state.as_str(), "UP" | "UPDATE")).count();
        self.shared.note_brokers_up(up);
    }

    /// What matters of these lines comes through `error` too, once; here it comes at each attempt to connect.
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        debug!(target: "librdkafka", "{facility} {line}");
    }
}
