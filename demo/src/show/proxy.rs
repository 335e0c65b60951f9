//! The proxy as a process of its own: this very binary, with `serve`.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::parts::Parts;

/// Where the sample configuration listens.
const HTTP: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);
const ADMIN: ([u8; 4], u16) = ([127, 0, 0, 1], 8081);

/// How long the proxy may take to be ready, php-fpm included.
const READY: Duration = Duration::from_secs(120);

/// How long it may take to end.
const ENDED: Duration = Duration::from_secs(40);

/// A running proxy.
pub(super) struct Proxy {
    /// Where clients connect to.
    pub http: SocketAddr,
    /// Where operators connect to.
    pub admin: SocketAddr,
    /// What it writes.
    pub log: PathBuf,
    child: Child,
}

impl Proxy {
    /// Starts it and waits until it is ready.
    pub(super) async fn start(config: &Path, parts: &Parts) -> anyhow::Result<Self> {
        let (http, admin) = (SocketAddr::from(HTTP), SocketAddr::from(ADMIN));
        for address in [http, admin] {
            if std::net::TcpListener::bind(address).is_err() {
                bail!(
                    "{address} is in use: is another demo running? End it, or whatever listens there, and try again"
                );
            }
        }
        let folder = Path::new("state/demo");
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let log = folder.join("proxy.log");
        let out = File::create(&log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--config").arg(config).arg("--state").arg(folder);
        // However we end, it ends too.
        command.arg("--end-with-parent").stdin(Stdio::null());
        command.envs(parts.environment()).stdout(out.try_clone()?).stderr(out).kill_on_drop(true);
        // Ctrl-C is ours to pass on, once.
        command.process_group(0);
        let child = command.spawn().context("the proxy cannot be started")?;
        let mut proxy = Self { http, admin, log, child };
        proxy.ready().await?;
        Ok(proxy)
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let (url, began) = (format!("http://{}/readyz", self.admin), Instant::now());
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(1)).build()?;
        while began.elapsed() < READY {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(&self.log).unwrap_or_default();
                bail!("the proxy ended at its start ({status}):\n{log}");
            }
            if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the proxy is not ready after {READY:?}; see {}", self.log.display())
    }

    /// Waits until it ends by itself.
    pub(super) async fn ended(&mut self) -> String {
        self.child
            .wait()
            .await
            .map_or_else(|error| error.to_string(), |status: ExitStatus| status.to_string())
    }

    /// Ends it, and with it php-fpm.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM)
                .context("the proxy cannot be told to end")?;
        }
        match tokio::time::timeout(ENDED, self.child.wait()).await {
            Ok(status) => {
                status?;
                Ok(())
            }
            Err(_) => {
                self.child.kill().await?;
                bail!("the proxy did not end within {ENDED:?} and was killed")
            }
        }
    }
}
