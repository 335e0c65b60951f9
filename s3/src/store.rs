//! The client: made once, fetches objects whole when they have changed.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::SharedHttpClient;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use bytes::{Bytes, BytesMut};

use crate::{FetchError, Location};

/// How to reach S3. What is `None` comes from the standard AWS variables and files.
///
/// Credentials as a rule do: environment, profile, web identity (IRSA), container, instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server, where it isn't Amazon's.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// `https://server/bucket/key` in place of `https://bucket.server/key`; most servers that aren't Amazon's want it.
    pub path_style: bool,
    /// Fixed credentials, in place of those that the environment gives. For demos and tests.
    pub credentials: Option<Credentials>,
    /// A PEM file of further trusted authorities.
    pub ca: Option<PathBuf>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long a whole object may take, attempts included.
    pub timeout: Duration,
    /// The largest object, in bytes.
    pub max_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: None,
            path_style: false,
            credentials: None,
            ca: None,
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(300),
            max_bytes: 2 << 30,
        }
    }
}

/// An access key and its secret. `Debug` does not show the secret.
#[derive(Clone)]
pub struct Credentials {
    /// The key's id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file of authorities cannot be read.
    #[error("the file of certificate authorities `{path}` cannot be read")]
    Ca {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS towards S3 cannot be set up: {0}")]
    Tls(String),
}

/// An object as it was fetched.
#[derive(Clone, Debug)]
pub struct Object {
    /// What names this version of it, for the next conditional fetch.
    pub etag: Option<String>,
    /// Its content.
    pub bytes: Bytes,
}

/// What a conditional fetch gave.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// It is still the version that the caller has.
    NotModified,
    /// It is another one.
    Object(Object),
}

/// A client of one S3. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) client: Client,
    pub(crate) timeout: Duration,
    pub(crate) max_bytes: usize,
}

impl Store {
    /// Makes the client. Needs no S3 to be there, and asks for no credentials yet.
    pub async fn new(settings: &Settings) -> Result<Self, SettingsError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .operation_timeout(settings.timeout)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client(settings)?)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard());
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(Credentials { access_key, secret_key }) = &settings.credentials {
            let given = aws_sdk_s3::config::Credentials::builder()
                .access_key_id(access_key)
                .secret_access_key(secret_key)
                .provider_name("settings");
            loader = loader.credentials_provider(given.build());
        }
        let config = aws_sdk_s3::config::Builder::from(&loader.load().await)
            .force_path_style(settings.path_style)
            .build();
        Ok(Self {
            client: Client::from_conf(config),
            timeout: settings.timeout,
            max_bytes: settings.max_bytes,
        })
    }

    /// Fetches an object, unless it is still the version of that ETag.
    pub async fn fetch(&self, location: &Location, etag: Option<&str>) -> Result<Fetched, FetchError> {
        let fetched = tokio::time::timeout(self.timeout, self.fetch_in_time(location, etag));
        fetched.await.map_err(too_slow(location, self.timeout))?
    }

    pub(crate) async fn fetch_in_time(
        &self,
        location: &Location,
        etag: Option<&str>,
    ) -> Result<Fetched, FetchError> {
        let request = self.client.get_object().bucket(location.bucket()).key(location.key());
        match request.set_if_none_match(etag.map(str::to_owned)).send().await {
            Ok(output) => self.read(location, output).await.map(Fetched::Object),
            Err(error) if error.raw_response().is_some_and(|r| r.status().as_u16() == 304) => {
                Ok(Fetched::NotModified)
            }
            Err(error) => Err(FetchError::of(location, &error)),
        }
    }

    async fn read(&self, location: &Location, output: GetObjectOutput) -> Result<Object, FetchError> {
        let expected = output.content_length.and_then(|length| usize::try_from(length).ok());
        if expected.is_some_and(|length| length > self.max_bytes) {
            return Err(self.too_large(location));
        }
        let bytes = self.read_body(location, output.body, expected).await?;
        if let Some(expected) = expected.filter(|expected| *expected != bytes.len()) {
            let detail = format!("{} of {expected} bytes", bytes.len());
            return Err(FetchError::Truncated { location: location.clone(), detail });
        }
        Ok(Object { etag: output.e_tag, bytes })
    }

    async fn read_body(
        &self,
        location: &Location,
        mut body: ByteStream,
        expected: Option<usize>,
    ) -> Result<Bytes, FetchError> {
        let mut bytes = BytesMut::with_capacity(expected.unwrap_or_default());
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| FetchError::Truncated {
                location: location.clone(),
                detail: aws_sdk_s3::error::DisplayErrorContext(error).to_string(),
            })?;
            if bytes.len() + chunk.len() > self.max_bytes {
                return Err(self.too_large(location));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }

    pub(crate) fn too_large(&self, location: &Location) -> FetchError {
        FetchError::TooLarge { location: location.clone(), limit: self.max_bytes }
    }
}

pub(crate) fn too_slow<E>(location: &Location, within: Duration) -> impl Fn(E) -> FetchError {
    let location = location.clone();
    move |_| FetchError::TooSlow { location: location.clone(), within }
}

fn http_client(settings: &Settings) -> Result<SharedHttpClient, SettingsError> {
    let mut trust = TrustStore::default();
    if let Some(path) = &settings.ca {
        let pem = std::fs::read(path).map_err(|source| SettingsError::Ca { path: path.clone(), source })?;
        trust = trust.with_pem_certificate(pem);
    }
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| SettingsError::Tls(error.to_string()))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https())
}
