//! Talks to the admin API of running processes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::admin::{LegacyOnlyApplied, LegacyOnlyAsked};

/// How long an admin may take: an operator waits.
const PATIENCE: Duration = Duration::from_secs(10);

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
        Ok(Self { url: url.trim_end_matches('/').to_owned(), client, runtime })
    }

    /// The admin that listens there, from this machine.
    pub(super) fn local(listening: SocketAddr) -> anyhow::Result<Self> {
        let ip = match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        Self::new(&SocketAddr::new(ip, listening.port()).to_string())
    }

    /// Where it is.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends everything to legacy, or ends that.
    pub(super) fn legacy_only(&self, asked: &LegacyOnlyAsked) -> Result<LegacyOnlyApplied, Failure> {
        self.runtime.block_on(async {
            let sent = self.client.post(format!("{}/api/legacy-only", self.url)).json(asked).send();
            match sent.await {
                Ok(answer) => applied(answer).await.map_err(Failure::Failed),
                Err(why) if why.is_connect() => Err(Failure::NobodyThere),
                Err(why) => Err(Failure::Failed(why.into())),
            }
        })
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
