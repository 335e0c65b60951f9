//! AWS's IAM as MSK has it: the token is a signed request to connect, which the broker checks.
//!
//! Tokens are made ahead of time on a thread of their own ([`renew`]): a credentials provider that hangs delays the next
//! token, and nothing else.

mod renew;
mod sign;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use aws_credential_types::Credentials;
pub use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::sync::watch;

use crate::StartError;

/// Where tokens are for, and for how long.
#[derive(Clone, Debug)]
pub struct IamSettings {
    /// The cluster's region.
    pub region: String,
    /// For how long a token is valid; MSK takes 15 minutes at the most. Credentials that end sooner end it.
    pub lifetime: Duration,
    /// How long the credentials provider may take before it is asked again.
    pub patience: Duration,
}

impl IamSettings {
    /// The longest tokens, for that region.
    pub fn new(region: impl Into<String>) -> Self {
        Self { region: region.into(), lifetime: Duration::from_secs(900), patience: Duration::from_secs(10) }
    }
}

/// Tokens that are renewed until the last clone is dropped. All clients of a cluster share them.
#[derive(Clone)]
pub struct Tokens(watch::Receiver<Latest>);

impl Tokens {
    /// Tokens of the credentials that AWS's own tools would use: environment, profile, web identity (IRSA), container,
    /// instance. Asks for none yet.
    pub fn start(settings: IamSettings) -> Result<Self, StartError> {
        renew::start(settings, None).map(Self).map_err(StartError::Thread)
    }

    /// Tokens of that provider's credentials.
    pub fn start_with(
        settings: IamSettings,
        provider: SharedCredentialsProvider,
    ) -> Result<Self, StartError> {
        renew::start(settings, Some(provider)).map(Self).map_err(StartError::Thread)
    }

    pub(super) fn latest(&self) -> watch::Receiver<Latest> {
        self.0.clone()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// What came of the last attempts.
#[derive(Clone, Default)]
pub(super) struct Latest {
    /// The last token that there was.
    pub token: Option<Token>,
    /// Why there is no newer one.
    pub problem: Option<String>,
}

impl Latest {
    /// The token, while it is valid.
    pub(super) fn usable(&self) -> Option<&Token> {
        self.token.as_ref().filter(|token| token.expires > SystemTime::now())
    }
}

/// A token as the broker gets it.
#[derive(Clone)]
pub(super) struct Token {
    pub value: String,
    /// The access key's id.
    pub principal: String,
    pub expires: SystemTime,
}

impl Token {
    /// When it expires, in milliseconds since 1970.
    pub(super) fn expires_ms(&self) -> i64 {
        let since = self.expires.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}
