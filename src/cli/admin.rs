//! Talks to the admin API of running processes.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::admin::{LegacyOnlyApplied, LegacyOnlyAsked, local_file};

/// How long an admin may take: an operator waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The environment variable that holds a token for admins where people have to log in.
const TOKEN: &str = "HANDOVER_ADMIN_TOKEN";

/// Why an admin did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody listens there.
    NobodyThere,
    /// Somebody does, but it did not work.
    Failed(anyhow::Error),
}

/// The admin API of one process.
pub(super) struct Admin {
    url: String,
    token: Option<String>,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Admin {
    /// The admin at `http://HOST:PORT` or `HOST:PORT`.
    pub(super) fn new(address: &str) -> anyhow::Result<Self> {
        // It may be installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        Ok(Self { url: url.trim_end_matches('/').to_owned(), token, client, runtime })
    }

    /// The admin that listens there, from this machine. Its state folder opens the door, where people have to log in.
    pub(super) fn local(listening: SocketAddr, state: &Path) -> anyhow::Result<Self> {
        let ip = match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let mut admin = Self::new(&SocketAddr::new(ip, listening.port()).to_string())?;
        admin.token = admin.token.or_else(|| std::fs::read_to_string(local_file(state)).ok());
        Ok(admin)
    }

    /// Where it is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends everything to legacy, or ends that.
    pub(super) fn legacy_only(&self, asked: &LegacyOnlyAsked) -> Result<LegacyOnlyApplied, Failure> {
        self.runtime.block_on(async {
            let request = self.client.post(format!("{}/api/legacy-only", self.url)).json(asked);
            match self.with_token(request).send().await {
                Ok(answer) => applied(answer).await.map_err(Failure::Failed),
                Err(why) if why.is_connect() => Err(Failure::NobodyThere),
                Err(why) => Err(Failure::Failed(why.into())),
            }
        })
    }

    /// Reads a recording line by line (ends included), for so long, until `take` has enough.
    pub(super) fn record(
        &self,
        route: Option<&str>,
        share: f64,
        within: Duration,
        longest: u64,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let mut query = vec![("share", share.to_string())];
        query.extend(route.map(|route| ("route", route.to_owned())));
        let url = reqwest::Url::parse_with_params(&format!("{}/api/record", self.url), &query)?;
        let reading = async {
            let request = self.client.get(url).timeout(within + PATIENCE);
            let mut answer = self.with_token(request).send().await?;
            if !answer.status().is_success() {
                bail!("{} answered {}: {}", self.url, answer.status(), answer.text().await?.trim());
            }
            let mut rest = Vec::new();
            while let Some(piece) = answer.chunk().await? {
                rest.extend_from_slice(&piece);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    // An empty one only says that the process is there.
                    if line.len() > 1 && !take(&line)? {
                        return Ok(());
                    }
                }
                anyhow::ensure!(rest.len() as u64 <= longest, "a line without end");
            }
            bail!("the process has ended the recording")
        };
        let reading = async { tokio::time::timeout(within, reading).await.unwrap_or(Ok(())) };
        self.runtime.block_on(reading).with_context(|| format!("nothing can be recorded at {}", self.url))
    }

    fn with_token(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

async fn applied(answer: reqwest::Response) -> anyhow::Result<LegacyOnlyApplied> {
    let status = answer.status();
    let body = answer.text().await.context("its answer broke off")?;
    if !status.is_success() {
        bail!("it answered {status}: {}", body.trim());
    }
    serde_json::from_str(&body)
        .with_context(|| format!("its answer is not the one of an admin: {}", body.trim()))
}
