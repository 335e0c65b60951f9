//! The thread that makes tokens ahead of time, again when half of the last one's life is over.

use std::io;
use std::thread;
use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use tokio::sync::watch;
use tracing::warn;

use super::{IamSettings, Latest, Token, sign};

/// How long after a failure credentials are asked for again: at first, and at the most.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// The shortest time between two tokens, where credentials are about to end.
const LEAST: Duration = Duration::from_secs(1);

/// Starts it. It ends when nobody looks any more.
pub(super) fn start(
    settings: IamSettings,
    provider: Option<SharedCredentialsProvider>,
) -> io::Result<watch::Receiver<Latest>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (told, latest) = watch::channel(Latest::default());
    let renewer = Renewer { source: Source { settings, provider }, told };
    thread::Builder::new().name("kafka-tokens".into()).spawn(move || runtime.block_on(renewer.run()))?;
    Ok(latest)
}

struct Renewer {
    source: Source,
    told: watch::Sender<Latest>,
}

impl Renewer {
    async fn run(mut self) {
        let mut back_off = BACK_OFF.0;
        loop {
            let made = tokio::select! {
                made = self.source.token() => made,
                () = self.told.closed() => return,
            };
            let again_in = match made {
                Ok(token) => {
                    back_off = BACK_OFF.0;
                    let life = token.expires.duration_since(SystemTime::now()).unwrap_or_default();
                    self.told.send_replace(Latest { token: Some(token), problem: None });
                    (life / 2).max(LEAST)
                }
                Err(problem) => {
                    let again_in = back_off;
                    back_off = (back_off * 2).min(BACK_OFF.1);
                    warn!("Kafka, AWS's credentials: {problem}; asking again in {again_in:?}");
                    self.told.send_modify(|latest| latest.problem = Some(problem));
                    again_in
                }
            };
            tokio::select! {
                () = tokio::time::sleep(again_in) => {}
                () = self.told.closed() => return,
            }
        }
    }
}

/// Makes tokens.
struct Source {
    settings: IamSettings,
    /// The one that was given, or found in the environment at the first attempt.
    provider: Option<SharedCredentialsProvider>,
}

impl Source {
    async fn token(&mut self) -> Result<Token, String> {
        let patience = self.settings.patience;
        let asked = tokio::time::timeout(patience, self.credentials()).await;
        let credentials = asked.unwrap_or_else(|_| {
            Err(format!(
                "the credentials provider gave none within {patience:?}: is its endpoint (instance metadata, STS, the \
                 container's agent) within reach?"
            ))
        })?;
        let (region, lifetime) = (&self.settings.region, self.settings.lifetime);
        sign::token(&credentials, region, SystemTime::now(), lifetime)
            .map_err(|error| format!("a token for region `{region}` cannot be signed: {error}"))
    }

    async fn credentials(&mut self) -> Result<Credentials, String> {
        let provider = match &self.provider {
            Some(provider) => provider,
            None => self.provider.insert(of_the_environment(&self.settings.region).await?),
        };
        provider.provide_credentials().await.map_err(|error| {
            let why = with_causes(&error);
            format!("no credentials: {why}; give the process a role or keys, as AWS's own tools find them")
        })
    }
}

async fn of_the_environment(region: &str) -> Result<SharedCredentialsProvider, String> {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(region.to_owned()))
        .load()
        .await;
    config.credentials_provider().ok_or_else(|| "AWS's configuration has no credentials provider".to_owned())
}

/// An error with all that caused it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
