//! Why an object was not fetched, by what an operator has to do about it.

use std::error::Error;
use std::time::Duration;

use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::Location;

/// An object was not fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No such object or bucket.
    #[error("{location} is not there: {detail}")]
    Missing {
        /// The object.
        location: Location,
        /// What S3 says.
        detail: String,
    },
    /// S3 knows who asks, or not, and refuses.
    #[error("S3 does not let this process read {location}: {detail}")]
    Denied {
        /// The object.
        location: Location,
        /// What S3 says.
        detail: String,
    },
    /// No answer, or none that makes sense. Worth trying again.
    #[error("{location} cannot be reached: {detail}")]
    Unreachable {
        /// The object.
        location: Location,
        /// What happened.
        detail: String,
    },
    /// The answer broke off, or its checksum was wrong.
    #[error("{location} did not arrive whole: {detail}")]
    Truncated {
        /// The object.
        location: Location,
        /// What happened.
        detail: String,
    },
    /// It took too long.
    #[error("{location} did not arrive within {within:?}")]
    TooSlow {
        /// The object.
        location: Location,
        /// The time that it had.
        within: Duration,
    },
    /// Larger than allowed.
    #[error("{location} has more than the {limit} bytes that are allowed")]
    TooLarge {
        /// The object.
        location: Location,
        /// The limit.
        limit: usize,
    },
}

impl FetchError {
    pub(crate) fn of<E>(location: &Location, error: &SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let location = location.clone();
        let status = error.raw_response().map(|response| response.status().as_u16());
        let detail = match error {
            SdkError::ServiceError(service) => service_detail(service.err(), status),
            other => DisplayErrorContext(other).to_string(),
        };
        match status {
            Some(404) => Self::Missing { location, detail },
            Some(401 | 403) => Self::Denied { location, detail },
            _ => Self::Unreachable { location, detail },
        }
    }
}

fn service_detail(error: &impl ProvideErrorMetadata, status: Option<u16>) -> String {
    let meta = error.meta();
    format!(
        "{} (status {}, {})",
        meta.code().unwrap_or("no code"),
        status.unwrap_or_default(),
        meta.message().unwrap_or("no message")
    )
}
