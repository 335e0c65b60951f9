//! The one thing about a failed record that rdkafka does not pass on: may the broker have it?

use rdkafka::bindings::{rd_kafka_message_status, rd_kafka_msg_status_t};
use rdkafka::message::BorrowedMessage;

/// Whether a record of a delivery report is or may be in its topic. `false` is certain: it was never sent, or the
/// broker said that it did not write it (`rd_kafka_message_status` in rdkafka.h).
#[expect(unsafe_code, reason = "rdkafka 0.39 wraps all of a delivery report but this")]
pub(super) fn possibly_persisted(message: &BorrowedMessage<'_>) -> bool {
    // SAFETY: `message` borrows the event that owns the native message, so the pointer is valid here; it came from
    // a delivery report, which is what the function asks for. It only reads.
    let status = unsafe { rd_kafka_message_status(message.ptr()) };
    status != rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
}
