//! What to do when brokers don't let us in.

use rdkafka::error::RDKafkaErrorCode;

use super::Sasl;
use crate::Connection;

/// What to look at when that cluster refuses us for that reason, in librdkafka's words.
pub(crate) fn advice(connection: &Connection, reason: &str) -> &'static str {
    if reason.contains("certificate verify failed") || reason.contains("unable to get local issuer") {
        return "the brokers' certificate is signed by nobody whom we trust: name the authority's file in `ca_file`";
    }
    let has_certificate = connection.tls.as_ref().is_some_and(|tls| tls.client.is_some());
    match &connection.sasl {
        Some(Sasl::Iam(_)) => {
            "see that the policy of these credentials allows kafka-cluster:Connect on this cluster, that `region` is the \
             cluster's, and that this machine's clock is right"
        }
        Some(_) => "see that the brokers have this `user` for this mechanism, and what `password_file` holds",
        None if has_certificate => {
            "see that the brokers trust the authority that signed `cert_file`, that it has not expired, and that `key_file` \
             is its key"
        }
        None if connection.tls.is_some() => {
            "see that this port of the brokers speaks TLS, and asks for no certificate"
        }
        None => "see whether this port of the brokers wants TLS or a login: `tls`, `auth`",
    }
}

/// What to do when brokers let us in and no further.
pub(crate) fn about_rights(code: RDKafkaErrorCode) -> Option<&'static str> {
    match code {
        RDKafkaErrorCode::TopicAuthorizationFailed => Some(
            "let this client write to the topic: by an ACL, or kafka-cluster:WriteData in its IAM policy",
        ),
        RDKafkaErrorCode::ClusterAuthorizationFailed => Some(
            "let this client write idempotently: by an ACL, or kafka-cluster:WriteDataIdempotently in its IAM policy",
        ),
        _ => None,
    }
}
